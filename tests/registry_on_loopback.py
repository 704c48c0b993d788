"""A registry that can be told to ask for credentials, break connections, redirect and refuse: what real ones do
on their bad days. Serves what it is given, by the Distribution specification."""

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TOKEN = "dG9rZW4tZm9yLXRlc3Rz"


@dataclass
class Behaviour:
    """What is served and how."""

    manifests: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Tag or digest to manifest and media type."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    sign_in: str = ""
    """`basic`, `bearer` or nothing."""
    username: str = "robot"
    password: str = "s3cret"
    breaks: int = 0
    """How many answers for blobs end in the middle."""
    ranges: bool = True
    blob_host: str = ""
    """Where blobs are redirected to."""
    too_many: int = 0
    """How many requests are answered with 429."""
    retry_after: str = "0"
    page: int = 2
    tags: tuple[str, ...] = ()
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour, tls: "tuple[Path, Path] | None" = None) -> Iterator[str]:
    """`host:port` of the registry."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(behaviour))
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def private_authority(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    certificate, key = folder / "ca.pem", folder / "ca.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return certificate, key


def _handler(behaviour: Behaviour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            behaviour.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if parts.path == "/token":
                self._token(parse_qs(parts.query))
            elif not self._welcome():
                return
            elif behaviour.too_many:
                behaviour.too_many -= 1
                self._refuse(429, "TOOMANYREQUESTS", {"Retry-After": behaviour.retry_after})
            elif "/manifests/" in parts.path:
                found = behaviour.manifests.get(parts.path.rpartition("/")[2])
                self._send(*found) if found else self._refuse(404, "MANIFEST_UNKNOWN")
            elif "/blobs/" in parts.path:
                self._blob(parts.path.rpartition("/")[2])
            elif parts.path.endswith("/tags/list"):
                self._tags(parse_qs(parts.query))
            else:
                self._refuse(404, "NAME_UNKNOWN")

        def _welcome(self) -> bool:
            given = self.headers.get("Authorization", "")
            host = self.headers["Host"]
            if behaviour.sign_in == "basic" and given != _basic(behaviour):
                self._refuse(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="registry"'})
                return False
            if behaviour.sign_in == "bearer" and given != f"Bearer {TOKEN}":
                scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
                challenge = (
                    f'Bearer realm="{scheme}://{host}/token",service="registry",scope="repository:team/app:pull"'
                )
                self._refuse(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
                return False
            return True

        def _token(self, query: dict[str, list[str]]) -> None:
            if self.headers.get("Authorization") != _basic(behaviour):
                self._refuse(401, "UNAUTHORIZED")
            else:
                assert query["scope"] == ["repository:team/app:pull"]
                self._send(json.dumps({"token": TOKEN}).encode(), "application/json")

        def _blob(self, digest: str) -> None:
            data = behaviour.blobs.get(digest)
            if data is None:
                self._refuse(404, "BLOB_UNKNOWN")
                return
            if behaviour.blob_host:
                self.send_response(307)
                self.send_header("Location", f"{behaviour.blob_host}{self.path}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            wanted = self.headers.get("Range", "")
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and behaviour.ranges else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if behaviour.breaks and len(data) > 1000:
                behaviour.breaks -= 1
                self.wfile.write(data[start : start + (len(data) - start) // 2])
                self.close_connection = True
                return
            self.wfile.write(data[start:])

        def _tags(self, query: dict[str, list[str]]) -> None:
            after = query.get("last", [""])[0]
            tags = [tag for tag in behaviour.tags if tag > after][: behaviour.page]
            headers = {}
            if tags and tags[-1] != behaviour.tags[-1]:
                headers["Link"] = f'</v2/team/app/tags/list?n=2&last={tags[-1]}>; rel="next"'
            self._send(json.dumps({"name": "team/app", "tags": tags}).encode(), "application/json", headers)

        def _send(self, data: bytes, kind: str, headers: "dict[str, str] | None" = None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _refuse(self, status: int, code: str, headers: "dict[str, str] | None" = None) -> None:
            body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _basic(behaviour: Behaviour) -> str:
    return "Basic " + base64.b64encode(f"{behaviour.username}:{behaviour.password}".encode()).decode()
