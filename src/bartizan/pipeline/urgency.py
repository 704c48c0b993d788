"""What comes first: the order of findings, and how much risk one of them stands for."""

from bartizan.model.finding import Finding, Verdict
from bartizan.model.severity import Severity


def urgency(finding: Finding) -> tuple[bool, float, int, tuple[str, str, str]]:
    """Sort key: failures before unknowns, then score, severity and identity."""
    return (finding.verdict is not Verdict.FAIL, -standing(finding), -finding.severity.rank, finding.identity)


def standing(finding: Finding) -> float:
    """The score, 0 to 100; a finding without one stands among the others by its severity."""
    return finding.score or _NOMINAL[finding.severity]


def risk(finding: Finding) -> float:
    """What removing the finding is worth: 25 points of score more count ten times as much, so that a flaw that is being
    exploited outweighs any number of small ones."""
    return round(float(10 ** (standing(finding) / 25)), 1)


_NOMINAL = {
    Severity.CRITICAL: 90.0,
    Severity.HIGH: 70.0,
    Severity.MEDIUM: 40.0,
    Severity.UNKNOWN: 30.0,
    Severity.LOW: 10.0,
    Severity.INFO: 0.0,
}
