"""Serves the built browser UI: hashed assets for ever, the entry page for every other path, so that deep links work.

The entry page is read once. Its scripts and styles get the nonce of the answer, which is the only thing that the
content security policy admits besides files of this server.
"""

import mimetypes
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from litestar import Request, Response, get
from litestar.datastructures import State

from bartizan.server.auth.access import PUBLIC
from bartizan.server.problems import not_found
from bartizan.server.threads import in_thread

_TAG = re.compile(rb"<(script|style|link)(?=[\s>])", re.IGNORECASE)
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.\w+$")
_TEXT = frozenset({".js", ".css", ".html", ".svg", ".json", ".txt", ".webmanifest", ".map"})
"""Kinds worth compressing: done by the build where it leaves `.gz` or `.br` beside a file."""

NOT_BUILT = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Bartizan: the browser interface was not built</title></head>
<body><main><h1>The browser interface was not built</h1>
<p>The server runs, and its API answers under <a href="/api/openapi.json">/api/v1</a>.</p>
<p>To build the interface, run <code>make ui</code> in the checkout, or install the released package, which contains it.
Then reload this page.</p></main></body></html>
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the build."""

    path: Path
    media_type: str
    for_ever: bool
    """Its name changes with its content."""


class Ui:
    """The build in a folder, as it was when the server started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entry_time = -1
        self._entry: bytes = NOT_BUILT
        self._assets: dict[str, Asset] = {}

    def entry(self, nonce: str) -> bytes:
        """The page that starts the application, read again where the build is a newer one."""
        page = self._folder / "index.html"
        try:
            changed = page.stat().st_mtime_ns
        except OSError:
            return NOT_BUILT
        if changed != self._entry_time:
            self._entry = page.read_bytes()
            self._assets = _assets(self._folder)
            self._entry_time = changed
        return _TAG.sub(rb'<\1 nonce="%s"' % nonce.encode(), self._entry)

    def asset(self, path: str) -> Asset | None:
        """A file of the build; only names that were found in it are ever opened."""
        if not self._assets:
            self.entry("")
        return self._assets.get(path)


def _assets(folder: Path) -> dict[str, Asset]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name != "index.html" and path.suffix not in (".gz", ".br"):
            name = path.relative_to(folder).as_posix()
            media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found[name] = Asset(path, media_type, bool(_HASHED.search(path.name)))
    return found


def policy(nonce: str) -> str:
    """The content security policy of the entry page."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


@get(["/", "/{path:path}"], opt=PUBLIC, include_in_schema=False)
async def serve_ui(request: Request[None, None, State]) -> Response[bytes]:
    return await in_thread(_serve, request)


def _serve(request: Request[None, None, State]) -> Response[bytes]:
    ui: Ui = request.app.state.ui
    path = request.scope["path"]
    name = path.lstrip("/")
    if name.startswith("api/"):
        raise not_found(f"endpoint {path}", remedy="See /api/openapi.json for what there is.")
    if asset := ui.asset(name):
        return _file(request, asset)
    if "." in name.rpartition("/")[2]:
        raise not_found(f"file {path}")
    nonce = secrets.token_urlsafe(16)
    return Response(
        ui.entry(nonce),
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": policy(nonce), "Cache-Control": "no-store"},
    )


def _file(request: Request[None, None, State], asset: Asset) -> Response[bytes]:
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if asset.for_ever else "no-cache"}
    path = asset.path
    if asset.path.suffix in _TEXT:
        accepted = request.headers.get("accept-encoding", "")
        for coding, suffix in (("br", ".br"), ("gzip", ".gz")):
            packed = asset.path.with_name(asset.path.name + suffix)
            if coding in accepted and packed.is_file():
                path, headers["Content-Encoding"], headers["Vary"] = packed, coding, "Accept-Encoding"
                break
    return Response(path.read_bytes(), media_type=asset.media_type, headers=headers)
