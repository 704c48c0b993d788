"""Images of a Docker Engine (or one that speaks its API, as Podman does) by its socket.

GET /images/<name>/json        what is there
GET /images/<name>/get         the image as a `docker save` archive, streamed
"""

import http.client
import socket
from dataclasses import dataclass
from urllib.parse import quote

from bartizan.collect.containers.archive import NamedBlob, StreamedImage
from bartizan.collect.containers.image import JSON_LIMIT, Image, ImageError, Platform, document
from bartizan.collect.filesystem.byte_source import ReadStream

DOCKER_SOCKET = "/var/run/docker.sock"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class _Answer:
    body: http.client.HTTPResponse
    connection: UnixConnection

    def read(self, size: int = -1, /) -> bytes:
        return self.body.read(size if size >= 0 else None)

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A client for one engine."""

    path: str = DOCKER_SOCKET
    timeout: float = 120.0
    """Seconds between two pieces of data: an engine may think for long before it begins to export."""

    def get(self, target: str) -> ReadStream:
        """The body of an answer; raises `ImageError` with the engine's own words."""
        connection = UnixConnection(self.path, self.timeout)
        try:
            connection.request("GET", target)
            body = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ImageError(f"{self.path}: {error}; is the engine running, and may you use its socket?") from error
        if body.status != 200:
            reason = body.read(4096).decode("utf-8", "replace")
            connection.close()
            raise ImageError(f"{self.path}{target}: status {body.status}: {reason.strip()[:300]}")
        return _Answer(body, connection)

    def open_image(self, name: str, platform: Platform) -> StreamedImage:
        """An image of the engine, by name or id."""
        stream = self.get(f"/images/{quote(name, safe='/:@')}/json")
        try:
            found = document(stream.read(JSON_LIMIT), f"{self.path}: {name}")
        finally:
            stream.close()
        image_id = str(found.get("Id") or name)
        tags = found.get("RepoTags") or []
        label = name if name in tags or not tags else str(tags[0])
        root = found.get("RootFS")
        layers = root.get("Layers") if isinstance(root, dict) else None
        known = Image(
            name=label,
            digest="",
            id=image_id,
            config={},
            layers=tuple(NamedBlob("", str(diff_id)) for diff_id in layers) if isinstance(layers, list) else (),
        )
        return StreamedImage(
            name=label,
            opener=lambda: self.get(f"/images/{quote(image_id, safe=':')}/get"),
            platform=platform,
            known=known,
        )
