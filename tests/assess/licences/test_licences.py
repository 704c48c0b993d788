"""A policy for licences: the best of alternatives, the worst of what applies together, exceptions with reasons."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bartizan.assess.dispatch import Known, assess, judge, scopes
from bartizan.assess.licences import policy as policies
from bartizan.assess.licences.assessor import assess_licences, licence_of
from bartizan.assess.licences.policy import ALLOW, DENY, UNSTATED, LicencePolicy, load_policy
from bartizan.content.documents import ContentError
from bartizan.model.finding import Finding, Verdict
from bartizan.model.package import Package, package_facts
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Section

BUILT_IN = load_policy()


def written(tmp_path: Path, text: str) -> LicencePolicy:
    path = tmp_path / "licences.yaml"
    path.write_text(text)
    return load_policy(path)


def package(name: str = "x", *licences: str, **more: Any) -> Package:
    given_ = {"type": "npm", "path": f"/app/node_modules/{name}/package.json", "version": "1.0.0"}
    return Package(name=name, licences=licences, **{**given_, **more})


def findings(policy: LicencePolicy, *packages: Package) -> tuple[Finding, ...]:
    facts = [package_facts(each) for each in packages]
    return assess_licences(Section(name="packages_npm", facts=facts), policy).findings


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", ALLOW),
        ("AGPL-3.0-only", DENY),
        ("MIT OR AGPL-3.0-only", ALLOW),
        ("MIT AND AGPL-3.0-only", DENY),
        ("(MIT OR AGPL-3.0-only) AND SSPL-1.0", DENY),
        ("(MIT AND AGPL-3.0-only) OR Apache-2.0", ALLOW),
        ("AGPL-3.0-only OR SSPL-1.0", DENY),
        ("LicenseRef-unknown-x", UNSTATED),
        ("LicenseRef-unknown-x OR MIT", ALLOW),
        ("LicenseRef-unknown-x AND AGPL-3.0-only", DENY),
        ("LicenseRef-unknown-x AND MIT", UNSTATED),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ALLOW),
    ],
)
def test_operators(expression: str, verdict: int) -> None:
    assert policies.judge(expression, BUILT_IN).verdict == verdict


def test_the_built_in_policy_tells_of_network_copyleft_in_application_packages_and_of_nothing_else() -> None:
    found = findings(
        BUILT_IN,
        package("agpl", "AGPL-3.0-or-later"),
        package("dual", "(MIT OR AGPL-3.0-only)"),
        package("gpl", "GPL-3.0-only"),
        package("silent"),
        package("system", "AGPL-3.0-only", type="deb", path="/var/lib/dpkg/status"),
        package("owned", "AGPL-3.0-only", owner="python3-owned"),
    )
    [finding] = found
    assert finding.identity == (
        "licence", "AGPL-3.0-or-later", "pkg:npm/agpl#/app/node_modules/agpl/package.json",
    )  # fmt: skip
    assert finding.severity is Severity.MEDIUM
    assert finding.title == "agpl is under AGPL-3.0-or-later (network copyleft)"
    assert "network" in finding.evidence["why"] and finding.fix.text


def test_a_user_s_policy(tmp_path: Path) -> None:
    policy = written(
        tmp_path,
        """
packages: all
deny: {licences: [strong-copyleft, SSPL-1.0], severity: high}
review: {licences: [weak-copyleft]}
allow: [GPL-2.0-only WITH Linux-syscall-note, GPL-3.0-or-later]
unknown: low
exceptions:
  - {package: "pkg:npm/bought", reason: "a licence was bought"}
""",
    )
    found = {
        (finding.rule, finding.severity, finding.verdict)
        for finding in findings(
            policy,
            package("a", "GPL-2.0-only"),
            package("b", "MPL-2.0"),
            package("c", "GPL-3.0-or-later"),
            package("d", "SSPL-1.0"),
            package("e", "AGPL-3.0-only"),
            package("bought", "GPL-2.0-only"),
            package("f", "no such thing"),
            package("g"),
            package("h", "GPL-2+", type="deb"),
        )
    }
    assert found == {
        ("GPL-2.0-only", Severity.HIGH, Verdict.FAIL),
        ("MPL-2.0", Severity.LOW, Verdict.FAIL),
        ("SSPL-1.0", Severity.HIGH, Verdict.FAIL),
        ("GPL-2.0-or-later", Severity.HIGH, Verdict.FAIL),
        ("licence-unknown", Severity.LOW, Verdict.UNKNOWN),
    }
    [unknown] = [each for each in findings(policy, package("f", "?"), package("g")) if each.rule == "licence-unknown"]
    assert unknown.title == "2 npm packages state no licence that is known"
    assert [each["name"] for each in unknown.evidence["packages"]] == ["f", "g"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("denied: []", "has allow, deny"),
        ("deny:\n  licences: [copyleft]", r"licences\.yaml:2: 'copyleft' is neither a class"),
        ("deny: {severity: bad}", "there is no severity 'bad'"),
        ("exceptions: [{package: x}]", "a package .* and a reason"),
        ("packages: some", "application or all"),
        ("unknown: sometimes", "there is no severity"),
    ],
)
def test_a_mistake_in_a_policy_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ContentError, match=told):
        written(tmp_path, text)


def test_several_licences_are_a_choice_where_the_ecosystem_says_so() -> None:
    assert licence_of("npm", ("MIT", "GPL-2.0")) == "MIT OR GPL-2.0-only"
    assert licence_of("deb", ("Expat", "GPL-2+", "Expat")) == "MIT AND GPL-2.0-or-later"
    assert licence_of("npm", ()).startswith("LicenseRef-unknown")


def test_the_dispatcher_judges_licences_by_section_and_origin() -> None:
    facts = [package_facts(package("agpl", "AGPL-3.0-only", layer="sha256:a"))]
    sections = {
        "packages_npm": Section(name="packages_npm", facts=facts),
        "image": Section(name="image", facts={"layers": [{"digest": "sha256:a", "step": "COPY . ."}]}),
    }
    known = Known(licences=BUILT_IN)
    assert scopes(sections)["licence:packages_npm"] == ("packages_npm", "image", "image_base")
    [assessment] = [each for each in assess(sections, known) if each.assessor.startswith("licence")]
    assert assessment == judge("licence:packages_npm", sections, known)
    assert assessment.knowledge == BUILT_IN.digest
    assert assessment.findings[0].evidence["origin"]["step"] == "COPY . ."


@settings(deadline=None)
@given(st.lists(st.lists(st.text(max_size=30), max_size=3), max_size=5))
@example([["0", "0/0|"]])
@example([["|MIT", "or"], ["and", "MIT with"]])
def test_whatever_packages_declare_is_judged(declared: list[list[str]]) -> None:
    findings(BUILT_IN, *(package(f"p{number}", *licences) for number, licences in enumerate(declared)))
