"""`pom.xml` (Maven's POM reference): the dependencies of a project with parents, properties and dependencyManagement
resolved as far as the files of the view go.

<project>
  <parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version><relativePath>../pom.xml</relativePath></parent>
  <properties><netty.version>4.1.42.Final</netty.version></properties>
  <dependencies><dependency>
    <groupId>io.netty</groupId><artifactId>netty-all</artifactId><version>${netty.version}</version>
  </dependency></dependencies>
</project>

What a registry would have to tell (a parent that is not here, an imported bill of materials) stays open: such a
dependency has no version. Transitive dependencies are not in a pom at all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_bytes
from bartizan.collect.packages.xml_document import Node, parse_xml
from bartizan.model.package import Package

LIMIT = 8 << 20
MAX_PARENTS = 20
_MAX_EXPANSION = 2000
_MAX_ROUNDS = 20

_PROPERTY = re.compile(r"\$\{([^${}]+)\}")
_EXACT_RANGE = re.compile(r"^\[([^,\[\]()]+)\]$")


@dataclass(slots=True)
class Pom:
    """A pom with what it inherits."""

    properties: dict[str, str] = field(default_factory=dict)
    managed: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(group, artifact) to (version, scope) as written."""
    dependencies: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    """(group, artifact, version, scope, type) as written, inherited ones first."""
    group: str = ""
    artifact: str = ""
    version: str = ""


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The project's own dependencies; those of its plugins build it and are not part of it."""
    pom = _load(view, path, problems)
    for group, artifact, version, scope, kind in pom.dependencies:
        group, artifact = resolve(group, pom), resolve(artifact, pom)  # noqa: PLW2901 - as written, then as meant
        managed_version, managed_scope = pom.managed.get((group, artifact), ("", ""))
        wanted = resolve(version or managed_version, pom)
        if not group or not artifact or "${" in group + artifact:
            problems.add(path, f"dependency {group or '?'}:{artifact or '?'} is not named completely")
            continue
        if "${" in wanted:
            problems.add(path, f"version {wanted} of {group}:{artifact} is not told by local files")
        if kind == "pom" and (scope or managed_scope) == "import":
            continue
        yield Package(
            type="maven",
            namespace=group,
            name=artifact,
            version=pinned(wanted),
            path=path,
            dev=(scope or managed_scope) == "test",
            direct=True,
            state="locked",
        )


def resolve(text: str, pom: Pom) -> str:
    """The text with its properties put in; properties that refer to each other in circles stay as they are."""
    for _ in range(_MAX_ROUNDS):
        if "${" not in text or len(text) > _MAX_EXPANSION:
            break
        expanded = _PROPERTY.sub(lambda match: _property(match[1].strip(), pom), text)
        if expanded == text:
            break
        text = expanded
    return text[:_MAX_EXPANSION].strip()


def pinned(version: str) -> str:
    """The version, where it is one: not a range, nor a property that nobody defines."""
    exact = _EXACT_RANGE.match(version)
    if exact:
        return exact[1].strip()
    return "" if not version or version[0] in "[(" or "${" in version else version


def _property(name: str, pom: Pom) -> str:
    own = {"version": pom.version, "groupId": pom.group, "artifactId": pom.artifact}
    for prefix in ("project.", "pom.", ""):
        if name.startswith(prefix) and name.removeprefix(prefix) in own and name not in pom.properties:
            return own[name.removeprefix(prefix)] or f"${{{name}}}"
    return pom.properties.get(name, f"${{{name}}}")


def _load(view: FilesystemView, path: str, problems: Problems) -> Pom:
    """The pom and its parents, the farthest parent first."""
    chain: list[Node] = []
    seen: set[str] = set()
    place: str | None = path
    while place is not None:
        if place in seen or len(seen) >= MAX_PARENTS:
            problems.add(path, f"its parents are in a circle or more than {MAX_PARENTS} deep")
            break
        seen.add(place)
        data = read_bytes(view, place, problems, LIMIT)
        root = parse_xml(data, place, problems) if data is not None else None
        if root is None:
            break
        if root.name != "project":
            problems.add(place, f"its root element is {root.name!r} instead of 'project'")
            break
        chain.append(root)
        place = _parent_place(view, place, root)
    pom = Pom()
    for root in reversed(chain):
        _merge(pom, root)
    return pom


def _parent_place(view: FilesystemView, path: str, root: Node) -> str | None:
    """Where the parent lies, if the file there is the one that is meant."""
    parent = root.first("parent")
    if parent is None:
        return None
    relative = parent.first("relativePath")
    wanted = relative.text if relative is not None else "../pom.xml"
    if not wanted or "${" in wanted:
        return None
    place = normpath(join(dirname(path), wanted))
    try:
        if view.stat(place).kind is FileKind.DIRECTORY:
            place = f"{place}/pom.xml"
        data = view.read(place, LIMIT)
    except FilesystemError:
        return None
    found = parse_xml(data, place, Problems())
    if found is None or found.name != "project":
        return None
    group = found.value("groupId") or found.value("parent", "groupId")
    same = (group, found.value("artifactId")) == (parent.value("groupId"), parent.value("artifactId"))
    return place if same else None


def _merge(pom: Pom, root: Node) -> None:
    """Lays a child over its parent."""
    parent = root.first("parent")
    inherited = (parent.value("groupId"), parent.value("version")) if parent else ("", "")
    pom.group = root.value("groupId") or inherited[0] or pom.group
    pom.version = root.value("version") or inherited[1] or pom.version
    pom.artifact = root.value("artifactId")
    if parent:
        for name in ("groupId", "artifactId", "version"):
            pom.properties[f"project.parent.{name}"] = pom.properties[f"parent.{name}"] = parent.value(name)
    for part in (root, *_active_profiles(root)):
        for properties in part.all("properties"):
            pom.properties.update({one.name: one.text for one in properties.children})
        for management in part.all("dependencyManagement"):
            for dependency in _listed(management):
                group, artifact, version, scope, _ = dependency
                pom.managed[(resolve(group, pom), resolve(artifact, pom))] = (version, scope)
        pom.dependencies += _listed(part)


def _active_profiles(root: Node) -> Iterator[Node]:
    for profiles in root.all("profiles"):
        for profile in profiles.all("profile"):
            if profile.value("activation", "activeByDefault") == "true":
                yield profile


def _listed(part: Node) -> list[tuple[str, str, str, str, str]]:
    return [
        (one.value("groupId"), one.value("artifactId"), one.value("version"), one.value("scope"), one.value("type"))
        for dependencies in part.all("dependencies")
        for one in dependencies.all("dependency")
    ]
