"""Sums over findings that lists and the overview show, kept where they are cheap: per finding set, and per asset.

A set's summary leaves out what a decision for every asset covers. An asset's posture adds up the summaries of its sets.
Where decisions by query name assets, sets are summed up once for each combination of such decisions (a scope); only
assets that have a decision of their own are counted finding by finding.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    select,
    update,
)

from bartizan.inventory.decided import Covering, in_force
from bartizan.inventory.risk import asset_risk
from bartizan.inventory.schema import estate, judgement
from bartizan.inventory.statements import chunks
from bartizan.model.severity import Severity

LEVELS: dict[str, Severity] = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
    "unrated": Severity.UNKNOWN,
}
"""Column name to severity."""

_COUNTS = (*LEVELS, "unknowns", "kev")
_detail, _key, _member = judgement.finding_detail, judgement.finding_key, judgement.finding_set_member
_summary, _held, _scope = judgement.set_summary, judgement.asset_findings, judgement.asset_scope


def _sums() -> list[ColumnElement[Any]]:
    """What is summed over undecided members; open means that the verdict is not unknown."""
    is_open = ~_detail.c.unknown
    counts = [
        func.sum(case((and_(is_open, _detail.c.severity == severity.rank), 1), else_=0)).label(name)
        for name, severity in LEVELS.items()
    ]
    score = case((is_open, _detail.c.score), else_=literal(0.0))
    return [
        *counts,
        func.sum(case((_detail.c.unknown, 1), else_=0)).label("unknowns"),
        func.sum(case((and_(is_open, _detail.c.kev), 1), else_=0)).label("kev"),
        func.max(score).label("top"),
        func.sum(score).label("total"),
        func.sum(score * score / 10_000.0).label("weight"),
    ]


def summarise_sets(conn: Connection, org: int, sets: Iterable[int], now: int) -> None:
    """Write the summaries of some sets anew."""
    columns = ["set_id", "kind", *_COUNTS, "top", "total", "weight"]
    for chunk in chunks(sets):
        conn.execute(delete(_summary).where(_summary.c.set_id.in_(chunk)))
        sums = (
            select(_member.c.set_id, _detail.c.kind, *_sums())
            .join(_detail, _detail.c.id == _member.c.detail_id)
            .join(_key, _key.c.id == _member.c.key_id)
            .where(_member.c.set_id.in_(chunk), ~Covering(_detail, _key, now).for_all())
            .group_by(_member.c.set_id, _detail.c.kind)
        )
        conn.execute(_summary.insert().from_select(columns, sums))


def sets_of_rule(conn: Connection, org: int, rule: str) -> list[int]:
    """Sets that hold a finding of a rule."""
    query = (
        select(_member.c.set_id)
        .join(_key, _key.c.id == _member.c.key_id)
        .where(_key.c.org_id == org, _key.c.rule == rule)
        .distinct()
    )
    return list(conn.execute(query).scalars())


def refresh_assets(conn: Connection, org: int, assets: Iterable[int], now: int) -> None:
    """Bring the posture of some assets up to date; rows that stay the same are not written."""
    own, scoped = set(with_own_decisions(conn, org, now)), set(in_scopes(conn, org))
    for chunk in chunks(assets):
        posture = {row.asset_id: _values(row) for row in _from_summaries(conn, chunk)}
        if sharing := [number for number in chunk if number in scoped]:
            posture |= {asset_id: _values(None) for asset_id in sharing}
            posture |= {row.asset_id: _values(row) for row in _from_scopes(conn, sharing, now)}
        special = [number for number in chunk if number in own]
        if special:
            posture |= {asset_id: _values(None) for asset_id in special}
            posture |= {row.asset_id: _values(row) for row in _one_by_one(conn, special, now)}
        for row in _policy_results(conn, chunk):
            posture.setdefault(row.asset_id, _values(None)).update(
                policy_pass=row.passed, policy_fail=row.failed, policy_unknown=row.unknown
            )
        _write(conn, chunk, posture)


def measures(conn: Connection, org: int, asset_id: int, now: int) -> tuple[float, float, int]:
    """(highest score, sum of (score / 100)^2, number) of an asset's open findings: what its risk is made from."""
    decided = asset_id in with_own_decisions(conn, org, now) or asset_id in in_scopes(conn, org)
    special = [asset_id] if decided else []
    rows = list(_one_by_one(conn, special, now) if special else _from_summaries(conn, [asset_id]))
    if not rows:
        return 0.0, 0.0, 0
    return rows[0].top, rows[0].weight, sum(getattr(rows[0], name) for name in LEVELS)


def _from_summaries(conn: Connection, assets: list[int]) -> Iterable[Row[Any]]:
    sums = [func.sum(_summary.c[name]).label(name) for name in _COUNTS]
    query = (
        select(
            _held.c.asset_id, *sums, func.max(_summary.c.top).label("top"), func.sum(_summary.c.weight).label("weight")
        )
        .join(_summary, _summary.c.set_id == _held.c.set_id)
        .where(_held.c.asset_id.in_(assets))
        .group_by(_held.c.asset_id)
    )
    return conn.execute(query)


def with_own_decisions(conn: Connection, org: int, now: int) -> list[int]:
    """Assets that have a decision of their own."""
    decision = judgement.decision
    query = select(decision.c.asset_id).where(decision.c.org_id == org, decision.c.asset_id.is_not(None), in_force(now))
    return list(conn.execute(query.distinct()).scalars())


def in_scopes(conn: Connection, org: int) -> list[int]:
    """Assets that decisions by query name."""
    return list(conn.execute(select(_scope.c.asset_id).where(_scope.c.org_id == org)).scalars())


def _scoped_sums(now: int, *assets: ColumnElement[bool]) -> Subquery:
    """(set, scope, kind) and the sums of what no decision takes out, once for each set that assets in a scope have."""
    pairs = (
        select(_held.c.set_id, _scope.c.scope_id)
        .join(_scope, _scope.c.asset_id == _held.c.asset_id)
        .where(*assets)
        .distinct()
        .subquery()
    )
    covering = Covering(_detail, _key, now)
    return (
        select(pairs.c.set_id, pairs.c.scope_id, _detail.c.kind, *_sums())
        .select_from(pairs)
        .join(_member, _member.c.set_id == pairs.c.set_id)
        .join(_detail, _detail.c.id == _member.c.detail_id)
        .join(_key, _key.c.id == _member.c.key_id)
        .where(~covering.for_all(), ~covering.in_scope(pairs.c.scope_id))
        .group_by(pairs.c.set_id, pairs.c.scope_id, _detail.c.kind)
        .subquery()
    )


def _from_scopes(conn: Connection, assets: list[int], now: int) -> Iterable[Row[Any]]:
    sums = _scoped_sums(now, _held.c.asset_id.in_(assets))
    same = and_(sums.c.set_id == _held.c.set_id, sums.c.scope_id == _scope.c.scope_id)
    query = (
        select(
            _held.c.asset_id,
            *(func.sum(sums.c[name]).label(name) for name in _COUNTS),
            func.max(sums.c.top).label("top"),
            func.sum(sums.c.weight).label("weight"),
        )
        .join(_scope, _scope.c.asset_id == _held.c.asset_id)
        .join(sums, same)
        .where(_held.c.asset_id.in_(assets))
        .group_by(_held.c.asset_id)
    )
    return conn.execute(query)


def scoped_kinds(conn: Connection, org: int, now: int, but: list[int]) -> list[Row[Any]]:
    """(kind, count per level) of the open findings of assets in scopes, but for some."""
    mine = and_(_held.c.org_id == org, _held.c.asset_id.not_in(but))
    sums = _scoped_sums(now, mine)
    assets = (
        select(_held.c.set_id, _scope.c.scope_id, func.count().label("assets"))
        .join(_scope, _scope.c.asset_id == _held.c.asset_id)
        .where(mine)
        .group_by(_held.c.set_id, _scope.c.scope_id)
        .subquery()
    )
    same = and_(assets.c.set_id == sums.c.set_id, assets.c.scope_id == sums.c.scope_id)
    counts = [func.sum(sums.c[name] * assets.c.assets) for name in LEVELS]
    return list(conn.execute(select(sums.c.kind, *counts).join(assets, same).group_by(sums.c.kind)))


def one_by_one_kinds(conn: Connection, assets: list[int], now: int) -> list[Row[Any]]:
    """(kind, count per level) of some assets' open findings."""
    levels = _sums()[: len(LEVELS)]
    return list(conn.execute(_undecided(select(_detail.c.kind, *levels), assets, now).group_by(_detail.c.kind)))


def _one_by_one(conn: Connection, assets: list[int], now: int) -> Iterable[Row[Any]]:
    query = _undecided(select(_held.c.asset_id, *_sums()), assets, now)
    return conn.execute(query.group_by(_held.c.asset_id))


def _undecided(query: Select[Any], assets: list[int], now: int) -> Select[Any]:
    covering = Covering(_detail, _key, now)
    source = (
        _held.join(_member, _member.c.set_id == _held.c.set_id)
        .join(_detail, _detail.c.id == _member.c.detail_id)
        .join(_key, _key.c.id == _member.c.key_id)
    )
    return query.select_from(source).where(
        _held.c.asset_id.in_(assets),
        ~covering.for_all(),
        ~covering.for_asset(_held.c.asset_id),
    )


def _policy_results(conn: Connection, assets: list[int]) -> Iterable[Row[Any]]:
    outcome = judgement.outcome
    counts = [cast(func.sum(outcome.c[name]), Integer).label(name) for name in ("passed", "failed", "unknown")]
    query = (
        select(_held.c.asset_id, *counts)
        .join(outcome, outcome.c.id == _held.c.outcome_id)
        .where(_held.c.asset_id.in_(assets), _held.c.assessor.like("policy%"))
        .group_by(_held.c.asset_id)
    )
    return conn.execute(query)


def _values(row: Row[Any] | None) -> dict[str, int]:
    counts = {name: int(getattr(row, name)) if row is not None else 0 for name in _COUNTS}
    risk = asset_risk(row.top, row.weight) if row is not None else 0.0
    return {"risk": round(risk * 100), **counts, "policy_pass": 0, "policy_fail": 0, "policy_unknown": 0}


def _write(conn: Connection, assets: list[int], posture: dict[int, dict[str, int]]) -> None:
    table = estate.asset
    names = ("risk", *_COUNTS, "policy_pass", "policy_fail", "policy_unknown")
    current = conn.execute(select(table.c.id, *(table.c[name] for name in names)).where(table.c.id.in_(assets)))
    empty = _values(None)
    changed = []
    for row in current.mappings():
        values = posture.get(row["id"], empty)
        if any(row[name] != values[name] for name in names):
            changed.append({"which": row["id"], **values})
    if changed:
        conn.execute(update(table).where(table.c.id == bindparam("which")), changed)
