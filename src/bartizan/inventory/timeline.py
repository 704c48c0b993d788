"""What happened to an asset, newest first: sections that changed, findings that opened and went, decisions.

Findings are told in groups: one entry for everything that was fixed at once. An entry with one finding names it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    SmallInteger,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from bartizan.inventory.because import advisory_files, because, cause_told
from bartizan.inventory.errors import NotFound
from bartizan.inventory.exceptions import once_named
from bartizan.inventory.findings import SEVERITY
from bartizan.inventory.moments import moment, text
from bartizan.inventory.paging import Key, Page, Paging, fingerprint, page_of
from bartizan.inventory.schema import estate, judgement


class TimelineEvent(Struct, kw_only=True):
    """One entry."""

    at: str
    kind: str
    title: str
    detail: str
    finding: str | None = None
    severity: str | None = None
    section: str | None = None
    count: int = 1
    cause: str = ""
    """first, asset, knowledge, policy, either, gone, decision; empty where it was not noted, or is the event itself."""
    because: str = ""
    """Why, as a clause."""


def timeline(
    conn: Connection, org: int, asset_id: int, paging: Paging, now: datetime | str | int
) -> Page[TimelineEvent]:
    """A page of an asset's history."""
    known = select(estate.asset.c.id).where(estate.asset.c.org_id == org, estate.asset.c.id == asset_id)
    if conn.execute(known).first() is None:
        raise NotFound(f"no asset {asset_id}")
    at = moment(now)
    decided = _decisions(asset_id, once_named(conn, org, asset_id, at), at)
    every = union_all(_first_seen(asset_id), _sections(asset_id), _changes(asset_id), *decided).subquery()
    keys: list[Key] = [(every.c.at, True), (every.c.kind, False), (every.c.which, False), (every.c.number, False)]
    mark = fingerprint("timeline", org, asset_id)
    files = advisory_files(conn, _knowledge(conn, asset_id))
    return page_of(conn, select(every), paging, keys=keys, make=lambda row: _event(asset_id, row, files), mark=mark)


def _knowledge(conn: Connection, asset_id: int) -> list[str]:
    """Identities of what judged this asset anew."""
    table = judgement.asset_change
    query = select(table.c.knowledge).where(table.c.asset_id == asset_id, table.c.knowledge != "").distinct()
    return list(conn.execute(query).scalars())


def _entry(
    at: Any,
    kind: Any,
    *,
    which: Any = "",
    number: Any = 0,
    told: Any = "",
    count: Any = 1,
    more: Any = None,
    why: Mapping[str, Any] | None = None,
) -> list[Any]:
    """The columns that all entries have. `more`: severity's rank and a finding's key, where there is one."""
    rank, key_id = more or (cast(null(), SmallInteger), cast(null(), BigInteger))
    plain = {"at": at, "kind": kind, "which": which, "number": number, "told": told, "findings": count}
    plain |= dict.fromkeys(_WHY, "") | dict(why or {})
    columns = [
        value.label(name) if hasattr(value, "label") else literal(value).label(name) for name, value in plain.items()
    ]
    return [*columns, rank.label("rank"), key_id.label("key_id")]


_WHY = ("family", "cause", "changed", "knowledge")


def _first_seen(asset_id: int) -> Select[Any]:
    table = estate.asset
    return select(*_entry(table.c.first_seen, "first-seen", told=table.c.name)).where(table.c.id == asset_id)


def _sections(asset_id: int) -> Select[Any]:
    """A section that took the place of another. The first ones of all are the asset's first sight."""
    held = estate.asset_section
    before = held.alias("before")
    earlier = select(literal(1)).where(
        before.c.asset_id == held.c.asset_id,
        before.c.source == held.c.source,
        before.c.name == held.c.name,
        before.c.valid_from < held.c.valid_from,
    )
    entry = _entry(held.c.valid_from, "section-changed", which=held.c.name, told=held.c.source)
    return select(*entry).where(held.c.asset_id == asset_id, earlier.exists())


def _changes(asset_id: int) -> Select[Any]:
    table, key = judgement.asset_change, judgement.finding_key
    kind = case((table.c.change == "assessed", "finding-opened"), else_=literal("finding-") + table.c.change)
    one = and_(table.c.findings == 1, key.c.rule.is_not(None))
    entry = _entry(
        table.c.at,
        kind,
        which=table.c.change,
        number=table.c.id,
        told=case((one, key.c.rule), else_=""),
        count=table.c.findings,
        more=(table.c.severity, case((one, table.c.key_id))),
        why={name: table.c[name] for name in _WHY},
    )
    source = table.outerjoin(key, key.c.id == table.c.key_id)
    return select(*entry).select_from(source).where(table.c.asset_id == asset_id, table.c.findings > 0)


_ENDED = func.coalesce(judgement.decision.c.ended_at, judgement.decision.c.expires_at)


def _decisions(asset_id: int, ended: Collection[int], now: int) -> tuple[Select[Any], Select[Any]]:
    """Decisions for this asset, and those for all assets on rules that it has or had: when they began and ended.

    `ended`: of those that name assets by a query, the ones that named this.
    """
    table = judgement.decision
    key, member, word = judgement.finding_key, judgement.finding_set_member, judgement.attestation
    rules = (
        select(key.c.rule)
        .select_from(word.join(member, member.c.set_id == word.c.set_id).join(key, key.c.id == member.c.key_id))
        .where(word.c.asset_id == asset_id)
    )
    org = select(estate.asset.c.org_id).where(estate.asset.c.id == asset_id).scalar_subquery()
    told = table.c.verdict + literal(": ") + case((table.c.query.is_not(None), table.c.query), else_=table.c.rule)
    meant, scope, scopes = judgement.decision_finding, judgement.decision_scope_member, judgement.asset_scope
    queried = (
        select(meant.c.decision_id)
        .select_from(
            word.join(member, member.c.set_id == word.c.set_id).join(meant, meant.c.detail_id == member.c.detail_id)
        )
        .where(word.c.asset_id == asset_id)
    )
    named = select(scope.c.decision_id).join(scopes, scopes.c.scope_id == scope.c.scope_id)
    by_query = and_(
        table.c.id.in_(queried),
        or_(~table.c.scoped, table.c.id.in_(named.where(scopes.c.asset_id == asset_id)), table.c.id.in_(ended)),
    )
    made = _entry(table.c.created_at, "decision", which=table.c.requested_by, number=table.c.id, told=told)
    by = func.coalesce(table.c.ended_by, "expired")
    over = _entry(_ENDED, "decision-ended", which=by, number=table.c.id, told=told)
    covers = (
        table.c.org_id == org,
        table.c.created_at <= now,
        or_(
            table.c.asset_id == asset_id,
            and_(table.c.asset_id.is_(None), table.c.query.is_(None), table.c.rule.in_(rules)),
            by_query,
        ),
    )
    return select(*made).where(*covers), select(*over).where(*covers, now >= _ENDED)


def _event(asset_id: int, row: Row[Any], files: Mapping[str, str]) -> TimelineEvent:
    title, detail, section = _words(row)
    return TimelineEvent(
        at=text(row.at),
        kind=row.kind,
        title=title,
        detail=detail,
        finding=None if row.key_id is None else f"{asset_id}-{row.key_id}",
        severity=None if row.rank is None else SEVERITY[row.rank],
        section=section,
        count=row.findings,
        cause="decision" if row.kind.startswith("decision") else cause_told(row.cause, row.family),
        because=because(row.cause, row.family, row.changed, row.knowledge, files),
    )


def _words(row: Row[Any]) -> tuple[str, str, str | None]:
    """(title, detail, section)."""
    match row.kind:
        case "first-seen":
            return f"{row.told} was seen for the first time", "", None
        case "section-changed":
            return f"{row.which} changed", f"as {row.told} sees it", row.which
        case "decision":
            return row.told, f"requested by {row.which}", None
        case "decision-ended":
            how = "expired" if row.which == "expired" else f"taken back by {row.which}"
            return f"{row.told}: no longer", how, None
        case _:
            what = {"assessed": "found at the first assessment", "opened": "opened"}.get(row.which, row.which)
            subject = row.told or f"{row.findings} finding{'' if row.findings == 1 else 's'}"
            return f"{subject} {what}", "", None
