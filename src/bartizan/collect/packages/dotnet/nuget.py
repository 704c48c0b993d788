"""NuGet as tools write it: `packages.lock.json`, `project.assets.json`, `NAME.deps.json` of published programs,
`packages.config` and Paket's `paket.lock`.

packages.lock.json   {"dependencies": {"net6.0": {"Core.Dep": {"type": "Direct", "resolved": "1.24.0"}}}}
NAME.deps.json       {"libraries": {"AWSSDK.Core/3.7.10.6": {"type": "package"}}}
"""

import re
from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_bytes, read_json_table, read_text, table_of, text_of
from bartizan.collect.packages.xml_document import parse_xml
from bartizan.model.package import Package

_PAKET = re.compile(r"^    (?P<name>[^\s(]+) \((?P<version>[^)\s]+)\)")


def read_lock(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Each target framework has a table; entries of type `Project` are the solution's own."""
    lock = read_json_table(view, path, problems)
    for framework in table_of(lock.get("dependencies")).values():
        for name, value in table_of(framework).items():
            entry = table_of(value)
            kind, version = text_of(entry.get("type")), text_of(entry.get("resolved"))
            if kind == "Project":
                continue
            if version:
                yield _package(path, name, version, direct=kind == "Direct", state="locked")
            else:
                problems.add(path, f"package {name} is not resolved to a version")


def read_assets(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """What `restore` has put together, with the project's own wishes beside it."""
    assets = read_json_table(view, path, problems)
    frameworks = table_of(table_of(assets.get("project")).get("frameworks")).values()
    asked = {name.lower() for one in frameworks for name in table_of(table_of(one).get("dependencies"))}
    for name, version in _libraries(assets, path, problems):
        yield _package(path, name, version, direct=name.lower() in asked if frameworks else None, state="locked")


def read_deps(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """What a published program brings along; what its own projects depend on is asked for."""
    document = read_json_table(view, path, problems)
    libraries = table_of(document.get("libraries"))
    own = {key for key, value in libraries.items() if table_of(value).get("type") == "project"}
    targets = [table_of(target) for target in table_of(document.get("targets")).values()]
    asked = {
        name.lower()
        for target in targets
        for key in own & target.keys()
        for name in table_of(table_of(target[key]).get("dependencies"))
    }
    for name, version in _libraries(document, path, problems):
        yield _package(path, name, version, direct=name.lower() in asked if asked else None, state="installed")


def _libraries(document: dict[str, Any], path: str, problems: Problems) -> Iterator[tuple[str, str]]:
    for key, value in table_of(document.get("libraries")).items():
        if table_of(value).get("type") in ("project", "reference", "runtimepack"):
            continue
        name, _, version = key.partition("/")
        if name and version:
            yield name, version
        else:
            problems.add(path, f"library {key!r} is not a name and a version")


def read_config(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`<package id="..." version="..." developmentDependency="true"/>`"""
    data = read_bytes(view, path, problems)
    root = parse_xml(data, path, problems) if data is not None else None
    for node in root.descendants("package") if root else ():
        name, version = node.attributes.get("id", ""), node.attributes.get("version", "")
        if name and version:
            dev = node.attributes.get("developmentDependency") == "true"
            yield _package(path, name, version, dev=dev, state="locked")
        else:
            problems.add(path, f"package {name or 'without an id'} has no {'version' if name else 'id'}")


def read_paket(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Sections by source: only NUGET has packages of the registry, indented by four."""
    text = read_text(view, path, problems) or ""
    section = ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            section = line.strip()
        match = _PAKET.match(line) if section == "NUGET" else None
        if match:
            yield _package(path, match["name"], match["version"], state="locked")
    if text.strip() and not re.search(
        r"^(?:NUGET|GITHUB|GIT|HTTP|GIST|GROUP \S+|RESTRICTION.*|STORAGE.*|REDIRECTS.*)", text, re.M
    ):
        problems.add(path, "has none of the sections of a Paket lock file")


def _package(
    path: str, name: str, version: str, *, direct: bool | None = None, dev: bool = False, state: str
) -> Package:
    return Package(type="nuget", name=name, version=version, path=path, direct=direct, dev=dev, state=state)
