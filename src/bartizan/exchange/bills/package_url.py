"""Package URLs taken apart: `pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12` (package-url/purl-spec).

Qualifiers that other tools use and that judgement needs are read as facts: `epoch` (rpm, and deb by some), `upstream`
(the source package, `openssl`, `openssl@3.0.15-1`, `openssl-3.0.7-27.el9.src.rpm`), `rpmmod`.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:src|nosrc)\.rpm")
_PYPI_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageUrl:
    type: str
    name: str
    namespace: str = ""
    version: str = ""
    qualifiers: dict[str, str] = field(default_factory=dict)


def parse(text: str, *, name: str = "") -> PackageUrl | None:
    """The parts; None where it is no package URL. `name` is the package's name where the document tells it beside: a
    name that holds slashes is otherwise taken for a namespace and a name."""
    rest = text.partition("#")[0]
    scheme, colon, rest = rest.partition(":")
    if scheme.lower() != "pkg" or not colon:
        return None
    rest, _, query = rest.partition("?")
    type_, slash, path = rest.lstrip("/").partition("/")
    if not slash or not type_:
        return None
    path, version = _split_version(path)
    whole = "/".join(unquote(part, errors="replace") for part in path.strip("/").split("/"))
    namespace, _, last = whole.rpartition("/")
    if name and whole == name:
        namespace, last = "", name
    elif name and whole.endswith(f"/{name}"):
        namespace, last = whole[: -len(name) - 1], name
    if not last:
        return None
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return PackageUrl(
        type=type_.lower(),
        namespace=namespace,
        name=last,
        version=unquote(version, errors="replace"),
        qualifiers={key.lower(): unquote(value, errors="replace") for key, _, value in pairs},
    )


def package_fields(url: PackageUrl) -> dict[str, Any]:
    """The fields of a package that its URL tells, in the form in which our own readers give them."""
    qualifiers = url.qualifiers
    version = url.version
    epoch = qualifiers.get("epoch", "")
    if epoch.isdigit() and epoch != "0" and ":" not in version:
        version = f"{epoch}:{version}"
    name, namespace = url.name, url.namespace
    if url.type == "pypi":
        name = _PYPI_SEPARATORS.sub("-", name).lower()
    elif url.type == "npm" and namespace:
        namespace = f"@{namespace.removeprefix('@')}"
    source, source_version = _source(qualifiers.get("upstream", ""))
    if epoch.isdigit() and epoch != "0" and source_version and ":" not in source_version:
        source_version = f"{epoch}:{source_version}"
    return {
        "type": url.type,
        "name": name,
        "namespace": namespace,
        "version": version,
        "arch": qualifiers.get("arch", ""),
        "distro": qualifiers.get("distro", ""),
        "source": source if source != name else "",
        "source_version": source_version if source_version != version else "",
        "modularity": ":".join(qualifiers.get("rpmmod", "").split(":")[:2]),
    }


def _split_version(path: str) -> tuple[str, str]:
    head, at, version = path.rpartition("@")
    if at and head and "/" not in version:
        return head, version
    return path, ""


def _source(upstream: str) -> tuple[str, str]:
    first = upstream.partition(",")[0]
    match = _SOURCE_RPM.fullmatch(first)
    if match:
        return match["name"], match["version"]
    name, _, version = first.partition("@")
    return name, version
