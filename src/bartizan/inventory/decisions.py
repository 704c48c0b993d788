"""People's decisions on findings: accepted, false positive, not affected, deferred.

A decision names a rule, and a locator and an asset where it is not meant for all; or a query, and is then about
everything that matches it now and later (`exceptions`). It outlives re-imports and fixed findings, because it hangs on
identities and not on rows. It takes effect with its approval: at once, or where the
organisation wants two people, when somebody other than its requester approves it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, and_, or_, select, update

from bartizan.inventory import exceptions
from bartizan.inventory.decided import VERDICTS, in_force
from bartizan.inventory.errors import BadInput, Conflict, NotAllowed, NotFound
from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.paging import Page, Paging, fingerprint, page_of
from bartizan.inventory.posture import refresh_assets, sets_of_rule, summarise_sets
from bartizan.inventory.schema import estate, judgement
from bartizan.inventory.statements import storable

_decision = judgement.decision


class DecisionView(Struct, kw_only=True):
    """A decision."""

    id: str
    verdict: str
    reason: str
    requested_by: str
    approved_by: str | None
    created_at: str
    expires_at: str | None
    expires_when_fixable: bool
    rule: str
    """Empty where a query says what is meant."""
    locator: str | None
    asset_id: str | None
    query: str | None
    covers: int | None
    """Findings that a decision by query covers now; None for others and where that was not asked."""
    active: bool
    """Approved, not revoked, not expired."""
    pending: bool
    """Waits for somebody to approve it."""
    ended_at: str | None
    ended_by: str | None


def decide(
    conn: Connection,
    org: int,
    *,
    verdict: str,
    reason: str,
    requested_by: str,
    now: datetime | str | int,
    rule: str = "",
    query: str | None = None,
    locator: str | None = None,
    asset_id: int | None = None,
    expires_at: datetime | str | int | None = None,
    expires_when_fixable: bool = False,
) -> DecisionView:
    """A new decision, by rule or by query; in force at once unless the organisation wants a second person."""
    at = moment(now)
    until = None if expires_at is None else moment(expires_at)
    if verdict not in VERDICTS:
        raise BadInput(f"verdict {verdict!r} is none of {', '.join(VERDICTS)}")
    if not (rule or query) or not reason.strip() or not requested_by:
        raise BadInput("a decision needs a rule or a query, a reason and somebody who requests it")
    if query and (rule or locator is not None or asset_id is not None):
        raise BadInput("a decision names a rule or a query, not both")
    scoped = exceptions.meaning(query).scoped if query else False
    if until is not None and until <= at:
        raise BadInput("a decision cannot expire before it is made")
    _check_asset(conn, org, asset_id)
    two = conn.execute(select(estate.organisation.c.two_person).where(estate.organisation.c.id == org)).scalar_one()
    values = {
        "org_id": org,
        "verdict": verdict,
        "rule": storable(rule, 500),
        "locator": None if locator is None else storable(locator),
        "asset_id": asset_id,
        "reason": storable(reason),
        "requested_by": storable(requested_by),
        "created_at": at,
        "approved_at": None if two else at,
        "expires_at": until,
        "expires_when_fixable": expires_when_fixable,
        "query": query or None,
        "scoped": scoped,
    }
    row = conn.execute(_decision.insert().values(**values).returning(_decision)).one()
    _took_effect(conn, org, row, at)
    return _with_counts(conn, org, [_view(row, at)], at)[0]


def approve(conn: Connection, org: int, decision_id: int, *, approver: str, now: datetime | str | int) -> DecisionView:
    """Put a decision in force. Nobody approves what they requested themselves."""
    at = moment(now)
    row = _get(conn, org, decision_id)
    if row.approved_at is not None or row.ended_at is not None:
        raise Conflict("this decision does not wait for an approval")
    if row.requested_by == approver:
        raise NotAllowed("a decision is approved by somebody other than its requester")
    return _change(conn, org, decision_id, at, approved_at=at, approved_by=storable(approver))


def revoke(conn: Connection, org: int, decision_id: int, *, by: str, now: datetime | str | int) -> DecisionView:
    """Take a decision back; its findings stand as they are."""
    at = moment(now)
    if _get(conn, org, decision_id).ended_at is not None:
        raise Conflict("this decision has ended already")
    return _change(conn, org, decision_id, at, ended_at=at, ended_by=storable(by))


def expire(conn: Connection, org: int, now: datetime | str | int) -> int:
    """Note decisions whose date came, so that the sums that lists show follow. Returns how many. For housekeeping."""
    at = moment(now)
    due = select(_decision.c.id).where(
        _decision.c.org_id == org, _decision.c.ended_at.is_(None), _decision.c.expires_at <= at
    )
    numbers = list(conn.execute(due).scalars())
    for number in numbers:
        _change(conn, org, number, at, ended_at=at, ended_by="expired")
    return len(numbers)


def list_decisions(
    conn: Connection, org: int, paging: Paging, now: datetime | str | int, *, active: bool | None = None
) -> Page[DecisionView]:
    """Newest first."""
    at = moment(now)
    query = select(_decision).where(_decision.c.org_id == org)
    if active is not None:
        query = query.where(in_force(at) if active else ~in_force(at))
    mark = fingerprint("decisions", org, active)
    page = page_of(conn, query, paging, keys=[(_decision.c.id, True)], make=lambda row: _view(row, at), mark=mark)
    items = _with_counts(conn, org, list(page.items), at)
    return Page(items=items, next=page.next, total=page.total, total_at_least=page.total_at_least)


def decisions_on(conn: Connection, org: int, finding: Any, now: int) -> list[DecisionView]:
    """Every decision that covers a finding or did, newest first. The finding has rule, locator, asset and detail."""
    meant, scope, scopes = judgement.decision_finding, judgement.decision_scope_member, judgement.asset_scope
    of_asset = select(scope.c.decision_id).join(scopes, scopes.c.scope_id == scope.c.scope_id)
    by_query = and_(
        _decision.c.id.in_(select(meant.c.decision_id).where(meant.c.detail_id == finding.detail_id)),
        or_(
            ~_decision.c.scoped,
            _decision.c.id.in_(of_asset.where(scopes.c.asset_id == finding.asset_id)),
            _decision.c.id.in_(exceptions.once_named(conn, org, finding.asset_id, now)),
        ),
    )
    by_rule = and_(
        _decision.c.query.is_(None),
        _decision.c.rule == finding.rule,
        or_(_decision.c.locator.is_(None), _decision.c.locator == finding.locator),
        or_(_decision.c.asset_id.is_(None), _decision.c.asset_id == finding.asset_id),
    )
    query = select(_decision).where(_decision.c.org_id == org, or_(by_rule, by_query))
    return [_view(row, now) for row in conn.execute(query.order_by(_decision.c.id.desc()))]


class StatesOf:
    """States of some findings that are not fixed: as decided, else unknown or open.

    A finding has `rule`, `locator`, `asset_id`, `detail_id`, `fix_state`, `unknown`.
    """

    def __init__(self, conn: Connection, org: int, findings: Sequence[Any], now: int) -> None:
        meant, member, scope = judgement.decision_finding, judgement.decision_scope_member, judgement.asset_scope
        rules = {finding.rule for finding in findings}
        by_rule = select(_decision).where(_decision.c.org_id == org, _decision.c.rule.in_(rules), in_force(now))
        self._by_rule = [row for row in conn.execute(by_rule).all() if row.query is None]
        self._by_detail: dict[int, list[Row[Any]]] = {}
        by_query = (
            select(_decision, meant.c.detail_id)
            .join(meant, meant.c.decision_id == _decision.c.id)
            .where(meant.c.detail_id.in_({finding.detail_id for finding in findings}), in_force(now))
        )
        for row in conn.execute(by_query):
            self._by_detail.setdefault(row.detail_id, []).append(row)
        self._scopes: set[tuple[int, int]] = set()
        if self._by_detail:
            assets = {finding.asset_id for finding in findings}
            scopes = (
                select(scope.c.asset_id, member.c.decision_id)
                .join(member, member.c.scope_id == scope.c.scope_id)
                .where(scope.c.asset_id.in_(assets))
            )
            self._scopes = {(row.asset_id, row.decision_id) for row in conn.execute(scopes)}

    def of(self, finding: Any) -> str:
        """The state of one of them."""
        verdicts = {
            row.verdict
            for row in self._covering(finding)
            if not row.expires_when_fixable or finding.fix_state != "fixed"
        }
        if verdicts:
            return str(min(verdicts, key=VERDICTS.index))
        return "unknown" if finding.unknown else "open"

    def _covering(self, finding: Any) -> Iterator[Row[Any]]:
        for row in self._by_rule:
            if (
                row.rule == finding.rule
                and row.locator in (None, finding.locator)
                and row.asset_id in (None, finding.asset_id)
            ):
                yield row
        for row in self._by_detail.get(finding.detail_id, ()):
            if not row.scoped or (finding.asset_id, row.id) in self._scopes:
                yield row


def _check_asset(conn: Connection, org: int, asset_id: int | None) -> None:
    if asset_id is None:
        return
    table = estate.asset
    if conn.execute(select(table.c.id).where(table.c.org_id == org, table.c.id == asset_id)).first() is None:
        raise NotFound(f"no asset {asset_id}")


def _get(conn: Connection, org: int, decision_id: int) -> Row[Any]:
    row = conn.execute(select(_decision).where(_decision.c.org_id == org, _decision.c.id == decision_id)).one_or_none()
    if row is None:
        raise NotFound(f"no decision {decision_id}")
    return row


def _change(conn: Connection, org: int, decision_id: int, at: int, **values: Any) -> DecisionView:
    statement = update(_decision).where(_decision.c.org_id == org, _decision.c.id == decision_id).values(**values)
    row = conn.execute(statement.returning(_decision)).one()
    _took_effect(conn, org, row, at)
    return _view(row, at)


def _took_effect(conn: Connection, org: int, row: Row[Any], at: int) -> None:
    """Bring the sums up to date that the decision changes."""
    if row.approved_at is None:
        return
    if row.query is not None:
        if row.ended_at is None:
            exceptions.take_effect(conn, org, row.id, row.query, at)
        else:
            exceptions.end(conn, org, row.id, at)
        return
    if row.asset_id is not None:
        refresh_assets(conn, org, [row.asset_id], at)
        return
    held = judgement.asset_findings
    sets = sets_of_rule(conn, org, row.rule)
    summarise_sets(conn, org, sets, at)
    assets: set[int] = set()
    for number in sets:
        query = select(held.c.asset_id).where(held.c.org_id == org, held.c.set_id == number)
        assets |= set(conn.execute(query).scalars())
    refresh_assets(conn, org, sorted(assets), at)


def _with_counts(conn: Connection, org: int, views: list[DecisionView], now: int) -> list[DecisionView]:
    """How many findings each decision by query covers, or would cover where it still waits for its approval."""
    counted = exceptions.covers(conn, org, [int(view.id) for view in views if view.query and view.active])
    for view in views:
        if view.query and view.active:
            view.covers = counted[int(view.id)]
        elif view.query and view.pending:
            view.covers = exceptions.would_cover(conn, org, view.query, now, until_fixable=view.expires_when_fixable)
    return views


def _view(row: Row[Any], now: int) -> DecisionView:
    ended = row.ended_at is not None or (row.expires_at is not None and row.expires_at <= now)
    return DecisionView(
        id=str(row.id),
        verdict=row.verdict,
        reason=row.reason,
        requested_by=row.requested_by,
        approved_by=row.approved_by,
        created_at=text(row.created_at),
        expires_at=text_or_none(row.expires_at),
        expires_when_fixable=row.expires_when_fixable,
        rule=row.rule,
        locator=row.locator,
        asset_id=None if row.asset_id is None else str(row.asset_id),
        query=row.query,
        covers=None,
        active=row.approved_at is not None and not ended,
        pending=row.approved_at is None and not ended,
        ended_at=text_or_none(row.ended_at),
        ended_by=row.ended_by,
    )
