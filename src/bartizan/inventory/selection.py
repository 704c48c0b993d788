"""Which findings a query selects, and how many, without writing out one row per finding and asset.

A query is split into what depends on the finding, what depends on the asset, and the rest. Findings times assets are
then counted per set: members that fit, times assets that fit. Three things do not fit that shape, and are handled
apart:

    when a finding was opened: told by the asset for plain findings, by a row of `finding_state` for marked ones
    decisions for single assets or by queries that name assets, and words that name an asset: the assets in question
    are regions of their own
    anything else that mixes both: looked up pair by pair
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    and_,
    cast,
    false,
    func,
    literal,
    not_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql import FromClause

from bartizan.inventory.finding_binding import (
    CURRENT,
    FIXED,
    MARKED,
    PLAIN,
    Decisions,
    FindingBinding,
    Place,
    asset,
    detail,
    held,
    key,
    member,
    state,
)
from bartizan.inventory.query.compile import compile_node, like
from bartizan.inventory.query.fields import STATES, Level
from bartizan.inventory.query.tree import Age, All, Either, Match, Nested, Node, Not, Query, Words, conjuncts, walk

_TIMED = frozenset({"first_seen", "fixed_at", "reopened"})
"""Fields that `finding_state` tells where it has a row."""
_WORDS = 3
"""Words that may name assets, each a region more."""


class Selection:
    """A query on the findings of an organisation at a moment."""

    def __init__(self, conn: Connection, org: int, query: Query, now: int) -> None:
        self.conn, self.org, self.now = conn, org, now
        self.query = query.standing()
        self.decisions = Decisions(conn, org, now)
        root = self.query.root
        self.fixed = possible(root, "fixed")
        """Fixed findings can be among them."""
        self.current = any(possible(root, name) for name in STATES if name != "fixed")
        """Findings that assets have now can be among them."""
        self._nodes = conjuncts(root)
        self.regions = list(self._regions())
        """Assets, divided so that within a region the query falls apart into finding and asset."""

    @property
    def timed(self) -> bool:
        """Whether it matters for a pair if `finding_state` has a row."""
        return any(region.timed for region in self.regions)

    def everything(self, place: Place) -> ColumnElement[bool]:
        """All conditions at once."""
        binding = FindingBinding(self.decisions, place, self.now)
        return and_(true(), *(compile_node(node, binding, self.now) for node in self._nodes))

    def current_pairs(self, *columns: ColumnElement[Any], place: Place = CURRENT) -> Select[Any]:
        """Findings that assets have now, one row each, all conditions applied."""
        same = and_(state.c.asset_id == held.c.asset_id, state.c.key_id == member.c.key_id)
        query = select(*columns).where(held.c.org_id == self.org, self.everything(place))
        if place is MARKED:
            return query.select_from(_MARKED).where(state.c.org_id == self.org, ~state.c.fixed)
        if place is PLAIN:
            return query.select_from(_PAIRS).where(~select(literal(1)).where(same).exists())
        return query.select_from(_PAIRS.outerjoin(state, same))

    def fixed_pairs(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Findings that assets had."""
        source = (
            state.join(detail, detail.c.id == state.c.detail_id)
            .join(key, key.c.id == state.c.key_id)
            .join(asset, asset.c.id == state.c.asset_id)
        )
        query = select(*columns).select_from(source)
        return query.where(state.c.org_id == self.org, state.c.fixed, self.everything(FIXED))

    def weights(self) -> Subquery:
        """(detail_id, n): how many assets have a finding in this form; every detail once, n above 0."""
        parts: list[Select[Any]] = []
        if self.current:
            for region in self.regions:
                parts += region.weights()
        if self.fixed:
            parts.append(self.fixed_pairs(detail.c.id.label("detail_id"), literal(1).label("n")))
        if not parts:
            parts.append(select(detail.c.id.label("detail_id"), literal(0).label("n")).where(false()))
        every = union_all(*parts).subquery()
        total = cast(func.sum(every.c.n), Integer)
        return select(every.c.detail_id, total.label("n")).group_by(every.c.detail_id).having(total > 0).subquery()

    def total(self) -> int:
        """Findings selected, exactly."""
        weights = self.weights()
        return int(self.conn.execute(select(func.coalesce(func.sum(weights.c.n), 0))).scalar_one())

    def asset_ids(self) -> Select[Any]:
        """Assets that have a finding which is selected."""
        places = [region.asset_ids() for region in self.regions] if self.current else []
        if self.fixed:
            places.append(self.fixed_pairs(state.c.asset_id))
        if not places:
            return select(held.c.asset_id).where(false()).correlate(None)
        if len(places) == 1:
            return places[0].correlate(None)
        return select(union_all(*places).subquery().c[0]).correlate(None)

    def asset_weights(self) -> Subquery:
        """(asset_id, n, severity, score, total, kev): selected findings summed up per asset; n above 0.

        `total` is the sum of scores in hundredths, so that it is exact.
        """
        parts: list[Select[Any]] = []
        if self.fixed:
            parts.append(self.fixed_pairs(state.c.asset_id, *_sums()).group_by(state.c.asset_id))
        if self.current:
            parts += [region.asset_sums() for region in self.regions]
        if not parts:
            parts.append(select(held.c.asset_id, *_sums()).where(false()).group_by(held.c.asset_id))
        every = union_all(*parts).subquery()
        return _added_up(every).group_by(every.c.asset_id).subquery()

    def _regions(self) -> Iterable["Region"]:
        levels: dict[str, list[Node]] = {"finding": [], "asset": [], "timed": [], "pair": [], "decided": []}
        words: list[Words] = []
        for node in self._nodes:
            level = self._level(node)
            if level == "word" and isinstance(node, Words) and len(words) < _WORDS:
                words.append(node)
            else:
                levels["pair" if level == "word" else level].append(node)
        decided = levels.pop("decided")
        shares = list(self._shares()) if decided else [_Share()]
        for share, named in product(shares, product((False, True), repeat=len(words))):
            parts = {level: list(nodes) for level, nodes in levels.items()}
            among = list(share.among)
            parts["pair" if share.one_by_one else "finding"] += decided
            for node, has_name in zip(words, named, strict=True):
                test = like(node.text, inside=True)(asset.c.name)
                among.append(test if has_name else not_(test))
                if not has_name:
                    parts["finding"].append(node)
            yield Region(self, parts, among, share.scope)

    def _shares(self) -> Iterable["_Share"]:
        """The assets, divided by the decisions that concern them."""
        decisions = self.decisions
        yield _Share((decisions.among_others(),))
        for scope in decisions.scopes:
            yield _Share((decisions.among_scope(scope),), scope)
        if decisions.one_by_one:
            yield _Share((decisions.among_one_by_one(),), one_by_one=True)

    def _level(self, node: Node) -> str:
        """finding, asset, timed (asset for plain pairs), decided or word (finding in most assets), or pair."""
        match node:
            case All(parts) | Either(parts):
                levels = {self._level(part) for part in parts}
            case Not(part) | Nested(None, part):
                levels = {self._level(part)}
            case Nested(_, part):
                levels = {"finding", self._level(part)}
            case Words(text):
                return "word" if self._any_asset_named(text) else "finding"
            case Match(field) | Age(field):
                if field.name == "state":
                    return "decided" if self.decisions.divides else "finding"
                if field.name in _TIMED:
                    return "timed"
                return {Level.FINDING: "finding", Level.ASSET: "asset", Level.PAIR: "pair"}[field.level]
        if "word" in levels:
            return "pair"
        if levels <= {"finding", "decided"}:
            return max(levels, default="finding", key=["finding", "decided"].index)
        if len(levels) == 1:
            return levels.pop()
        return "timed" if levels == {"asset", "timed"} else "pair"

    def _any_asset_named(self, text: str) -> bool:
        """Whether the name of any asset has a text in it: most searches are for something else."""
        named = select(asset.c.id).where(asset.c.org_id == self.org, like(text, inside=True)(asset.c.name))
        return self.conn.execute(named.limit(1)).first() is not None


_PAIRS = (
    held.join(member, member.c.set_id == held.c.set_id)
    .join(detail, detail.c.id == member.c.detail_id)
    .join(key, key.c.id == member.c.key_id)
    .join(asset, asset.c.id == held.c.asset_id)
)
_MARKED = (
    state.join(held, held.c.asset_id == state.c.asset_id)
    .join(member, and_(member.c.set_id == held.c.set_id, member.c.key_id == state.c.key_id))
    .join(detail, detail.c.id == member.c.detail_id)
    .join(key, key.c.id == member.c.key_id)
    .join(asset, asset.c.id == state.c.asset_id)
)


@dataclass(frozen=True, slots=True)
class _Share:
    """Assets that the same decisions concern."""

    among: tuple[ColumnElement[bool], ...] = ()
    scope: int | None = None
    one_by_one: bool = False


class Region:
    """Some of the assets, with the query's conditions by what they depend on."""

    def __init__(
        self,
        selection: Selection,
        parts: dict[str, list[Node]],
        among: list[ColumnElement[bool]],
        scope: int | None = None,
    ) -> None:
        self.selection, self._parts, self._scope = selection, parts, scope
        self._among = and_(true(), *among)
        # Tables that nothing is asked of are not joined: every row has its asset and its key.
        self._asks_assets = bool(among or parts["asset"] or parts["timed"])
        asked = ("locator", "state") if selection.decisions.kinds.for_all else ("locator",)
        self._asks_keys = any(
            isinstance(node, (Match, Age)) and node.field.name in asked
            for part in parts["finding"]
            for node in walk(part)
        )

    @property
    def timed(self) -> bool:
        """Whether it matters for a pair if `finding_state` has a row."""
        return bool(self._parts["timed"])

    @property
    def paired(self) -> bool:
        """Whether something has to be looked up per pair beyond that."""
        return bool(self._parts["pair"])

    def of_finding(self) -> ColumnElement[bool]:
        """Conditions on the finding as such."""
        return self._all("finding", CURRENT, whole=False)

    def of_asset(self, place: Place) -> ColumnElement[bool]:
        """Conditions on the asset; for plain pairs, those on the time of opening are of this sort too."""
        conditions = and_(self._among, self._all("asset", CURRENT))
        return and_(conditions, self._all("timed", PLAIN)) if place is PLAIN else conditions

    def of_pair(self, place: Place) -> ColumnElement[bool]:
        """What is left."""
        conditions = self._all("pair", place)
        return conditions if place is PLAIN else and_(conditions, self._all("timed", place))

    def pairs(self, *columns: ColumnElement[Any], place: Place = CURRENT) -> Select[Any]:
        """Findings that the region's assets have now, one row each."""
        return self.selection.current_pairs(*columns, place=place).where(self._among)

    def eligible_sets(self, place: Place) -> Select[Any]:
        """Sets that an asset which fits has."""
        return (
            select(held.c.set_id)
            .select_from(self._holders())
            .where(held.c.org_id == self.selection.org, self.of_asset(place))
        )

    def _holders(self) -> FromClause:
        """Assets with their sets."""
        return held.join(asset, asset.c.id == held.c.asset_id) if self._asks_assets else held

    def _members(self, source: FromClause) -> FromClause:
        """Findings with what is asked of them, behind tables that have their details."""
        return source.join(key, key.c.id == detail.c.key_id) if self._asks_keys else source

    def sets_with_findings(self) -> Select[Any]:
        """Sets that have a finding which fits."""
        return select(member.c.set_id).select_from(self._members(_MEMBERS)).where(*self._fitting())

    def asset_ids(self) -> Select[Any]:
        """Assets with a finding that is selected."""
        if self.timed or self.paired:
            return self.pairs(held.c.asset_id)
        query = select(held.c.asset_id).select_from(self._holders())
        fits = held.c.set_id.in_(self.sets_with_findings())
        return query.where(held.c.org_id == self.selection.org, self.of_asset(CURRENT), fits)

    def weights(self) -> list[Select[Any]]:
        """(detail_id, n), to be added up."""
        one, minus = literal(1).label("n"), literal(-1).label("n")
        detail_id = member.c.detail_id.label("detail_id")
        if self.paired:
            return [self.pairs(detail_id, one)]
        sharing = (
            select(held.c.set_id, func.count().label("n"))
            .select_from(self._holders())
            .where(held.c.org_id == self.selection.org, self.of_asset(PLAIN))
            .group_by(held.c.set_id)
            .subquery()
        )
        source = sharing.join(member, member.c.set_id == sharing.c.set_id).join(
            detail, detail.c.id == member.c.detail_id
        )
        shared = select(detail_id, sharing.c.n).select_from(self._members(source)).where(self.of_finding())
        if not self.timed:
            return [shared]
        # Marked pairs were counted as if they were plain: take those out, and count them as what they are.
        as_plain = self.selection.everything(PLAIN)
        marked = select(detail_id, minus).select_from(_MARKED).where(self._among, as_plain)
        return [
            shared,
            marked.where(state.c.org_id == self.selection.org, ~state.c.fixed),
            self.pairs(detail_id, one, place=MARKED),
        ]

    def asset_sums(self) -> Select[Any]:
        """As `Selection.asset_weights`, for the region."""
        if self.timed or self.paired:
            return self.pairs(held.c.asset_id, *_sums()).group_by(held.c.asset_id)
        per_set = (
            select(member.c.set_id, *_sums())
            .select_from(self._members(_MEMBERS))
            .where(*self._fitting())
            .group_by(member.c.set_id)
            .subquery()
        )
        holders = per_set.join(held, held.c.set_id == per_set.c.set_id)
        source = holders.join(asset, asset.c.id == held.c.asset_id) if self._asks_assets else holders
        return (
            select(held.c.asset_id, *(per_set.c[name] for name in ("n", "severity", "score", "total", "kev")))
            .select_from(source)
            .where(held.c.org_id == self.selection.org, self.of_asset(CURRENT))
        )

    def _fitting(self) -> list[ColumnElement[bool]]:
        return [detail.c.org_id == self.selection.org, self.of_finding()]

    def _all(self, level: str, place: Place, *, whole: bool = True) -> ColumnElement[bool]:
        now = self.selection.now
        scope = None if whole else self._scope
        binding = FindingBinding(self.selection.decisions, place, now, whole=whole, scope=scope)
        return and_(true(), *(compile_node(node, binding, now) for node in self._parts[level]))


_MEMBERS = detail.join(member, member.c.detail_id == detail.c.id)


def _sums() -> list[ColumnElement[Any]]:
    """Of findings joined with what they are grouped by."""
    return [
        func.count().label("n"),
        func.max(detail.c.severity).label("severity"),
        func.max(detail.c.score).label("score"),
        func.sum(cents(detail.c.score)).label("total"),
        func.sum(cast(detail.c.kev, Integer)).label("kev"),
    ]


def _added_up(parts: Subquery) -> Select[Any]:
    whole = parts.c
    return select(
        whole.asset_id,
        cast(func.sum(whole.n), Integer).label("n"),
        func.max(whole.severity).label("severity"),
        func.max(whole.score).label("score"),
        cast(func.sum(whole.total), BigInteger).label("total"),
        cast(func.sum(whole.kev), Integer).label("kev"),
    )


def cents(score: ColumnElement[float]) -> ColumnElement[int]:
    """A score in hundredths: sums of whole numbers do not depend on their order."""
    return cast(func.round(score * 100), Integer)


def possible(node: Node, name: str) -> bool:
    """Whether a finding in this state can satisfy the query at all."""
    return _outcomes(node, name)[0]


def _outcomes(node: Node, name: str) -> tuple[bool, bool]:
    """Whether it can come out true, and whether it can come out false."""
    match node:
        case All(parts):
            every = [_outcomes(part, name) for part in parts]
            return all(yes for yes, _ in every), any(no for _, no in every)
        case Either(parts):
            every = [_outcomes(part, name) for part in parts]
            return any(yes for yes, _ in every), all(no for _, no in every)
        case Not(part):
            yes, no = _outcomes(part, name)
            return no, yes
        case Nested(kind, part):
            yes, no = _outcomes(part, name)
            return yes, no or kind is not None
        case Match(field, _, values) if field.name == "state":
            return name in values, name not in values
        case _:
            return True, True
