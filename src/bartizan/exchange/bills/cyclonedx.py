"""CycloneDX 1.4 to 1.6 in JSON (ECMA-424), ours and other tools'.

{"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"component": {"type": "container", "name": "app:1.0"}},
 "components": [{"type": "operating-system", "name": "debian", "version": "12.9"},
                {"type": "library", "name": "libssl3", "purl": "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64",
                 "properties": [{"name": "aquasecurity:trivy:SrcName", "value": "openssl"}]}]}

Properties that Trivy (`aquasecurity:trivy:`) and Syft (`syft:`) write are read as the facts that they are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.exchange import round_trip
from bartizan.exchange.bills.document import Bill, BillError, Gathered, items, make_package, text
from bartizan.exchange.bills.package_url import package_fields
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.package_url import parse
from bartizan.model.snapshot import Problem

VERSIONS = ("1.4", "1.5", "1.6")
_TRIVY = "aquasecurity:trivy:"
_KINDS = {"container": AssetKind.IMAGE, "device": AssetKind.HOST, "operating-system": AssetKind.HOST}
_PACKAGES = frozenset({"library", "framework", "application", "platform", "firmware", "device-driver", "container"})
_DEPTH = 50


def read(document: Mapping[str, Any], key: str) -> Bill:
    """The bill; `key` identifies the asset where the document does not."""
    version = text(document.get("specVersion"))
    if version not in VERSIONS:
        raise BillError(f"CycloneDX {version or 'of no version'}; {', '.join(VERSIONS)} can be read")
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    subject = metadata.get("component")
    subject = subject if isinstance(subject, dict) else {}
    properties = _properties(metadata)
    gathered = Gathered()
    system: dict[str, Any] = {}
    for component in _components(document):
        if component.get("type") == "operating-system":
            system = system or _system(component)
        else:
            _take(component, gathered)
    asset = round_trip.asset_of(properties) or AssetRef(
        kind=_KINDS.get(text(subject.get("type")), AssetKind.REPOSITORY),
        key=key,
        name=text(subject.get("name")) or "bill of materials",
    )
    return Bill(
        asset=asset,
        taken_at=text(metadata.get("timestamp")),
        tool=_tool(metadata.get("tools")),
        sections=gathered.sections(
            round_trip.problems_of(properties), round_trip.sections_of(properties), system or None
        ),
    )


def _components(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every component, nested ones too."""
    pending = [(each, 0) for each in reversed(items(document.get("components")))]
    while pending:
        component, depth = pending.pop()
        yield component
        if depth < _DEPTH:
            pending += [(each, depth + 1) for each in reversed(items(component.get("components")))]


def _take(component: Mapping[str, Any], gathered: Gathered) -> None:
    name = text(component.get("name"))
    address = text(component.get("purl"))
    url = parse(address, name=name)
    if url is None:
        if component.get("type") in ("library", "framework"):
            reason = f"{name} {text(component.get('version'))}: it has no package URL, so it is not judged"
            gathered.unnamed.append(Problem(path=text(component.get("bom-ref")), reason=reason))
        return
    if url.type in ("oci", "docker"):
        return  # the image itself
    properties = _properties(component)
    ours = any(each.startswith(round_trip.PREFIX) for each in properties)
    fields = package_fields(url)
    fields |= _trivy(properties, fields) or _syft(properties)
    fields |= round_trip.package_fields(properties)
    fields["name"] = name if ours and name else fields["name"]
    fields["path"] = _path(component) or fields.get("path", "")
    fields["licences"] = tuple(_licences(component))
    gathered.add(make_package(fields))


def _trivy(properties: Mapping[str, str], fields: Mapping[str, Any]) -> dict[str, Any]:
    told = {key.removeprefix(_TRIVY): value for key, value in properties.items() if key.startswith(_TRIVY)}
    if not told:
        return {}
    out: dict[str, Any] = {}
    if told.get("LayerDiffID"):
        out["layer"] = told["LayerDiffID"]
    if told.get("FilePath"):
        out["path"] = "/" + told["FilePath"].lstrip("/")
    if told.get("Modularitylabel"):
        out["modularity"] = ":".join(told["Modularitylabel"].split(":")[:2])
    if told.get("SrcName"):
        version = told.get("SrcVersion", "")
        if told.get("SrcRelease"):
            version += f"-{told['SrcRelease']}"
        if told.get("SrcEpoch", "0") != "0":
            version = f"{told['SrcEpoch']}:{version}"
        out["source"] = told["SrcName"] if told["SrcName"] != fields["name"] else ""
        out["source_version"] = version if version != fields["version"] else ""
    return out


def _syft(properties: Mapping[str, str]) -> dict[str, Any]:
    out = {}
    if properties.get("syft:location:0:layerID"):
        out["layer"] = properties["syft:location:0:layerID"]
    if properties.get("syft:location:0:path"):
        out["path"] = properties["syft:location:0:path"]
    return out


def _path(component: Mapping[str, Any]) -> str:
    evidence = component.get("evidence")
    occurrences = items(evidence.get("occurrences")) if isinstance(evidence, dict) else []
    return text(occurrences[0].get("location")) if occurrences else ""


def _licences(component: Mapping[str, Any]) -> Iterator[str]:
    for each in items(component.get("licenses")):
        licence = each.get("license")
        told = text(each.get("expression"))
        if isinstance(licence, dict):
            told = text(licence.get("id")) or text(licence.get("name"))
        if told:
            yield told


def _system(component: Mapping[str, Any]) -> dict[str, Any]:
    name, version = text(component.get("name")), text(component.get("version"))
    told = _properties(component)
    return {
        "id": told.get("syft:distro:id", name).lower(),
        "version_id": told.get("syft:distro:versionID", version),
        "name": f"{name} {version}".strip(),
    }


def _properties(holder: Mapping[str, Any]) -> dict[str, str]:
    return {text(each.get("name")): text(each.get("value")) for each in items(holder.get("properties"))}


def _tool(tools: Any) -> str:
    """A list of tools until 1.4, an object of components and services since."""
    listed = items(tools) or (items(tools.get("components")) if isinstance(tools, dict) else [])
    return " ".join(part for each in listed[:1] for part in (text(each.get("name")), text(each.get("version"))) if part)
