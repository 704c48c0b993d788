"""`/query/complete`: what may come next while a query is typed."""

from typing import Annotated, Literal

import msgspec
from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter

from bartizan.inventory.query import Suggestion, complete
from bartizan.inventory.suggest import values_of
from bartizan.server.api.parameters import GivenContext, GivenPrincipal
from bartizan.server.auth.access import READ

Of = Literal["findings", "assets"]


class Completion(msgspec.Struct, kw_only=True):
    text: str
    kind: Literal["field", "value", "operator"]
    detail: str


class Completions(msgspec.Struct, kw_only=True):
    """Each replaces `text[start:end]`."""

    start: int
    end: int
    items: list[Completion]


class QueryController(Controller):
    path = "/query"
    tags = ("query",)

    @get("/complete", opt=READ, sync_to_thread=True, summary="Complete a query")
    def complete(
        self,
        context: GivenContext,
        principal: GivenPrincipal,
        text: Annotated[str, QueryParameter(max_length=4000)] = "",
        cursor: Annotated[int | None, QueryParameter(ge=0, le=4000, description="Default: the end.")] = None,
        of: FromQuery[Of] = "findings",
    ) -> Completions:
        """Fields, operators and values for the place of the cursor; the likeliest first."""
        at = len(text) if cursor is None else min(cursor, len(text))
        with context.store.read() as conn:
            found = complete(text, at, values_of(conn, principal.organisation))
        return Completions(
            start=found[0].start if found else at,
            end=found[0].end if found else at,
            items=[_item(suggestion) for suggestion in found],
        )


def _item(suggestion: Suggestion) -> Completion:
    kind: Literal["field", "value", "operator"] = "operator"
    if suggestion.kind == "field":
        kind = "field"
    elif suggestion.kind == "value":
        kind = "value"
    return Completion(text=suggestion.insert, kind=kind, detail=suggestion.help)
