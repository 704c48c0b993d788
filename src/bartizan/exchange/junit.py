"""JUnit XML, as CI systems read it: a suite per assessor.

A failed check is a `failure`, something that could not be judged is an `error` (skipped would look harmless), and
what passed is a test case without either. Packages that were judged and are fine are one case together.

<testsuites name="bartizan" tests="3" failures="1" errors="1">
  <testsuite name="policy"><testcase classname="web-1.policy" name="host-ssh-root-login"><failure .../></testcase>
"""

import re
from collections import defaultdict
from typing import TextIO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bartizan.exchange.chain import chains
from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.place import remedy, subject
from bartizan.exchange.reasons import reason
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (section 2.2) cannot hold, escaped or not."""


def write(result: ScanResult, stream: TextIO) -> None:
    root = Element("testsuites", name="bartizan")
    for name, assessments in _by_assessor(result).items():
        _suite(SubElement(root, "testsuite", name=name, timestamp=result.taken_at), assessments, result)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    indent(root)
    stream.write("<?xml version='1.0' encoding='UTF-8'?>\n")
    stream.write(tostring(root, encoding="unicode"))
    stream.write("\n")


def _by_assessor(result: ScanResult) -> dict[str, list[Assessment]]:
    out: dict[str, list[Assessment]] = defaultdict(list)
    for assessment in result.assessments:
        out[assessment.assessor].append(assessment)
    return out


def _suite(suite: Element, assessments: list[Assessment], result: ScanResult) -> None:
    name = suite.get("name", "")
    listed = result.listed_identities
    tests = failures = errors = 0
    for assessment in assessments:
        for rule in assessment.passed:
            _case(suite, result, name, rule)
            tests += 1
        if assessment.counts.get("packages") and not assessment.passed:
            _case(suite, result, name, f"{assessment.counts['packages']} packages were judged")
            tests += 1
        for finding in assessment.findings:
            if finding.identity in listed:
                _finding(_case(suite, result, name, f"{finding.rule} {subject(finding)}".rstrip()), finding)
                tests += 1
                failures += finding.verdict is Verdict.FAIL
                errors += finding.verdict is Verdict.UNKNOWN
    for key, number in (("tests", tests), ("failures", failures), ("errors", errors)):
        suite.set(key, str(number))


def _case(suite: Element, result: ScanResult, assessor: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=xml_text(f"{result.asset.name}.{assessor}"), name=xml_text(name))


def _finding(case: Element, finding: Finding) -> None:
    failed = finding.verdict is Verdict.FAIL
    told = SubElement(case, "failure" if failed else "error")
    told.set("type", finding.severity.value if failed else "unknown")
    told.set("message", xml_text(finding.title))
    told.text = xml_text("\n".join([remedy(finding) if failed else reason(finding), *chains(finding)]))


def xml_text(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


EXPORTER = Exporter(name="junit", media_type="application/xml", suffix=".xml", write=write)
