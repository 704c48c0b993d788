"""Questions to an engine over its socket, with the standard library alone (docs.docker.com/reference/api/engine).

Engine("/var/run/docker.sock").get("/containers/json")
"""

import http.client
import json
import os
import socket
from dataclasses import dataclass
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView, Missing, exists
from bartizan.collect.interface import Problems

SOCKET = "/var/run/docker.sock"
LIMIT = 64 << 20
MAX_OBJECTS = 20_000
_PROGRAMS = ("/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd")


class EngineError(Exception):
    """The engine does not answer, or answers with an error."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine."""

    path: str = SOCKET
    timeout: float = 20.0
    """Seconds."""

    def get(self, target: str) -> Any:
        """The JSON of an answer; raises `EngineError`."""
        connection = _Connection(self.path, self.timeout)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            body = answer.read(LIMIT + 1)
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
