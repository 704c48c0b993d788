"""The packages of a scan, each once, with a name that references can use: what bills of materials are made from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bartizan.model.finding import Finding
from bartizan.model.package import Package, package_from
from bartizan.model.snapshot import Section

REGISTERED = {"deb", "rpm", "apk", "alpm"}
"""Types whose packages are all registered in one database, so that a path says nothing about one of them."""


@dataclass(frozen=True, slots=True)
class Component:
    """A package and the name by which a document refers to it."""

    reference: str
    """The package URL, with `#path` where one package can be in several places."""
    package: Package


def components(sections: Mapping[str, Section]) -> list[Component]:
    """Every installed or locked package, sorted; one that is only configured any more is left out."""
    found: dict[str, Component] = {}
    for name in sorted(sections):
        facts = sections[name].facts
        if not name.startswith("packages_") or not isinstance(facts, list):
            continue
        for each in facts:
            package = package_from(each)
            if package.state != "config-files":
                component = Component(_reference(package), package)
                found.setdefault(component.reference, component)
    return [found[reference] for reference in sorted(found)]


def _reference(package: Package) -> str:
    return package.purl if package.type in REGISTERED or not package.path else f"{package.purl}#{package.path}"


def index(found: Iterable[Component]) -> dict[tuple[str, ...], str]:
    """How evidence names a package to its reference."""
    return {_key(each.package.type, _facts(each.package)): each.reference for each in found}


def _facts(package: Package) -> dict[str, Any]:
    return {"name": package.name, "version": package.version, "arch": package.arch, "path": package.path}


def _key(kind: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    where = facts.get("arch", "") if kind in REGISTERED else facts.get("path", "")
    return (kind, str(facts.get("name", "")), str(facts.get("version", "")), str(where))


def affected(finding: Finding, references: Mapping[tuple[str, ...], str]) -> list[tuple[str, str]]:
    """(reference, version) of the packages that a vulnerability is in, as far as the scan has them."""
    package = finding.evidence.get("package")
    listed = finding.evidence.get("packages")
    if not isinstance(package, dict) or not isinstance(listed, list):
        return []
    kind = str(package.get("type", ""))
    found = ((references.get(_key(kind, each)), str(each.get("version", ""))) for each in listed)
    return [(reference, version) for reference, version in found if reference]
