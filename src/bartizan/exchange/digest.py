"""What a person wants to know first, computed from a result: one line per thing to do, not one per finding.

A package with forty vulnerabilities is one upgrade, and one library in three places is one kind of work, so
vulnerabilities are gathered by package.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bartizan.exchange.interface import ScanResult, urgency
from bartizan.exchange.place import place
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.severity import Severity
from bartizan.pipeline.fix_plan import Step, latest


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One package and the vulnerabilities that it has."""

    package: str
    kind: str
    """purl type: `deb`, `pypi`."""
    installed: tuple[str, ...]
    """The affected versions that are there, the worst affected first."""
    to: str
    """The version that fixes all of them that can be fixed; empty where none can."""
    paths: tuple[str, ...]
    """The files that say so, for packages that are no distribution's; else empty."""
    findings: tuple[Finding, ...]
    """The worst first."""

    @property
    def worst(self) -> Severity:
        return max((finding.severity for finding in self.findings), key=lambda severity: severity.rank)

    @property
    def exploited(self) -> int:
        """How many are known to be exploited."""
        return sum(1 for finding in self.findings if finding.evidence.get("kev"))

    @property
    def score(self) -> float:
        return max(finding.score for finding in self.findings)

    @property
    def fixable(self) -> int:
        """How many a version that exists fixes."""
        return sum(1 for finding in self.findings if finding.fix.version)

    @property
    def rules(self) -> tuple[Finding, ...]:
        """One finding per vulnerability, however many places have it."""
        return tuple({finding.rule: finding for finding in reversed(self.findings)}.values())[::-1]


def upgrades(findings: Iterable[Finding]) -> list[Upgrade]:
    """Vulnerabilities gathered by package; what to upgrade first on top."""
    gathered: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.kind in GATHERED and finding.verdict is Verdict.FAIL:
            gathered[finding.locator.partition("#")[0]].append(finding)
    out = [_upgrade(purl, sorted(found, key=urgency)) for purl, found in gathered.items()]
    return sorted(out, key=lambda each: (-each.score, -each.worst.rank, -len(each.findings), each.package))


GATHERED = {FindingKind.VULNERABILITY, FindingKind.MALICIOUS_PACKAGE}


def _upgrade(purl: str, findings: list[Finding]) -> Upgrade:
    where = [place(finding) for finding in findings]
    own = [finding.locator.partition("#")[2] for finding in findings]
    return Upgrade(
        package=where[0].package,
        kind=purl.removeprefix("pkg:").partition("/")[0],
        installed=tuple(dict.fromkeys(each.version for each in where if each.version)),
        to=latest((finding.fix.version for finding in findings), purl),
        paths=tuple(dict.fromkeys(path for path in own if path)),
        findings=tuple(findings),
    )


def first_steps(result: ScanResult, number: int = 3) -> tuple[Step, ...]:
    """The first steps of the fix plan."""
    return result.plan.steps[:number]
