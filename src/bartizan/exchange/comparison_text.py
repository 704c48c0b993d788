"""A comparison of two results for a person and as JSON.

{"schema": "bartizan/diff/1", "asset_changed": true, "knowledge_changed": false, "unchanged": 120,
 "new": [{"cause": "asset", "finding": {...}}], "fixed": [...], "changed": [{"was": {"severity": "low"}, ...}]}
"""

from typing import Any

from bartizan.model.wire import plain
from bartizan.pipeline.comparison import Cause, Comparison, Difference

SCHEMA = "bartizan/diff/1"
_CAUSES = {
    Cause.ASSET: "the asset changed",
    Cause.KNOWLEDGE: "more is known",
    Cause.DECISION: "somebody decided",
    Cause.EITHER: "the asset or the knowledge changed",
}
LISTED = 40
"""Findings that are listed of each kind; all are counted, and JSON has them all."""


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain JSON."""
    return {"schema": SCHEMA, **plain(comparison)}


def table(comparison: Comparison) -> str:
    """Lines: what changed at all, then new, fixed and changed findings with the cause of each."""
    facts = "changed" if comparison.asset_changed else "is the same"
    known = "changed" if comparison.knowledge_changed else "is the same"
    lines = [f"The asset {facts}; the knowledge {known}."]
    lines.append(
        f"{len(comparison.new):,} new, {len(comparison.fixed):,} fixed, {len(comparison.changed):,} changed, "
        f"{comparison.unchanged:,} as before."
    )
    for title, differences in (("New", comparison.new), ("Fixed", comparison.fixed), ("Changed", comparison.changed)):
        if differences:
            lines += ["", title, *(f"  {_line(each)}" for each in differences[:LISTED])]
            if len(differences) > LISTED:
                lines.append(f"  and {len(differences) - LISTED:,} more")
    return "\n".join(lines) + "\n"


def _line(difference: Difference) -> str:
    finding = difference.finding
    was = ", ".join(f"{name} was {value or 'none'}" for name, value in (difference.was or {}).items())
    locator = str(finding.get("locator", ""))
    about = locator.partition("#")[0].removeprefix("pkg:") or "the asset"
    text = f"{finding.get('severity', ''):<9} {finding.get('rule', '')}  {about}  ({_CAUSES[difference.cause]}"
    return f"{text}; {was})" if was else f"{text})"
