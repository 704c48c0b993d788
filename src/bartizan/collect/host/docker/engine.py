"""Questions to an engine over its socket, with the standard library alone (docs.docker.com/reference/api/engine).

Engine("/var/run/docker.sock").get("/containers/json")

Whoever serves the socket may be slow, silent or lie, so an answer and all answers together have a last moment: the
time that is left is set anew before each read, since a timeout of a socket begins again with every byte.
"""

import http.client
import json
import os
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView, Missing, exists
from bartizan.collect.interface import Problems

SOCKET = "/var/run/docker.sock"
LIMIT = 64 << 20
MAX_OBJECTS = 20_000
_PROGRAMS = ("/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd")


class EngineError(Exception):
    """The engine does not answer, or answers with an error."""


class _Socket(socket.socket):
    """A socket whose reads all together end at `last`, a moment of the monotonic clock."""

    last: float

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        left = self.last - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)
        return super().recv_into(*arguments, **named)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost")
        self._path = path
        self._seconds = seconds

    def connect(self) -> None:
        self.sock = _Socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.last = time.monotonic() + self._seconds
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._path)


@dataclass(slots=True)
class Engine:
    """One engine, asked for one section."""

    path: str = SOCKET
    timeout: float = 10.0
    """Seconds for an answer."""
    patience: float = 60.0
    """Seconds for all answers, from the first question."""
    _last: float = field(default=0.0, init=False)

    def get(self, target: str) -> Any:
        """The JSON of an answer; raises `EngineError`."""
        now = time.monotonic()
        self._last = self._last or now + self.patience
        if self._last <= now:
            raise EngineError(f"did not answer everything within {self.patience:g} seconds")
        connection = _Connection(self.path, min(self.timeout, self._last - now))
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            body = answer.read(LIMIT + 1)
        except TimeoutError as error:
            raise EngineError(f"{target} was not answered in time") from error
        except OSError as error:
            raise EngineError(error.strerror or str(error)) from error
        except http.client.HTTPException as error:
            raise EngineError(f"no answer of an engine: {type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise EngineError(f"{target} answers with status {answer.status}")
        if len(body) > LIMIT:
            raise EngineError(f"{target} answers with more than {LIMIT >> 20} MiB")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise EngineError(f"{target} does not answer with JSON") from error

    def mapping(self, target: str) -> dict[str, Any]:
        """An answer that is an object."""
        found = self.get(target)
        if not isinstance(found, dict):
            raise EngineError(f"{target} does not answer with an object")
        return found

    def mappings(self, target: str) -> list[dict[str, Any]]:
        """An answer that is a list of objects, at most `MAX_OBJECTS`."""
        found = self.get(target)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise EngineError(f"{target} does not answer with a list of objects")
        return found[:MAX_OBJECTS]


def installed(view: FilesystemView, socket_path: str = SOCKET) -> bool:
    """Whether there is an engine: its program or its socket."""
    return any(exists(view, path) for path in _PROGRAMS) or has_socket(view, socket_path)


def has_socket(view: FilesystemView, socket_path: str = SOCKET) -> bool:
    try:
        view.stat(socket_path)
    except Missing:
        return False
    return True


def reachable(view: FilesystemView, problems: Problems, engine: Engine, section: str) -> bool:
    """Whether the engine can be asked; why not is a problem, unless it is just not running."""
    if not view.live:
        problems.add(section, "needs a running system")
        return False
    if not has_socket(view, engine.path):
        return False
    if not os.access(engine.path, os.R_OK | os.W_OK):
        problems.add(engine.path, "permission denied")
        return False
    return True
