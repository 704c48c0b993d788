"""CycloneDX 1.6 (ECMA-424), JSON: the bill of materials, with the vulnerabilities of its components.

{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"type": "device", ...}},
 "components": [{"type": "library", "bom-ref": "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64", ...}],
 "vulnerabilities": [{"id": "CVE-2024-6387", "affects": [{"ref": "pkg:deb/..."}], "ratings": [...]}]}

Equal sections give equal documents but for the time: the serial number is made from the asset and its packages.
"""

import uuid
from collections.abc import Mapping
from typing import Any, TextIO

from bartizan.exchange.digest import GATHERED
from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.inventory_of import Component, affected, components, index
from bartizan.exchange.json_text import write_json
from bartizan.exchange.place import remedy, text
from bartizan.exchange.round_trip import package_properties, result_properties
from bartizan.model.asset import AssetKind
from bartizan.model.finding import Finding, Verdict
from bartizan.model.wire import digest

KINDS = {AssetKind.HOST: "device", AssetKind.IMAGE: "container", AssetKind.CONTAINER: "container"}
METHODS = {"CVSS:2.0": "CVSSv2", "CVSS:3.0": "CVSSv3", "CVSS:3.1": "CVSSv31", "CVSS:4.0": "CVSSv4"}


def write(result: ScanResult, stream: TextIO) -> None:
    write_json(document(result), stream, indent=1)
    stream.write("\n")


def document(result: ScanResult) -> dict[str, Any]:
    """The bill of materials as plain JSON values."""
    found = components(result.sections)
    references = index(found)
    vulnerabilities = [each for each in result.listed if each.kind in GATHERED and each.verdict is Verdict.FAIL]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial(result, found)}",
        "version": 1,
        "metadata": {
            "timestamp": result.taken_at,
            "lifecycles": [{"phase": "operations"}],
            "tools": {"components": [{"type": "application", "name": "bartizan", "version": result.tool}]},
            "component": _subject(result),
            "properties": [
                {"name": "bartizan:advisories", "value": result.knowledge.advisories or "none"},
                *({"name": "bartizan:incomplete", "value": reason} for reason in result.incomplete),
                *({"name": name, "value": value} for name, value in result_properties(result)),
            ],
        },
        "components": [*_system(result), *(_component(each) for each in found)],
        "vulnerabilities": [_vulnerability(each, references) for each in vulnerabilities],
    }


def serial(result: ScanResult, found: list[Component]) -> uuid.UUID:
    """The same for the same packages of the same asset (RFC 9562, version 5)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, digest([result.asset.key, [each.reference for each in found]]))


def _subject(result: ScanResult) -> dict[str, Any]:
    asset = result.asset
    return {"type": KINDS.get(asset.kind, "application"), "bom-ref": f"asset:{asset.key}", "name": asset.name}


def _system(result: ScanResult) -> list[dict[str, Any]]:
    facts = result.sections["os"].facts if "os" in result.sections else None
    if not isinstance(facts, dict) or not facts.get("id"):
        return []
    system = {"type": "operating-system", "bom-ref": "operating-system", "name": str(facts["id"])}
    return [system | ({"version": str(facts["version_id"])} if facts.get("version_id") else {})]


def _component(component: Component) -> dict[str, Any]:
    package = component.package
    out: dict[str, Any] = {"type": "library", "bom-ref": component.reference, "name": package.name}
    if package.namespace and package.type in {"npm", "maven", "composer", "golang"}:
        out["group"] = package.namespace
    if package.version:
        out["version"] = package.version
    if package.licences:
        out["licenses"] = [{"license": {"name": licence}} for licence in package.licences if licence]
    out["purl"] = package.purl
    if package.path:
        out["evidence"] = {"occurrences": [{"location": package.path}]}
    told = [{"name": name, "value": value} for name, value in package_properties(package)]
    return out | ({"properties": told} if told else {})


def _vulnerability(finding: Finding, references: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "bom-ref": f"{finding.rule}@{finding.locator}",
        "id": finding.rule,
        "ratings": _ratings(finding),
        "description": finding.title,
    }
    if remedy(finding):
        out["recommendation"] = remedy(finding)
    links = finding.evidence.get("references")
    if isinstance(links, list) and links:
        out["advisories"] = [{"url": link} for link in links if isinstance(link, str)]
    out["affects"] = [
        {"ref": reference, "versions": [{"version": version, "status": "affected"}]}
        for reference, version in affected(finding, references)
    ]
    properties = {"score": f"{finding.score:g}", "fix": finding.fix.state.value, "fixed-in": finding.fix.version}
    properties["known-exploited"] = "true" if finding.evidence.get("kev") else ""
    out["properties"] = [{"name": f"bartizan:{name}", "value": value} for name, value in properties.items() if value]
    return out


def _ratings(finding: Finding) -> list[dict[str, Any]]:
    """Our own severity first, then the vector that it rests on, if there is one."""
    ratings: list[dict[str, Any]] = [{"source": {"name": "bartizan"}, "severity": finding.severity.value}]
    cvss = finding.evidence.get("cvss")
    if isinstance(cvss, dict) and isinstance(cvss.get("score"), (int, float)):
        vector = text(cvss.get("vector"))
        method = METHODS.get(vector[:8], "CVSSv2")
        rating = {"source": {"name": text(cvss.get("source"))}, "score": cvss["score"], "method": method}
        ratings.append(rating | ({"vector": vector} if vector else {}))
    return ratings


EXPORTER = Exporter(name="cyclonedx", media_type="application/vnd.cyclonedx+json", suffix=".cdx.json", write=write)
