"""Packages: one installed or locked unit of software, as a package database or lock file names it.

Names follow the package URL specification (purl): type, namespace, name, version, qualifiers.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any
from urllib.parse import quote

from bartizan.model.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package at one place."""

    type: str
    """purl type: `deb`, `apk`, `rpm`, `pypi`, `npm`, `maven`, `golang`, `cargo`, ..."""
    name: str
    """Name in the ecosystem's own normal form (PyPI: PEP 503; others as written)."""
    version: str
    """As the database writes it, epoch included (`1:2.3-4`); empty where none is given."""
    namespace: str = ""
    """purl namespace: the distribution (`debian`), an npm scope (`@angular`), a Maven group id."""
    arch: str = ""
    source: str = ""
    """Source package name, where the distribution's advisories name it; empty where it equals `name`."""
    source_version: str = ""
    """Version of the source package, where it differs from `version`."""
    path: str = ""
    """The file that says so, absolute within the asset: `/var/lib/dpkg/status`, `/srv/app/package-lock.json`."""
    owner: str = ""
    """The distribution package that owns `path` (its `name`), if one does: only its distribution judges it then."""
    layer: str = ""
    """Digest of the image layer that introduced it; empty outside images."""
    licences: tuple[str, ...] = ()
    """As declared, SPDX expressions where the source uses them."""
    dev: bool = False
    """Needed for development only, as a lock file says."""
    direct: bool | None = None
    """Asked for by the project itself (True), pulled in by another package (False), or not told (None)."""
    modularity: str = ""
    """RPM module label `name:stream`, where the package was built in a module."""
    distro: str = ""
    """`ID-VERSION_ID` of the distribution for operating-system packages: `debian-12`."""
    state: str = "installed"
    """`installed`; `config-files` for a removed dpkg package whose configuration remains; `locked` in a lock file;
    `declared` on the way from a manifest to the problem that nothing resolves it, and in no section."""

    @property
    def source_name(self) -> str:
        """The source package, which is the package itself where the database names no other."""
        return self.source or self.name

    @property
    def judged_version(self) -> str:
        """The version that advisories about the source package speak of."""
        return self.source_version or self.version

    @property
    def purl(self) -> str:
        """Package URL. Percent-encoding as in the purl specification, "Rules for each purl component"."""
        return purl(self.type, self.namespace, self.name, self.version, {"arch": self.arch, "distro": self.distro})


def package_facts(package: Package) -> dict[str, Any]:
    """The package as it stands in a section: plain JSON, fields that have their default value left out.

    {"type": "deb", "name": "libssl3", "version": "3.0.15-1", "source": "openssl", "namespace": "debian", ...}
    """
    out: dict[str, Any] = {}
    for name, default in _FIELDS:
        value = getattr(package, name)
        if value != default:
            out[name] = list(value) if isinstance(value, tuple) else value
    return out


def package_from(facts: Mapping[str, Any]) -> Package:
    """The package that `package_facts` wrote. Raises `TypeError` on a field that is unknown or missing."""
    values = dict(facts)
    if "licences" in values:
        values["licences"] = tuple(values["licences"])
    return Package(**values)


UNRESOLVED = "declared but not resolved"
"""How the reason of a problem begins that is about a file whose dependencies nothing tells the versions of."""

_FIELDS = tuple((field.name, None if field.default is MISSING else field.default) for field in fields(Package))


def purl(type_: str, namespace: str, name: str, version: str = "", qualifiers: dict[str, str] | None = None) -> str:
    """A package URL from its parts; empty parts and qualifiers are left out."""
    out = ["pkg:", type_]
    for segment in namespace.split("/") if namespace else ():
        out += ["/", _quote(segment)]
    out += ["/", "/".join(_quote(part) for part in name.split("/"))]
    if version:
        out += ["@", _quote(version)]
    if qualifiers:
        pairs = [f"{key}={_quote(value)}" for key, value in sorted(qualifiers.items()) if value]
        if pairs:
            out += ["?", "&".join(pairs)]
    return "".join(out)


def _quote(text: str) -> str:
    return quote(text, safe=":~._-", errors="backslashreplace")
