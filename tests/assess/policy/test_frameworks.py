"""A framework's page tells what is proven, broken or unknown, what takes a person and what nobody checks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bartizan.assess.policy.engine import load_policies
from bartizan.assess.policy.frameworks import (
    Control,
    ControlStatus,
    Framework,
    policies_of,
    read_framework,
    read_frameworks,
    report,
    results_of,
)
from bartizan.content.documents import ContentError, parse_document
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.policy import Policy, PolicyResult
from bartizan.model.severity import Severity

PASS, FAIL, UNKNOWN, NOT = PolicyResult.PASS, PolicyResult.FAIL, PolicyResult.UNKNOWN, PolicyResult.NOT_APPLICABLE
LOADED = load_policies()
FRAMEWORK = Framework(
    "ours",
    "Ours",
    "1",
    {
        "1": Control("1", "Parent"),
        "1.1": Control("1.1", "Judged"),
        "2": Control("2", "Nobody judges it"),
        "3": Control("3", "Takes a person", manual=True),
        "4": Control("4", "Follows another framework"),
    },
    {"other": {"X-1": ("4",)}},
)


def policy(id_: str, **controls: tuple[str, ...]) -> Policy:
    return Policy(id=id_, title=id_, severity=Severity.LOW, resource="host", check="true", controls=controls)


POLICIES = [policy("a", ours=("1.1",)), policy("b", ours=("1.1", "3")), policy("c", other=("X-1",))]


def status(control: str, *results: tuple[str, PolicyResult]) -> ControlStatus:
    return {each.control.id: each.status for each in report(FRAMEWORK, POLICIES, results).controls}[control]


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        ([("a", PASS), ("b", PASS)], ControlStatus.PASS),
        ([("a", PASS), ("b", NOT)], ControlStatus.PASS),
        ([("a", PASS), ("b", UNKNOWN)], ControlStatus.UNKNOWN),
        ([("a", UNKNOWN), ("b", FAIL)], ControlStatus.FAIL),
        ([("a", PASS), ("a", FAIL)], ControlStatus.FAIL),
        ([("a", NOT), ("b", NOT)], ControlStatus.UNKNOWN),
        ([], ControlStatus.UNKNOWN),
    ],
)
def test_a_judged_control(results: list[tuple[str, PolicyResult]], wanted: ControlStatus) -> None:
    assert status("1.1", *results) is wanted
    assert status("1", *results) is wanted


def test_what_nobody_judges() -> None:
    assert status("2") is ControlStatus.NOT_COVERED


def test_what_takes_a_person_is_never_proven_by_a_machine_but_can_be_broken() -> None:
    assert status("3", ("b", PASS)) is ControlStatus.MANUAL
    assert status("3", ("b", FAIL)) is ControlStatus.FAIL


def test_a_control_that_follows_another_framework() -> None:
    assert status("4", ("c", PASS)) is ControlStatus.PASS
    assert policies_of(FRAMEWORK, POLICIES)["4"] == ("c",)


def test_counts_name_every_status() -> None:
    counts = report(FRAMEWORK, POLICIES, [("a", PASS), ("b", PASS), ("c", FAIL)]).counts
    assert counts == {"automated-pass": 2, "automated-fail": 1, "unknown": 0, "manual": 1, "not-covered": 1}


def test_results_come_from_assessments() -> None:
    findings = tuple(
        Finding(kind=FindingKind.POLICY, rule=rule, locator="", severity=Severity.LOW, title="", verdict=verdict)
        for rule, verdict in (("x", Verdict.FAIL), ("y", Verdict.UNKNOWN))
    )
    other = Finding(kind=FindingKind.VULNERABILITY, rule="CVE-2024-1", locator="", severity=Severity.LOW, title="")
    assessment = Assessment(
        assessor="policy", knowledge="", findings=(*findings, other), passed=("z",), not_applicable={"w": "because"}
    )
    assert results_of([assessment]) == [("z", PASS), ("w", NOT), ("x", FAIL), ("y", UNKNOWN)]


OURS = (
    "nist-800-53", "nist-csf-2", "cis-controls-8", "cis-debian-12", "cis-ubuntu-24-04", "pci-dss-4", "iso-27001-2022",
    "soc-2", "hipaa",
)  # fmt: skip


@pytest.mark.parametrize("framework", OURS)
def test_a_framework_has_policies(framework: str) -> None:
    assert policies_of(LOADED.frameworks[framework], LOADED.policies.values())


def test_one_framework_can_have_the_numbers_of_another() -> None:
    debian, ubuntu = LOADED.frameworks["cis-debian-12"], LOADED.frameworks["cis-ubuntu-24-04"]
    assert set(debian.controls) == set(ubuntu.controls)
    policies = LOADED.policies.values()
    assert policies_of(debian, policies)["5.1.20"] == policies_of(ubuntu, policies)["5.1.20"] != ()


def test_the_same_as_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "frameworks").mkdir()
    (tmp_path / "frameworks" / "a.yaml").write_text("id: a\ntitle: A\nsame_as: b\n")
    _, (error,) = read_frameworks([tmp_path])
    assert str(error).endswith("a.yaml:3: there is no framework 'b' with controls of its own")


def test_titles_fit_a_line_and_are_there() -> None:
    for framework in LOADED.frameworks.values():
        for control in framework.controls.values():
            assert 3 < len(control.title) < 110, (framework.id, control.id)


def test_a_framework_that_others_follow_has_the_controls_that_they_name() -> None:
    for framework in LOADED.frameworks.values():
        for other, mapping in framework.follows.items():
            assert set(mapping) <= set(LOADED.frameworks[other].controls)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("id: a\n", "f.yaml:1: a framework needs id, title and `controls:`"),
        ("id: a\ntitle: A\ncontrols:\n  x: [1]\n", "f.yaml:4: control x must be a title"),
        ("id: a\ntitle: A\ncontrls: {}\ncontrols: {}\n", "f.yaml:3: a framework has no key 'contrls'"),
        ("id: a\ntitle: A\ncontrols: {x: X}\nfollows:\n  b: {y: [z]}\n", "f.yaml:5: this framework has no control 'z'"),
    ],
)
def test_a_wrong_framework_says_where(text: str, wanted: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_framework(parse_document(text.encode(), "f.yaml"))
    assert str(caught.value).startswith(wanted)


@pytest.mark.real_data
def test_nist_controls_are_those_of_the_catalogue(shared: Path) -> None:
    (path,) = (shared / "data" / "oscal").glob("*.json")
    catalogue = json.loads(path.read_text())["catalog"]
    assert set(identifiers(catalogue)) == set(LOADED.frameworks["nist-800-53"].controls)


def identifiers(group: dict[str, Any]) -> Iterator[str]:
    for below in group.get("groups", []):
        yield from identifiers(below)
    for control in group.get("controls", []):
        yield re.sub(r"\.(\d+)$", r"(\1)", control["id"].upper())
        yield from identifiers(control)
