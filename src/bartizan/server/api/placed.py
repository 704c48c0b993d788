"""Findings of one asset with where they stand in it: the layer of an image, the file and line of a source tree."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, select

from bartizan.exchange.place import attribute
from bartizan.inventory.blobs import unpack
from bartizan.inventory.findings import list_findings
from bartizan.inventory.paging import LIMIT, Paging
from bartizan.inventory.schema import judgement
from bartizan.server.api.records import PlacedFinding, SeverityCounts

MOST = 5000
"""Findings of one asset that are placed; beyond, the least urgent are counted only."""
_PARTS: tuple[Literal["base", "application", "unknown"], ...] = ("base", "application", "unknown")
_KINDS: tuple[Literal["operating-system", "application"], ...] = ("operating-system", "application")


def placed_findings(conn: Connection, org: int, asset_id: int, now: datetime) -> tuple[list[PlacedFinding], int]:
    """What the asset has now, decided or not, the most urgent first; and how many more there are."""
    evidence = _evidence(conn, org, asset_id)
    found: list[PlacedFinding] = []
    cursor: str | None = None
    while True:
        page = list_findings(
            conn, org, f"asset.id:{asset_id} and state:any and not state:fixed", Paging(limit=LIMIT, cursor=cursor), now
        )
        for item in page.items:
            plain = msgspec.to_builtins(item)
            found.append(msgspec.convert(plain | _place(evidence.get(item.id, {})), PlacedFinding, strict=False))
        cursor = page.next
        if cursor is None or len(found) >= MOST:
            return found, max(0, page.total - len(found))


def _evidence(conn: Connection, org: int, asset_id: int) -> dict[str, Mapping[str, Any]]:
    """Finding's id to its evidence."""
    held, member = judgement.asset_findings, judgement.finding_set_member
    detail = judgement.finding_detail
    query = (
        select(member.c.key_id, detail.c.body)
        .select_from(held.join(member, member.c.set_id == held.c.set_id))
        .join(detail, detail.c.id == member.c.detail_id)
        .where(held.c.org_id == org, held.c.asset_id == asset_id)
    )
    return {f"{asset_id}-{row.key_id}": unpack(row.body).get("evidence") or {} for row in conn.execute(query)}


def _place(evidence: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    origin = evidence.get("origin")
    if isinstance(origin, Mapping):
        index = origin.get("index")
        out["layer"] = index if isinstance(index, int) else None
        out["part"] = origin.get("part") if origin.get("part") in _PARTS else None
        out["brought_by"] = origin.get("kind") if origin.get("kind") in _KINDS else None
    location = evidence.get("location")
    if isinstance(location, Mapping):
        out["path"] = str(location.get("path", ""))
        out["module"] = str(location.get("module", ""))
        for name in ("line", "end_line"):
            value = location.get(name)
            out[name] = value if isinstance(value, int) else 0
    decided = attribute(evidence)
    if decided is not None:
        out |= {"path": decided.path, "line": decided.line, "end_line": decided.line}
    return out


def open_counts(findings: Iterable[PlacedFinding]) -> SeverityCounts:
    """Those that stand open, by severity; what could not be judged is no failure and not in here."""
    counts = dict.fromkeys(SeverityCounts.__struct_fields__, 0)
    for finding in findings:
        if finding.state == "open":
            counts[finding.severity] += 1
    return SeverityCounts(**counts)
