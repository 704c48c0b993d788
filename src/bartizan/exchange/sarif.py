"""SARIF 2.1.0 (OASIS, errata 01): for code scanning views and editors.

One run; a rule per distinct finding rule (section 3.49), a result per finding (3.27). What could not be judged has kind
`open` and level `none` (3.27.9), and what made the scan incomplete is a notification of the invocation (3.20.21), with
`executionSuccessful` false. Fingerprints (3.27.17) are the finding's identity, so a result stays the same one
when a package's version or a severity changes. Of what a template declares the region is the attribute that
decided, and related locations (3.27.22) are the places that its value came through.

{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Bartizan", "rules": [...]}}, "results": [...]}]}
"""

from typing import Any, TextIO
from urllib.parse import quote

from bartizan.exchange.chain import Step, origins
from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.json_text import write_json
from bartizan.exchange.place import place, remedy, subject, text
from bartizan.model.finding import Finding, Verdict
from bartizan.model.severity import Severity
from bartizan.model.wire import digest
from bartizan.pipeline.suppression import Suppressed

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "bartizanIdentity/v1"
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.UNKNOWN: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.UNKNOWN: "4.0",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}
"""Code scanning reads a rule's severity from this number (0 to 10), with the bands of CVSS."""


def write(result: ScanResult, stream: TextIO) -> None:
    write_json(document(result), stream, indent=1)
    stream.write("\n")


def document(result: ScanResult) -> dict[str, Any]:
    """The SARIF log as plain JSON values."""
    rules = _rules((*result.listed, *(each.finding for each in result.suppressed)))
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    driver = {
        "name": "Bartizan",
        "version": result.tool,
        "semanticVersion": result.tool,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(result)],
        "originalUriBaseIds": {"ROOT": {"uri": "file:///", "description": {"text": "The root of the assessed asset"}}},
        "automationDetails": {"id": f"bartizan/{result.asset.kind.value}/{quote(result.asset.name, safe='')}"},
        "results": [
            *(_result(finding, index[finding.rule], result.asset.key) for finding in result.listed),
            *(_suppressed(each, index[each.finding.rule], result.asset.key) for each in result.suppressed),
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "asset": {"kind": result.asset.kind.value, "key": result.asset.key, "name": result.asset.name},
            "advisories": result.knowledge.advisories,
            "policies": result.knowledge.policies,
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    worst: dict[str, Finding] = {}
    for finding in findings:
        known = worst.get(finding.rule)
        if known is None or finding.severity.rank > known.severity.rank:
            worst[finding.rule] = finding
    return [_rule(finding) for _, finding in sorted(worst.items())]


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.rule,
        "shortDescription": {"text": finding.title or finding.rule},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {
            "tags": ["security", finding.kind.value],
            "security-severity": SECURITY_SEVERITY[finding.severity],
        },
    }
    if remedy(finding):
        rule["help"] = {"text": remedy(finding)}
    return rule


def _result(finding: Finding, rule: int, asset: str) -> dict[str, Any]:
    failed = finding.verdict is Verdict.FAIL
    about = subject(finding)
    parts = [finding.title or finding.rule, f"({about})" if about else "", remedy(finding)]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "kind": "fail" if failed else "open",
        "level": LEVELS[finding.severity] if failed else "none",
        "message": {"text": " ".join(part for part in parts if part)},
        "locations": [_location(finding)],
        "partialFingerprints": {FINGERPRINT: digest([asset, *finding.identity])},
        "rank": min(100.0, max(0.0, finding.score)),
        "properties": {
            "severity": finding.severity.value,
            "verdict": finding.verdict.value,
            "locator": finding.locator,
            "fix": {"state": finding.fix.state.value, "version": finding.fix.version},
        },
    }
    related = _related(finding)
    if related:
        result["relatedLocations"] = related
    return result


def _related(finding: Finding) -> list[dict[str, Any]]:
    """Where the values came from that decided (3.27.22), each place once, the result's own left out; the resource of
    a template comes last."""
    where = place(finding)
    steps = [step for origin in origins(finding.evidence) for step in origin.steps]
    declared = finding.evidence.get("location")
    if steps and isinstance(declared, dict):
        steps.append(Step(text(declared.get("path")), declared.get("line") or 0, f"declares {where.resource}"))
    own = Step(where.path, where.line, steps[0].text if steps else "")
    related: list[dict[str, Any]] = []
    for number, step in enumerate(each for each in dict.fromkeys(steps) if each != own):
        location: dict[str, Any] = {"id": number + 1, "message": {"text": step.text}}
        if step.path:
            location["physicalLocation"] = _physical(step.path, step.line, step.line)
        related.append(location)
    return related


def _suppressed(suppressed: Suppressed, rule: int, asset: str) -> dict[str, Any]:
    """Viewers fold such a result away and show why (3.27.23, 3.35)."""
    told = {"kind": "external", "status": "accepted", "justification": f"{suppressed.reason} ({suppressed.source})"}
    return _result(suppressed.finding, rule, asset) | {"suppressions": [told]}


def _location(finding: Finding) -> dict[str, Any]:
    where = place(finding)
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": finding.locator or "asset", "kind": "resource"}]
    }
    if where.path:
        location["physicalLocation"] = _physical(where.path, where.line, where.end_line)
    return location


def _physical(path: str, line: int, end_line: int) -> dict[str, Any]:
    uri = quote(path.lstrip("/").encode("utf-8", "surrogateescape"))
    found: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "ROOT"}}
    if line:
        found["region"] = {"startLine": line, "endLine": max(line, end_line)}
    return found


def _invocation(result: ScanResult) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": not result.incomplete, "endTimeUtc": result.taken_at}
    if result.incomplete:
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": reason}} for reason in result.incomplete
        ]
    return invocation


EXPORTER = Exporter(name="sarif", media_type="application/sarif+json", suffix=".sarif", write=write)
