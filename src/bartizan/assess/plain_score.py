"""The score of what is judged by severity alone: secrets and malware, which nobody rates by CVSS.

A file that is malware comes before nearly every vulnerability, for it is no possibility but a fact; so does a key that
anybody who has the image may use. Licences harm nobody's security and weigh little.
"""

from collections.abc import Mapping
from dataclasses import replace

from bartizan.model.finding import Finding, FindingKind
from bartizan.model.severity import Severity

_WEIGHTS: Mapping[FindingKind, tuple[float, str]] = {
    FindingKind.MALWARE: (1.0, "malware that is there"),
    FindingKind.SECRET: (0.9, "a secret that can be read"),
    FindingKind.LICENCE: (0.3, "a licence"),
}
_POINTS: Mapping[Severity, float] = {
    Severity.CRITICAL: 95.0,
    Severity.HIGH: 80.0,
    Severity.MEDIUM: 50.0,
    Severity.UNKNOWN: 50.0,
    Severity.LOW: 20.0,
    Severity.INFO: 0.0,
}


def scored(finding: Finding) -> Finding:
    """The finding with its score and how that came about."""
    weight, what = _WEIGHTS[finding.kind]
    points = round(_POINTS[finding.severity] * weight, 1)
    told = [{"name": "severity", "points": points, "text": f"{finding.severity.value}: {what}"}]
    return replace(finding, score=points, evidence={**finding.evidence, "score": told})
