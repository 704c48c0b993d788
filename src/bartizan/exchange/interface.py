"""The door of an exporter: one module per format, each with one `Exporter` named EXPORTER.

EXPORTER = Exporter(name="json", media_type="application/json", suffix=".json", write=write)

def write(result: ScanResult, stream: TextIO) -> None: ...
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from bartizan.model.assessment import Assessment
from bartizan.model.asset import AssetRef
from bartizan.model.finding import Finding, Verdict
from bartizan.model.record import dataclass
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Section
from bartizan.pipeline.urgency import urgency

if TYPE_CHECKING:
    from bartizan.pipeline.fix_plan import FixPlan
    from bartizan.pipeline.suppression import Suppressed

__all__ = ["Exporter", "Feed", "Knowledge", "ScanResult", "urgency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One source of advisories within the advisory file."""

    source: str
    """`Debian`, `PyPI`, `kev`, `epss`."""
    records: int
    newest: str = ""
    """When its newest record was modified, RFC 3339; empty where the source does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What was known when the findings were made: two results differ because the asset or because this differs."""

    advisories: str = ""
    """Identity of the advisory file; empty where there was none."""
    newest: str = ""
    """When its newest record was modified, RFC 3339."""
    feeds: tuple[Feed, ...] = ()
    policies: str = ""
    """Digest of the policy set; empty where no policies were asked for."""


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """One asset, assessed once."""

    asset: AssetRef
    taken_at: str
    tool: str
    """Version of Bartizan that made it."""
    sections: Mapping[str, Section]
    assessments: tuple[Assessment, ...]
    knowledge: Knowledge = field(default_factory=Knowledge)
    incomplete: tuple[str, ...] = ()
    """Why the result is not the whole truth, for a person; empty where everything that was asked could be judged."""
    least: Severity = Severity.INFO
    """Findings below this severity are counted but not listed."""
    part: str = ""
    """Only findings of this part of an image (`base`, `application`) are listed; empty: all."""
    origin: str = ""
    """Only findings of these packages (`operating-system`, `application`) are listed; empty: all."""
    by_layer: bool = False
    """Whether a person wants them told by layer."""
    suppressed: tuple["Suppressed", ...] = ()
    """What a VEX statement or the ignore file settled; not among the findings."""
    show_suppressed: bool = False
    """Whether a person wants to see them."""
    show_plan: bool = False
    """Whether the fix plan is wanted with the result."""

    @cached_property
    def plan(self) -> "FixPlan":
        """What to do, in which order, and what remains."""
        from bartizan.pipeline.fix_plan import make_plan  # only who wants a plan waits for it

        return make_plan(self.findings)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, what to fix first on top: by score, then severity, then identity."""
        found = (finding for assessment in self.assessments for finding in assessment.findings)
        return tuple(sorted(found, key=urgency))

    @cached_property
    def listed(self) -> tuple[Finding, ...]:
        """The findings that are to be shown, in the same order."""
        return tuple(finding for finding in self.findings if self._is_listed(finding))

    def _is_listed(self, finding: Finding) -> bool:
        origin = finding.evidence.get("origin")
        told = origin if isinstance(origin, Mapping) else {}
        return (
            finding.severity.rank >= self.least.rank
            and self.part in ("", told.get("part"))
            and self.origin in ("", told.get("kind"))
        )

    @cached_property
    def listed_identities(self) -> frozenset[tuple[str, str, str]]:
        """Which findings are listed."""
        return frozenset(finding.identity for finding in self.listed)

    @cached_property
    def severities(self) -> dict[str, int]:
        """Severity to the number of failures, the worst first; unknowns are no failures and are not in here."""
        counts = {severity.value: 0 for severity in sorted(Severity, key=lambda each: -each.rank)}
        for finding in self.findings:
            if finding.verdict is Verdict.FAIL:
                counts[finding.severity.value] += 1
        return counts

    @cached_property
    def unknowns(self) -> tuple[Finding, ...]:
        """Findings that say that something could not be judged."""
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.UNKNOWN)

    def counts(self, assessor: str) -> dict[str, int]:
        """The counts of an assessor, summed over its parts: `vulnerability` covers `vulnerability:packages_deb`."""
        total: dict[str, int] = {}
        for assessment in self.assessments:
            if assessment.assessor.split(":", 1)[0] == assessor:
                for name, number in assessment.counts.items():
                    total[name] = total.get(name, 0) + number
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """How one format is written."""

    name: str
    media_type: str
    suffix: str
    write: Callable[[ScanResult, TextIO], None]
