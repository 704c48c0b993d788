"""What becomes of findings when assets move between finding sets: opened, fixed, reopened.

Reads the desk that `attach` laid out and writes `finding_state`, `asset_change` and the day's statistics, each by a
statement over all assets at once. A first assessment writes no row per finding.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, Subquery, and_, delete, false, func, literal, select, true, update

from bartizan.inventory.causes import FIRST
from bartizan.inventory.schema import judgement
from bartizan.inventory.statements import insert
from bartizan.inventory.statistics import add_to_day

_move, _differs = judgement.transition, judgement.transition_finding
_member, _state = judgement.finding_set_member, judgement.finding_state
_detail, _key, _held = judgement.finding_detail, judgement.finding_key, judgement.asset_findings


@dataclass(slots=True)
class Tally:
    """What was counted, by kind of finding."""

    opened_by_kind: dict[str, int] = field(default_factory=dict)
    fixed_by_kind: dict[str, int] = field(default_factory=dict)
    reopened: int = 0

    @property
    def opened(self) -> int:
        """Seen for the first time."""
        return sum(self.opened_by_kind.values()) - self.reopened

    @property
    def fixed(self) -> int:
        """No source sees them any more."""
        return sum(self.fixed_by_kind.values())

    def write_day(self, conn: Connection, org: int, at: int) -> None:
        """Add to the day's row of each kind."""
        add_to_day(conn, org, at, self.opened_by_kind, self.fixed_by_kind)


def write_lifecycle(conn: Connection, org: int, at: int) -> Tally:
    """Work off the desk and clear it."""
    _differences(conn)
    _fix(conn, org, at)
    _open(conn, org, at)
    _reopen_first(conn, org, at)
    _log(conn, org, at)
    tally = _tally(conn, org, at)
    conn.execute(delete(_differs))
    conn.execute(delete(_move))
    return tally


def _differences(conn: Connection) -> None:
    """What each pair of sets differs by; a first set (old 0) is not compared with anything."""
    pairs = select(_move.c.old_id, _move.c.new_id).where(_move.c.old_id != 0).distinct().subquery()
    other = _member.alias("other")
    for mine, theirs, added in ((pairs.c.new_id, pairs.c.old_id, true()), (pairs.c.old_id, pairs.c.new_id, false())):
        shared = select(literal(1)).where(other.c.set_id == theirs, other.c.key_id == _member.c.key_id).exists()
        query = (
            select(pairs.c.old_id, pairs.c.new_id, _member.c.key_id, _member.c.detail_id, added)
            .join(_member, _member.c.set_id == mine)
            .where(~shared)
        )
        columns = ["old_id", "new_id", "key_id", "detail_id", "added"]
        conn.execute(_differs.insert().from_select(columns, query))


_COLUMNS = [
    "asset_id", "key_id", "org_id", "fixed", "opened_at", "fixed_at", "reopened", "changed_at", "change", "detail_id",
]  # fmt: skip

_SAME_PAIR = and_(_differs.c.old_id == _move.c.old_id, _differs.c.new_id == _move.c.new_id)


def _fix(conn: Connection, org: int, at: int) -> None:
    """Fixed is what no other scope of the asset holds either."""
    held = (
        select(literal(1))
        .select_from(_held.join(_member, _member.c.set_id == _held.c.set_id))
        .where(_held.c.asset_id == _move.c.asset_id, _member.c.key_id == _differs.c.key_id)
    )
    rows = (
        select(
            _move.c.asset_id, _differs.c.key_id, literal(org), true(), _move.c.since, literal(at), literal(0),
            literal(at), literal("fixed"), _differs.c.detail_id,
        )
        .join(_differs, _SAME_PAIR)
        .where(~_differs.c.added, ~held.exists())
    )  # fmt: skip
    statement = insert(conn, _state).from_select(_COLUMNS, rows)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[_state.c.asset_id, _state.c.key_id],
        set_={
            "fixed": true(),
            "fixed_at": new.fixed_at,
            "changed_at": new.changed_at,
            "change": new.change,
            "detail_id": new.detail_id,
        },
    )
    conn.execute(statement)


def _open(conn: Connection, org: int, at: int) -> None:
    """New findings of assets that were assessed before; those that had been fixed are reopened and counted."""
    rows = (
        select(
            _move.c.asset_id, _differs.c.key_id, literal(org), false(), literal(at), literal(None), literal(0),
            literal(at), literal("opened"), _differs.c.detail_id,
        )
        .join(_differs, _SAME_PAIR)
        .where(_differs.c.added)
    )  # fmt: skip
    statement = insert(conn, _state).from_select(_COLUMNS, rows)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[_state.c.asset_id, _state.c.key_id],
        set_={
            "fixed": false(),
            "fixed_at": None,
            "reopened": _state.c.reopened + 1,
            "changed_at": new.changed_at,
            "change": "reopened",
            "detail_id": new.detail_id,
        },
        where=_state.c.fixed,
    )
    conn.execute(statement)


def _reopen_first(conn: Connection, org: int, at: int) -> None:
    """A scope that comes back after it was gone: what was fixed then and is in its first set now is reopened."""
    first = select(_move.c.asset_id).where(_move.c.old_id == 0)
    back = (
        select(literal(1))
        .select_from(_move.join(_member, _member.c.set_id == _move.c.new_id))
        .where(_move.c.old_id == 0, _move.c.asset_id == _state.c.asset_id, _member.c.key_id == _state.c.key_id)
    )
    conn.execute(
        update(_state)
        .where(_state.c.asset_id.in_(first), _state.c.org_id == org, _state.c.fixed, back.exists())
        .values(fixed=False, fixed_at=None, reopened=_state.c.reopened + 1, changed_at=at, change="reopened")
    )


def _log(conn: Connection, org: int, at: int) -> None:
    """One row per asset, kind of change and cause, for the asset's timeline."""
    columns = ["org_id", "asset_id", "at", "change", "findings", "severity", "key_id", *_WHY]
    moved = _movements()
    # What is not on the desk came back with a scope's first set.
    why = [func.coalesce(moved.c[name], FIRST if name == "cause" else "") for name in _WHY]
    changed = (
        select(
            literal(org), _state.c.asset_id, literal(at), _state.c.change, func.count(), func.max(_detail.c.severity),
            func.min(_state.c.key_id), *why,
        )
        .join(_detail, _detail.c.id == _state.c.detail_id)
        .outerjoin(moved, and_(moved.c.asset_id == _state.c.asset_id, moved.c.key_id == _state.c.key_id))
        .where(_state.c.asset_id.in_(select(_move.c.asset_id)), _state.c.changed_at == at)
        .group_by(_state.c.asset_id, _state.c.change, *why)
    )  # fmt: skip
    conn.execute(judgement.asset_change.insert().from_select(columns, changed))
    new_sets = select(_move.c.new_id).where(_move.c.old_id == 0)
    per_set = (
        select(_member.c.set_id, func.count().label("findings"), func.max(_detail.c.severity).label("worst"))
        .join(_detail, _detail.c.id == _member.c.detail_id)
        .where(_member.c.set_id.in_(new_sets))
        .group_by(_member.c.set_id)
        .subquery()
    )
    first = (
        select(
            literal(org), _move.c.asset_id, literal(at), literal("assessed"), func.sum(per_set.c.findings),
            func.max(per_set.c.worst), literal(None), literal(""), literal(FIRST), literal(""), literal(""),
        )
        .join(per_set, per_set.c.set_id == _move.c.new_id)
        .where(_move.c.old_id == 0)
        .group_by(_move.c.asset_id)
    )  # fmt: skip
    conn.execute(judgement.asset_change.insert().from_select(columns, first))


_WHY = ("family", "cause", "changed", "knowledge")


def _movements() -> Subquery:
    """Asset and finding to why it moved; of several assessors that let go of one finding, one is told."""
    told = func.min(_move.c.assessor)
    pairs = (
        select(_move.c.asset_id, _differs.c.key_id, told.label("assessor"))
        .join(_differs, _SAME_PAIR)
        .group_by(_move.c.asset_id, _differs.c.key_id)
        .subquery()
    )
    return (
        select(pairs.c.asset_id, pairs.c.key_id, *(_move.c[name] for name in _WHY))
        .join(_move, and_(_move.c.asset_id == pairs.c.asset_id, _move.c.assessor == pairs.c.assessor))
        .subquery()
    )


def _tally(conn: Connection, org: int, at: int) -> Tally:
    tally = Tally()
    changed = (
        select(_state.c.change, _key.c.kind, func.count())
        .join(_key, _key.c.id == _state.c.key_id)
        .where(_state.c.asset_id.in_(select(_move.c.asset_id)), _state.c.changed_at == at)
        .group_by(_state.c.change, _key.c.kind)
    )
    for change, kind, count in conn.execute(changed):
        by_kind = tally.fixed_by_kind if change == "fixed" else tally.opened_by_kind
        by_kind[kind] = by_kind.get(kind, 0) + count
        if change == "reopened":
            tally.reopened += count
    sizes = (
        select(_move.c.new_id, func.count().label("assets"))
        .where(_move.c.old_id == 0)
        .group_by(_move.c.new_id)
        .subquery()
    )
    first = (
        select(_key.c.kind, func.sum(sizes.c.assets))
        .select_from(sizes)
        .join(_member, _member.c.set_id == sizes.c.new_id)
        .join(_key, _key.c.id == _member.c.key_id)
        .group_by(_key.c.kind)
    )
    for kind, count in conn.execute(first):
        tally.opened_by_kind[kind] = tally.opened_by_kind.get(kind, 0) + int(count)
    return tally
