"""Results of policies over assets: how many pass, fail, cannot be told, or have nothing to be judged.

Failures and unknowns are findings; passes and what does not apply are lists of rules that assets with equal results
share (`outcome`), so counting reads each distinct list once.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, func, select

from bartizan.inventory.blobs import unpack
from bartizan.inventory.finding_binding import asset, detail, held, key
from bartizan.inventory.moments import moment
from bartizan.inventory.query import parse
from bartizan.inventory.schema import judgement
from bartizan.inventory.selection import Selection

RESULT_LIMIT = 200


class PolicyCounts(Struct, kw_only=True):
    """Assets by the result of one policy."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0


class PolicyAsset(Struct, kw_only=True):
    """The result of one policy on one asset."""

    asset_id: str
    asset_name: str
    result: str
    """fail, unknown, pass or not-applicable."""
    values: dict[str, Any]
    """What decided, for failures."""
    reason: str
    """Why it is unknown or does not apply."""
    finding: str | None


def policy_counts(conn: Connection, org: int, now: datetime | str | int) -> dict[str, PolicyCounts]:
    """Policy id to its counts. Decisions do not change a result: an accepted failure is a failure."""
    counts: dict[str, PolicyCounts] = {}
    weights = Selection(conn, org, parse("kind:policy state:any not state:fixed"), moment(now)).weights()
    query = (
        select(detail.c.rule, detail.c.unknown, func.sum(weights.c.n))
        .select_from(weights.join(detail, detail.c.id == weights.c.detail_id))
        .group_by(detail.c.rule, detail.c.unknown)
    )
    for rule, unknown, count in conn.execute(query):
        entry = counts.setdefault(rule, PolicyCounts())
        if unknown:
            entry.unknown += int(count)
        else:
            entry.failed += int(count)
    passed, not_applicable = _shared_outcomes(conn, org)
    for rule, count in passed.items():
        counts.setdefault(rule, PolicyCounts()).passed = count
    for rule, count in not_applicable.items():
        counts.setdefault(rule, PolicyCounts()).not_applicable = count
    return counts


def policy_results(
    conn: Connection, org: int, rule: str, now: datetime | str | int, *, limit: int = RESULT_LIMIT
) -> list[PolicyAsset]:
    """The result of one policy on each asset, the worst first."""
    selection = Selection(conn, org, parse("kind:policy state:any not state:fixed"), moment(now))
    columns = (asset.c.id, asset.c.name, key.c.id.label("key_id"), detail.c.unknown, detail.c.body)
    query = (
        selection.current_pairs(*columns)
        .where(key.c.rule == rule)
        .order_by(detail.c.unknown, asset.c.name, asset.c.id)
        .limit(limit)
    )
    results = [_found(row) for row in conn.execute(query)]
    for wanted in ("pass", "not-applicable"):
        if len(results) < limit:
            results += _silent(conn, org, rule, wanted, limit - len(results))
    return results


def _found(row: Row[Any]) -> PolicyAsset:
    evidence = unpack(row.body)["evidence"]
    values = evidence.get("values")
    unknowns = evidence.get("unknowns")
    return PolicyAsset(
        asset_id=str(row.id),
        asset_name=row.name,
        result="unknown" if row.unknown else "fail",
        values=values if isinstance(values, dict) else {},
        reason=_reasons(unknowns) if row.unknown else "",
        finding=f"{row.id}-{row.key_id}",
    )


def _reasons(unknowns: Any) -> str:
    """Evidence names what is not known as {path: reason} or as [{"path", "reason"}]."""
    if isinstance(unknowns, dict):
        return "; ".join(f"{path}: {reason}" for path, reason in unknowns.items())
    if isinstance(unknowns, list):
        return "; ".join(
            f"{item.get('path')}: {item.get('reason')}" if isinstance(item, dict) else str(item) for item in unknowns
        )
    return ""


def _shared_outcomes(conn: Connection, org: int) -> tuple[Counter[str], Counter[str]]:
    passed: Counter[str] = Counter()
    not_applicable: Counter[str] = Counter()
    for body, assets in conn.execute(_outcomes(org)):
        content = unpack(body)
        passed.update(dict.fromkeys(content["passed"], assets))
        not_applicable.update(dict.fromkeys(content["not_applicable"], assets))
    return passed, not_applicable


def _outcomes(org: int) -> Any:
    outcome = judgement.outcome
    sharing = (
        select(held.c.outcome_id, func.count().label("assets"))
        .where(held.c.org_id == org, held.c.assessor.like("policy%"))
        .group_by(held.c.outcome_id)
        .subquery()
    )
    return select(outcome.c.body, sharing.c.assets).join(sharing, sharing.c.outcome_id == outcome.c.id)


def _silent(conn: Connection, org: int, rule: str, wanted: str, limit: int) -> Iterable[PolicyAsset]:
    """Assets that pass, or to which the policy does not apply."""
    outcome = judgement.outcome
    query = select(outcome.c.id, outcome.c.body).where(
        outcome.c.id.in_(select(held.c.outcome_id).where(held.c.org_id == org, held.c.assessor.like("policy%")))
    )
    reasons: dict[int, str] = {}
    for number, body in conn.execute(query):
        content = unpack(body)
        if wanted == "pass" and rule in content["passed"]:
            reasons[number] = ""
        elif wanted == "not-applicable" and rule in content["not_applicable"]:
            reasons[number] = content["not_applicable"][rule]
    shown = (
        select(asset.c.id, asset.c.name, held.c.outcome_id)
        .join(held, held.c.asset_id == asset.c.id)
        .where(held.c.org_id == org, held.c.assessor.like("policy%"))
        .order_by(asset.c.name, asset.c.id)
    )
    found: list[PolicyAsset] = []
    for row in conn.execute(shown):
        if row.outcome_id in reasons and len(found) < limit:
            found.append(
                PolicyAsset(
                    asset_id=str(row.id),
                    asset_name=row.name,
                    result=wanted,
                    values={},
                    reason=reasons[row.outcome_id],
                    finding=None,
                )
            )
    return found
