"""One row per day and kind of finding, for trends: how many were opened and fixed, how many stand open.

Only the row of the current day is ever written; the days before it are history.
"""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from bartizan.inventory.moments import day
from bartizan.inventory.posture import LEVELS, in_scopes, one_by_one_kinds, scoped_kinds, with_own_decisions
from bartizan.inventory.schema import judgement
from bartizan.inventory.statements import insert

_day, _summary, _held = judgement.day_statistic, judgement.set_summary, judgement.asset_findings


def add_to_day(conn: Connection, org: int, now: int, opened: Mapping[str, int], fixed: Mapping[str, int]) -> None:
    """Add what happened to the day's counters, and note what stands open now."""
    today = day(now)
    standing = open_by_kind(conn, org, now)
    written = select(_day.c.kind).where(_day.c.org_id == org, _day.c.day == today)
    kinds = sorted({*opened, *fixed, *standing, *conn.execute(written).scalars()})
    rows = [
        {
            "org_id": org,
            "day": today,
            "kind": kind,
            "opened": opened.get(kind, 0),
            "fixed": fixed.get(kind, 0),
            **{name: standing.get(kind, {}).get(name, 0) for name in LEVELS},
        }
        for kind in kinds
    ]
    if not rows:
        return
    statement = insert(conn, _day)
    statement = statement.on_conflict_do_update(
        index_elements=[_day.c.org_id, _day.c.day, _day.c.kind],
        set_={
            "opened": _day.c.opened + statement.excluded.opened,
            "fixed": _day.c.fixed + statement.excluded.fixed,
            **{name: statement.excluded[name] for name in LEVELS},
        },
    )
    conn.execute(statement, rows)


def open_by_kind(conn: Connection, org: int, now: int) -> dict[str, dict[str, int]]:
    """Kind to level to number of open findings: sets times the assets that share them.

    Assets in a scope are counted by set and scope; those with decisions of their own finding by finding.
    """
    special, scoped = with_own_decisions(conn, org, now), bool(in_scopes(conn, org))
    shared = select(_held.c.set_id, func.count().label("assets")).where(_held.c.org_id == org)
    if special:
        shared = shared.where(_held.c.asset_id.not_in(special))
    if scoped:
        scope = judgement.asset_scope
        shared = shared.where(_held.c.asset_id.not_in(select(scope.c.asset_id).where(scope.c.org_id == org)))
    assets = shared.group_by(_held.c.set_id).subquery()
    sums = [func.sum(_summary.c[name] * assets.c.assets) for name in LEVELS]
    query = select(_summary.c.kind, *sums).join(assets, assets.c.set_id == _summary.c.set_id).group_by(_summary.c.kind)
    found: dict[str, Counter[str]] = {}
    apart = [
        *(scoped_kinds(conn, org, now, special) if scoped else ()),
        *(one_by_one_kinds(conn, special, now) if special else ()),
    ]
    for kind, *counts in [*conn.execute(query), *apart]:
        found.setdefault(kind, Counter()).update({name: int(count) for name, count in zip(LEVELS, counts, strict=True)})
    return {kind: dict(counts) for kind, counts in found.items()}
