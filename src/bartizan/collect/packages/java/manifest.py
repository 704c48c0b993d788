"""What a jar is, where no pom inside says so: from `META-INF/MANIFEST.MF` (JAR file specification, "JAR Manifest") and
the file's own name.

Implementation-Title: spring-web
Implementation-Version: 5.3.26
Bundle-SymbolicName: org.apache.commons.lang3
"""

import re
from dataclasses import dataclass

from bartizan.collect.packages.java.groups import GROUPS

_FILE_NAME = re.compile(r"^(?P<artifact>[A-Za-z0-9_.+-]+?)-(?P<version>[0-9]+(?:[.\-_+][A-Za-z0-9]+)*)\.[a-z]+$")
_GROUP = re.compile(r"^[A-Za-z][\w-]*(?:\.[A-Za-z0-9][\w-]*)+$")
_ARTIFACT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
_VERSION = re.compile(r"^v?[0-9][\w.+-]*$")
_VERSIONS = ("Implementation-Version", "Bundle-Version", "Specification-Version", "Plugin-Version")
_TITLES = ("Implementation-Title", "Automatic-Module-Name", "Bundle-Name", "Short-Name", "Extension-Name")
_GROUPS_IN = ("Bundle-SymbolicName", "Implementation-Vendor-Id", "Automatic-Module-Name", "Group-Id", "Extension-Name")


@dataclass(frozen=True, slots=True)
class Identity:
    """Maven coordinates, as far as they are known."""

    group: str
    artifact: str
    version: str


def parse_manifest(data: bytes) -> dict[str, str]:
    """The main section; continuation lines begin with a space."""
    fields: dict[str, str] = {}
    last = ""
    for line in data.decode("utf-8", "replace").splitlines():
        if not line:
            if fields:
                break
            continue
        if line.startswith(" ") and last:
            fields[last] += line[1:]
            continue
        name, colon, value = line.partition(":")
        last = name.strip() if colon else ""
        if last:
            fields[last] = value.strip()
    return fields


def identify(file_name: str, fields: dict[str, str]) -> Identity | None:
    """Coordinates by manifest and file name; None where not even an artifact and a version are told."""
    named = _FILE_NAME.match(file_name)
    versions = [fields.get(name, "").split()[:1] for name in _VERSIONS]
    version = (
        named["version"] if named else next((found[0] for found in versions if found and _VERSION.match(found[0])), "")
    )
    stem = file_name.rpartition(".")[0]
    titles = [fields.get(name, "").split("#")[-1].split(";")[0].strip() for name in _TITLES]
    artifact = named["artifact"] if named else _artifact_without_version(stem, titles)
    if not artifact or not version:
        return None
    return Identity(GROUPS.get(artifact) or _group(fields, artifact), artifact, version)


def _artifact_without_version(stem: str, titles: list[str]) -> str:
    """A jar called `app.jar`: the name of the file, unless that says nothing and the manifest does."""
    if stem in GROUPS or not titles:
        return stem
    plain = [title for title in titles if _ARTIFACT.match(title)]
    return plain[0] if plain else stem if _ARTIFACT.match(stem) else ""


def _group(fields: dict[str, str], artifact: str) -> str:
    for name in _GROUPS_IN:
        value = fields.get(name, "").split(";")[0].strip()
        if not _GROUP.match(value):
            continue
        # A bundle's symbolic name is often group and artifact together: org.apache.ivy, com.google.guava.failureaccess.
        last = value.rpartition(".")[2].lower()
        words = set(re.split(r"[-_.]", artifact.lower()))
        return (
            value.rpartition(".")[0] if last in words and value.count(".") > 1 and last != artifact.lower() else value
        )
    title = fields.get("Implementation-Title", "").partition("#")[0]
    return title if _GROUP.match(title) else ""
