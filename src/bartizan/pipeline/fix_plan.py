"""The fix plan: the smallest set of upgrades that removes what can be removed, ordered by the risk that each removes,
and what remains with the reason.

    make_plan(findings) -> FixPlan(steps, remaining)

One step is one thing that somebody does: build upon a newer base image, upgrade a source package of the distribution
(all its binary packages together), raise a library wherever projects have it, remove a malicious package. Each goes to
the smallest version that fixes all that can be fixed, so taking every step once is enough.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from bartizan.assess.vulnerability.versions import InvalidVersion, UnknownScheme, sort_key
from bartizan.model.finding import Finding, FindingKind, FixState, Verdict
from bartizan.model.severity import Severity
from bartizan.pipeline.urgency import risk, urgency

DISTRIBUTION = frozenset({"deb", "rpm", "apk", "alpm"})
PACKAGES = frozenset({FindingKind.VULNERABILITY, FindingKind.MALICIOUS_PACKAGE})
_INSTALLED = ("/node_modules/", "/site-packages/", "/dist-packages/", "!/")
"""What stands behind the project in the path of an installed package."""
_MANIFEST_FOLDERS = (".dist-info/", ".egg-info/")


class StepKind(StrEnum):
    REMOVE = "remove"
    BASE_IMAGE = "base-image"
    DISTRIBUTION = "distribution"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do."""

    kind: StepKind
    package: str
    """The package, or the name of the base image."""
    type: str = ""
    """purl type; empty for a base image."""
    installed: tuple[str, ...] = ()
    to: str = ""
    """The smallest version that fixes all that it removes; empty where the step has none."""
    places: tuple[str, ...] = ()
    """Projects that have the library: a lock file, or the folder that holds the installed packages."""
    command: str = ""
    removes: tuple[Finding, ...]
    """The worst first."""

    @property
    def risk(self) -> float:
        return round(sum(risk(finding) for finding in self.removes), 1)

    @property
    def worst(self) -> Severity:
        return max((finding.severity for finding in self.removes), key=lambda severity: severity.rank)

    @property
    def exploited(self) -> int:
        """How many are known to be exploited."""
        return sum(1 for finding in self.removes if finding.evidence.get("kev"))

    @property
    def fixable(self) -> int:
        return len(self.removes)

    def text(self) -> str:
        """What to do, in one line."""
        match self.kind:
            case StepKind.REMOVE:
                return f"remove {self.package}: it is malicious"
            case StepKind.BASE_IMAGE:
                return f"build upon a newer {self.package}"
            case _:
                return f"upgrade {self.package} to {self.to}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """Findings that no step removes, for one reason."""

    reason: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPlan:
    steps: tuple[Step, ...]
    remaining: tuple[Remaining, ...]

    @property
    def removed(self) -> int:
        return sum(len(step.removes) for step in self.steps)


def make_plan(findings: Iterable[Finding]) -> FixPlan:
    """The plan for some findings of one asset."""
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    remaining: dict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=urgency):
        reason = _why_not(finding)
        if reason:
            remaining[reason].append(finding)
        else:
            groups[_group(finding)].append(finding)
    steps = [_step(kind, name, members) for (kind, name), members in groups.items()]
    steps.sort(key=lambda step: (step.kind is not StepKind.REMOVE, -step.risk, step.package, step.places))
    return FixPlan(
        steps=tuple(steps),
        remaining=tuple(
            Remaining(reason=reason, findings=tuple(members))
            for reason, members in sorted(remaining.items(), key=lambda item: (-sum(map(risk, item[1])), item[0]))
        ),
    )


_REASONS = {
    FixState.NOT_FIXED: "no version fixes it yet",
    FixState.WILL_NOT_FIX: "the vendor will not fix it",
    FixState.UNKNOWN: "nobody says which version fixes it",
    FixState.FIXED: "it is fixed, but the version is not told",
}


def _why_not(finding: Finding) -> str:
    """Why no upgrade removes the finding; empty where one does."""
    if finding.verdict is not Verdict.FAIL:
        return "it could not be judged"
    if finding.kind is FindingKind.MALICIOUS_PACKAGE:
        return ""
    if finding.kind is FindingKind.VULNERABILITY:
        return "" if finding.fix.version else _REASONS[finding.fix.state]
    return "it takes a change of configuration" if finding.kind is FindingKind.POLICY else "it takes a person"


def _group(finding: Finding) -> tuple[str, str]:
    purl = finding.locator.partition("#")[0]
    origin = finding.evidence.get("origin")
    if finding.kind is FindingKind.MALICIOUS_PACKAGE:
        return (StepKind.REMOVE, purl)
    if isinstance(origin, Mapping) and origin.get("part") == "base":
        return (StepKind.BASE_IMAGE, str(origin.get("base") or "base image"))
    return (StepKind.DISTRIBUTION if _type(purl) in DISTRIBUTION else StepKind.LIBRARY, purl)


def _step(kind: str, name: str, findings: list[Finding]) -> Step:
    if kind == StepKind.BASE_IMAGE:
        return Step(kind=StepKind.BASE_IMAGE, package=name, removes=tuple(findings))
    to = "" if kind == StepKind.REMOVE else latest((finding.fix.version for finding in findings), name)
    return Step(
        kind=StepKind(kind),
        package=_name(findings[0]),
        type=_type(name),
        installed=tuple(dict.fromkeys(_text(finding.evidence.get("installed")) for finding in findings)),
        to=to,
        places=tuple(sorted({project(path) for finding in findings if (path := finding.locator.partition("#")[2])})),
        command=_command(findings) if kind == StepKind.DISTRIBUTION else "",
        removes=tuple(findings),
    )


def project(path: str) -> str:
    """What to change for a package at that path: a lock file, an archive, or the folder that packages are in."""
    for mark in _INSTALLED:
        head, found, _ = path.partition(mark)
        if found:
            return head + (mark.rstrip("/") if mark != "!/" else "")
    for mark in _MANIFEST_FOLDERS:
        head, found, _ = path.partition(mark)
        if found:
            return head.rpartition("/")[0] or "/"
    return path


def latest(versions: Iterable[str], locator: str) -> str:
    """The latest of some versions by the order of the locator's purl type.

    Where that order is not known, the first: the version that fixes the worst finding.
    """
    given = [version for version in versions if version]
    kind = _type(locator)
    try:
        return max(given, key=lambda version: sort_key(_SCHEMES.get(kind, kind), version), default="")
    except (InvalidVersion, UnknownScheme):
        return given[0]


_SCHEMES = {"deb": "dpkg"}
"""Where the order of a purl type's versions has another name."""


def _command(findings: list[Finding]) -> str:
    return next((finding.fix.text for finding in findings if finding.fix.text.startswith(_COMMANDS)), "")


_COMMANDS = ("apt-get ", "dnf ", "apk ")


def _type(purl: str) -> str:
    return purl.removeprefix("pkg:").partition("/")[0]


def _name(finding: Finding) -> str:
    package = finding.evidence.get("package")
    told = _text(package.get("name")) if isinstance(package, Mapping) else ""
    return told or unquote(finding.locator.partition("#")[0].rpartition("/")[2])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def plan_facts(plan: FixPlan) -> dict[str, Any]:
    """The plan as plain JSON."""
    return {
        "removes": plan.removed,
        "remains": sum(len(each.findings) for each in plan.remaining),
        "steps": [
            {
                "kind": step.kind.value,
                "what": step.text(),
                "package": step.package,
                "type": step.type,
                "installed": list(step.installed),
                "to": step.to,
                "places": list(step.places),
                "command": step.command,
                "worst": step.worst.value,
                "exploited": step.exploited,
                "risk": step.risk,
                "removes": [_identity(finding) for finding in step.removes],
            }
            for step in plan.steps
        ],
        "remaining": [
            {"reason": each.reason, "findings": [_identity(finding) for finding in each.findings]}
            for each in plan.remaining
        ],
    }


def _identity(finding: Finding) -> dict[str, str]:
    return {
        "kind": finding.kind.value,
        "rule": finding.rule,
        "locator": finding.locator,
        "severity": finding.severity.value,
    }
