"""Findings as people see them: lists in any order, and one finding with everything that is known of it.

A list selects by a query (see `query`); a query that does not speak of states means what stands open or unknown. A
finding's id is its asset's and its identity's number, `12-345`: it stays the same whatever becomes of the finding.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, func, select

from bartizan.inventory.blobs import unpack
from bartizan.inventory.decisions import DecisionView, StatesOf, decisions_on
from bartizan.inventory.errors import NotFound
from bartizan.inventory.finding_history import FindingEvent, History
from bartizan.inventory.finding_rows import FoundRow, fetch, one, read_sort
from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.paging import Page, Paging, fingerprint, read_cursor, write_cursor
from bartizan.inventory.query import Query, parse, quoted
from bartizan.inventory.schema import estate, judgement
from bartizan.inventory.selection import Selection
from bartizan.model.severity import Severity

SEVERITY: Mapping[int, str] = {severity.rank: severity.value for severity in Severity}
_ID = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,17})")


class FixView(Struct, kw_only=True):
    """What to do about a finding."""

    state: str
    version: str
    text: str


class OriginView(Struct, kw_only=True):
    """Where an image has a finding from."""

    layer: str
    """Digest (diff id) of the layer."""
    part: str
    """base, application or unknown."""
    kind: str
    """operating-system or application: whose package it is."""
    base: str
    """Name of the base image, where it is known."""


class FindingSummary(Struct, kw_only=True):
    """A finding in a list."""

    id: str
    kind: str
    rule: str
    locator: str
    title: str
    severity: str
    verdict: str
    state: str
    score: float
    asset_id: str
    asset_name: str
    package: str
    installed: str
    fix: FixView
    kev: bool
    epss: float | None
    first_seen: str
    last_seen: str
    fixed_at: str | None
    reopened: int
    sources: list[str]
    origin: OriginView | None


class FindingDetail(FindingSummary, kw_only=True):
    """One finding with its evidence and its history."""

    evidence: dict[str, Any]
    layer: str
    aliases: list[str]
    history: list[FindingEvent]
    decisions: list[DecisionView]
    elsewhere: int
    """Other assets on which the same rule stands open."""
    inherited: int
    """Other images that have it from the same layer, whatever was decided there."""
    inherited_query: str
    """Selects them; empty where no layer brought it."""
    references: list[str]


def list_findings(
    conn: Connection, org: int, query: Query | str, paging: Paging, now: datetime | str | int
) -> Page[FindingSummary]:
    """A page of findings. `QueryError`, `BadCursor` and `BadInput` tell what is wrong with what was asked."""
    at = moment(now)
    parsed = parse(query) if isinstance(query, str) else query
    sort = read_sort(paging.sort)
    mark = fingerprint("findings", org, parsed.text, paging.sort)
    behind = None if paging.cursor is None else read_cursor(paging.cursor, mark, sort.types)
    selection = Selection(conn, org, parsed, at)
    found = fetch(selection, sort, paging, behind)
    shown = found[: paging.limit]
    more = len(found) > paging.limit
    return Page(
        items=_summaries(conn, org, shown, at),
        next=write_cursor(mark, shown[-1].key) if more else None,
        total=selection.total(),
    )


def get_finding(conn: Connection, org: int, finding_id: str, now: datetime | str | int) -> FindingDetail:
    """One finding by its id, whatever its state."""
    at = moment(now)
    asset_id, key_id = read_id(finding_id)
    found = one(Selection(conn, org, parse("state:any"), at), asset_id, key_id)
    if found is None:
        raise NotFound(f"no finding {finding_id!r}")
    summary = _summaries(conn, org, [found], at)[0]
    detail = judgement.finding_detail
    body = unpack(conn.execute(select(detail.c.body).where(detail.c.id == found.row.detail_id)).scalar_one())
    summary.fix.text = body["fix_text"]
    decisions = decisions_on(conn, org, found.row, at)
    history = History(conn, org, asset_id, key_id, summary.rule, body["evidence"])
    inherited = _inherited_query(summary)
    fields = {name: getattr(summary, name) for name in summary.__struct_fields__}
    return FindingDetail(
        **fields,
        evidence=body["evidence"],
        layer=body["layer"],
        aliases=aliases_of(conn, org, summary.rule),
        history=history.events(decisions),
        decisions=decisions,
        inherited=_count(conn, org, inherited, at),
        inherited_query=inherited,
        elsewhere=assets_with_rule(conn, org, summary.rule, at, but=asset_id),
        references=_references(body["evidence"]),
    )


def _inherited_query(found: FindingSummary) -> str:
    """The same finding from the same layer in other images: who mends it in one mends it in all that inherit it."""
    if found.origin is None:
        return ""
    named = {"rule": found.rule, "locator": found.locator, "layer": found.origin.layer}
    same = [f"{name}={quoted(value)}" for name, value in named.items()]
    return " and ".join([*same, f"not asset.id:{found.asset_id}", "state:any", "not state:fixed"])


def _count(conn: Connection, org: int, query: str, now: int) -> int:
    return Selection(conn, org, parse(query), now).total() if query else 0


def read_id(finding_id: str) -> tuple[int, int]:
    """(asset, key) of a finding's id."""
    found = _ID.fullmatch(finding_id)
    if found is None:
        raise NotFound(f"no finding {finding_id[:60]!r}")
    return int(found.group(1)), int(found.group(2))


def aliases_of(conn: Connection, org: int, rule: str) -> list[str]:
    """Other names of a rule."""
    table = judgement.rule_alias
    query = select(table.c.alias).where(table.c.org_id == org, table.c.rule == rule).order_by(table.c.alias)
    return list(conn.execute(query).scalars())


def assets_with_rule(conn: Connection, org: int, rule: str, now: int, *, but: int | None = None) -> int:
    """Number of assets on which a rule stands open."""
    held, member, key = judgement.asset_findings, judgement.finding_set_member, judgement.finding_key
    selection = Selection(conn, org, parse("state:open"), now)
    query = selection.current_pairs(func.count(held.c.asset_id.distinct())).where(key.c.rule == rule)
    if but is not None:
        query = query.where(held.c.asset_id != but)
    with_rule = select(member.c.set_id).join(key, key.c.id == member.c.key_id)
    query = query.where(held.c.set_id.in_(with_rule.where(key.c.org_id == org, key.c.rule == rule).correlate(None)))
    return int(conn.execute(query).scalar_one())


def _summaries(conn: Connection, org: int, found: Sequence[FoundRow], now: int) -> list[FindingSummary]:
    if not found:
        return []
    assets = {item.row.asset_id for item in found}
    states = StatesOf(conn, org, [item.row for item in found], now)
    sources = _sources(conn, assets, {item.row.key_id for item in found})
    seen = _last_seen(conn, assets)
    return [_summary(item, states, sources, seen) for item in found]


def _summary(
    found: FoundRow,
    states: StatesOf,
    sources: Mapping[tuple[int, int], set[str]],
    seen: Mapping[int, Mapping[str, int]],
) -> FindingSummary:
    row = found.row
    attest = sources.get((row.asset_id, row.key_id), set())
    observed = seen.get(row.asset_id, {})
    last = max((observed[source] for source in attest if source in observed), default=row.fixed_at or row.first_seen)
    return FindingSummary(
        id=f"{row.asset_id}-{row.key_id}",
        kind=row.kind,
        rule=row.rule,
        locator=row.locator,
        title=row.title,
        severity=SEVERITY[row.severity],
        verdict="unknown" if row.unknown else "fail",
        state="fixed" if found.fixed else states.of(row),
        score=row.score,
        asset_id=str(row.asset_id),
        asset_name=row.asset_name,
        package=row.package,
        installed=row.installed,
        fix=FixView(state=row.fix_state, version=row.fix_version, text=""),
        kev=bool(row.kev),
        epss=row.epss,
        first_seen=text(row.first_seen),
        last_seen=text(last),
        fixed_at=text_or_none(row.fixed_at),
        reopened=row.reopened,
        sources=sorted(attest),
        origin=_origin(row),
    )


def _origin(row: Row[Any]) -> OriginView | None:
    if not row.layer:
        return None
    return OriginView(layer=row.layer, part=row.part, kind=row.origin, base=row.base)


def _sources(conn: Connection, assets: set[int], keys: set[int]) -> dict[tuple[int, int], set[str]]:
    """Who attests which finding on which asset."""
    word, member = judgement.attestation, judgement.finding_set_member
    query = (
        select(word.c.asset_id, member.c.key_id, word.c.source)
        .join(member, member.c.set_id == word.c.set_id)
        .where(word.c.asset_id.in_(assets), word.c.valid_to.is_(None), member.c.key_id.in_(keys))
    )
    sources: dict[tuple[int, int], set[str]] = {}
    for asset_id, key_id, source in conn.execute(query):
        sources.setdefault((asset_id, key_id), set()).add(source)
    return sources


def _last_seen(conn: Connection, assets: set[int]) -> dict[int, dict[str, int]]:
    table = estate.observation
    query = select(table.c.asset_id, table.c.source, table.c.last_seen).where(table.c.asset_id.in_(assets))
    seen: dict[int, dict[str, int]] = {}
    for asset_id, source, at in conn.execute(query):
        seen.setdefault(asset_id, {})[source] = at
    return seen


def _references(evidence: Mapping[str, Any]) -> list[str]:
    found = evidence.get("references")
    if not isinstance(found, list):
        return []
    urls = (item.get("url") if isinstance(item, Mapping) else item for item in found)
    return [url for url in urls if isinstance(url, str) and url.startswith(("https://", "http://"))]
