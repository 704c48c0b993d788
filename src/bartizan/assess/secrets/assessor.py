"""From facts about secrets to findings: one per secret and place.

The locator is the file with the secret's fingerprint behind it, never the line: a secret that moves within its file
stays the same finding, and another one on the same line is another.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bartizan.assess.plain_score import scored
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Section

if TYPE_CHECKING:
    from bartizan.assess.secrets.rules import SecretRules

FIX = "Revoke it at its issuer, make a new one, and hand that over at run time; removing the file does not undo it."
ASSESSOR = "secret"
_ENVIRONMENT_TITLE = "Secret in the configuration of an image"


def assess_secrets(section: Section, rules: "SecretRules") -> Assessment:
    """The findings of a section `secrets`."""
    facts = section.facts if isinstance(section.facts, list) else []
    found = [_finding(fact, rules) for fact in facts if isinstance(fact, dict) and fact.get("rule")]
    by_identity = {finding.identity: finding for finding in reversed(found)}
    unread = [_unread(problem.path, problem.reason) for problem in section.problems]
    findings = sorted([*by_identity.values(), *unread], key=lambda finding: finding.identity)
    return Assessment(
        assessor=ASSESSOR,
        knowledge=rules.digest,
        findings=tuple(findings),
        counts={"fail": len(by_identity), "unknown": len(unread)},
    )


def _finding(fact: Mapping[str, Any], rules: "SecretRules") -> Finding:
    rule = rules.by_id.get(str(fact["rule"]))
    path, where = str(fact.get("path", "")), str(fact.get("where", ""))
    title = rule.title if rule else _ENVIRONMENT_TITLE
    evidence: dict[str, Any] = {key: fact[key] for key in ("line", "preview", "fingerprint", "where") if fact.get(key)}
    if path:
        evidence["location"] = {"path": path, "line": fact.get("line", 0)}
    if fact.get("removed"):
        evidence["removed"] = True
        title += ", removed by a later layer but still in the image"
    return scored(
        Finding(
            kind=FindingKind.SECRET,
            rule=str(fact["rule"]),
            locator=f"{path or where}#{fact.get('fingerprint', '')}",
            severity=rule.severity if rule else Severity.HIGH,
            title=f"{title} ({fact.get('preview', '')})",
            evidence=evidence,
            fix=Fix(state=FixState.FIXED, text=rule.fix if rule else FIX),
            layer=str(fact.get("layer", "")),
        )
    )


def _unread(path: str, reason: str) -> Finding:
    return Finding(
        kind=FindingKind.COVERAGE,
        rule="secrets-not-looked-for",
        locator=path,
        severity=Severity.UNKNOWN,
        title=f"{path} could not be searched for secrets",
        verdict=Verdict.UNKNOWN,
        evidence={"reason": reason},
    )
