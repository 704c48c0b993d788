"""From packages to findings about their licences: one per licence, package name and place.

The rule is the licence that decides, so that everything under AGPL-3.0-only stands together; the locator is the package
URL without a version, with the file that names it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bartizan.assess.licences.names import UNKNOWN, expression
from bartizan.assess.licences.policy import DENY, REVIEW, UNSTATED, Judged, LicencePolicy, judge
from bartizan.assess.plain_score import scored
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.package import Package, package_from, purl
from bartizan.model.snapshot import Section

ASSESSOR = "licence"
SYSTEM_TYPES = frozenset({"deb", "rpm", "apk", "alpm", "opkg", "portage"})
_CHOICE = frozenset({"npm", "composer", "gem", "cpan", "pypi"})
"""Types of which several declared licences are alternatives; of others all apply, each to a part."""
_LISTED = 50
"""Packages that one finding names."""
_CLASSES = {
    "network-copyleft": "whoever uses it over a network may ask for the source of what it is part of",
    "strong-copyleft": "what it is part of must be passed on under the same licence, with its source",
    "weak-copyleft": "changes to it must be passed on with their source",
    "proprietary": "it may not be used or passed on freely",
    "permissive": "it asks for its notice to be kept",
    "public-domain": "it asks for nothing",
}
_FIXES = {
    DENY: "Replace the package, obtain another licence, or note an exception with its reason in the policy.",
    REVIEW: "Let whoever answers for licences look at it, then note an exception or deny it in the policy.",
}


def assess_licences(section: Section, policy: LicencePolicy) -> Assessment:
    """The findings of a section of packages."""
    facts = section.facts if isinstance(section.facts, list) else []
    packages = [package_from(fact) for fact in facts]
    judged = [(package, *_judge(package, policy)) for package in packages if _concerns(package, policy)]
    findings = [
        _finding(package, declared, found, policy)
        for package, declared, found in judged
        if found.verdict in {DENY, REVIEW} and _name(package) not in policy.exceptions
    ]
    by_identity = {finding.identity: finding for finding in reversed(findings)}
    unstated = [package for package, _, found in judged if found.verdict == UNSTATED]
    if unstated and UNSTATED in policy.severities:
        finding = _unstated(section.name, unstated, policy)
        by_identity[finding.identity] = finding
    return Assessment(
        assessor=f"{ASSESSOR}:{section.name}",
        knowledge=policy.digest,
        findings=tuple(sorted(by_identity.values(), key=lambda finding: finding.identity)),
        counts={"packages": len(judged), "unstated": len(unstated), "fail": len(findings)},
    )


def _concerns(package: Package, policy: LicencePolicy) -> bool:
    if package.state == "config-files":
        return False
    return policy.every_package or not (package.type in SYSTEM_TYPES or package.owner)


def _judge(package: Package, policy: LicencePolicy) -> tuple[str, Judged]:
    declared = licence_of(package.type, package.licences)
    return declared, judge(declared, policy)


def licence_of(type_: str, licences: Iterable[str]) -> str:
    """The SPDX expression of what a package declares."""
    parts = list(dict.fromkeys(expression(licence) for licence in licences if licence.strip()))
    if not parts:
        return f"{UNKNOWN}-none-declared"
    if len(parts) == 1:
        return parts[0]
    joint = " OR " if type_ in _CHOICE else " AND "
    return joint.join(f"({part})" if " " in part else part for part in parts)


def _name(package: Package) -> str:
    return purl(package.type, package.namespace, package.name)


def _finding(package: Package, declared: str, found: Judged, policy: LicencePolicy) -> Finding:
    name = _name(package)
    licences = [licence for licence, _ in found.terms]
    classes = list(dict.fromkeys(class_ for _, class_ in found.terms))
    registered = package.type in SYSTEM_TYPES or not package.path
    said = "is denied by the policy" if found.verdict == DENY else "needs a review by the policy"
    evidence: dict[str, Any] = {
        "licence": {"declared": list(package.licences), "expression": declared, "classes": classes},
        "why": f"{' and '.join(licences)} {said}: {'; '.join(_CLASSES.get(each, each) for each in classes)}.",
        "package": {"type": package.type, "name": package.name, "version": package.version},
        "location": {"path": package.path.partition("!/")[0]},
    }
    return scored(
        Finding(
            kind=FindingKind.LICENCE,
            rule=" AND ".join(licences),
            locator=name if registered else f"{name}#{package.path}",
            severity=policy.severities[found.verdict],
            title=f"{package.name} is under {' and '.join(licences)} ({', '.join(classes).replace('-', ' ')})",
            evidence=evidence,
            fix=Fix(state=FixState.UNKNOWN, text=_FIXES[found.verdict]),
            layer=package.layer,
        )
    )


def _unstated(section: str, packages: list[Package], policy: LicencePolicy) -> Finding:
    type_ = section.removeprefix("packages_")
    named = [_brief(package) for package in packages[:_LISTED]]
    many = f"{len(packages):,} {type_} packages state" if len(packages) > 1 else f"1 {type_} package states"
    return Finding(
        kind=FindingKind.LICENCE,
        rule="licence-unknown",
        locator=section,
        severity=policy.severities[UNSTATED],
        title=f"{many} no licence that is known",
        verdict=Verdict.UNKNOWN,
        evidence={"reason": "no licence is declared, or under a name that SPDX does not have", "packages": named},
    )


def _brief(package: Package) -> Mapping[str, Any]:
    return {"name": package.name, "version": package.version, "declared": list(package.licences)}
