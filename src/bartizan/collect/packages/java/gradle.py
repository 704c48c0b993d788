"""Gradle: `gradle.lockfile` (one line a module), `verification-metadata.xml` and version catalogues.

org.springframework:spring-core:5.3.20=compileClasspath,runtimeClasspath
empty=annotationProcessor
"""

import re
from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_bytes, read_text, read_toml, table_of, text_of
from bartizan.collect.packages.xml_document import parse_xml
from bartizan.model.package import Package

_LINE = re.compile(r"^([^:=\s]+):([^:=\s]+):([^:=\s]+)(?:=(.*))?$")


def read_lock(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Modules and the configurations that use them; those of tests alone are for development."""
    text = read_text(view, path, problems)
    for number, raw in enumerate((text or "").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith(("#", "empty=")):
            continue
        match = _LINE.match(line)
        if not match:
            problems.add(f"{path}:{number}", f"is not group:artifact:version: {line[:80]!r}")
            continue
        used = [name for name in (match[4] or "").split(",") if name]
        dev = bool(used) and all(name.lower().startswith(("test", "androidtest")) for name in used)
        yield _locked(path, match[1], match[2], match[3], dev=dev)


def read_verification(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Every component that the build may download, plugins' included."""
    data = read_bytes(view, path, problems)
    root = parse_xml(data, path, problems) if data is not None else None
    for component in root.descendants("component") if root else ():
        group, name, version = (component.attributes.get(key, "") for key in ("group", "name", "version"))
        if group and name and version:
            yield _locked(path, group, name, version)
        else:
            problems.add(path, f"component {group or '?'}:{name or '?'}:{version or '?'} is not named completely")


def read_catalogue(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Libraries as a catalogue offers them to the build; which of them are used, only the build scripts know."""
    catalogue = table_of(read_toml(view, path, problems))
    versions = table_of(catalogue.get("versions"))
    for alias, entry in table_of(catalogue.get("libraries")).items():
        group, name, version = _coordinates(entry, versions)
        if group and name:
            yield _locked(path, group, name, version, direct=True)
        else:
            problems.add(path, f"library {alias!r} has no group and name")


def _coordinates(entry: Any, versions: dict[str, Any]) -> tuple[str, str, str]:
    if isinstance(entry, str):
        parts = [*entry.split(":"), "", "", ""]
        return parts[0], parts[1], _exact(parts[2])
    fields = table_of(entry)
    group, name = text_of(fields.get("group")), text_of(fields.get("name"))
    if not group:
        group, _, name = text_of(fields.get("module")).partition(":")
    version = fields.get("version")
    if isinstance(version, dict) and "ref" in version:
        version = versions.get(text_of(version["ref"]))
    return group, name, _exact(version)


def _exact(version: Any) -> str:
    """The version where it is one, not a range: plain text, or `strictly` of a rich version."""
    text = version if isinstance(version, str) else text_of(table_of(version).get("strictly"))
    return "" if not text or text[0] in "[(]" or text.endswith("+") or text.startswith("latest.") else text


def _locked(
    path: str, group: str, name: str, version: str, *, dev: bool = False, direct: bool | None = None
) -> Package:
    return Package(
        type="maven",
        namespace=group,
        name=name,
        version=version,
        path=path,
        dev=dev,
        direct=direct,
        state="locked",
    )
