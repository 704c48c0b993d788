"""Where an image's findings come from, for people: base image or application, whose packages, which layer.

Comes from  base debian:12: 214 (214 system) · built upon it: 12 (2 system, 10 application)
"""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from bartizan.exchange.interface import ScanResult
from bartizan.model.finding import Finding, Verdict
from bartizan.model.severity import Severity

PARTS = {"base": "base image", "application": "built upon it", "unknown": "base not known"}
KINDS = {"operating-system": "system", "application": "application"}
SHOWN = ("critical", "high", "medium", "low")


def origin_of(finding: Finding) -> Mapping[str, Any]:
    """`evidence.origin`; empty for what no layer brought."""
    origin = finding.evidence.get("origin")
    return origin if isinstance(origin, Mapping) else {}


def came_from(result: ScanResult) -> Text | None:
    """Failures by part of the image and kind of package; None where nothing has a layer."""
    counted: dict[str, dict[str, int]] = {}
    base = ""
    for finding in result.findings:
        origin = origin_of(finding)
        if not origin or finding.verdict is not Verdict.FAIL:
            continue
        base = base or str(origin.get("base") or "")
        kinds = counted.setdefault(str(origin.get("part")), {})
        kind = str(origin.get("kind"))
        kinds[kind] = kinds.get(kind, 0) + 1
    if not counted:
        return None
    told = []
    for part, word in PARTS.items():
        if part in counted:
            numbers = counted[part]
            of_kinds = ", ".join(f"{numbers[kind]:,} {name}" for kind, name in KINDS.items() if kind in numbers)
            name = f"base {base}" if part == "base" and base else word
            told.append(f"{name}: {sum(numbers.values()):,} ({of_kinds})")
    return Text(" · ".join(told))


def layer_table(result: ScanResult, table: Table) -> Table:
    """A row for each layer that brought a listed finding, from the bottom."""
    for title in ("LAYER", *(name.upper() for name in SHOWN)):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("PART", no_wrap=True)
    table.add_column("BUILD STEP", no_wrap=True, ratio=1)
    rows: dict[int, tuple[Mapping[str, Any], dict[str, int]]] = {}
    for finding in result.listed:
        origin = origin_of(finding)
        if finding.verdict is Verdict.FAIL and isinstance(origin.get("index"), int):
            _, counts = rows.setdefault(int(origin["index"]), (origin, {}))
            counts[finding.severity.value] = counts.get(finding.severity.value, 0) + 1
    for index, (origin, counts) in sorted(rows.items()):
        numbers = (str(counts.get(name, "")) for name in SHOWN)
        part = PARTS.get(str(origin.get("part")), "")
        table.add_row(str(index + 1), *numbers, part, Text(str(origin.get("step") or "")))
    return table


def hidden_why(result: ScanResult) -> str:
    """What keeps findings off the list, as it was asked."""
    parts = {"base": "not from the base image", "application": "not from what was built upon the base"}
    kinds = {"operating-system": "not of the system's packages", "application": "not of the application's packages"}
    reasons = [parts[result.part]] if result.part else []
    reasons += [kinds[result.origin]] if result.origin else []
    if result.least.rank > Severity.INFO.rank or not reasons:
        reasons.insert(0, f"below {result.least.value}")
    return " or ".join(reasons)
