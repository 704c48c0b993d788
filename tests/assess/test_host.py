"""A host's assessment: policies over its sections, advisories over its packages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bartizan.assess.host import assess_host, scopes
from bartizan.assess.policy.engine import HOST_SECTIONS, PolicySet, host_resource, load_policies
from bartizan.assess.policy.schema import fill
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.snapshot import collect_host
from bartizan.model.finding import Verdict
from bartizan.model.snapshot import Section

POLICIES: PolicySet = load_policies()


def section(name: str, facts: Any) -> Section:
    return Section(name=name, facts=facts)


def test_policies_read_every_host_section_and_the_packages() -> None:
    found = scopes(["os", "users", "packages_deb", "packages_pypi"])
    assert set(HOST_SECTIONS) | {"packages_deb"} <= set(found["policy"])
    assert "packages_deb" in found["vulnerability:packages_deb"]
    assert "os" in found["vulnerability:packages_deb"]
    assert "packages_pypi" in found["vulnerability:packages_pypi"]
    assert set(found) == {"policy", "vulnerability:packages_deb", "vulnerability:packages_pypi"}


def test_what_is_assessed_anew_does_not_hang_on_what_is_there() -> None:
    assert scopes(["os"])["policy"] == scopes(["os", "packages_deb"])["policy"]


def test_each_assessor_answers_for_itself() -> None:
    sections = {
        "os": section("os", {"id": "debian", "version_id": "12"}),
        "packages_deb": section("packages_deb", []),
        "packages_pypi": section("packages_pypi", []),
    }
    found = {each.assessor: each for each in assess_host(sections, advisories=None, policies=POLICIES)}
    assert set(found) == {"policy", "vulnerability:packages_deb", "vulnerability:packages_pypi"}
    assert found["policy"].knowledge == POLICIES.digest
    assert "host-os-supported" in found["policy"].passed


def test_the_same_facts_give_the_same_assessment() -> None:
    sections = {"sshd": section("sshd", {"present": False})}
    first, second = (assess_host(sections, advisories=None, policies=POLICIES) for _ in range(2))
    assert first == second


def test_a_host_of_which_nothing_is_known_passes_nothing() -> None:
    (assessment,) = assess_host({}, advisories=None, policies=POLICIES)
    assert assessment.passed == ()
    assert {each.verdict for each in assessment.findings} == {Verdict.UNKNOWN}
    assert len(assessment.findings) == len(POLICIES.by_type["host"])


def test_a_folder_is_judged_without_surprises(tmp_path: Path) -> None:
    """Real collectors on a small root: every fact fits the schema, and what only a running system tells is unknown."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "os-release").write_text('ID=debian\nVERSION_ID="10"\n')
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/bash\n")
    (etc / "shadow").write_text("root:$6$salt$hash:19000:0:99999:7:::\ntoor::19000:0:99999:7:::\n")
    (etc / "group").write_text("root:x:0:\n")
    snapshot = collect_host(LocalView(str(tmp_path)), sensor="test", now=datetime(2026, 11, 23, tzinfo=UTC))
    problems: list[str] = []
    fill(POLICIES.schemas["host"].root, host_resource(snapshot.sections, "x").attributes, problems)
    assert problems == []
    assessment = assess_host(snapshot.sections, advisories=None, policies=POLICIES)[0]
    verdicts = {each.rule: each.verdict for each in assessment.findings}
    assert verdicts["host-account-uid-zero"] is Verdict.FAIL
    assert verdicts["host-account-empty-password"] is Verdict.FAIL
    assert verdicts["host-os-supported"] is Verdict.FAIL
    assert verdicts["host-kernel-aslr"] is Verdict.UNKNOWN
    assert "host-account-weak-hash" in assessment.passed
    assert "host-ssh-root-login" in assessment.not_applicable
