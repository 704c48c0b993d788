"""A source tree's templates are found by their content, judged once, and what cannot be judged is said."""

from typing import Any

from bartizan.assess.policy.engine import load_policies
from bartizan.assess.resources import assess_resources, scopes
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.discover import read_templates
from bartizan.model.finding import FindingKind, Verdict
from bartizan.model.resource import resource_from

TREE = {
    "/net/main.tf": b'module "b" {\n  source = "../modules/bucket"\n  name = "web"\n}\n',
    "/modules/bucket/main.tf": b'variable "name" {}\nresource "aws_s3_bucket" "b" { bucket = var.name }\n',
    "/alone/main.tf": b'resource "aws_s3_bucket" "own" {}\nresource "aws_quantum_link" "q" {}\n',
    "/broken/main.tf": b'resource "aws_s3_bucket" "b" {\n',
    "/net/.terraform/x/main.tf": b'resource "aws_s3_bucket" "cached" {}\n',
    "/stacks/bucket.yml": b"Resources:\n  Logs:\n    Type: AWS::S3::Bucket\n",
    "/plan.json": b'{"format_version": "1.2", "terraform_version": "1.9", "planned_values": {"root_module": {}}}',
    "/other.yaml": b"just: yaml\n",
}


def facts_of(name: str) -> dict[str, Any]:
    facts = read_templates(MemoryView(TREE))[name].facts
    assert isinstance(facts, dict)
    return facts


def test_each_template_is_read_once_in_its_language() -> None:
    terraform = facts_of("resources_terraform")
    assert terraform["templates"] == ["/alone", "/broken", "/net", "/plan.json"]
    assert [each["id"] for each in terraform["resources"]] == [
        "/alone#aws_s3_bucket.own",
        "/net#module.b.aws_s3_bucket.b",
    ]
    assert [each["id"] for each in facts_of("resources_cloudformation")["resources"]] == ["/stacks/bucket.yml#Logs"]


def test_resources_come_back_from_their_section_as_they_went_in() -> None:
    called = resource_from(facts_of("resources_terraform")["resources"][1])
    assert (called.name, called.location and called.location.path) == ("web", "/modules/bucket/main.tf")


def test_what_was_not_read_or_is_not_modelled_is_unknown_and_never_a_pass() -> None:
    sections = read_templates(MemoryView(TREE))
    terraform, *_ = (
        each for each in assess_resources(sections, load_policies()) if each.assessor == "policy:resources_terraform"
    )
    coverage = {each.rule: each for each in terraform.findings if each.kind is FindingKind.COVERAGE}
    assert {rule: each.locator for rule, each in coverage.items()} == {
        "template-not-read": "/broken/main.tf",
        "resource-type-not-modelled": "aws_quantum_link",
    }
    assert all(each.verdict is Verdict.UNKNOWN for each in coverage.values())
    assert set(scopes(sections)) == {"policy:resources_terraform", "policy:resources_cloudformation"}


def test_findings_point_at_the_line_and_keep_their_identity_when_lines_move() -> None:
    def public(tree: dict[str, bytes]) -> dict[tuple[str, str, str], int]:
        found = assess_resources(read_templates(MemoryView(tree)), load_policies())
        return {
            each.identity: each.evidence["location"]["line"]
            for assessment in found
            for each in assessment.findings
            if each.kind is FindingKind.POLICY and each.rule == "aws-s3-versioning"
        }

    before = public(TREE)
    after = public({**TREE, "/alone/main.tf": b"# a comment\n\n" + TREE["/alone/main.tf"]})
    assert before.keys() == after.keys()
    key = ("policy", "aws-s3-versioning", "/alone#aws_s3_bucket.own")
    assert (before[key], after[key]) == (1, 3)
