"""Judging the resources of templates, clouds and engines by policies: one assessment for a section of them.

What a sensor saw but no resource type stands for, and what it could not read, is a coverage finding: never a pass.
"""

from collections.abc import Iterable, Mapping

from bartizan.assess.origins import section_of, with_origins
from bartizan.assess.policy.engine import ASSESSOR, Parameters, PolicySet, assess_resource, knowledge
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.resource import resource_from
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Section

PREFIX = "resources_"


def scopes(section_names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Assessor name to the sections that it reads."""
    return {f"{ASSESSOR}:{name}": (name, section_of(name)) for name in sorted(section_names) if name.startswith(PREFIX)}


def assess_resources(
    sections: Mapping[str, Section], policies: PolicySet, parameters: Parameters | None = None
) -> list[Assessment]:
    """An assessment for every section of resources."""
    return [
        assess_section(sections[name], policies, parameters, origins=sections.get(section_of(name)))
        for name in sorted(sections)
        if name.startswith(PREFIX)
    ]


def types_in(section: Section) -> frozenset[str]:
    """Types of the resources that a section holds."""
    facts = section.facts if isinstance(section.facts, Mapping) else {}
    return frozenset(resource_from(each).type for each in facts.get("resources", ()))


def assess_section(
    section: Section, policies: PolicySet, parameters: Parameters | None = None, *, origins: Section | None = None
) -> Assessment:
    """Judge each resource of a section by every policy of its type; `origins` tells where its values came from."""
    facts = section.facts if isinstance(section.facts, Mapping) else {}
    findings: list[Finding] = []
    counts: dict[str, int] = {}
    passed: dict[str, None] = {}
    for plain_resource in facts.get("resources", ()):
        resource = resource_from(plain_resource)
        assessment = assess_resource(resource, policies, parameters, locator=resource.id)
        findings += assessment.findings
        passed |= dict.fromkeys(assessment.passed)
        for name, number in assessment.counts.items():
            counts[name] = counts.get(name, 0) + number
    failed = {finding.rule for finding in findings}
    findings += _coverage(section, facts)
    assessment = Assessment(
        assessor=f"{ASSESSOR}:{section.name}",
        knowledge=knowledge(policies, parameters),
        findings=tuple(sorted(findings, key=lambda each: each.identity)),
        counts=counts,
        passed=tuple(rule for rule in passed if rule not in failed),
    )
    return with_origins(assessment, section, origins)


def _coverage(section: Section, facts: Mapping[str, object]) -> Iterable[Finding]:
    template = section.name.startswith(PREFIX)
    subject = "Part of a template" if template else f"Part of {section.name}"
    by_path: dict[str, list[dict[str, str]]] = {}
    for problem in section.problems:
        by_path.setdefault(problem.path.partition(":")[0], []).append({"path": problem.path, "reason": problem.reason})
    for path, problems in by_path.items():
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        yield Finding(
            kind=FindingKind.COVERAGE,
            rule="template-not-read" if template else "resources-not-read",
            locator=path,
            severity=Severity.UNKNOWN,
            title=f"{subject} could not be read: {problems[0]['reason']}{more}",
            verdict=Verdict.UNKNOWN,
            evidence={"problems": problems},
        )
    unmodelled = facts.get("unmodelled")
    for type_, count in unmodelled.items() if isinstance(unmodelled, Mapping) else ():
        yield Finding(
            kind=FindingKind.COVERAGE,
            rule="resource-type-not-modelled",
            locator=type_,
            severity=Severity.INFO,
            title=f"No policy speaks of {type_}: {count} seen, none judged",
            verdict=Verdict.UNKNOWN,
            evidence={"type": type_, "count": count},
        )
