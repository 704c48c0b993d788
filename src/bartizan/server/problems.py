"""Errors as RFC 9457 problem documents, each with a remedy and a reference that is also in the log.

HTTP/1.1 404 Not Found
Content-Type: application/problem+json

{"type": "/problems/not-found", "title": "There is nothing here", "status": 404, "detail": "no asset 42",
 "instance": "/api/v1/assets/42", "remedy": "GET /api/v1/assets lists what there is", "reference": "K7Q2-9FDM"}
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from bartizan.inventory.errors import (
    BadCursor,
    BadInput,
    Conflict,
    InventoryError,
    NotAllowed,
    NotFound,
    StoreError,
)
from bartizan.inventory.query import QueryError
from bartizan.server.references import reference_of

LOG = logging.getLogger("bartizan.server")
MEDIA_TYPE = "application/problem+json"


class ErrorAt(msgspec.Struct, kw_only=True):
    """One of several things that are wrong with a request."""

    path: str
    reason: str


class ProblemDocument(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457, with `reference` to find it in the server's log and `remedy` for what to do."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    reference: str
    remedy: str = ""
    errors: list[ErrorAt] = []
    server_time: str = ""
    """With `/problems/clock` only: what the server takes the time to be."""
    position: int | None = None
    """With `/problems/query` only: where in the query text it is wrong, from 0."""
    expected: list[str] = []
    """With `/problems/query` only: what could stand there."""


class Problem(Exception):
    """Raised anywhere below a handler; becomes a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        remedy: str = "",
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.remedy = remedy
        self.headers = dict(headers or {})
        self.extra = extra


def not_found(what: str, remedy: str = "") -> Problem:
    return Problem(404, "not-found", "There is nothing here", f"no {what}", remedy=remedy)


def invalid(path: str, reason: str, remedy: str = "") -> Problem:
    """A value in the request that cannot be used."""
    return Problem(
        400, "validation", "The request cannot be read", f"{path}: {reason}", remedy=remedy,
        errors=[ErrorAt(path=path, reason=reason)],
    )  # fmt: skip


def respond(request: Request[Any, Any, Any], problem: Problem) -> Response[ProblemDocument]:
    document = ProblemDocument(
        type=f"/problems/{problem.code}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        instance=request.scope["path"][:300],
        reference=reference_of(request.scope),
        remedy=problem.remedy,
        **problem.extra,
    )
    return Response(document, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def on_problem(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemDocument]:
    assert isinstance(error, Problem)
    return respond(request, error)


def on_http_exception(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemDocument]:
    """What the framework raises: no such path, no such method, a body or parameter of another form."""
    assert isinstance(error, HTTPException)
    if isinstance(error, ValidationException):
        return respond(request, _validation(error))
    if error.status_code >= 500:
        return on_surprise(request, error)
    code, title, remedy = _KNOWN.get(error.status_code, ("request", HTTPStatus(error.status_code).phrase, ""))
    detail = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
    return respond(request, Problem(error.status_code, code, title, detail, remedy=remedy, headers=error.headers))


def on_surprise(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemDocument]:
    """Anything else is our fault: the log has the whole story under the reference, the answer has none of it."""
    reference = reference_of(request.scope)
    LOG.error("request failed", exc_info=error, extra={"reference": reference, "path": request.scope["path"]})
    return respond(
        request,
        Problem(
            500,
            "internal",
            "Something went wrong in the server",
            "The request was not carried out.",
            remedy=f"Look for {reference} in the server's log.",
        ),
    )


def on_inventory_error(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemDocument]:
    """What the inventory refuses on purpose; its messages are for people and name the remedy."""
    if isinstance(error, QueryError):
        return respond(
            request,
            Problem(
                400,
                "query",
                "The query cannot be understood",
                str(error),
                remedy="See the position; GET /api/v1/query/complete tells what could stand there.",
                position=error.position,
                expected=list(error.expected),
            ),
        )
    for kind, status, code, title in _INVENTORY:
        if isinstance(error, kind):
            return respond(request, Problem(status, code, title, str(error)))
    return on_surprise(request, error)


HANDLERS: ExceptionHandlersMap = {
    Problem: on_problem,
    InventoryError: on_inventory_error,
    HTTPException: on_http_exception,
    Exception: on_surprise,
}

_INVENTORY: tuple[tuple[type[InventoryError], int, str, str], ...] = (
    (NotFound, 404, "not-found", "There is nothing here"),
    (Conflict, 409, "conflict", "This is not possible as things are"),
    (BadCursor, 400, "cursor", "The page cursor cannot be used"),
    (BadInput, 400, "validation", "The request cannot be read"),
    (NotAllowed, 403, "forbidden", "This is not allowed"),
    (StoreError, 503, "store", "The database cannot be used now"),
)

_KNOWN: dict[int, tuple[str, str, str]] = {
    400: ("request", "The request cannot be read", "See /api/openapi.json for the form of this request."),
    401: ("not-signed-in", "You are not signed in", "Sign in, or send `Authorization: Bearer <token>`."),
    403: ("forbidden", "You may not do this", "Ask an administrator."),
    404: ("not-found", "There is nothing here", "See /api/openapi.json for what there is."),
    405: ("method", "This method is not offered here", "See the Allow header and /api/openapi.json."),
    413: ("too-large", "The request is too large", "Send less at a time."),
    415: ("media-type", "This content type is not understood", "Send application/json."),
    429: ("too-many", "Too many requests", "Wait as long as Retry-After says."),
}


def _validation(error: ValidationException) -> Problem:
    errors = [
        ErrorAt(path=str(item.get("key", "body")), reason=str(item.get("message", "")))
        for item in (error.extra if isinstance(error.extra, list) else [])
        if isinstance(item, dict)
    ]
    detail = "; ".join(f"{item.path}: {item.reason}" for item in errors[:5]) or str(error.detail)
    return Problem(
        400,
        "validation",
        "The request cannot be read",
        detail,
        remedy="See /api/openapi.json for the form of this request.",
        errors=errors,
    )
