"""How the fields of a query on findings are reached in the tables.

A finding on an asset comes from one of three places:

    plain    the asset's finding set has it, and nothing happened to it since the asset's first assessment
    marked   the set has it, and `finding_state` has a row: it came later, or came back
    fixed    only `finding_state` has it
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, literal, or_, select, true

from bartizan.inventory.decided import VERDICTS, decided_for, decided_for_all, in_force, verdict_of
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


class Decisions:
    """Which decisions an organisation has in force, so that queries ask for no others."""

    def __init__(self, conn: Connection, org: int, now: int) -> None:
        decision = judgement.decision
        alive = select(literal(1)).where(decision.c.org_id == org, in_force(now)).limit(1)
        self._now = now
        self._for_all = conn.execute(alive.where(decision.c.asset_id.is_(None))).first() is not None
        self.own = conn.execute(alive.where(decision.c.asset_id.is_not(None))).first() is not None
        """Some asset has decisions of its own."""
        self.assets = select(decision.c.asset_id).where(
            decision.c.org_id == org, decision.c.asset_id.is_not(None), in_force(now)
        )
        """Those assets."""

    def undecided(self, *, own: bool) -> ColumnElement[bool]:
        """No decision covers the pair. `own`: decisions for the asset alone count too."""
        conditions = [~decided_for_all(detail, key, self._now)] if self._for_all else []
        if self.own and own:
            conditions.append(~decided_for(asset.c.id, detail, key, self._now))
        return and_(true(), *conditions)

    def verdict_in(self, verdicts: frozenset[str], *, own: bool) -> ColumnElement[bool]:
        """The strongest decision that covers the pair is one of these."""
        if not (self._for_all or (self.own and own)):
            return false()
        found = verdict_of(asset.c.id if self.own and own else literal(0), detail, key, self._now)
        return func.coalesce(found, "").in_(sorted(verdicts))


class FindingBinding:
    """Fields of the query language in the tables, for one place.

    Not `whole`: as far as it depends on the finding only, for assets without decisions of their own and without a name
    that is searched for.
    """

    def __init__(self, decisions: "Decisions", place: Place, now: int, *, whole: bool = True) -> None:
        self._decisions, self._place, self._now, self._whole = decisions, place, now, whole

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
        chosen = self._decisions.verdict_in(verdicts, own=self._whole) if verdicts else false()
        return or_(and_(self._decisions.undecided(own=self._whole), plain), chosen)

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
