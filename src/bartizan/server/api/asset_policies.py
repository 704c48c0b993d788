"""The result of every policy on one asset: failures and unknowns from its findings, the others from shared outcomes."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from bartizan.inventory.blobs import unpack
from bartizan.inventory.errors import NotFound
from bartizan.inventory.schema import estate, judgement
from bartizan.model.finding import FindingKind

_held = judgement.asset_findings
Result = Literal["fail", "unknown", "pass", "not-applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetResult:
    policy: str
    result: Result
    reason: str = ""
    """Why it is unknown or does not apply."""
    finding: str | None = None


def results_of_asset(conn: Connection, org: int, asset_id: int) -> list[AssetResult]:
    """In no order. `NotFound` where the organisation has no such asset."""
    known = select(estate.asset.c.id).where(estate.asset.c.org_id == org, estate.asset.c.id == asset_id)
    if conn.execute(known).first() is None:
        raise NotFound(f"no asset {asset_id}")
    found = _found(conn, org, asset_id)
    told = {one.policy for one in found}
    return found + [one for one in _silent(conn, org, asset_id) if one.policy not in told]


def _found(conn: Connection, org: int, asset_id: int) -> list[AssetResult]:
    member, detail, key = judgement.finding_set_member, judgement.finding_detail, judgement.finding_key
    query = (
        select(key.c.rule, key.c.id.label("key_id"), detail.c.unknown, detail.c.body)
        .select_from(_held.join(member, member.c.set_id == _held.c.set_id))
        .join(detail, detail.c.id == member.c.detail_id)
        .join(key, key.c.id == member.c.key_id)
        .where(_held.c.org_id == org, _held.c.asset_id == asset_id, detail.c.kind == FindingKind.POLICY.value)
    )
    return [
        AssetResult(
            policy=row.rule,
            result="unknown" if row.unknown else "fail",
            reason=_reason(unpack(row.body)["evidence"]) if row.unknown else "",
            finding=f"{asset_id}-{row.key_id}",
        )
        for row in conn.execute(query)
    ]


def _silent(conn: Connection, org: int, asset_id: int) -> list[AssetResult]:
    outcome = judgement.outcome
    query = (
        select(outcome.c.body)
        .join(_held, _held.c.outcome_id == outcome.c.id)
        .where(_held.c.org_id == org, _held.c.asset_id == asset_id, _held.c.assessor.like("policy%"))
    )
    out: dict[str, AssetResult] = {}
    for body in conn.execute(query).scalars():
        content = unpack(body)
        for rule, reason in content["not_applicable"].items():
            out[rule] = AssetResult(policy=rule, result="not-applicable", reason=reason)
        for rule in content["passed"]:
            out[rule] = AssetResult(policy=rule, result="pass")
    return list(out.values())


def _reason(evidence: dict[str, object]) -> str:
    """Evidence names what is not known as {path: reason} or as [{"path", "reason"}]."""
    unknowns = evidence.get("unknowns")
    if isinstance(unknowns, dict):
        return "; ".join(f"{path}: {reason}" for path, reason in unknowns.items())
    if isinstance(unknowns, list):
        return "; ".join(
            f"{item.get('path')}: {item.get('reason')}" if isinstance(item, dict) else str(item) for item in unknowns
        )
    return str(evidence.get("reason", ""))
