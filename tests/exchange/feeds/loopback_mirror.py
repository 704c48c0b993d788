"""A mirror of feeds on loopback: a real HTTP server that can be told to misbehave."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field

from aiohttp import web

ECOSYSTEMS = ("Debian", "PyPI")


def bundle(*records: str) -> bytes:
    """An OSV bundle: one file per record."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for record in records:
            archive.writestr(zipfile.ZipInfo(f"{record}.json"), json.dumps({"id": record}))
    return stream.getvalue()


@dataclass
class Mirror:
    """Files below an address, what was asked for, and faults to come."""

    files: dict[str, bytes]
    requests: list[tuple[str, int, str]] = field(default_factory=list)
    """(path, status answered, Range asked for)."""
    cut: dict[str, int] = field(default_factory=dict)
    """Path to bytes after which its next answer breaks off."""
    failing: dict[str, int] = field(default_factory=dict)
    """Path to the status of every answer."""
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        asked = request.headers.get("Range", "")
        body = self.files.get(path)
        status = self.failing.get(path, 0)
        if status or body is None:
            self.requests.append((path, status or 404, asked))
            return web.Response(status=status or 404)
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            self.requests.append((path, 304, asked))
            return web.Response(status=304)
        start = 0
        if asked and request.headers.get("If-Range") == tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        part = body[start:]
        self.requests.append((path, 206 if start else 200, asked))
        response = web.StreamResponse(status=206 if start else 200, headers={"ETag": tag})
        response.content_length = len(part)
        await response.prepare(request)
        cut = self.cut.pop(path, None)
        await response.write(part if cut is None else part[:cut])
        if cut is not None and request.transport is not None:
            request.transport.close()
        return response

    def statuses(self, path: str) -> list[int]:
        return [status for asked, status, _ in self.requests if asked == path]

    def list_sums(self) -> None:
        lines = [f"{hashlib.sha256(body).hexdigest()}  {path}" for path, body in sorted(self.files.items())]
        self.files["SHA256SUMS"] = "\n".join(lines).encode()
