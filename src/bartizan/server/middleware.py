"""What happens to every request and answer: reference, allowed host, security headers, metrics, one log line.

The content security policy admits this server and nothing else: no inline script or style, no frame, no third party.
The browser UI's entry page brings its own, with a nonce (see `ui`).
"""

import logging
import time
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bartizan.server.context import Context
from bartizan.server.references import reference_of

LOG = logging.getLogger("bartizan.server.requests")
API_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})

_ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


class Envelope:
    """ASGI middleware around everything, errors included."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._hosts = context.settings.hosts
        self._fixed = list(_ALWAYS)
        if context.settings.secure:
            self._fixed.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        reference = reference_of(scope)
        status = 500

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = [*message.get("headers", [])]
                present = {name.lower() for name, _ in headers}
                headers += [pair for pair in self._fixed if pair[0] not in present]
                headers.append((b"x-request-id", reference.encode()))
                if b"content-security-policy" not in present:
                    headers.append((b"content-security-policy", API_POLICY))
                if b"cache-control" not in present:
                    headers.append((b"cache-control", b"no-store"))
            await send(message)

        if self._hosts and _host(scope) not in self._hosts:
            await _refuse_host(dressed)
        else:
            await self._app(scope, receive, dressed)
        self._note(scope, status, time.perf_counter() - started, reference)

    def _note(self, scope: Any, status: int, seconds: float, reference: str) -> None:
        handler = scope.get("route_handler")
        template = scope.get("path_template") or ""
        route = template if handler is not None and status != 404 else ("(unknown)" if status == 404 else template)
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        self._context.metrics.requests.labels(method, route, str(status)).inc()
        self._context.metrics.latency.labels(route).observe(seconds)
        if scope["path"] not in _QUIET:
            LOG.info(
                "request",
                extra={
                    "method": method,
                    "route": route,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 1),
                    "reference": reference,
                },
            )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _host(scope: Any) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            text = value.decode("latin-1").lower()
            if text.startswith("["):
                return str(text[1:].partition("]")[0])
            return str(text.partition(":")[0])
    return ""


async def _refuse_host(send: Send) -> None:
    body = (
        b'{"type":"/problems/host","title":"This server does not go by that name","status":421,"detail":"",'
        b'"remedy":"Use the address that the server printed when it started, or set its public URL."}'
    )
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
