"""What a person wants to know first, computed from a result: one line per thing to do, not one per finding.

A package with forty vulnerabilities is one upgrade, so vulnerabilities are gathered by what is upgraded: the source
package of a distribution's packages (its binaries are built and fixed together), else the package itself and its path.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bartizan.assess.vulnerability.versions import InvalidVersion, UnknownScheme, sort_key
from bartizan.exchange.interface import ScanResult, urgency
from bartizan.exchange.place import place, text
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One package and the vulnerabilities that it has."""

    package: str
    installed: str
    to: str
    """The version that fixes all of them that can be fixed; empty where none can."""
    path: str
    """The file that says so, for packages that are no distribution's; else empty."""
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


def upgrades(findings: Iterable[Finding]) -> list[Upgrade]:
    """Vulnerabilities gathered by what is upgraded; what to upgrade first on top."""
    gathered: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if (
            finding.kind in {FindingKind.VULNERABILITY, FindingKind.MALICIOUS_PACKAGE}
            and finding.verdict is Verdict.FAIL
        ):
            where = place(finding)
            own_path = finding.locator.partition("#")[2]
            gathered[text(finding.evidence.get("source")) or where.package, where.version, own_path].append(finding)
    out = [
        Upgrade(
            package=package,
            installed=installed,
            to=latest([finding.fix.version for finding in sorted(found, key=urgency)], found[0].locator),
            path=path,
            findings=tuple(sorted(found, key=urgency)),
        )
        for (package, installed, path), found in gathered.items()
    ]
    return sorted(out, key=lambda each: (-each.score, -each.worst.rank, -len(each.findings), each.package, each.path))


def first_steps(result: ScanResult, number: int = 3) -> list[Upgrade]:
    """The upgrades that exist today and remove most."""
    return [each for each in upgrades(result.findings) if each.fixable][:number]


def latest(versions: Iterable[str], locator: str) -> str:
    """The latest of some versions by the order of the locator's purl type.

    Where that order is not known, the first: the version that fixes the worst finding.
    """
    given = [version for version in versions if version]
    kind = locator.removeprefix("pkg:").partition("/")[0]
    try:
        return max(given, key=lambda version: sort_key(_SCHEMES.get(kind, kind), version), default="")
    except (InvalidVersion, UnknownScheme):
        return given[0]


_SCHEMES = {"deb": "dpkg"}
"""Where the order of a purl type's versions has another name."""
