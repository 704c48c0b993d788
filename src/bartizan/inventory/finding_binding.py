"""How the fields of a query on findings are reached in the tables.

A finding on an asset comes from one of three places:

    plain    the asset's finding set has it, and nothing happened to it since the asset's first assessment
    marked   the set has it, and `finding_state` has a row: it came later, or came back
    fixed    only `finding_state` has it
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, literal, not_, or_, select, true

from bartizan.inventory.decided import VERDICTS, Covering, in_force, kinds_in_force, stronger_than
from bartizan.inventory.query.compile import Test, compile_node
from bartizan.inventory.query.fields import FIELDS, Field
from bartizan.inventory.query.tree import Node
from bartizan.inventory.schema import estate, judgement

detail, key, member = judgement.finding_detail, judgement.finding_key, judgement.finding_set_member
held, state, asset = judgement.asset_findings, judgement.finding_state, estate.asset


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


SCOPES = 8
"""Combinations of decisions by query that are counted each by itself; assets with others are looked at pair by pair."""


class Decisions:
    """Which decisions an organisation has in force, so that queries ask for no others.

    Assets fall apart by them: those that only decisions for all concern; those that share a combination of decisions by
    query (a scope); and those to be looked at one by one, because a decision names them alone.
    """

    def __init__(self, conn: Connection, org: int, now: int) -> None:
        self.kinds = kinds_in_force(conn, org, now)
        self.scopes = self.kinds.scopes if len(self.kinds.scopes) <= SCOPES else ()
        """Those that are counted each by itself."""
        self.one_by_one = self.kinds.own or len(self.kinds.scopes) > SCOPES
        """Some assets are looked at one by one."""
        self._covering = Covering(detail, key, now, self.kinds)
        decision, scope = judgement.decision, judgement.asset_scope
        self._own = select(decision.c.asset_id).where(
            decision.c.org_id == org, decision.c.asset_id.is_not(None), in_force(now)
        )
        self._scoped = select(scope.c.asset_id).where(scope.c.org_id == org)
        self._scope_of = scope

    @property
    def divides(self) -> bool:
        """Whether a finding's state depends on the asset."""
        return self.one_by_one or bool(self.scopes)

    def among_one_by_one(self) -> ColumnElement[bool]:
        """The asset is one of those that are looked at one by one."""
        ways = [asset.c.id.in_(self._own)] if self.kinds.own else []
        if len(self.kinds.scopes) > SCOPES:
            ways.append(asset.c.id.in_(self._scoped))
        return or_(false(), *ways)

    def among_scope(self, scope: int) -> ColumnElement[bool]:
        """The asset has this combination of decisions and no decision for it alone."""
        sharing = select(self._scope_of.c.asset_id).where(self._scope_of.c.scope_id == scope)
        inside = asset.c.id.in_(sharing)
        return and_(inside, asset.c.id.not_in(self._own)) if self.kinds.own else inside

    def among_others(self) -> ColumnElement[bool]:
        """Only decisions for all concern the asset."""
        conditions = [asset.c.id.not_in(self._own)] if self.kinds.own else []
        if self.kinds.scopes:
            conditions.append(asset.c.id.not_in(self._scoped))
        return and_(true(), *conditions)

    def undecided(self, *, own: bool, scope: int | None = None) -> ColumnElement[bool]:
        """No decision covers the pair. `own`: decisions for the asset alone count too; `scope`: those of a scope."""
        return not_(self._covered(VERDICTS, own=own, scope=scope))

    def verdict_in(self, verdicts: frozenset[str], *, own: bool, scope: int | None = None) -> ColumnElement[bool]:
        """The strongest decision that covers the pair is one of these."""
        ways = [
            and_(
                self._covered((verdict,), own=own, scope=scope),
                not_(self._covered(stronger_than(verdict), own=own, scope=scope)),
            )
            for verdict in VERDICTS
            if verdict in verdicts
        ]
        return or_(false(), *ways)

    def _covered(self, verdicts: Collection[str], *, own: bool, scope: int | None) -> ColumnElement[bool]:
        if not verdicts:
            return false()
        ways = [self._covering.for_all(verdicts)]
        if own:
            ways.append(self._covering.for_asset(asset.c.id, verdicts))
        elif scope is not None:
            ways.append(self._covering.in_scope(literal(scope), verdicts))
        return or_(false(), *ways)


class FindingBinding:
    """Fields of the query language in the tables, for one place.

    Not `whole`: as far as it depends on the finding only, for assets without decisions of their own and without a name
    that is searched for; `scope`: for those that share a combination of decisions by query.
    """

    def __init__(
        self, decisions: "Decisions", place: Place, now: int, *, whole: bool = True, scope: int | None = None
    ) -> None:
        self._decisions, self._place, self._now, self._whole = decisions, place, now, whole
        self._scope = scope

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
            case "part" | "origin" | "layer" | "base":
                # Empty for what has no layer: no value, and no pattern fits it.
                return and_(detail.c[field.name] != "", test(detail.c[field.name]))
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
            case "layer" | "base":
                return detail.c[field.name] == ""
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
        own, scope = self._whole, self._scope
        chosen = self._decisions.verdict_in(verdicts, own=own, scope=scope) if verdicts else false()
        return or_(and_(self._decisions.undecided(own=own, scope=scope), plain), chosen)

    def words(self, test: Test) -> ColumnElement[bool]:
        """See `Binding`."""
        found = or_(test(detail.c.title), test(detail.c.package), self.any(FIELDS["rule"], test))
        return or_(found, test(asset.c.name)) if self._whole else found

    def nested(self, kind: str | None, part: Node) -> ColumnElement[bool]:
        """The finding itself is the one that is asked for."""
        inner = compile_node(part, self, self._now)
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
