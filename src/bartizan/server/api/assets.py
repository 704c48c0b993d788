"""`/assets`: what is watched: lists by query, one asset with its sections, findings, policies and history."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from bartizan.inventory import assets
from bartizan.inventory.facets import asset_facets
from bartizan.inventory.query import parse
from bartizan.inventory.timeline import timeline
from bartizan.model.policy import Policy
from bartizan.model.severity import Severity
from bartizan.server.api.asset_policies import AssetResult, results_of_asset
from bartizan.server.api.findings import COLUMNS as FINDING_COLUMNS
from bartizan.server.api.findings import converted, page_of
from bartizan.server.api.parameters import (
    Cursor,
    GivenContext,
    GivenPrincipal,
    Limit,
    QueryText,
    Sort,
    moment_of,
    number,
    paging,
)
from bartizan.server.api.records import (
    AssetDetail,
    AssetPolicy,
    AssetSummary,
    Facet,
    FindingSummary,
    Page,
    SectionFacts,
    TimelineEvent,
)
from bartizan.server.api.table import answer
from bartizan.server.auth.access import READ

COLUMNS = (
    "id", "kind", "name", "key", "os", "risk", "open.critical", "open.high", "open.medium", "open.low", "open.info",
    "open.unknown", "policy_pass", "policy_fail", "policy_unknown", "last_seen", "sources", "tags",
)  # fmt: skip


class AssetController(Controller):
    path = "/assets"
    tags = ("assets",)

    @get(opt=READ, summary="List assets")
    async def list_all(
        self,
        request: Request[Any, Any, Any],
        context: GivenContext,
        principal: GivenPrincipal,
        q: QueryText = "",
        sort: Sort = "",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response[Page[AssetSummary]] | Stream:
        """Those that the query selects; what it says of findings holds where the asset has such a finding open."""

        def page(size: int, at: str | None) -> Page[AssetSummary]:
            with context.store.read() as conn:
                found = assets.list_assets(conn, principal.organisation, q, paging(size, at, sort), datetime.now(UTC))
            return converted(found, AssetSummary)

        return await answer(request, COLUMNS, page, limit, cursor, "assets")

    @get("/facets", opt=READ, sync_to_thread=True, summary="Values to narrow assets down by")
    def facets(self, context: GivenContext, principal: GivenPrincipal, q: QueryText = "") -> list[Facet]:
        """The values of some fields among the assets that the query selects, with counts."""
        with context.store.read() as conn:
            found = asset_facets(conn, principal.organisation, q, datetime.now(UTC))
        return [Facet(field=facet.field, values=facet.values) for facet in found]

    @get("/{asset_id:str}", opt=READ, sync_to_thread=True, summary="One asset")
    def one(self, asset_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> AssetDetail:
        """With its sections, its relations, and what its risk is made of."""
        key = number(asset_id, "asset")
        with context.store.read() as conn:
            found = assets.get_asset(conn, principal.organisation, key, datetime.now(UTC))
        return msgspec.convert(found, AssetDetail, from_attributes=True)

    @get("/{asset_id:str}/findings", opt=READ, summary="Findings of an asset")
    async def findings(
        self,
        request: Request[Any, Any, Any],
        asset_id: FromPath[str],
        context: GivenContext,
        principal: GivenPrincipal,
        q: QueryText = "",
        sort: Sort = "",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response[Page[FindingSummary]] | Stream:
        """As `/findings`, of this asset alone."""
        key = number(asset_id, "asset")
        parse(q)  # by itself, so that an error's position is the caller's, and parentheses are balanced
        narrowed = f"asset.id:{key} and ({q})" if q.strip() else f"asset.id:{key}"
        return await answer(
            request,
            FINDING_COLUMNS,
            lambda size, at: page_of(context, principal, narrowed, sort, size, at),
            limit,
            cursor,
            f"asset-{key}-findings",
        )

    @get("/{asset_id:str}/policies", opt=READ, sync_to_thread=True, summary="Policy results of an asset")
    def policies(self, asset_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> list[AssetPolicy]:
        """The result of every policy that judged the asset: failures, unknowns, passes, what does not apply."""
        key = number(asset_id, "asset")
        with context.store.read() as conn:
            results = results_of_asset(conn, principal.organisation, key)
        known = context.shelf.policies.policies
        return sorted((_policy(known.get(one.policy), one) for one in results), key=_by_urgency)

    @get("/{asset_id:str}/timeline", opt=READ, sync_to_thread=True, summary="History of an asset")
    def history(
        self,
        asset_id: FromPath[str],
        context: GivenContext,
        principal: GivenPrincipal,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[TimelineEvent]:
        """What changed, newest first: sections, findings, decisions."""
        key = number(asset_id, "asset")
        with context.store.read() as conn:
            page = timeline(conn, principal.organisation, key, paging(limit, cursor), datetime.now(UTC))
        return converted(page, TimelineEvent)

    @get("/{asset_id:str}/sections/{name:str}", opt=READ, sync_to_thread=True, summary="Facts of an asset")
    def section(
        self,
        asset_id: FromPath[str],
        name: FromPath[str],
        context: GivenContext,
        principal: GivenPrincipal,
        at: Annotated[
            str | None, QueryParameter(max_length=40, description="As it was then; default: as it is.")
        ] = None,
    ) -> SectionFacts:
        """One section of facts, now or at a time in the past."""
        key = number(asset_id, "asset")
        with context.store.read() as conn:
            found = assets.get_section(conn, principal.organisation, key, name[:100], moment_of(at, "at"))
        return msgspec.convert(found, SectionFacts, from_attributes=True)


def _policy(policy: Policy | None, found: AssetResult) -> AssetPolicy:
    return AssetPolicy(
        policy=found.policy,
        title=policy.title if policy else found.policy,
        severity=policy.severity.value if policy else "unknown",
        group=policy.group if policy else "",
        result=found.result,
        reason=found.reason,
        finding=found.finding,
    )


def _by_urgency(one: AssetPolicy) -> tuple[int, int, str]:
    severity = Severity(one.severity) if one.severity in set(Severity) else Severity.UNKNOWN
    return (_RESULTS.index(one.result), -severity.rank, one.policy)


_RESULTS = ("fail", "unknown", "pass", "not-applicable")
