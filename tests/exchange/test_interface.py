"""What every format takes from a result: order, selection and counts."""

from dataclasses import replace

from bartizan.exchange.interface import ScanResult
from bartizan.model.finding import Verdict
from bartizan.model.severity import Severity


def test_findings_come_by_what_to_fix_first_and_unknowns_last(result: ScanResult) -> None:
    assert [finding.rule for finding in result.findings] == [
        "CVE-2024-6387",
        "host-ssh-root-login",  # high without a score stands where high ones stand
        "CVE-2018-18074",
        "CVE-2018-18074",
        "CVE-2020-15778",
        "CVE-2023-51385",
        "host-users-locked",
    ]


def test_a_least_severity_lists_less_and_counts_the_same(result: ScanResult) -> None:
    fewer = replace(result, least=Severity.HIGH)
    assert [finding.severity for finding in fewer.listed] == [Severity.CRITICAL, *[Severity.HIGH] * 4]
    assert fewer.severities == result.severities


def test_unknowns_are_not_counted_as_failures(result: ScanResult) -> None:
    assert result.severities == {"critical": 1, "high": 4, "medium": 1, "unknown": 0, "low": 0, "info": 0}
    assert [finding.verdict for finding in result.unknowns] == [Verdict.UNKNOWN]


def test_counts_of_an_assessor_are_summed_over_its_parts(result: ScanResult) -> None:
    assert result.counts("vulnerability") == {"packages": 4}
    assert result.counts("policy")["pass"] == 1
