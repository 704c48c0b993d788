"""Resources and policies to assessments."""

from pathlib import Path
from typing import Any

import pytest

from bartizan.assess.policy.engine import PolicySet, assess_resource, host_resource, load_policies, parameter_problems
from bartizan.model.finding import FindingKind, Verdict
from bartizan.model.package import Package, package_facts
from bartizan.model.resource import Location, Resource, Unknown
from bartizan.model.snapshot import Problem, Section

POLICIES = """\
resource: host
policies:
  - id: tries
    title: Few tries
    severity: medium
    applies: resource.sshd.present
    parameters: {tries: 4}
    check: resource.sshd.effective.max_auth_tries <= params.tries
    why: Guessing.
    fix: {text: Lower it., command: do it}
    controls: {nist-800-53: [AC-7]}
  - id: uids
    title: One root
    severity: high
    check: >-
      resource.users.accounts.all(a, a.uid != 0 || a.name == "root")
      && resource.users.shadow.all(s, s.state != "empty")
    why: Root.
    fix: Remove it.
  - id: telnet
    title: No telnet
    severity: low
    check: '!("telnetd" in resource.packages)'
    why: Clear text.
    fix: Remove it.
"""


@pytest.fixture
def policies(tmp_path: Path) -> PolicySet:
    (tmp_path / "p.yaml").write_text(POLICIES)
    loaded = load_policies([tmp_path], builtin=False)
    assert [error for error in loaded.errors if error.path.startswith(str(tmp_path))] == []
    return loaded


def section(name: str, facts: Any, *problems: tuple[str, str]) -> Section:
    return Section(
        name=name, facts=facts, problems=tuple(Problem(path=path, reason=reason) for path, reason in problems)
    )


def host(*sections: Section) -> Resource:
    return host_resource({each.name: each for each in sections}, "web1")


ACCOUNTS = {"accounts": [{"name": "root", "uid": 0}], "shadow": [{"name": "root", "state": "set"}]}
PACKAGES = section("packages_deb", [package_facts(Package(type="deb", name="bash", version="5.2"))])
SSHD = section("sshd", {"present": True, "effective": {"max_auth_tries": 6}})


def test_the_four_results(policies: PolicySet) -> None:
    assessment = assess_resource(host(section("users", ACCOUNTS), SSHD, section("os", {})), policies)
    assert assessment.counts == {"pass": 1, "fail": 1, "unknown": 1, "not-applicable": 0}
    assert assessment.passed == ("uids",)
    unknown, failed = assessment.findings
    assert (unknown.rule, unknown.verdict) == ("telnet", Verdict.UNKNOWN)
    assert unknown.evidence["unknowns"] == [{"path": "packages", "reason": "no package database was found"}]
    assert (failed.rule, failed.verdict, failed.kind, failed.locator) == ("tries", Verdict.FAIL, FindingKind.POLICY, "")
    assert failed.evidence["values"] == {"sshd.effective.max_auth_tries": 6, "params.tries": 4}
    assert failed.evidence["controls"] == {"nist-800-53": ["AC-7"]}
    assert failed.fix.text == "Lower it.\n\ndo it"


def test_what_does_not_apply_says_why(policies: PolicySet) -> None:
    assessment = assess_resource(
        host(section("sshd", {"present": False}), section("users", ACCOUNTS), PACKAGES), policies
    )
    assert assessment.not_applicable == {"tries": "sshd.present is false"}
    assert assessment.findings == ()


def test_a_section_without_facts_is_unknown_with_its_reasons(policies: PolicySet) -> None:
    users = section("users", None, ("users", "needs a running system"))
    found = {each.rule: each for each in assess_resource(host(users, SSHD, PACKAGES), policies).findings}
    assert found["uids"].verdict is Verdict.UNKNOWN
    assert found["uids"].evidence["unknowns"] == [{"path": "users", "reason": "users: needs a running system"}]


def test_a_section_that_was_not_collected_is_unknown(policies: PolicySet) -> None:
    found = {each.rule: each for each in assess_resource(host(PACKAGES), policies).findings}
    assert {each.verdict for each in found.values()} == {Verdict.UNKNOWN}
    assert found["tries"].evidence["unknowns"] == [{"path": "sshd", "reason": "this section was not collected"}]


def test_a_named_attribute_is_unknown_and_others_are_not(policies: PolicySet) -> None:
    denied = ("@shadow", "/etc/shadow: permission denied")
    users = section(
        "users", {"accounts": ACCOUNTS["accounts"], "shadow": None}, denied, ("/etc/passwd:3", "no account")
    )
    found = {each.rule: each for each in assess_resource(host(users, SSHD, PACKAGES), policies).findings}
    assert found["uids"].verdict is Verdict.UNKNOWN
    assert found["uids"].evidence["unknowns"] == [{"path": "users.shadow", "reason": "/etc/shadow: permission denied"}]
    two_roots = {"accounts": [{"name": "toor", "uid": 0}], "shadow": None}
    (failed,) = (
        each
        for each in assess_resource(host(section("users", two_roots, denied), SSHD), policies).findings
        if each.rule == "uids"
    )
    assert failed.verdict is Verdict.FAIL


def test_removed_packages_do_not_count(policies: PolicySet) -> None:
    gone = package_facts(Package(type="deb", name="telnetd", version="1", state="config-files"))
    here = package_facts(Package(type="deb", name="telnetd", version="1"))
    for facts, wanted in (([gone], True), ([here], False)):
        assessment = assess_resource(host(section("packages_deb", facts), SSHD, section("users", ACCOUNTS)), policies)
        assert ("telnet" in assessment.passed) is wanted


def test_parameters_of_an_organisation(policies: PolicySet) -> None:
    resource = host(SSHD, section("users", ACCOUNTS), PACKAGES)
    looser = assess_resource(resource, policies, {"tries": {"tries": 10}})
    assert "tries" in looser.passed
    stricter = {each.rule: each for each in assess_resource(resource, policies, {"tries": {"tries": 3}}).findings}
    assert stricter["tries"].evidence["parameters"] == {"tries": 3}
    assert looser.knowledge != assess_resource(resource, policies).knowledge == policies.digest
    wrong: dict[str, dict[str, Any]] = {"tries": {"tries": "ten", "other": 1}, "none": {"x": 1}, "trees": {}}
    assert parameter_problems(policies, wrong) == [
        "tries: parameter 'tries': expected int, found string 'ten' (its default is 4)",
        "tries: there is no parameter 'other' (it has tries)",
        "none: there is no such policy",
        "trees: there is no such policy (did you mean 'tries'?)",
    ]
    (finding,) = assess_resource(resource, policies, wrong).findings
    assert finding.verdict is Verdict.UNKNOWN
    assert "parameter 'tries': expected int" in finding.evidence["unknowns"][0]["reason"]


def test_location_and_locator_of_a_template(policies: PolicySet) -> None:
    resource = Resource(
        type="host",
        id="aws_instance.web",
        attributes={"users": ACCOUNTS, "packages": {}, "sshd": {"present": True}},
        location=Location(path="main.tf", line=3, end_line=9, module="module.web"),
        unknowns=(Unknown(path="sshd.effective.max_auth_tries", reason="var.tries has no value"),),
    )
    (finding,) = assess_resource(resource, policies, locator=resource.id).findings
    assert finding.locator == "aws_instance.web"
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.evidence["location"] == {"path": "main.tf", "line": 3, "end_line": 9, "module": "module.web"}
    assert finding.evidence["unknowns"][0]["reason"] == "var.tries has no value"


def test_a_type_without_schema_is_not_judged(policies: PolicySet) -> None:
    assert assess_resource(Resource(type="nothing.such", id="x"), policies).counts == {}


def test_the_digest_follows_what_decides(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        (tmp_path / "p.yaml").write_text(text)
        return load_policies([tmp_path], builtin=False).digest

    first = digest(POLICIES)
    assert digest("# a remark\n" + POLICIES) == first
    assert digest(POLICIES.replace("tries: 4", "tries: 5")) != first
    assert digest(POLICIES.replace("severity: high", "severity: low")) != first
