"""SPDX 2.2 and 2.3 in JSON, ours and other tools'.

{"spdxVersion": "SPDX-2.3", "name": "app:1.0", "packages": [
   {"name": "libssl3", "versionInfo": "3.0.15-1", "sourceInfo": "built package from: openssl 3.0.15-1",
    "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64"}]},
   {"name": "debian", "versionInfo": "12.9", "primaryPackagePurpose": "OPERATING-SYSTEM"}]}
"""

import re
from collections.abc import Mapping
from typing import Any

from bartizan.exchange import round_trip
from bartizan.exchange.bills.document import Bill, BillError, Gathered, items, make_package, text
from bartizan.exchange.bills.package_url import package_fields
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.package_url import parse
from bartizan.model.snapshot import Problem

VERSIONS = ("SPDX-2.2", "SPDX-2.3")
_BUILT_FROM = re.compile(r"built package from: (\S+) (\S+)")
_LOCATION = re.compile(r"acquired package info from [^:]*: (\S+?)(?:,|$)")
_UNSAID = frozenset({"NOASSERTION", "NONE", ""})


def read(document: Mapping[str, Any], key: str) -> Bill:
    """The bill; `key` identifies the asset where the document does not."""
    version = text(document.get("spdxVersion"))
    if version not in VERSIONS:
        raise BillError(f"{version} can not be read; {' and '.join(VERSIONS)} can")
    properties = dict(_annotations(document))
    gathered = Gathered()
    system: dict[str, Any] = {}
    kind = AssetKind.REPOSITORY
    for package in items(document.get("packages")):
        if package.get("SPDXID") == "SPDXRef-Asset" and properties:
            continue
        purpose = package.get("primaryPackagePurpose")
        if purpose == "OPERATING-SYSTEM":
            name, release = text(package.get("name")), text(package.get("versionInfo"))
            system = {"id": name.lower(), "version_id": release, "name": f"{name} {release}".strip()}
        elif purpose == "CONTAINER":
            kind = AssetKind.IMAGE
        else:
            _take(package, gathered)
    created = document.get("creationInfo")
    created = created if isinstance(created, dict) else {}
    asset = round_trip.asset_of(properties)
    creators = created.get("creators")
    tools = [str(each) for each in creators if "Tool:" in str(each)] if isinstance(creators, list) else []
    return Bill(
        asset=asset or AssetRef(kind=kind, key=key, name=text(document.get("name")) or "bill of materials"),
        taken_at=text(created.get("created")),
        tool=tools[0].removeprefix("Tool: ") if tools else "",
        sections=gathered.sections(
            round_trip.problems_of(properties), round_trip.sections_of(properties), system or None
        ),
    )


def _take(package: Mapping[str, Any], gathered: Gathered) -> None:
    annotations = _annotations(package)
    properties = dict(annotations)
    own_name = properties.get(f"{round_trip.PREFIX}name", "")
    name = text(package.get("name"))
    address = next(
        (
            text(each.get("referenceLocator"))
            for each in items(package.get("externalRefs"))
            if each.get("referenceType") == "purl"
        ),
        "",
    )
    url = parse(address, name=own_name or name)
    if url is None:
        if package.get("primaryPackagePurpose") in (None, "LIBRARY", "FRAMEWORK") and _is_package(package):
            reason = f"{name} {text(package.get('versionInfo'))}: it has no package URL, so it is not judged"
            gathered.unnamed.append(Problem(path=text(package.get("SPDXID")), reason=reason))
        return
    if url.type in ("oci", "docker"):
        return
    fields = package_fields(url)
    told = text(package.get("sourceInfo"))
    built = _BUILT_FROM.search(told)
    if built and not own_name:
        fields["source"] = built[1] if built[1] != fields["name"] else ""
        fields["source_version"] = built[2] if built[2] != fields["version"] else ""
    where = _LOCATION.search(told)
    if where:
        fields["path"] = where[1]
    if own_name:
        fields["name"] = own_name
        fields |= round_trip.package_fields(properties)
        fields["path"] = properties.get(f"{round_trip.PREFIX}path", "")
        fields["licences"] = tuple(value for key, value in annotations if key == f"{round_trip.PREFIX}licence")
    else:
        declared = text(package.get("licenseDeclared"))
        fields["licences"] = () if declared in _UNSAID else (declared,)
    gathered.add(make_package(fields))


def _is_package(package: Mapping[str, Any]) -> bool:
    """Some tools list the document's subject (a folder, a lock file) among the packages, without a version."""
    return text(package.get("versionInfo")) not in _UNSAID


def _annotations(holder: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Our own annotations, `name=value`."""
    comments = (text(each.get("comment")) for each in items(holder.get("annotations")))
    pairs = (comment.partition("=") for comment in comments if comment.startswith(round_trip.PREFIX))
    return [(name, value) for name, equals, value in pairs if equals]
