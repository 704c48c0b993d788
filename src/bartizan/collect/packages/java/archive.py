"""Java archives and what they contain: jar, war, ear and their kin, nested in each other; shaded jars with the poms of
all that was put into them.

/srv/app.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar!/META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties:
    groupId=org.apache.logging.log4j
    artifactId=log4j-core
    version=2.14.1

A package's path is that of its archive, with `!/` where one lies inside another. Archives nested deeper than MAX_DEPTH,
larger than NESTED_LIMIT or beyond UNPACK_BUDGET are told as problems: what they contain is not known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.archive import (
    Archive,
    BadArchive,
    Budget,
    Member,
    archive_of,
    open_archive,
    read_member,
    wanted_members,
)
from bartizan.collect.packages.content import read_bytes
from bartizan.collect.packages.java.manifest import Identity, identify, parse_manifest
from bartizan.collect.packages.xml_document import parse_xml
from bartizan.model.package import Package

SUFFIXES = (".jar", ".war", ".ear", ".par", ".sar", ".aar", ".hpi", ".jpi", ".lpkg", ".nar", ".kar")
MAX_DEPTH = 8
MAX_ARCHIVES = 20_000
NESTED_LIMIT = 128 << 20
"""Bytes of a compressed archive inside another, which has to come into memory; stored ones need none."""
UNPACK_BUDGET = 2 << 30
_POM_LIMIT = 4 << 20

_POM = re.compile(r"^(?:.*/)?META-INF/maven/([^/]+)/([^/]+)/pom\.(properties|xml)$")


@dataclass(slots=True)
class _Reading:
    """One file on its way through its nested archives."""

    problems: Problems
    budget: Budget
    archives: int = 0


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Every artifact in the archive."""
    with open_archive(view, path, problems) as archive:
        if archive is not None:
            yield from _artifacts(archive, path, 0, _Reading(problems, Budget(UNPACK_BUDGET)))


def _artifacts(archive: Archive, path: str, depth: int, reading: _Reading) -> Iterator[Package]:
    reading.archives += 1
    members = wanted_members(archive, _is_wanted, path, reading.problems)
    poms = _poms(archive, members, path, reading)
    found = list(poms)
    if not found:
        own = _by_manifest(archive, members, path, reading)
        found = [own] if own else []
    for identity in found:
        yield Package(
            type="maven", namespace=identity.group, name=identity.artifact, version=identity.version, path=path
        )
    for member in members:
        if member.name.lower().endswith(SUFFIXES):
            yield from _nested(archive, member, path, depth, reading)


def _is_wanted(name: str) -> bool:
    return (
        name.endswith((".jar", "/pom.properties", "/pom.xml", "/MANIFEST.MF", ".war"))
        or name.lower().endswith(SUFFIXES)
        or name == "META-INF/MANIFEST.MF"
    )


def _nested(archive: Archive, member: Member, path: str, depth: int, reading: _Reading) -> Iterator[Package]:
    inner = f"{path}!/{member.name}"
    if depth + 1 > MAX_DEPTH:
        reading.problems.add(inner, f"is nested more than {MAX_DEPTH} archives deep; what it contains is not known")
        return
    if reading.archives >= MAX_ARCHIVES:
        reading.problems.add(inner, f"is beyond the first {MAX_ARCHIVES} archives; what it contains is not known")
        return
    try:
        stream = archive.window(member)
    except (BadArchive, OSError) as error:
        reading.problems.add(inner, str(error))
        return
    if stream is None:
        data = read_member(archive, member, path, reading.problems, NESTED_LIMIT, reading.budget)
        if data is None:
            return
        stream = BytesIO(data)
    nested = archive_of(stream, inner, reading.problems)
    if nested is not None:
        yield from _artifacts(nested, inner, depth + 1, reading)


def _poms(archive: Archive, members: list[Member], path: str, reading: _Reading) -> dict[Identity, None]:
    """Coordinates by `pom.properties`, and by `pom.xml` where there is no other."""
    matched = [(match, member) for member in members if (match := _POM.match(member.name))]
    named = {(match[1], match[2]) for match, _ in matched if match[3] == "properties"}
    out: dict[Identity, None] = {}
    for match, member in matched:
        if match[3] == "xml" and (match[1], match[2]) in named:
            continue
        data = read_member(archive, member, path, reading.problems, _POM_LIMIT, reading.budget)
        if data is None:
            continue
        where = f"{path}!/{member.name}"
        identity = _by_properties(data) if match[3] == "properties" else _by_pom(data, where, reading.problems)
        if identity.group and identity.artifact and identity.version and "${" not in identity.version:
            out.setdefault(identity)
        else:
            reading.problems.add(where, "does not tell group, artifact and version")
    return out


def _by_properties(data: bytes) -> Identity:
    fields = {}
    for line in data.decode("utf-8", "replace").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "!")):
            fields[name.strip()] = value.strip()
    return Identity(fields.get("groupId", ""), fields.get("artifactId", ""), fields.get("version", ""))


def _by_pom(data: bytes, where: str, problems: Problems) -> Identity:
    root = parse_xml(data, where, problems)
    if root is None:
        return Identity("", "", "")
    group = root.value("groupId") or root.value("parent", "groupId")
    version = root.value("version") or root.value("parent", "version")
    return Identity(group, root.value("artifactId"), version)


def _by_manifest(archive: Archive, members: list[Member], path: str, reading: _Reading) -> Identity | None:
    member = next((one for one in members if one.name.upper() == "META-INF/MANIFEST.MF"), None)
    data = read_member(archive, member, path, reading.problems, _POM_LIMIT, reading.budget) if member else b""
    return identify(path.rpartition("/")[2], parse_manifest(data or b""))


def read_exploded(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`META-INF/maven/GROUP/ARTIFACT/pom.properties` of an archive that was unpacked."""
    data = read_bytes(view, path, problems, _POM_LIMIT)
    if data is None:
        return
    identity = _by_properties(data)
    if identity.group and identity.artifact and identity.version:
        yield Package(
            type="maven", namespace=identity.group, name=identity.artifact, version=identity.version, path=path
        )
    else:
        problems.add(path, "does not tell group, artifact and version")
