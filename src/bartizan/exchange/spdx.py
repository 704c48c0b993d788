"""SPDX 2.3 (ISO/IEC 5962's successor), JSON: the bill of materials. It has no place for vulnerabilities.

{"spdxVersion": "SPDX-2.3", "packages": [{"SPDXID": "SPDXRef-Package-1f0c...", "name": "libssl3",
   "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64"}]}],
 "relationships": [{"spdxElementId": "SPDXRef-Asset", "relationshipType": "CONTAINS", ...}]}

What SPDX has no field for (owner, layer, the operating system's facts) stands in annotations, so that a document can be
assessed as its asset was: `{"comment": "bartizan:owner=python3-six"}`.

Licences stand in comments as they were declared: most are not SPDX expressions, and a guess would be a claim.
"""

import hashlib
from typing import Any, TextIO

from bartizan.exchange.cyclonedx import serial
from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.inventory_of import Component, components
from bartizan.exchange.json_text import write_json
from bartizan.exchange.round_trip import package_properties, result_properties

NAMESPACE = "https://spdx.org/spdxdocs/bartizan"
"""The address space that the specification (6.5) offers to those who host no documents themselves."""
UNSAID = "NOASSERTION"


def write(result: ScanResult, stream: TextIO) -> None:
    write_json(document(result), stream, indent=1)
    stream.write("\n")


def document(result: ScanResult) -> dict[str, Any]:
    """The document as plain JSON values."""
    found = components(result.sections)
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": result.asset.name,
        "documentNamespace": f"{NAMESPACE}/{serial(result, found)}",
        "creationInfo": {"created": result.taken_at, "creators": [f"Tool: bartizan-{result.tool}"]},
        "annotations": [_annotation(result, *each) for each in result_properties(result)],
        "packages": [_asset(result), *(_package(result, each) for each in found)],
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Asset"),
            *(_relation("SPDXRef-Asset", "CONTAINS", _id(each)) for each in found),
        ],
    }


def _relation(subject: str, kind: str, target: str) -> dict[str, str]:
    return {"spdxElementId": subject, "relationshipType": kind, "relatedSpdxElement": target}


def _id(component: Component) -> str:
    """Letters, digits, dots and hyphens are all that an identifier may have (3.2)."""
    name = component.reference.encode("utf-8", "surrogatepass")
    return f"SPDXRef-Package-{hashlib.sha256(name).hexdigest()[:20]}"


def _asset(result: ScanResult) -> dict[str, Any]:
    facts = result.sections["os"].facts if "os" in result.sections else None
    system = str(facts.get("name", "")) if isinstance(facts, dict) else ""
    return _unsaid("SPDXRef-Asset", result.asset.name) | {
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        "comment": f"{result.asset.kind.value} {result.asset.key} {system}".rstrip(),
    }


def _unsaid(id_: str, name: str) -> dict[str, Any]:
    return {
        "SPDXID": id_,
        "name": name,
        "downloadLocation": UNSAID,
        "filesAnalyzed": False,
        "licenseConcluded": UNSAID,
        "licenseDeclared": UNSAID,
        "copyrightText": UNSAID,
    }


def _annotation(result: ScanResult, name: str, value: str) -> dict[str, str]:
    return {
        "annotationType": "OTHER",
        "annotator": f"Tool: bartizan-{result.tool}",
        "annotationDate": result.taken_at,
        "comment": f"{name}={value}",
    }


def _package(result: ScanResult, component: Component) -> dict[str, Any]:
    package = component.package
    name = f"{package.namespace}/{package.name}" if package.namespace and package.type == "npm" else package.name
    out = _unsaid(_id(component), name) | {
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": package.purl}
        ]
    }
    if package.version:
        out["versionInfo"] = package.version
    if package.licences:
        out["licenseComments"] = f"Declared: {', '.join(package.licences)}"
    built = f"built from source package {package.source_name} {package.judged_version}" if package.source else ""
    where = f"found in {package.path}" if package.path else ""
    if built or where:
        out["sourceInfo"] = "; ".join(part for part in (where, built) if part)
    told = [*package_properties(package), ("bartizan:name", package.name)]
    told += [("bartizan:path", package.path)] if package.path else []
    told += [("bartizan:licence", licence) for licence in package.licences]
    return out | {"annotations": [_annotation(result, *each) for each in told]}


EXPORTER = Exporter(name="spdx", media_type="application/spdx+json", suffix=".spdx.json", write=write)
