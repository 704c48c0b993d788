"""The plan: few steps, the worthiest first, each to the version that fixes all, and nothing lost on the way."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.severity import Severity
from bartizan.pipeline.fix_plan import StepKind, latest, make_plan, plan_facts, project

Make = Callable[..., Finding]


def test_one_step_for_a_source_package_goes_to_the_version_that_fixes_all(vulnerability: Make) -> None:
    plan = make_plan(
        [
            vulnerability("CVE-1", "pkg:deb/debian/openssl", ("libssl3", "3.0.1"), fixed="3.0.9-1"),
            vulnerability("CVE-2", "pkg:deb/debian/openssl", ("libssl3", "3.0.1"), fixed="3.0.10-1"),
            vulnerability("CVE-3", "pkg:deb/debian/openssl", ("libssl3", "3.0.1")),
        ]
    )
    [step] = plan.steps
    assert (step.kind, step.text(), step.fixable) == (StepKind.DISTRIBUTION, "upgrade openssl to 3.0.10-1", 2)
    assert [(each.reason, len(each.findings)) for each in plan.remaining] == [("no version fixes it yet", 1)]


def test_a_library_is_raised_wherever_projects_have_it(vulnerability: Make) -> None:
    plan = make_plan(
        [
            vulnerability("CVE-1", "pkg:npm/lodash#/srv/a/package-lock.json", fixed="4.17.21"),
            vulnerability("CVE-1", "pkg:npm/lodash#/srv/a/node_modules/lodash/package.json", fixed="4.17.21"),
            vulnerability("CVE-1", "pkg:npm/lodash#/srv/b/node_modules/x/node_modules/lodash/a.json", fixed="4.17.21"),
        ]
    )
    [step] = plan.steps
    assert step.places == ("/srv/a/node_modules", "/srv/a/package-lock.json", "/srv/b/node_modules")


def test_what_came_with_the_base_image_is_one_step(vulnerability: Make) -> None:
    base = {"origin": {"part": "base", "base": "debian:12"}}
    plan = make_plan(
        [
            vulnerability("CVE-1", "pkg:deb/debian/openssl", fixed="2", **base),
            vulnerability("CVE-2", "pkg:deb/debian/zlib", fixed="2", **base),
            vulnerability("CVE-3", "pkg:deb/debian/curl", fixed="2", origin={"part": "application"}),
        ]
    )
    assert [step.text() for step in plan.steps] == ["build upon a newer debian:12", "upgrade curl to 2"]


def test_one_that_is_being_exploited_outweighs_many_small_ones(vulnerability: Make) -> None:
    small = [vulnerability(f"CVE-{number}", "pkg:deb/debian/small", fixed="2", score=20.0) for number in range(50)]
    worst = vulnerability("CVE-99", "pkg:deb/debian/worst", fixed="2", score=95.0, kev={"added": "2026-01-01"})
    assert [step.package for step in make_plan([*small, worst]).steps] == ["worst", "small"]


def test_a_malicious_package_is_removed_first(vulnerability: Make) -> None:
    bad = Finding(
        kind=FindingKind.MALICIOUS_PACKAGE,
        rule="MAL-1",
        locator="pkg:npm/evil#/x",
        severity=Severity.CRITICAL,
        title="evil",
        evidence={"package": {"name": "evil", "type": "npm"}},
        fix=Fix(state=FixState.NOT_FIXED),
    )
    plan = make_plan([vulnerability("CVE-1", "pkg:deb/debian/a", fixed="2", score=100.0), bad])
    assert plan.steps[0].text() == "remove evil: it is malicious"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/srv/app/package-lock.json", "/srv/app/package-lock.json"),
        ("/srv/app/node_modules/a/package.json", "/srv/app/node_modules"),
        ("/v/lib/python3.11/site-packages/x-1.dist-info/METADATA", "/v/lib/python3.11/site-packages"),
        ("/srv/a/requests-2.dist-info/METADATA", "/srv/a"),
        ("/srv/app.war!/WEB-INF/lib/x.jar", "/srv/app.war"),
    ],
)
def test_what_to_change(path: str, meant: str) -> None:
    assert project(path) == meant


FINDINGS = st.lists(
    st.builds(
        lambda number, name, fixed, score, verdict: Finding(
            kind=FindingKind.VULNERABILITY,
            rule=f"CVE-{number}",
            locator=f"pkg:deb/debian/{name}",
            severity=Severity.HIGH,
            title="x",
            verdict=verdict,
            fix=Fix(state=FixState.FIXED if fixed else FixState.WILL_NOT_FIX, version=fixed),
            score=score,
        ),
        st.integers(0, 30),
        st.sampled_from("abc"),
        st.sampled_from(["", "1.0", "1.10", "1.9"]),
        st.floats(0, 100),
        st.sampled_from(Verdict),
    ),
    max_size=12,
)


@given(FINDINGS)
def test_every_finding_is_in_one_step_or_remains(findings: list[Finding]) -> None:
    plan = make_plan(findings)
    told: list[Any] = [each for step in plan.steps for each in step.removes]
    told += [each for group in plan.remaining for each in group.findings]
    assert len(told) == len(findings)
    assert {id(each) for each in told} == {id(each) for each in findings}
    assert [step.risk for step in plan.steps] == sorted((step.risk for step in plan.steps), reverse=True)
    for step in plan.steps:
        assert step.to == latest((each.fix.version for each in step.removes), "pkg:deb/x")
    assert plan_facts(plan)["removes"] + plan_facts(plan)["remains"] == len(findings)
