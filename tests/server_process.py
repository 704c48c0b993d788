"""A real server in a process of its own on a loopback port, and a client that behaves like a browser."""

import http.client
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from bartizan.server.bootstrap import bootstrap
from bartizan.server.settings import Settings

SOURCE = str(Path(__file__).resolve().parents[1] / "src")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Browser:
    """Keeps a cookie and sends the token against forgery, like the browser UI does."""

    port: int
    cookie: str = ""
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if self.csrf and method not in ("GET", "HEAD"):
            sent.setdefault("X-CSRF-Token", self.csrf)
        content: bytes | None = None
        if isinstance(body, bytes):
            content = body
        elif body is not None:
            content = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=content, headers=sent)
            response = connection.getresponse()
            answer = Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.getheaders()},
                body=response.read(),
            )
        finally:
            connection.close()
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def sign_in(self, username: str, password: str) -> Answer:
        answer = self.post("/api/v1/session", {"username": username, "password": password})
        if answer.status == 200:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
            self.csrf = answer.json()["csrf_token"]
        return answer


@dataclass(slots=True)
class Running:
    """A server process and what belongs to it."""

    settings: Settings
    password: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return self.settings.port

    @property
    def url(self) -> str:
        return self.settings.url

    def browser(self) -> Browser:
        one = Browser(self.port)
        assert one.sign_in("admin", self.password).status == 200
        return one

    def stranger(self) -> Browser:
        return Browser(self.port)

    def activation_key(self) -> str:
        answer = self.browser().post("/api/v1/activation-keys", {"name": "test"})
        assert answer.status == 201, answer.body
        key: str = answer.json()["key"]
        return key

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def start(self) -> None:
        self.process = _start(self.settings, self.log)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


_PROGRAM = """
import pickle, sys
from bartizan.server.run import run
run(pickle.loads(bytes.fromhex(sys.argv[1])))
"""


def _start(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, pickle.dumps(settings).hex()],
            stdout=file,
            stderr=file,
            env={**os.environ, "PYTHONPATH": SOURCE},
        )
    wait_until(lambda: process.poll() is not None or _answers(settings), 60)
    assert process.poll() is None, log.read_text()
    return process


def _answers(settings: Settings) -> bool:
    try:
        if settings.tls_certificate is not None:
            socket.create_connection(("127.0.0.1", settings.port), 1).close()
            return True
        return Browser(settings.port).get("/readyz").status == 200
    except OSError:
        return False


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """The condition's value once it is true; the test fails where it never is."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        assert time.monotonic() < deadline, "this did not come about in time"
        time.sleep(0.05)


def run_server(folder: Path, **more: Any) -> Running:
    """Bootstrap a data folder below `folder` and start a server on it."""
    settings = Settings(data_dir=folder / "data", port=free_port(), **more)
    made = bootstrap(settings)
    assert made.password is not None
    log = folder / "server.log"
    return Running(settings, made.password, log, _start(settings, log))


@dataclass(frozen=True, slots=True)
class InProcess:
    """The application without a socket."""

    app: Litestar
    client: TestClient[Litestar]
    password: str
