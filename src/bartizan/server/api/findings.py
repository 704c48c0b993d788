"""`/findings`: what was concluded, as lists by query, and one finding with why, evidence, fix and history."""

from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from bartizan.inventory import findings
from bartizan.inventory.facets import finding_facets
from bartizan.inventory.groups import list_groups
from bartizan.inventory.paging import Page as Found
from bartizan.server.api import records
from bartizan.server.api.parameters import Cursor, GivenContext, GivenPrincipal, Limit, QueryText, Sort, paging
from bartizan.server.api.records import Facet, FindingDetail, FindingGroup, FindingSummary, Page
from bartizan.server.api.table import answer
from bartizan.server.api.why import why
from bartizan.server.auth.access import READ
from bartizan.server.auth.principal import Principal
from bartizan.server.context import Context

COLUMNS = (
    "id", "severity", "score", "kind", "rule", "title", "state", "verdict", "asset_name", "asset_id", "package",
    "installed", "fix.state", "fix.version", "kev", "epss", "locator", "first_seen", "last_seen", "fixed_at",
)  # fmt: skip
GROUP_COLUMNS = ("key", "title", "severity", "score", "total", "findings", "assets", "fix", "kev", "query")
GroupBy = Literal["rule", "package", "asset", "layer", "base", "part", "origin"]
Item = TypeVar("Item")


class FindingController(Controller):
    path = "/findings"
    tags = ("findings",)

    @get(opt=READ, summary="List findings")
    async def list_all(
        self,
        request: Request[Any, Any, Any],
        context: GivenContext,
        principal: GivenPrincipal,
        q: QueryText = "",
        sort: Sort = "",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response[Page[FindingSummary]] | Stream:
        """Those that the query selects; where it does not speak of states, what stands open or unknown."""
        return await answer(
            request,
            COLUMNS,
            lambda size, at: page_of(context, principal, q, sort, size, at),
            limit,
            cursor,
            "findings",
        )

    @get("/facets", opt=READ, sync_to_thread=True, summary="Values to narrow findings down by")
    def facets(self, context: GivenContext, principal: GivenPrincipal, q: QueryText = "") -> list[Facet]:
        """The values of some fields among the findings that the query selects, with counts."""
        with context.store.read() as conn:
            found = finding_facets(conn, principal.organisation, q, datetime.now(UTC))
        return [Facet(field=facet.field, values=facet.values) for facet in found]

    @get("/groups", opt=READ, summary="What to fix first")
    async def groups(
        self,
        request: Request[Any, Any, Any],
        context: GivenContext,
        principal: GivenPrincipal,
        by: FromQuery[GroupBy] = "rule",
        q: QueryText = "",
        sort: Sort = "",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response[Page[FindingGroup]] | Stream:
        """Findings that have a rule, a package or an asset in common, or, in images, the layer that brought them, the
        base image, the part of the image, or whose package it is; those that weigh most first."""

        def page(size: int, at: str | None) -> Page[FindingGroup]:
            with context.store.read() as conn:
                found = list_groups(conn, principal.organisation, q, by, paging(size, at, sort), datetime.now(UTC))
            return converted(found, FindingGroup)

        return await answer(request, GROUP_COLUMNS, page, limit, cursor, "finding-groups")

    @get("/{finding_id:str}", opt=READ, sync_to_thread=True, summary="One finding")
    def one(self, finding_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> FindingDetail:
        """With why it matters, the evidence, its history, and decisions on it."""
        with context.store.read() as conn:
            found = findings.get_finding(conn, principal.organisation, finding_id, datetime.now(UTC))
        plain = msgspec.to_builtins(found)
        plain["why"] = why(found.kind, found.title, found.severity, found.verdict, found.evidence, found.elsewhere)
        plain["controls"] = _controls(found.evidence)
        return msgspec.convert(plain, FindingDetail)


def page_of(
    context: Context, principal: Principal, query: str, sort: str, limit: int, cursor: str | None
) -> Page[FindingSummary]:
    with context.store.read() as conn:
        page = findings.list_findings(
            conn, principal.organisation, query, paging(limit, cursor, sort), datetime.now(UTC)
        )
    return converted(page, FindingSummary)


def converted(page: Found[Any], kind: type[Item]) -> Page[Item]:
    """A page of the inventory's records as the API's, which have the same names."""
    return records.Page(
        items=[msgspec.convert(item, kind, from_attributes=True) for item in page.items],
        next=page.next,
        total=page.total,
        total_at_least=page.total_at_least,
    )


def _controls(evidence: dict[str, Any]) -> dict[str, list[str]]:
    found = evidence.get("controls")
    if not isinstance(found, dict):
        return {}
    return {str(name): [str(one) for one in ids] for name, ids in found.items() if isinstance(ids, list)}
