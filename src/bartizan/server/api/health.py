"""`/healthz`, `/readyz` and `/metrics`: for orchestrators and Prometheus."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request, Response, get
from sqlalchemy import text

from bartizan import __version__
from bartizan.inventory.accounts import find_token
from bartizan.server.api.parameters import GivenContext
from bartizan.server.auth.access import PUBLIC
from bartizan.server.context import Context
from bartizan.server.metrics import CONTENT_TYPE
from bartizan.server.problems import Problem
from bartizan.server.settings import is_loopback


class Health(msgspec.Struct, kw_only=True):
    status: str
    version: str


@get("/healthz", opt=PUBLIC, sync_to_thread=False, tags=["health"], summary="Is the process alive")
def healthz() -> Health:
    """Answers as long as the event loop runs; touches nothing."""
    return Health(status="alive", version=__version__)


@get("/readyz", opt=PUBLIC, sync_to_thread=True, tags=["health"], summary="Can requests be served")
def readyz(context: GivenContext) -> Health:
    """Asks the database."""
    try:
        with context.store.read() as conn:
            conn.execute(text("SELECT 1"))
    except Exception as error:
        raise Problem(
            503,
            "not-ready",
            "The database does not answer",
            remedy="See the server's log.",
            headers={"Retry-After": "5"},
        ) from error
    return Health(status="ready", version=__version__)


@get(
    "/metrics", opt=PUBLIC, sync_to_thread=True, tags=["health"], summary="Prometheus metrics", media_type="text/plain"
)
def metrics(request: Request[Any, Any, Any], context: GivenContext) -> Response[bytes]:
    """For this machine itself, or with a token of the scope `metrics`."""
    if not _is_local(request) and not _has_scope(request, context):
        raise Problem(
            401,
            "not-signed-in",
            "Metrics need a token",
            remedy="Send `Authorization: Bearer <token>` with the scope metrics, or ask from the server itself.",
            headers={"WWW-Authenticate": 'Bearer realm="bartizan"'},
        )
    return Response(context.metrics.text(context.hub.listeners, context.estate.gauges()), media_type=CONTENT_TYPE)


def _is_local(request: Request[Any, Any, Any]) -> bool:
    """A proxy on the same machine speaks for others; it says so in a header."""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    return request.client is not None and is_loopback(request.client.host) and not forwarded


def _has_scope(request: Request[Any, Any, Any], context: Context) -> bool:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return False
    with context.store.read() as conn:
        token = find_token(conn, secret.strip(), datetime.now(UTC))
    return token is not None and "metrics" in token.scopes
