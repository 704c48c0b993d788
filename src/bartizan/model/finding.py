"""Findings: what an assessor concluded about one asset.

A finding's identity is (asset, kind, rule, locator). Severity, versions, line numbers and tool names are never part of
it, so a finding stays the same one when its package moves from one vulnerable version to another.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from bartizan.model.record import dataclass
from bartizan.model.severity import Severity


class FindingKind(StrEnum):
    """Which assessor speaks. Closed set."""

    VULNERABILITY = "vulnerability"
    MALICIOUS_PACKAGE = "malicious-package"
    POLICY = "policy"
    SECRET = "secret"  # noqa: S105 - a kind of finding, not a secret
    MALWARE = "malware"
    LICENCE = "licence"
    CODE = "code"
    WEB = "web"
    COVERAGE = "coverage"
    """What could not be judged: no feed for the distribution, end-of-life release, unreadable database."""


class Verdict(StrEnum):
    """What the assessor says. `UNKNOWN` is a result with a reason in the evidence; it is never a pass."""

    FAIL = "fail"
    UNKNOWN = "unknown"


class FixState(StrEnum):
    """Whether something can be done today."""

    FIXED = "fixed"
    """A fixing version or a remediation exists: see `Fix.version`, `Fix.text`."""
    NOT_FIXED = "not-fixed"
    """The vendor knows and has not fixed it yet."""
    WILL_NOT_FIX = "will-not-fix"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What to do about a finding."""

    state: FixState = FixState.UNKNOWN
    version: str = ""
    """The smallest version that fixes it, in the ecosystem's own notation."""
    text: str = ""
    """Remediation for a person; a command where one suffices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One conclusion. The asset is told by whoever carries the finding: equal facts on two assets share findings."""

    kind: FindingKind
    rule: str
    """`CVE-2024-6387`, a policy's id, a detection's id. Aliases are merged into one canonical id before this."""
    locator: str
    """Where in the asset, stably: a purl without version, with `#path` for language packages; empty: the asset."""
    severity: Severity
    title: str
    verdict: Verdict = Verdict.FAIL
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON: the facts and knowledge that led here. Vulnerability: package, installed and fixed version, the
    advisories that attest it (`attestations`), aliases, CVSS, KEV and EPSS. Policy: the values that decided (`values`),
    for an unknown the `unknowns` with their reasons."""
    fix: Fix = field(default_factory=Fix)
    layer: str = ""
    score: float = 0.0
    """0 to 100, for ordering what to fix first; how it came about is in `evidence["score"]`."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """(kind, rule, locator): with the asset, what makes this finding the same one tomorrow."""
        return (self.kind.value, self.rule, self.locator)
