"""Runs the server: uvicorn on uvloop, from the first check of the port to the last open stream.

    run(Settings(data_dir=Path("data")))        # blocks until SIGINT or SIGTERM; raises CannotStart

On the first signal streams are told to end, requests are finished, jobs are put down where they can be taken up again.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

import uvicorn
from litestar import Litestar

from bartizan import __version__
from bartizan.server import logs
from bartizan.server.application import create_app
from bartizan.server.context import Context
from bartizan.server.settings import CannotStart, Settings, prepare

LOG = logging.getLogger("bartizan.server")
THREADS = 16
"""For work that blocks. SQLite lets one write at a time anyway."""
GRACE = 10
"""Seconds that requests have to finish once the server is to stop."""


def run(settings: Settings, *, ready: Callable[[str], None] | None = None, configure_logs: bool = True) -> None:
    """Serve until a signal. `ready` is called once, with the address, when requests are answered."""
    if configure_logs:
        logs.configure()
    prepare(settings)
    listener = bind(settings.host, settings.port)
    try:
        app = create_app(settings)
        _serve(app, settings, listener, ready)
    finally:
        listener.close()


def bind(host: str, port: int) -> socket.socket:
    """The listening socket, taken before anything else is done; `CannotStart` says who is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotStart(_why(error, host, port)) from error
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{where} is taken by another program, perhaps by a Bartizan that runs already. "
            f"Stop that one, or choose another port: --port {port + 1 if port < 65535 else 8481}"
        )
    if error.errno == errno.EACCES:
        return f"{where} may not be used by user id {os.geteuid()}. Choose a port above 1023: --port 8480"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{where}: this machine has no such address. Use --host 127.0.0.1, or 0.0.0.0 for every interface."
    return f"{where} cannot be listened on: {error.strerror or error}"


class _Server(uvicorn.Server):
    """Tells streams to end before uvicorn waits for connections, and says when it is ready."""

    def __init__(self, config: uvicorn.Config, context: Context, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._context = context
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but without raising the signal anew in the end: to stop is not to be killed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._context.hub.close()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._ready()


def _serve(app: Litestar, settings: Settings, listener: socket.socket, ready: Callable[[str], None] | None) -> None:
    context: Context = app.state.context
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=32 << 10,
        limit_concurrency=1000,
        ssl_certfile=str(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
        lifespan="on",
    )
    url = _url(settings, listener)

    def announce() -> None:
        LOG.info("serving", extra={"url": url, "version": __version__, "data": str(settings.data_dir)})
        if ready is not None:
            ready(url)

    server = _Server(config, context, announce)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="work"))
        runner.run(server.serve(sockets=[listener]))
    if not server.started:
        raise CannotStart("the server did not start; the log above says why")
    LOG.info("stopped")


def _url(settings: Settings, listener: socket.socket) -> str:
    if settings.port:
        return settings.url
    return settings.url.removesuffix(":0") + f":{listener.getsockname()[1]}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop  # type: ignore[no-any-return, unused-ignore]


def stop(process: int) -> None:
    """Ask a server in another process to stop."""
    os.kill(process, signal.SIGTERM)
