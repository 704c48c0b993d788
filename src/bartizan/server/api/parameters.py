"""Parameters that many endpoints share: ids, pages, times. Everything that cannot be right is refused here."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from bartizan.inventory.paging import LIMIT, Paging
from bartizan.server.auth.principal import Principal
from bartizan.server.context import Context
from bartizan.server.problems import Problem, invalid, not_found

GivenContext = NamedDependency[SkipValidation[Context]]
"""Handed to handlers by `provide_context`."""
GivenPrincipal = NamedDependency[SkipValidation[Principal]]
"""Handed to handlers by `provide_principal`; who was let in by the guard."""
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT, description="Entries on a page.")]
Cursor = Annotated[str | None, QueryParameter(max_length=2000, description="`next` of the page before.")]
Sort = Annotated[
    str,
    QueryParameter(
        max_length=60, description="A field; a minus before it turns the order round. Empty: the list's own."
    ),
]
QueryText = Annotated[
    str,
    QueryParameter(
        name="query", max_length=4000, description="In the query language: `severity>=high and not tag:lab`."
    ),
]

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def number(text: str, what: str) -> int:
    """An id as the store has it; what is no number names nothing."""
    if not _NUMBER.fullmatch(text):
        raise not_found(f"{what} {text[:80]}")
    return int(text)


def paging(limit: int, cursor: str | None, sort: str = "") -> Paging:
    return Paging(limit=limit, cursor=cursor or None, sort=sort)


def future(value: datetime | None, field: str) -> datetime | None:
    """A time to come, with its zone."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise invalid(field, "has no time zone", remedy="Write it like 2026-12-31T00:00:00Z.")
    if value <= datetime.now(UTC):
        raise invalid(field, "is in the past")
    return value


def moment_of(text: str | None, field: str) -> datetime | None:
    """A time in a query string; a plus that arrived as a space is taken for what it was."""
    if not text:
        return None
    try:
        value = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise invalid(field, f"{text[:60]!r} is not a time like 2026-11-23T10:37:00Z") from None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def provide_context(request: Request[Any, Any, Any]) -> Context:
    context: Context = request.app.state.context
    return context


def provide_principal(request: Request[Any, Any, Any]) -> Principal:
    principal = request.scope.get("user")
    if not isinstance(principal, Principal):
        raise Problem(500, "internal", "Something went wrong in the server", "the endpoint has no caller")
    return principal
