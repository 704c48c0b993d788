"""Flatpak: the metainfo of installed applications and runtimes (AppStream 1.0, "Component").

/var/lib/flatpak/app/org.gimp.GIMP/x86_64/stable/<commit>/files/share/metainfo/org.gimp.GIMP.metainfo.xml

<component><id>org.gimp.GIMP</id><releases><release version="2.10.38" date="2024-05-02"/></releases></component>
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_bytes
from bartizan.collect.packages.xml_document import parse_xml
from bartizan.model.package import Package

LIMIT = 8 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The component with its newest release, which is the installed one: metainfo is built with the application."""
    data = read_bytes(view, path, problems, LIMIT)
    root = parse_xml(data, path, problems) if data is not None else None
    if root is None:
        return
    name = root.value("id").removesuffix(".desktop")
    releases = root.first("releases")
    first = releases.first("release") if releases else None
    version = first.attributes.get("version", "") if first else ""
    if not name or not version:
        problems.add(path, f"the metainfo has no {'release with a version' if name else 'id'}")
        return
    licence = root.value("project_license")
    yield Package(type="flatpak", name=name, version=version, licences=(licence,) if licence else (), path=path)
