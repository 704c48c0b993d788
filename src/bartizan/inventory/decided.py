"""Which decisions are in force, as conditions for queries.

A decision names a rule, and a locator or any, and an asset or any. It is in force from its approval until it is
revoked, its date comes, or, where it was made to last until a fix appears, the finding in question can be fixed.
"""

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Integer, ScalarSelect, and_, case, literal, or_, select
from sqlalchemy.sql import FromClause

from bartizan.inventory.schema import judgement

VERDICTS = ("false-positive", "not-affected", "accepted", "deferred")
"""The strongest first: where several decisions apply to a finding, this order says which one it shows."""

_decision = judgement.decision


def in_force(now: int | BindParameter[int]) -> ColumnElement[bool]:
    """Approved, not ended, not past its date."""
    return and_(
        _decision.c.approved_at.is_not(None),
        _decision.c.ended_at.is_(None),
        or_(_decision.c.expires_at.is_(None), _decision.c.expires_at > now),
    )


def _covers(detail: FromClause, key: FromClause, now: int) -> ColumnElement[bool]:
    return and_(
        _decision.c.org_id == detail.c.org_id,
        _decision.c.rule == detail.c.rule,
        or_(_decision.c.locator.is_(None), _decision.c.locator == key.c.locator),
        or_(~_decision.c.expires_when_fixable, detail.c.fix_state != "fixed"),
        in_force(now),
    )


def decided_for_all(detail: FromClause, key: FromClause, now: int) -> ColumnElement[bool]:
    """A decision for every asset covers this finding."""
    query = select(literal(1)).where(_covers(detail, key, now), _decision.c.asset_id.is_(None))
    return query.correlate_except(_decision).exists()


def decided_for(asset_id: ColumnElement[int], detail: FromClause, key: FromClause, now: int) -> ColumnElement[bool]:
    """A decision for this one asset covers this finding."""
    query = select(literal(1)).where(_covers(detail, key, now), _decision.c.asset_id == asset_id)
    return query.correlate_except(_decision).exists()


def verdict_of(asset_id: ColumnElement[int], detail: FromClause, key: FromClause, now: int) -> ScalarSelect[Any]:
    """The verdict that this finding on this asset shows; NULL where nobody decided."""
    strength = case(
        {verdict: rank for rank, verdict in enumerate(VERDICTS)}, value=_decision.c.verdict, else_=literal(9, Integer)
    )
    return (
        select(_decision.c.verdict)
        .where(
            _covers(detail, key, now),
            or_(_decision.c.asset_id.is_(None), _decision.c.asset_id == asset_id),
        )
        .order_by(strength, _decision.c.id)
        .limit(1)
        .correlate_except(_decision)
        .scalar_subquery()
    )
