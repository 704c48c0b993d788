"""Which findings a query selects, and how many, without writing out one row per finding and asset.

A finding on an asset comes from one of three places:

    plain    the asset's finding set has it, and nothing happened to it since the asset's first assessment
    marked   the set has it, and `finding_state` has a row: it came later, or came back
    fixed    only `finding_state` has it

A query is split into what depends on the finding, what depends on the asset, and the rest. Findings times assets are
then counted per set: members that fit, times assets that fit. Where the time of opening matters, marked ones are
counted by themselves; assets with decisions of their own are counted one by one.
"""

from dataclasses import dataclass
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
    or_,
    select,
    true,
    union_all,
)

from bartizan.inventory.decided import VERDICTS, decided_for, decided_for_all, in_force, verdict_of
from bartizan.inventory.query.compile import Test, compile_node
from bartizan.inventory.query.fields import FIELDS, STATES, Field, Level
from bartizan.inventory.query.tree import Age, All, Either, Match, Nested, Node, Not, Query, Words, conjuncts
from bartizan.inventory.schema import estate, judgement

detail, key, member = judgement.finding_detail, judgement.finding_key, judgement.finding_set_member
held, state, asset = judgement.asset_findings, judgement.finding_state, estate.asset

_TIMED = frozenset({"first_seen", "fixed_at", "reopened"})
"""Fields that `finding_state` tells where it has a row."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a query's pair fields are read: one of plain, marked, fixed; `any` is plain and marked together."""

    name: str

    @property
    def first_seen(self) -> ColumnElement[int]:
        """When the asset first had the finding."""
        if self.name == "plain":
            return held.c.since
        if self.name == "any":
            return func.coalesce(state.c.opened_at, held.c.since)
        return state.c.opened_at


PLAIN, MARKED, FIXED, CURRENT = Place("plain"), Place("marked"), Place("fixed"), Place("any")


class FindingBinding:
    """Fields of the query language in the tables, for one place."""

    def __init__(self, selection: "Selection", place: Place, *, own: bool = True) -> None:
        self._selection = selection
        self._place = place
        self._own = own

    def reaches(self, field: Field) -> bool:
        """Findings know everything, their asset included."""
        return field.name in FIELDS

    def any(self, field: Field, test: Test) -> ColumnElement[bool]:
        """See `Binding`."""
        match field.name:
            case "rule":
                alias = judgement.rule_alias
                other = select(literal(1)).where(alias.c.org_id == detail.c.org_id, alias.c.rule == detail.c.rule)
                return or_(test(detail.c.rule), other.where(test(alias.c.alias)).correlate_except(alias).exists())
            case "kind" | "title" | "package" | "installed" | "severity" | "score" | "kev":
                return test(detail.c[field.name])
            case "epss":
                return and_(detail.c.epss.is_not(None), test(detail.c.epss))
            case "fix":
                return test(detail.c.fix_state)
            case "fixable":
                return test(detail.c.fix_state == "fixed")
            case "locator":
                return test(key.c.locator)
            case "first_seen":
                return test(self._place.first_seen)
            case "fixed_at":
                return test(state.c.fixed_at) if self._place is FIXED else false()
            case "reopened":
                return test(self._reopened())
            case "source":
                return false() if self._place is FIXED else self._sources().where(test(_word.c.source)).exists()
            case _:
                return asset_field(field, test)

    def empty(self, field: Field) -> ColumnElement[bool]:
        """See `Binding`."""
        match field.name:
            case "epss":
                return detail.c.epss.is_(None)
            case "fixed_at":
                return false() if self._place is FIXED else true()
            case "source":
                return true() if self._place is FIXED else ~self._sources().exists()
            case "tag" | "asset.source" | "asset.last_seen":
                return ~asset_field(field, lambda _value: true())
            case "rule" | "asset.os":
                return ~self.any(field, lambda value: value != "")
            case "kind" | "title" | "package" | "installed" | "locator" | "asset.name" | "asset.kind" | "asset.key":
                return self.any(field, lambda value: value == "")
            case _:
                return false()

    def states(self, states: frozenset[str]) -> ColumnElement[bool]:
        """See `Binding`."""
        if self._place is FIXED:
            return true() if "fixed" in states else false()
        standing = {"open": ~detail.c.unknown, "unknown": detail.c.unknown}
        wanted = [condition for name, condition in standing.items() if name in states]
        plain = true() if len(wanted) == len(standing) else or_(false(), *wanted)
        verdicts = states & set(VERDICTS)
        chosen = self._selection.verdict_in(verdicts, own=self._own) if verdicts else false()
        return or_(and_(self._selection.undecided(own=self._own), plain), chosen)

    def words(self, test: Test) -> ColumnElement[bool]:
        """See `Binding`."""
        found = or_(test(detail.c.title), test(detail.c.rule), test(detail.c.package))
        if not self._selection.any_asset_named(test):
            return found
        return or_(found, test(asset.c.name))

    def nested(self, kind: str | None, part: Node) -> ColumnElement[bool]:
        """The finding itself is the one that is asked for."""
        inner = compile_node(part, self, self._selection.now)
        return inner if kind is None else and_(detail.c.kind == kind, inner)

    def _reopened(self) -> ColumnElement[int]:
        if self._place is PLAIN:
            return literal(0)
        return func.coalesce(state.c.reopened, 0)

    def _sources(self) -> Select[Any]:
        attests = member.alias("attests")
        return (
            select(literal(1))
            .select_from(_word.join(attests, attests.c.set_id == _word.c.set_id))
            .where(
                _word.c.asset_id == asset.c.id,
                _word.c.assessor == held.c.assessor,
                _word.c.valid_to.is_(None),
                attests.c.key_id == key.c.id,
            )
            .correlate_except(_word, attests)
        )


_word = judgement.attestation.alias("word")


def asset_field(field: Field, test: Test) -> ColumnElement[bool]:
    """An asset's field, on a query that has the asset."""
    seen, tagged, tag = estate.observation, estate.asset_tag, estate.tag
    match field.name:
        case "asset.name" | "asset.kind" | "asset.key" | "asset.id" | "asset.first_seen":
            return test(asset.c[field.name.removeprefix("asset.")])
        case "asset.os":
            return or_(test(asset.c.os), test(asset.c.os_release))
        case "asset.risk":
            return test(asset.c.risk / 100.0)
        case "asset.last_seen":
            newest = select(func.max(seen.c.last_seen)).where(seen.c.asset_id == asset.c.id)
            last = newest.correlate_except(seen).scalar_subquery()
            return and_(last.is_not(None), test(last))
        case "asset.source":
            query = select(literal(1)).where(seen.c.asset_id == asset.c.id, test(seen.c.source))
            return query.correlate_except(seen).exists()
        case "tag":
            query = select(literal(1)).select_from(tagged.join(tag, tag.c.id == tagged.c.tag_id))
            query = query.where(tagged.c.asset_id == asset.c.id, test(tag.c.name))
            return query.correlate_except(tagged, tag).exists()
        case _:
            raise AssertionError(field.name)


class Selection:
    """A query on the findings of an organisation at a moment."""

    def __init__(self, conn: Connection, org: int, query: Query, now: int) -> None:
        self.conn, self.org, self.now = conn, org, now
        self.query = query.standing()
        decision = judgement.decision
        alive = select(literal(1)).where(decision.c.org_id == org, in_force(now)).limit(1)
        self._for_all = conn.execute(alive.where(decision.c.asset_id.is_(None))).first() is not None
        self._own = conn.execute(alive.where(decision.c.asset_id.is_not(None))).first() is not None
        root = self.query.root
        self._with_own = select(decision.c.asset_id).where(
            decision.c.org_id == org, decision.c.asset_id.is_not(None), in_force(now)
        )
        self.fixed = possible(root, "fixed")
        self.current = any(possible(root, name) for name in STATES if name != "fixed")
        parts: dict[str, list[Node]] = {"finding": [], "decided": [], "asset": [], "timed": [], "pair": []}
        for node in conjuncts(root):
            parts[self._level(node)].append(node)
        self._parts = parts

    @property
    def timed(self) -> bool:
        """Whether it matters for a pair if `finding_state` has a row."""
        return bool(self._parts["timed"])

    @property
    def paired(self) -> bool:
        """Whether something has to be looked up per pair beyond that."""
        return bool(self._parts["pair"] or self._parts["decided"])

    def of_finding(self) -> ColumnElement[bool]:
        """Conditions on the finding as such."""
        return self._all("finding", CURRENT)

    def _of_finding_elsewhere(self) -> ColumnElement[bool]:
        """On assets that have no decision of their own, whether a finding is decided depends on the finding only."""
        binding = FindingBinding(self, CURRENT, own=False)
        decided = (compile_node(node, binding, self.now) for node in self._parts["decided"])
        return and_(self.of_finding(), *decided)

    def of_asset(self, place: Place) -> ColumnElement[bool]:
        """Conditions on the asset; for plain pairs, those on the time of opening are of this sort too."""
        conditions = self._all("asset", CURRENT)
        return and_(conditions, self._all("timed", PLAIN)) if place is PLAIN else conditions

    def of_pair(self, place: Place) -> ColumnElement[bool]:
        """What is left."""
        conditions = and_(self._all("pair", place), self._all("decided", place))
        return conditions if place is PLAIN else and_(conditions, self._all("timed", place))

    def everything(self, place: Place) -> ColumnElement[bool]:
        """All conditions at once."""
        return and_(*(self._all(name, place) for name in self._parts))

    def undecided(self, *, own: bool) -> ColumnElement[bool]:
        """No decision covers the pair. `own`: decisions for the asset alone count too."""
        conditions = [~decided_for_all(detail, key, self.now)] if self._for_all else []
        if self._own and own:
            conditions.append(~decided_for(asset.c.id, detail, key, self.now))
        return and_(true(), *conditions)

    def verdict_in(self, verdicts: frozenset[str], *, own: bool) -> ColumnElement[bool]:
        """The strongest decision that covers the pair is one of these."""
        if not (self._for_all or (self._own and own)):
            return false()
        found = verdict_of(asset.c.id if self._own and own else literal(0), detail, key, self.now)
        return func.coalesce(found, "").in_(sorted(verdicts))

    def any_asset_named(self, test: Test) -> bool:
        """Whether the name of any asset passes a test: most searches are for something else."""
        query = select(asset.c.id).where(asset.c.org_id == self.org, test(asset.c.name)).limit(1)
        return self.conn.execute(query).first() is not None

    def eligible_sets(self, place: Place) -> Select[Any]:
        """Sets that an asset which fits has."""
        return (
            select(held.c.set_id)
            .select_from(held.join(asset, asset.c.id == held.c.asset_id))
            .where(held.c.org_id == self.org, self.of_asset(place))
        )

    def sets_with_findings(self) -> Select[Any]:
        """Sets that have a finding which fits."""
        return (
            select(member.c.set_id)
            .select_from(detail.join(member, member.c.detail_id == detail.c.id).join(key, key.c.id == detail.c.key_id))
            .where(detail.c.org_id == self.org, self.of_finding())
        )

    def current_pairs(self, *columns: ColumnElement[Any], place: Place = CURRENT) -> Select[Any]:
        """Findings that assets have now, one row each, all conditions applied."""
        source = (
            held.join(member, member.c.set_id == held.c.set_id)
            .join(detail, detail.c.id == member.c.detail_id)
            .join(key, key.c.id == member.c.key_id)
            .join(asset, asset.c.id == held.c.asset_id)
        )
        same = and_(state.c.asset_id == held.c.asset_id, state.c.key_id == member.c.key_id)
        query = select(*columns).where(held.c.org_id == self.org, self.everything(place))
        if place is PLAIN:
            return query.select_from(source).where(~select(literal(1)).where(same).exists())
        return query.select_from(source.join(state, same) if place is MARKED else source.outerjoin(state, same))

    def fixed_pairs(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Findings that assets had."""
        source = (
            state.join(detail, detail.c.id == state.c.detail_id)
            .join(key, key.c.id == state.c.key_id)
            .join(asset, asset.c.id == state.c.asset_id)
        )
        return (
            select(*columns)
            .select_from(source)
            .where(state.c.org_id == self.org, state.c.fixed, self.everything(FIXED))
        )

    def asset_ids(self) -> Select[Any]:
        """Assets that have a finding which is selected."""
        if not (self.timed or self.paired or self.fixed):
            query = select(held.c.asset_id).select_from(held.join(asset, asset.c.id == held.c.asset_id))
            fits = held.c.set_id.in_(self.sets_with_findings())
            return query.where(held.c.org_id == self.org, self.of_asset(CURRENT), fits).correlate(None)
        places = [self.current_pairs(held.c.asset_id)] if self.current else []
        if self.fixed:
            places.append(self.fixed_pairs(state.c.asset_id))
        if not places:
            return select(held.c.asset_id).where(false()).correlate(None)
        return select(union_all(*places).subquery().c[0]).correlate(None)

    def asset_weights(self) -> Subquery:
        """(asset_id, n, severity, score, total, kev): selected findings summed up per asset; n above 0.

        `total` is the sum of scores in hundredths, so that it is exact.
        """
        parts: list[Select[Any]] = []
        if self.fixed:
            parts.append(self.fixed_pairs(state.c.asset_id, *_sums()).group_by(state.c.asset_id))
        if self.current and (self.timed or self._parts["pair"]):
            parts.append(self.current_pairs(held.c.asset_id, *_sums()).group_by(held.c.asset_id))
        elif self.current:
            ordinary: ColumnElement[bool] = true()
            if self._parts["decided"]:
                special = self.current_pairs(held.c.asset_id, *_sums()).group_by(held.c.asset_id)
                parts.append(special.where(asset.c.id.in_(self._with_own)))
                ordinary = asset.c.id.not_in(self._with_own)
            parts.append(self._asset_sums(ordinary))
        if not parts:
            parts.append(select(held.c.asset_id, *_sums()).where(false()).group_by(held.c.asset_id))
        every = union_all(*parts).subquery()
        return _added_up(every).group_by(every.c.asset_id).subquery()

    def _asset_sums(self, ordinary: ColumnElement[bool]) -> Select[Any]:
        per_set = (
            select(member.c.set_id, *_sums())
            .select_from(detail.join(member, member.c.detail_id == detail.c.id).join(key, key.c.id == detail.c.key_id))
            .where(detail.c.org_id == self.org, self._of_finding_elsewhere())
            .group_by(member.c.set_id)
            .subquery()
        )
        source = per_set.join(held, held.c.set_id == per_set.c.set_id).join(asset, asset.c.id == held.c.asset_id)
        return (
            select(held.c.asset_id, *(per_set.c[name] for name in ("n", "severity", "score", "total", "kev")))
            .select_from(source)
            .where(held.c.org_id == self.org, self.of_asset(CURRENT), ordinary)
        )

    def weights(self) -> Subquery:
        """(detail_id, n): how many assets have a finding in this form; every detail once, n above 0."""
        parts: list[Select[Any]] = []
        if self.current:
            parts += self._current_weights()
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

    def _current_weights(self) -> list[Select[Any]]:
        one, minus = literal(1).label("n"), literal(-1).label("n")
        detail_id = member.c.detail_id.label("detail_id")
        if self._parts["pair"]:
            return [self.current_pairs(detail_id, one)]
        apart: list[Select[Any]] = []
        ordinary: ColumnElement[bool] = true()
        if self._parts["decided"]:
            apart.append(self.current_pairs(detail_id, one).where(asset.c.id.in_(self._with_own)))
            ordinary = asset.c.id.not_in(self._with_own)
        sharing = (
            select(held.c.set_id, func.count().label("n"))
            .select_from(held.join(asset, asset.c.id == held.c.asset_id))
            .where(held.c.org_id == self.org, self.of_asset(PLAIN), ordinary)
            .group_by(held.c.set_id)
            .subquery()
        )
        product = (
            select(detail_id, sharing.c.n)
            .select_from(sharing)
            .join(member, member.c.set_id == sharing.c.set_id)
            .join(detail, detail.c.id == member.c.detail_id)
            .join(key, key.c.id == member.c.key_id)
            .where(self._of_finding_elsewhere())
        )
        if not self.timed:
            return [product, *apart]
        # Marked pairs were counted as if they were plain: take those out, and count them as what they are.
        marked = (
            state.join(held, held.c.asset_id == state.c.asset_id)
            .join(member, and_(member.c.set_id == held.c.set_id, member.c.key_id == state.c.key_id))
            .join(detail, detail.c.id == member.c.detail_id)
            .join(key, key.c.id == member.c.key_id)
            .join(asset, asset.c.id == state.c.asset_id)
        )
        here = and_(state.c.org_id == self.org, ~state.c.fixed, ordinary)
        return [
            product,
            select(detail_id, minus).select_from(marked).where(here, self.everything(PLAIN)),
            select(detail_id, one).select_from(marked).where(here, self.everything(MARKED)),
            *apart,
        ]

    def _all(self, level: str, place: Place) -> ColumnElement[bool]:
        binding = FindingBinding(self, place)
        return and_(true(), *(compile_node(node, binding, self.now) for node in self._parts[level]))

    def _level(self, node: Node) -> str:
        """finding, asset, timed (asset for plain pairs), or pair."""
        match node:
            case All(parts) | Either(parts):
                levels = {self._level(part) for part in parts}
            case Not(part) | Nested(None, part):
                return self._level(part)
            case Nested(_, part):
                levels = {"finding", self._level(part)}
            case Words(text):
                from bartizan.inventory.query.compile import like

                return "pair" if self.any_asset_named(like(text, inside=True)) else "finding"
            case Match(field) | Age(field):
                if field.name == "state":
                    return "decided" if self._own else "finding"
                if field.name in _TIMED:
                    return "timed"
                return {Level.FINDING: "finding", Level.ASSET: "asset", Level.PAIR: "pair"}[field.level]
        if len(levels) <= 1:
            return levels.pop() if levels else "finding"
        return "timed" if levels == {"asset", "timed"} else "pair"


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
