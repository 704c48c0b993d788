"""CycloneDX and SPDX by their official validators, and that both name the same packages."""

import json
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from bartizan.exchange import cyclonedx, spdx
from bartizan.exchange.interface import ScanResult


def test_cyclonedx_is_valid(result: ScanResult) -> None:
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(cyclonedx.document(result)))
    assert error is None


def test_spdx_is_valid(result: ScanResult, tmp_path: Path) -> None:
    path = tmp_path / "host.spdx.json"
    path.write_text(json.dumps(spdx.document(result)))
    assert validate_full_spdx_document(parse_file(str(path))) == []


def test_references_resolve_and_vulnerabilities_affect_every_place(result: ScanResult) -> None:
    bom = cyclonedx.document(result)
    references = [each["bom-ref"] for each in bom["components"]]
    assert len(set(references)) == len(references)
    by_rule = {each["bom-ref"]: [affect["ref"] for affect in each["affects"]] for each in bom["vulnerabilities"]}
    assert by_rule["CVE-2024-6387@pkg:deb/debian/openssh"] == [
        "pkg:deb/debian/openssh-server@1:9.2p1-2?arch=amd64&distro=debian-12"
    ]
    place = "#/srv/b/requests-2.19.0.dist-info/METADATA"
    assert by_rule[f"CVE-2018-18074@pkg:pypi/requests{place}"] == [f"pkg:pypi/requests@2.19.0{place}"]
    assert all(reference in references for affects in by_rule.values() for reference in affects)


def test_what_is_only_configured_any_more_is_no_component(result: ScanResult) -> None:
    assert "gone" not in {each["name"] for each in cyclonedx.document(result)["components"]}


def test_both_name_the_same_packages_by_well_formed_purls(result: ScanResult) -> None:
    ours = [each["purl"] for each in cyclonedx.document(result)["components"] if "purl" in each]
    theirs = [
        reference["referenceLocator"]
        for package in spdx.document(result)["packages"]
        for reference in package.get("externalRefs", ())
    ]
    assert ours == theirs
    for purl in ours:
        PackageURL.from_string(purl)


def test_the_same_packages_give_the_same_serial_number_at_another_time(result: ScanResult) -> None:
    from dataclasses import replace

    later = replace(result, taken_at="2026-12-24T18:00:00Z")
    assert cyclonedx.document(later)["serialNumber"] == cyclonedx.document(result)["serialNumber"]
    assert spdx.document(later)["documentNamespace"] == spdx.document(result)["documentNamespace"]
