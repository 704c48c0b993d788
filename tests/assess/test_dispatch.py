"""One way to judge every kind of asset: what the scan judges at once and the server part by part comes out the same."""

from typing import Any

import pytest

from bartizan.assess.dispatch import BASE, IMAGE, Known, assess, judge, scopes
from bartizan.assess.host import RESOURCE_SECTIONS
from bartizan.assess.licences.policy import load_policy as load_licence_policy
from bartizan.assess.malware.rules import load_rules as load_malware_rules
from bartizan.assess.policy.engine import PolicySet, load_policies
from bartizan.assess.secrets.rules import load_rules as load_secret_rules
from bartizan.model.package import Package, package_facts
from bartizan.model.snapshot import Problem, Section

KNOWN = Known(
    policies=load_policies(),
    secrets=load_secret_rules(),
    malware=load_malware_rules(),
    licences=load_licence_policy(),
)
LAYERS = ["sha256:" + "1" * 64, "sha256:" + "2" * 64]


def section(name: str, facts: Any, *problems: Problem) -> Section:
    return Section(name=name, facts=facts, problems=problems)


def package(name: str, layer: str) -> dict[str, Any]:
    return package_facts(Package(type="deb", namespace="debian", name=name, version="1", path="/x", layer=layer))


OS = section("os", {"id": "debian", "version_id": "12"})
DEB = section("packages_deb", [package("hello", LAYERS[0])])
BUCKET = {"type": "aws.s3.bucket", "id": "/#aws_s3_bucket.logs", "attributes": {}}
SECRETS = section("secrets", [{"rule": "secret-jwt", "path": "/x", "fingerprint": "0c1d", "layer": LAYERS[1]}])
MALWARE = section("malware", [{"rule": "malware-packed-upx", "path": "/x", "sha256": "00", "layer": LAYERS[1]}])
TEMPLATES = section(
    "resources_terraform", {"resources": [BUCKET], "templates": ["/"]}, Problem(path="/x.tf:3", reason="broken")
)
ASSETS: dict[str, tuple[Section, ...]] = {
    "host": (OS, section("sshd", {"present": False}), DEB),
    "image": (
        OS,
        DEB,
        SECRETS,
        MALWARE,
        section(IMAGE, {"layers": [{"digest": each, "step": "RUN x"} for each in LAYERS]}),
    ),
    "source tree": (TEMPLATES,),
    "host with templates": (OS, DEB, TEMPLATES),
    "packages alone": (DEB,),
    "nothing": (),
}


def sections(what: str) -> dict[str, Section]:
    return {each.name: each for each in ASSETS[what]}


@pytest.mark.parametrize("what", ASSETS)
def test_judging_at_once_and_part_by_part_agree(what: str) -> None:
    given = sections(what)
    at_once = {each.assessor: each for each in assess(given, KNOWN)}
    parts = {}
    for assessor, read in scopes(given).items():
        parts[assessor] = judge(assessor, {name: given[name] for name in read if name in given}, KNOWN)
    assert at_once == parts


def test_a_source_tree_is_no_host_that_fails_everything() -> None:
    assert set(scopes(sections("source tree"))) == {"policy:resources_terraform"}
    assert set(scopes(sections("packages alone"))) == {"vulnerability:packages_deb", "licence:packages_deb"}


def test_findings_of_an_image_tell_their_layer_and_part() -> None:
    given = sections("image")
    given[BASE] = section(BASE, {"layers": LAYERS[:1], "name": "debian:12", "told_by": "--base"})
    found = judge("vulnerability:packages_deb", given, KNOWN)
    assert found.blind, "nothing was judged without advisories"
    assert {IMAGE, BASE} <= set(scopes(given)["vulnerability:packages_deb"])


def test_a_base_that_is_told_later_is_judged_anew_and_one_of_another_shape_is_none() -> None:
    given = sections("image") | {BASE: section(BASE, ["nonsense"])}
    assert [each.assessor for each in assess(given, KNOWN)] == [
        "policy",
        "vulnerability:packages_deb",
        "licence:packages_deb",
        "secret",
        "malware",
    ]


def test_knowledge_that_is_not_there_judges_nothing() -> None:
    assert [each.assessor for each in assess(sections("host"), Known())] == ["vulnerability:packages_deb"]
    assert assess(sections("source tree"), Known()) == []


def test_policies_of_templates_are_kept_apart_by_resource() -> None:
    policies = KNOWN.policies
    assert isinstance(policies, PolicySet)
    (found,) = assess(sections("source tree"), KNOWN)
    locators = {finding.locator for finding in found.findings if finding.kind == "policy"}
    assert locators == {BUCKET["id"]}
    assert any(finding.rule == "template-not-read" for finding in found.findings)


@pytest.mark.parametrize("name", sorted(RESOURCE_SECTIONS))
def test_resources_of_a_host_are_judged_by_their_section_alone(name: str) -> None:
    section = Section(name=name, facts={"present": False})
    assessed = judge(f"policy:{name}", {name: section}, Known(policies=load_policies()))
    assert assessed.assessor == f"policy:{name}"
