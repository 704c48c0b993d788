"""What bills of materials have no field for, as named values that read back exactly: assessing the document gives the
findings that assessing its asset gave.

A CycloneDX property, an SPDX annotation:

    bartizan:owner              python3-six
    bartizan:section/os         {"facts": {"id": "debian", ...}, "problems": []}      canonical JSON
    bartizan:problems/packages_npm   [{"path": "/srv/package-lock.json", "reason": "not JSON: ..."}]
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bartizan.exchange.interface import ScanResult
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.package import Package
from bartizan.model.snapshot import Problem, Section
from bartizan.model.wire import canonical

SECTIONS = ("os", "updates_apt", "image", "image_base", "secrets", "malware")
"""Sections that are carried whole, for packages or images are judged by them. A host's other sections stay at home."""
PREFIX = "bartizan:"
_TEXTS = {
    "source": "source",
    "source-version": "source_version",
    "owner": "owner",
    "layer": "layer",
    "modularity": "modularity",
}
_FLAGS = {"true": True, "false": False}


def package_properties(package: Package) -> Iterator[tuple[str, str]]:
    """What a package URL, a path and licences do not say of a package."""
    for name, field in _TEXTS.items():
        value = getattr(package, field)
        if value:
            yield f"{PREFIX}{name}", value
    if package.dev:
        yield f"{PREFIX}dev", "true"
    if package.direct is not None:
        yield f"{PREFIX}direct", "true" if package.direct else "false"
    if package.state != "installed":
        yield f"{PREFIX}state", package.state


def package_fields(properties: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a package that `package_properties` wrote."""
    out: dict[str, Any] = {
        field: properties[PREFIX + name] for name, field in _TEXTS.items() if PREFIX + name in properties
    }
    if properties.get(f"{PREFIX}dev") == "true":
        out["dev"] = True
    if properties.get(f"{PREFIX}direct") in _FLAGS:
        out["direct"] = _FLAGS[properties[f"{PREFIX}direct"]]
    if f"{PREFIX}state" in properties:
        out["state"] = properties[f"{PREFIX}state"]
    return out


def result_properties(result: ScanResult) -> Iterator[tuple[str, str]]:
    """What is needed to judge the packages as they were judged."""
    asset = result.asset
    yield f"{PREFIX}asset", canonical({"kind": asset.kind.value, "key": asset.key, "name": asset.name}).decode()
    for name, section in sorted(result.sections.items()):
        if name in SECTIONS:
            yield f"{PREFIX}section/{name}", _text(section.facts, section.problems)
        elif name == "kernel" and isinstance(section.facts, dict):  # the running release tells kernels apart
            yield f"{PREFIX}section/{name}", _text({"release": section.facts.get("release")}, ())
        elif name.startswith("packages_") and section.facts is None:
            yield f"{PREFIX}section/{name}", _text(None, section.problems)
        elif name.startswith("packages_"):
            yield f"{PREFIX}problems/{name}", canonical(list(section.problems)).decode("utf-8", "surrogatepass")


def _text(facts: Any, problems: Iterable[Problem]) -> str:
    return canonical({"facts": facts, "problems": list(problems)}).decode("utf-8", "surrogatepass")


def asset_of(properties: Mapping[str, str]) -> AssetRef | None:
    """The asset that `result_properties` wrote; None where it is not there or not as it was written."""
    told = _json(properties.get(f"{PREFIX}asset", ""))
    try:
        return AssetRef(kind=AssetKind(told["kind"]), key=str(told["key"]), name=str(told["name"]))
    except (TypeError, KeyError, ValueError):
        return None


def sections_of(properties: Mapping[str, str]) -> dict[str, Section]:
    """The sections that `result_properties` wrote."""
    out = {}
    for key, value in properties.items():
        kind, _, name = key.removeprefix(PREFIX).partition("/")
        told = _json(value) if key.startswith(PREFIX) and kind == "section" else None
        if isinstance(told, dict) and (name in (*SECTIONS, "kernel") or name.startswith("packages_")):
            facts = told.get("facts")
            if facts is None or isinstance(facts, (dict, list)):
                out[name] = Section(name=name, facts=facts, problems=_problems(told.get("problems")))
    return out


def problems_of(properties: Mapping[str, str]) -> dict[str, tuple[Problem, ...]]:
    """Package section to its problems; a section is named here also where it has none."""
    out = {}
    for key, value in properties.items():
        kind, _, name = key.removeprefix(PREFIX).partition("/")
        if key.startswith(PREFIX) and kind == "problems" and name.startswith("packages_"):
            out[name] = _problems(_json(value))
    return out


def _problems(told: Any) -> tuple[Problem, ...]:
    items = told if isinstance(told, list) else ()
    return tuple(
        Problem(path=str(item.get("path", "")), reason=str(item.get("reason", "")))
        for item in items
        if isinstance(item, dict)
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
