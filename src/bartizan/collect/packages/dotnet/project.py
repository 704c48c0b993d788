"""MSBuild projects: `PackageReference` in `*.csproj`, `*.fsproj`, `*.vbproj` and `Directory.*.props`, with versions of
central package management (`PackageVersion` in `Directory.Packages.props` above the project).

<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>
  <PackageReference Include="LiteDB" Version="5.0.12" />
</ItemGroup></Project>

A plain version is the lowest that may be taken, and what NuGet takes; ranges, wildcards and properties name none.
"""

import re
from collections.abc import Iterator
from posixpath import dirname

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import missing, read_bytes
from bartizan.collect.packages.xml_document import Node, parse_xml
from bartizan.model.package import Package

LIMIT = 4 << 20
CENTRAL = "Directory.Packages.props"
_EXACT = re.compile(r"^\[([^,\[\]()*$]+)\]$")


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The packages that the project refers to."""
    root = _root(view, path, problems)
    if root is None:
        return
    central: dict[str, str] | None = None
    for node in root.descendants("PackageReference"):
        name = node.attributes.get("Include") or node.attributes.get("Update", "")
        if not name:
            problems.add(path, "a PackageReference names no package")
            continue
        version = node.attributes.get("VersionOverride") or _version(node)
        if not version:
            central = _central(view, path, problems) if central is None else central
            version = central.get(name.lower(), "")
        private = (node.attributes.get("PrivateAssets") or node.value("PrivateAssets")).lower() == "all"
        yield Package(
            type="nuget", name=name, version=_pinned(version), path=path, dev=private, direct=True, state="locked"
        )


def _root(view: FilesystemView, path: str, problems: Problems) -> Node | None:
    data = read_bytes(view, path, problems, LIMIT)
    return parse_xml(data, path, problems) if data else None


def _version(node: Node) -> str:
    return node.attributes.get("Version") or node.value("Version")


def _pinned(version: str) -> str:
    exact = _EXACT.match(version.strip())
    if exact:
        return exact[1].strip()
    return "" if re.search(r"[\[\](),*$]", version) else version.strip()


def _central(view: FilesystemView, path: str, problems: Problems) -> dict[str, str]:
    """Versions of the nearest file above; names there are case-insensitive."""
    folder = dirname(path)
    while missing(view, f"{folder.rstrip('/')}/{CENTRAL}"):
        if folder in ("/", ""):
            return {}
        folder = dirname(folder)
    root = _root(view, f"{folder.rstrip('/')}/{CENTRAL}", problems)
    nodes = root.descendants("PackageVersion") if root else ()
    return {node.attributes.get("Include", "").lower(): _version(node) for node in nodes}
