"""Which decisions are in force, as conditions for queries.

A decision names a rule, and a locator or any, and an asset or any. Or it names a query: then `decision_finding` has
the findings that it means, in every form that they are stored in, and where the query names assets too, `asset_scope`
tells which assets have which combination of such decisions. It is in force from its approval until it is revoked, its
date comes, or, where it was made to last until a fix appears, the finding in question can be fixed.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, and_, false, literal, or_, select
from sqlalchemy.sql import FromClause

from bartizan.inventory.schema import judgement

VERDICTS = ("false-positive", "not-affected", "accepted", "deferred")
"""The strongest first: where several decisions apply to a finding, this order says which one it shows."""

_decision, _meant = judgement.decision, judgement.decision_finding
_scope_member, _asset_scope = judgement.decision_scope_member, judgement.asset_scope

AssetId = ColumnElement[int]


def in_force(now: int | BindParameter[int]) -> ColumnElement[bool]:
    """Approved, not ended, not past its date."""
    return and_(
        _decision.c.approved_at.is_not(None),
        _decision.c.ended_at.is_(None),
        or_(_decision.c.expires_at.is_(None), _decision.c.expires_at > now),
    )


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which sorts of decisions an organisation has in force, so that queries ask for no others."""

    for_all: bool
    """By rule, for every asset."""
    own: bool
    """By rule, for one asset."""
    query: bool
    """By query, for every asset."""
    scopes: tuple[int, ...]
    """Combinations of decisions by queries that name assets."""


def kinds_in_force(conn: Connection, org: int, now: int) -> Kinds:
    """What there is to be asked for."""
    alive = select(literal(1)).where(_decision.c.org_id == org, in_force(now)).limit(1)
    by_rule = alive.where(_decision.c.query.is_(None))
    scopes = select(_asset_scope.c.scope_id).where(_asset_scope.c.org_id == org).distinct()
    return Kinds(
        for_all=conn.execute(by_rule.where(_decision.c.asset_id.is_(None))).first() is not None,
        own=conn.execute(by_rule.where(_decision.c.asset_id.is_not(None))).first() is not None,
        query=conn.execute(alive.where(_decision.c.query.is_not(None), ~_decision.c.scoped)).first() is not None,
        scopes=tuple(conn.execute(scopes.order_by(_asset_scope.c.scope_id)).scalars()),
    )


@dataclass(frozen=True, slots=True)
class Covering:
    """Conditions that a decision covers a finding, given the tables that the query at hand has it in."""

    detail: FromClause
    key: FromClause
    now: int
    kinds: Kinds | None = None
    """None: all sorts may be in force."""

    def for_all(self, verdicts: Collection[str] = VERDICTS) -> ColumnElement[bool]:
        """A decision for every asset does."""
        found = []
        if self.kinds is None or self.kinds.for_all:
            found.append(self._by_rule(verdicts).where(_decision.c.asset_id.is_(None)))
        if self.kinds is None or self.kinds.query:
            found.append(self._by_query(verdicts).where(~_decision.c.scoped))
        return _exists(found)

    def for_asset(self, asset_id: AssetId, verdicts: Collection[str] = VERDICTS) -> ColumnElement[bool]:
        """A decision for this one asset does, or one by a query that names it."""
        found = []
        if self.kinds is None or self.kinds.own:
            found.append(self._by_rule(verdicts).where(_decision.c.asset_id == asset_id))
        if self.kinds is None or self.kinds.scopes:
            scope = select(_asset_scope.c.scope_id).where(_asset_scope.c.asset_id == asset_id)
            of_asset = scope.correlate_except(_asset_scope).scalar_subquery()
            found.append(self._in_scope(of_asset, verdicts))
        return _exists(found)

    def in_scope(self, scope: ColumnElement[int], verdicts: Collection[str] = VERDICTS) -> ColumnElement[bool]:
        """One of a combination of decisions by query does."""
        return _exists([self._in_scope(scope, verdicts)])

    def _in_scope(self, scope: ColumnElement[int], verdicts: Collection[str]) -> Select[int]:
        query = self._by_query(verdicts).where(_decision.c.scoped)
        return query.join(_scope_member, _scope_member.c.decision_id == _decision.c.id).where(
            _scope_member.c.scope_id == scope
        )

    def _by_rule(self, verdicts: Collection[str]) -> Select[int]:
        return (
            select(literal(1))
            .select_from(_decision)
            .where(
                _decision.c.org_id == self.detail.c.org_id,
                _decision.c.rule == self.detail.c.rule,
                _decision.c.query.is_(None),
                or_(_decision.c.locator.is_(None), _decision.c.locator == self.key.c.locator),
                *self._standing(verdicts),
            )
        )

    def _by_query(self, verdicts: Collection[str]) -> Select[int]:
        return (
            select(literal(1))
            .select_from(_meant)
            .join(_decision, _decision.c.id == _meant.c.decision_id)
            .where(_meant.c.detail_id == self.detail.c.id, *self._standing(verdicts))
        )

    def _standing(self, verdicts: Collection[str]) -> list[ColumnElement[bool]]:
        conditions = [
            or_(~_decision.c.expires_when_fixable, self.detail.c.fix_state != "fixed"),
            in_force(self.now),
        ]
        if set(verdicts) != set(VERDICTS):
            conditions.append(_decision.c.verdict.in_(sorted(verdicts)))
        return conditions


def _exists(queries: list[Select[int]]) -> ColumnElement[bool]:
    tables = (_decision, _meant, _scope_member)
    return or_(false(), *(query.correlate_except(*tables).exists() for query in queries))


def stronger_than(verdict: str) -> tuple[str, ...]:
    """Verdicts that are shown in its stead."""
    return VERDICTS[: VERDICTS.index(verdict)]
