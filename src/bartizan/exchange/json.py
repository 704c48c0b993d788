"""JSON: the whole result, for scripts. Documented in docs/usage/json.md; `schema` changes when a reader could break.

{"schema": "bartizan/scan/1",
 "tool": {"name": "bartizan", "version": "0.1.0"},
 "asset": {"kind": "host", "key": "...", "name": "web-1"}, "taken_at": "2026-11-23T10:37:00Z",
 "complete": true, "incomplete": [],
 "knowledge": {"advisories": "sha256:...", "newest": "...", "feeds": [...], "policies": "sha256:..."},
 "counts": {"critical": 0, ..., "listed": 12, "unknown_results": 1}, "assessments": [...], "sections": [...],
 "packages": ["deb libc6 2.36-9 amd64", ...], "suppressed": [{"finding": {...}, "reason": "..."}], "plan": {...},
 "findings": [{"kind": "vulnerability", "rule": "CVE-2024-6387", "locator": "pkg:deb/debian/openssh-server", ...}]}
"""

from typing import Any, TextIO

from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.json_text import write_json
from bartizan.model.wire import plain
from bartizan.pipeline.package_key import package_key

SCHEMA = "bartizan/scan/1"


def write(result: ScanResult, stream: TextIO) -> None:
    write_json(document(result), stream, indent=2)
    stream.write("\n")


def document(result: ScanResult) -> dict[str, Any]:
    """The result as plain JSON values."""
    told = {
        "schema": SCHEMA,
        "tool": {"name": "bartizan", "version": result.tool},
        "asset": plain(result.asset),
        "taken_at": result.taken_at,
        "complete": not result.incomplete,
        "incomplete": list(result.incomplete),
        "knowledge": plain(result.knowledge),
        "counts": {
            "severity": result.severities,
            "findings": len(result.findings),
            "listed": len(result.listed),
            "could_not_be_judged": len(result.unknowns),
            "suppressed": len(result.suppressed),
        },
        "assessments": [
            {"assessor": each.assessor, "knowledge": each.knowledge, "counts": dict(each.counts)}
            for each in result.assessments
        ],
        "sections": [
            {"name": name, "digest": section.digest, "problems": plain(section.problems)}
            for name, section in sorted(result.sections.items())
        ],
        "packages": sorted(_packages(result)),
        "findings": [plain(finding) for finding in result.listed],
        "suppressed": [plain(each) for each in result.suppressed],
    }
    if result.show_plan:
        from bartizan.pipeline.fix_plan import plan_facts

        told["plan"] = plan_facts(result.plan)
    return told


def _packages(result: ScanResult) -> set[str]:
    """Every package by which two results can be compared."""
    return {
        package_key(str(facts.get("type", "")), facts)
        for name, section in result.sections.items()
        if name.startswith("packages_") and isinstance(section.facts, list)
        for facts in section.facts
        if isinstance(facts, dict)
    }


EXPORTER = Exporter(name="json", media_type="application/json", suffix=".json", write=write)
