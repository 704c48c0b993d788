"""Severity: five named levels, ordered, and the CVSS rating scale that maps a base score to one.

Source of the bands: CVSS v3.1 specification, section 5, "Qualitative Severity Rating Scale"; v4.0, section 6, agrees.
"""

from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. `UNKNOWN` means that no source rated it; it is never read as harmless."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Higher is worse. Unknown ranks above low: what nobody rated deserves a look before what was rated low."""
        return _RANKS[self]


_RANKS: dict[Severity, int] = {
    Severity.CRITICAL: 5,
    Severity.HIGH: 4,
    Severity.MEDIUM: 3,
    Severity.UNKNOWN: 2,
    Severity.LOW: 1,
    Severity.INFO: 0,
}


def from_cvss(score: float) -> Severity:
    """The rating of a CVSS base score (0.0 to 10.0)."""
    if score >= 9.0:
        return Severity.CRITICAL
    if score >= 7.0:
        return Severity.HIGH
    if score >= 4.0:
        return Severity.MEDIUM
    if score > 0.0:
        return Severity.LOW
    return Severity.INFO
