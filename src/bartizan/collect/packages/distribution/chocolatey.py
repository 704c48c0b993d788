"""Chocolatey: `lib/NAME/NAME.nuspec` (NuGet's nuspec reference).

<package><metadata><id>cmake</id><version>4.1.1</version></metadata></package>
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_bytes
from bartizan.collect.packages.xml_document import parse_xml
from bartizan.model.package import Package

LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The package that the file describes."""
    data = read_bytes(view, path, problems, LIMIT)
    root = parse_xml(data, path, problems) if data is not None else None
    if root is None:
        return
    name, version = root.value("metadata", "id"), root.value("metadata", "version")
    if not name or not version:
        problems.add(path, f"the metadata has no {'version' if name else 'id'}")
        return
    licence = root.value("metadata", "license")
    yield Package(
        type="chocolatey", name=name.lower(), version=version, licences=(licence,) if licence else (), path=path
    )
