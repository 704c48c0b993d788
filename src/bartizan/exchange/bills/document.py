"""A bill of materials read back: which asset, which sections; and the door to the readers of both formats.

    read_bill(data, "app.cdx.json") -> Bill(asset, taken_at, sections)

Documents of ours carry everything that was judged. Of another tool's, components are taken by their package URL, with
what the tool's own properties say of source package, layer and path; what has no package URL is a problem of the
section `packages_generic`, so that nobody takes the result for the whole.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bartizan.model.asset import AssetRef
from bartizan.model.package import Package, package_facts
from bartizan.model.snapshot import Problem, Section

MAX_BYTES = 512 << 20
MAX_PACKAGES = 2_000_000


class BillError(Exception):
    """The document cannot be used; the message says where and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a document says."""

    asset: AssetRef
    taken_at: str
    """When the document was made; empty where it does not say."""
    tool: str
    """Which program made it, as it calls itself."""
    sections: dict[str, Section]


@dataclass(slots=True)
class Gathered:
    """Packages and problems on their way to sections."""

    packages: dict[str, list[Package]] = field(default_factory=dict)
    unnamed: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, package: Package) -> None:
        self.count += 1
        if self.count > MAX_PACKAGES:
            raise BillError(f"more than {MAX_PACKAGES} packages; split the document")
        self.packages.setdefault(package.type, []).append(package)

    def sections(
        self, problems: dict[str, tuple[Problem, ...]], carried: dict[str, Section], system: dict[str, Any] | None
    ) -> dict[str, Section]:
        """Every section: of packages, those that the document carries whole, and the operating system where it is only
        named."""
        out = dict(carried)
        if "os" not in out and system:
            out["os"] = Section(name="os", facts=system)
        names = {f"packages_{type_}" for type_ in self.packages} | problems.keys()
        noted = dict(problems)
        if self.unnamed:
            names.add("packages_generic")
            noted["packages_generic"] = (*noted.get("packages_generic", ()), *_limited(self.unnamed))
        for name in sorted(names - out.keys()):
            found = sorted(self.packages.get(name.removeprefix("packages_"), ()), key=_order)
            facts = [package_facts(each) for each in found]
            out[name] = Section(name=name, facts=facts, problems=noted.get(name, ()))
        return out


def read_bill(data: bytes, where: str) -> Bill:
    """The document, whichever format it is in; raises `BillError`."""
    from bartizan.exchange.bills import cyclonedx, spdx

    if len(data) > MAX_BYTES:
        raise BillError(f"{where}: {len(data)} bytes are over the limit of {MAX_BYTES}")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        hint = "; of CycloneDX and SPDX the JSON forms are read" if data[:200].lstrip().startswith(b"<") else ""
        raise BillError(f"{where}: not JSON: {error}{hint}") from None
    if not isinstance(document, dict):
        raise BillError(f"{where}: a JSON object was expected, found {type(document).__name__}")
    key = hashlib.sha256(data).hexdigest()
    try:
        if document.get("bomFormat") == "CycloneDX":
            return cyclonedx.read(document, f"sha256:{key}")
        if isinstance(document.get("spdxVersion"), str):
            return spdx.read(document, f"sha256:{key}")
    except BillError as error:
        raise BillError(f"{where}: {error}") from None
    raise BillError(f"{where}: neither CycloneDX (bomFormat) nor SPDX 2 (spdxVersion)")


def make_package(fields: dict[str, Any]) -> Package:
    """A package of fields; those that the record does not know are a defect and raise."""
    return replace(Package(type=fields["type"], name=fields["name"], version=fields.get("version", "")), **fields)


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _order(package: Package) -> tuple[str, ...]:
    return (package.name, package.version, package.namespace, package.path, package.arch, package.state)


def _limited(problems: Iterable[Problem], most: int = 100) -> tuple[Problem, ...]:
    found = list(problems)
    if len(found) <= most:
        return tuple(found)
    return (*found[:most], Problem(path="", reason=f"{len(found) - most} more components have no package URL"))
