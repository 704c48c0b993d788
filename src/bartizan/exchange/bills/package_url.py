"""Package URLs of other tools as packages.

Qualifiers that they use and that judgement needs are read as facts: `epoch` (rpm, and deb by some), `upstream` (the
source package: `openssl`, `openssl@3.0.15-1`, `openssl-3.0.7-27.el9.src.rpm`), `rpmmod`.
"""

import re
from typing import Any

from bartizan.model.package_url import PackageUrl

_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:src|nosrc)\.rpm")
_PYPI_SEPARATORS = re.compile(r"[-_.]+")


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


def _source(upstream: str) -> tuple[str, str]:
    first = upstream.partition(",")[0]
    match = _SOURCE_RPM.fullmatch(first)
    if match:
        return match["name"], match["version"]
    name, _, version = first.partition("@")
    return name, version
