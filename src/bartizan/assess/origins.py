"""Where the values came from that decided about resources of templates: what to ask a reader of templates about, and
its answers as evidence of findings.

The answers are a section of their own (`origins_terraform` beside `resources_terraform`), gathered for what was found
when the templates were read. So the facts about the resources hang on the templates alone, and a finding that later
knowledge adds goes without.

    {"steps": [{"path": "/main.tf", "line": 12, "text": "acl = var.acl"}],
     "resources": {"/#aws_s3_bucket.b": {"acl": [0]}}}

becomes `evidence["origins"]`: [{"field": "acl", "steps": [{"path": ..., "line": ..., "text": ...}]}]
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind
from bartizan.model.snapshot import Section

PREFIX = "origins_"
MOST = 6
"""Fields whose origin one finding tells."""

Fields = dict[tuple[str, str], dict[str, Any]]
"""(a resource's id, its type) to fields of it with their values."""


def section_of(resources: str) -> str:
    """The name of the section with the origins of a section of resources."""
    return PREFIX + resources.partition("_")[2]


def wanted(section: Section, assessment: Assessment) -> Fields:
    """What decided the findings about the resources of a section, the worst first."""
    by_id = _resources(section)
    out: Fields = {}
    for finding in sorted(assessment.findings, key=lambda each: -each.severity.rank):
        for resource in by_id.get(finding.locator, ()) if finding.kind is FindingKind.POLICY else ():
            fields = _fields(finding, resource)
            if fields:
                out.setdefault((finding.locator, resource["type"]), {}).update(fields)
    return out


def with_origins(assessment: Assessment, section: Section, origins: Section | None) -> Assessment:
    """The assessment of a section of resources with what is known of the origin of its values."""
    facts = origins.facts if origins is not None else None
    resources, steps = (facts.get("resources"), facts.get("steps")) if isinstance(facts, Mapping) else (None, None)
    if not isinstance(resources, Mapping) or not isinstance(steps, list):
        return assessment
    by_id = _resources(section)
    findings = tuple(_told(each, by_id.get(each.locator, ()), resources, steps) for each in assessment.findings)
    return replace(assessment, findings=findings)


def _resources(section: Section) -> dict[str, list[Mapping[str, Any]]]:
    facts = section.facts if isinstance(section.facts, Mapping) else {}
    out: dict[str, list[Mapping[str, Any]]] = {}
    for each in facts.get("resources", ()):
        out.setdefault(each["id"], []).append(each)
    return out


def _told(
    finding: Finding, own: Iterable[Mapping[str, Any]], resources: Mapping[str, Any], steps: list[Any]
) -> Finding:
    known = resources.get(finding.locator)
    if finding.kind is not FindingKind.POLICY or not isinstance(known, Mapping):
        return finding
    found: dict[tuple[int, ...], str] = {}
    for resource in own:
        for name in _fields(finding, resource):
            numbers = tuple(each for each in known.get(name, ()) if isinstance(each, int) and 0 <= each < len(steps))
            if numbers:
                found.setdefault(numbers, name)
    if not found:
        return finding
    longest = sorted(found.items(), key=lambda each: -len(each[0]))[:MOST]
    origins = [{"field": name, "steps": [steps[number] for number in numbers]} for numbers, name in longest]
    return replace(finding, evidence={**finding.evidence, "origins": origins})


def _fields(finding: Finding, resource: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a resource that a finding hangs on, with their values: what is not known, or the values that
    decided. Of a list it is the elements that decided, and what was asked about of each."""
    unknowns = finding.evidence.get("unknowns")
    if isinstance(unknowns, list):
        return {str(each["path"]): None for each in unknowns if each.get("path") and each["path"] != "params"}
    values = finding.evidence.get("values")
    out: dict[str, Any] = {}
    for path, value in values.items() if isinstance(values, Mapping) else ():
        if path.startswith("params."):
            continue
        held = _at(resource.get("attributes"), path)
        if isinstance(value, list) and isinstance(held, list):
            for index, item in enumerate(held):
                for each in value:
                    out |= _same(path, index, item, each)
        else:
            out[path] = value
    return out


def _same(path: str, index: int, item: Any, told: Any) -> dict[str, Any]:
    """The fields of an element, where it is the one that evidence tells of; those that were worked out come first."""
    if not isinstance(told, Mapping):
        return {f"{path}[{index}]": item} if item == told else {}
    if not isinstance(item, Mapping) or any(name in item and not _alike(item[name], told[name]) for name in told):
        return {}
    names = sorted((name for name in told if name in item), key=lambda name: not isinstance(item[name], bool))
    return {f"{path}[{index}].{name}": item[name] for name in names}


def _alike(held: Any, told: Any) -> bool:
    """Evidence shortens what is long."""
    return held == told or (isinstance(told, str) and (told.endswith((" elements", "...")) or told == "unknown"))


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
