"""Sorted pages of findings over assets, read from where they are without sorting all of them.

The thing that a list is sorted by leads: findings in the order of their score, for instance, of which only the first
fifty are looked up on assets. Rows of `finding_state` (fixed ones, and marked ones where the time of opening matters)
are a second stream, merged in. Every stream has the same total order, so a cursor means the same in each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, and_, cast, func, literal, or_, select, tuple_

from bartizan.inventory.errors import BadInput
from bartizan.inventory.finding_binding import (
    CURRENT,
    FIXED,
    MARKED,
    PLAIN,
    Place,
    asset,
    detail,
    held,
    key,
    member,
    state,
)
from bartizan.inventory.paging import Key, Paging, after, order
from bartizan.inventory.schema import estate
from bartizan.inventory.selection import Region, Selection

DEFAULT = "-score"


@dataclass(frozen=True, slots=True)
class Sort:
    """How a list is sorted."""

    name: str
    leads: str
    """finding, asset or time: what the rows are looked up by."""
    columns: tuple[tuple[ColumnElement[Any], bool, type], ...]
    """(column, downwards, type), before the tie-breakers."""

    @property
    def types(self) -> list[type]:
        """Types of a cursor's values."""
        ties: dict[str, list[type]] = {
            "finding": [int, int],
            "asset": [int, float, int],
            "time": [int, int],
        }
        return [*(type_ for _, _, type_ in self.columns), *ties[self.leads]]

    def keys(self, place: Place) -> list[Key]:
        """The total order of a stream."""
        if self.leads == "time":
            first = state.c.fixed_at if self.name == "fixed_at" else place.first_seen
            return [(first, self.columns[0][1]), (asset.c.id, False), (key.c.id, False)]
        own = [(column, down) for column, down, _ in self.columns]
        if self.leads == "asset":
            return [*own, (asset.c.id, False), (detail.c.score, True), (detail.c.id, False)]
        return [*own, (detail.c.id, False), (asset.c.id, False)]


def read_sort(name: str) -> Sort:
    """`-score`: by score, downwards. `BadInput` for a column that lists do not sort by."""
    wanted = name or DEFAULT
    down = wanted.startswith("-")
    column = wanted.removeprefix("-")
    score = (detail.c.score, True, float)
    seen = estate.observation
    last = select(func.max(seen.c.last_seen)).where(seen.c.asset_id == asset.c.id).correlate_except(seen)
    by_finding: dict[str, list[tuple[ColumnElement[Any], bool, type]]] = {
        "score": [(detail.c.score, down, float)],
        "severity": [(detail.c.severity, down, int), score],
        "rule": [(detail.c.rule, down, str)],
        "title": [(detail.c.title, down, str)],
        "kind": [(detail.c.kind, down, str), score],
        "package": [(detail.c.package, down, str), score],
        "installed": [(detail.c.installed, down, str), score],
        "locator": [(key.c.locator, down, str)],
        "fix": [(detail.c.fix_state, down, str), score],
        "kev": [(cast(detail.c.kev, Integer), down, int), score],
        "epss": [(func.coalesce(detail.c.epss, -1.0), down, float), score],
        "verdict": [(cast(detail.c.unknown, Integer), down, int), score],
    }
    by_asset: dict[str, list[tuple[ColumnElement[Any], bool, type]]] = {
        "asset": [(asset.c.name, down, str)],
        "risk": [(asset.c.risk, down, int)],
        "last_seen": [(func.coalesce(last.scalar_subquery(), 0), down, int)],
    }
    by_time: dict[str, list[tuple[ColumnElement[Any], bool, type]]] = {
        "first_seen": [(held.c.since, down, int)],
        "fixed_at": [(state.c.fixed_at, down, int)],
    }
    for leads, columns in (("finding", by_finding), ("asset", by_asset), ("time", by_time)):
        if column in columns:
            return Sort(column, leads, tuple(columns[column]))
    options = ", ".join([*by_finding, *by_asset, *by_time])
    raise BadInput(f"findings are not sorted by {column!r}. Sort by one of {options}; a minus turns the order round.")


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One finding on one asset, with its place in the order."""

    key: tuple[Any, ...]
    row: Row[Any]
    fixed: bool


def fetch(selection: Selection, sort: Sort, paging: Paging, behind: Sequence[Any] | None) -> list[FoundRow]:
    """The rows of a page and one more, if there is one."""
    limit = paging.limit + 1
    rows: list[FoundRow] = []
    if sort.name == "fixed_at" and selection.current:
        raise BadInput("only fixed findings can be sorted by fixed_at. Add state:fixed to the query.")
    if selection.current:
        apart = selection.timed or sort.leads == "time"
        for region in selection.regions:
            rows += _led(region, sort, PLAIN if apart else CURRENT, behind, limit)
        if apart:
            query = selection.current_pairs(*_columns(MARKED), place=MARKED)
            rows += _stream(selection, query, sort, MARKED, behind, limit)
    if selection.fixed:
        rows += _stream(selection, selection.fixed_pairs(*_columns(FIXED)), sort, FIXED, behind, limit)
    for number, (_, down) in reversed(list(enumerate(sort.keys(CURRENT)))):
        rows.sort(key=lambda found, number=number: found.key[number], reverse=down)  # type: ignore[misc]
    return rows[:limit]


def one(selection: Selection, asset_id: int, key_id: int) -> FoundRow | None:
    """One finding on one asset, current or fixed."""
    for place in (CURRENT, FIXED):
        if place is FIXED:
            query = selection.fixed_pairs(*_columns(place))
        else:
            query = selection.current_pairs(*_columns(place), place=place)
        query = query.where(asset.c.id == asset_id, key.c.id == key_id)
        row = selection.conn.execute(query.order_by(detail.c.score.desc()).limit(1)).one_or_none()
        if row is not None:
            return FoundRow((), row, place is FIXED)
    return None


def _columns(place: Place) -> list[ColumnElement[Any]]:
    names = ("rule", "kind", "severity", "score", "unknown", "title", "package", "installed")
    more = ("fix_state", "fix_version", "kev", "epss", "layer", "part", "origin", "base")
    return [
        detail.c.id.label("detail_id"),
        key.c.id.label("key_id"),
        key.c.locator,
        *(detail.c[name] for name in (*names, *more)),
        asset.c.id.label("asset_id"),
        asset.c.name.label("asset_name"),
        place.first_seen.label("first_seen"),
        (state.c.fixed_at if place is FIXED else literal(None)).label("fixed_at"),
        (literal(0) if place is PLAIN else func.coalesce(state.c.reopened, 0)).label("reopened"),
    ]


def _stream(
    selection: Selection, query: Select[Any], sort: Sort, place: Place, behind: Sequence[Any] | None, limit: int
) -> list[FoundRow]:
    """Rows of a query in order, directly."""
    keys = sort.keys(place)
    if behind is not None:
        query = query.where(after(keys, behind))
    labelled = [column.label(f"sort_{number}") for number, (column, _) in enumerate(keys)]
    found = selection.conn.execute(query.add_columns(*labelled).order_by(*order(keys)).limit(limit))
    names = [f"sort_{number}" for number in range(len(keys))]
    return [FoundRow(tuple(getattr(row, name) for name in names), row, place is FIXED) for row in found]


@dataclass(frozen=True, slots=True)
class _Leaders:
    """What a stream is looked up by, in order."""

    query: Select[Any]
    keys: list[Key]
    of: Callable[[Sequence[tuple[Any, ...]]], ColumnElement[bool]]
    """Condition for the rows of some leaders, given by the values of their keys."""


def _led(region: Region, sort: Sort, place: Place, behind: Sequence[Any] | None, limit: int) -> list[FoundRow]:
    """Leaders in order, then their rows: of one leader first, then of twice as many, until the page is full."""
    lead = _LEADERS[sort.leads](region, sort, place)
    query = lead.query.with_only_columns(*(column for column, _ in lead.keys)).order_by(*order(lead.keys))
    start = query if behind is None else query.where(_from(lead.keys, behind))
    rows: list[FoundRow] = []
    size = 1
    while True:
        leaders = [tuple(row) for row in region.selection.conn.execute(start.limit(limit + 1))]
        at = 0
        while at < len(leaders) and len(rows) < limit:
            chunk = leaders[at : at + size]
            pairs = region.pairs(*_columns(place), place=place).where(lead.of(chunk))
            rows += _stream(region.selection, pairs, sort, place, behind, limit - len(rows))
            at, size = at + size, size * 2
        if len(rows) >= limit or len(leaders) <= limit:
            return rows
        start = query.where(after(lead.keys, leaders[-1]))


def _from(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Leaders at or behind a cursor: the one at the cursor may have more rows."""
    own = values[: len(keys)]
    return or_(after(keys, own), and_(*(column == value for (column, _), value in zip(keys, own, strict=True))))


def _leading_findings(region: Region, sort: Sort, place: Place) -> _Leaders:
    keys: list[Key] = [*((column, down) for column, down, _ in sort.columns), (detail.c.id, False)]
    somewhere = select(literal(1)).where(
        member.c.detail_id == detail.c.id, member.c.set_id.in_(region.eligible_sets(place))
    )
    query = (
        select(detail.c.id)
        .select_from(detail.join(key, key.c.id == detail.c.key_id))
        .where(detail.c.org_id == region.selection.org, region.of_finding(), somewhere.exists())
    )
    if region.paired or place is PLAIN:
        query = query.where(_has_pair(region, place))
    return _Leaders(query, keys, lambda chunk: detail.c.id.in_([values[-1] for values in chunk]))


def _has_pair(region: Region, place: Place) -> ColumnElement[bool]:
    """Some asset has the finding, and everything fits the two of them."""
    same = and_(state.c.asset_id == held.c.asset_id, state.c.key_id == member.c.key_id)
    source = member.join(held, held.c.set_id == member.c.set_id).join(asset, asset.c.id == held.c.asset_id)
    pair = select(literal(1)).where(member.c.detail_id == detail.c.id, held.c.org_id == region.selection.org)
    if place is PLAIN:
        pair = pair.select_from(source).where(~select(literal(1)).where(same).exists())
    else:
        pair = pair.select_from(source.outerjoin(state, same))
    pair = pair.where(region.of_asset(place), region.of_pair(place))
    return pair.correlate(detail, key).exists()


def _leading_assets(region: Region, sort: Sort, place: Place) -> _Leaders:
    keys: list[Key] = [*((column, down) for column, down, _ in sort.columns), (asset.c.id, False)]
    with_findings = select(held.c.asset_id).where(
        held.c.org_id == region.selection.org, held.c.set_id.in_(region.sets_with_findings())
    )
    query = select(asset.c.id).where(
        asset.c.org_id == region.selection.org, asset.c.id.in_(with_findings), region.of_asset(CURRENT)
    )
    return _Leaders(query, keys, lambda chunk: asset.c.id.in_([values[-1] for values in chunk]))


def _leading_times(region: Region, sort: Sort, place: Place) -> _Leaders:
    keys: list[Key] = [(held.c.since, sort.columns[0][1]), (asset.c.id, False)]
    query = (
        select(asset.c.id)
        .select_from(held.join(asset, asset.c.id == held.c.asset_id))
        .where(
            held.c.org_id == region.selection.org,
            held.c.set_id.in_(region.sets_with_findings()),
            region.of_asset(place),
        )
        .distinct()
    )
    return _Leaders(query, keys, lambda chunk: tuple_(held.c.since, asset.c.id).in_(chunk))


_LEADERS: dict[str, Callable[[Region, Sort, Place], _Leaders]] = {
    "finding": _leading_findings,
    "asset": _leading_assets,
    "time": _leading_times,
}
