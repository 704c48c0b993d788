"""One policy, every input: the same good and bad state written as a Terraform configuration, as its plan, in
CloudFormation and as a live resource gives the same verdict."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.cloudformation.resources import of_template
from bartizan.collect.templates.normal import TemplateResources
from bartizan.collect.templates.terraform.plan import of_plan
from bartizan.collect.templates.terraform.resources import of_folder
from bartizan.model.policy import PolicyResult
from bartizan.model.resource import Resource


@dataclass(frozen=True)
class State:
    """One state of the world in four notations."""

    policy: str
    expect: PolicyResult
    hcl: str
    plan: list[dict[str, Any]]
    """Resources of a plan as (type, values, after_unknown)."""
    live: dict[str, Any]
    """Attributes as a connector gives them."""
    stack: dict[str, Any]
    """Properties of the bucket in CloudFormation; what begins with `+` is another resource's, by its type."""
    type: str = "aws.s3.bucket"


BUCKET = 'resource "aws_s3_bucket" "b" { bucket = "b" }\n'
PLANNED = {"type": "aws_s3_bucket", "values": {"bucket": "b"}}
ALL_FOUR = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")


def added(type_: str, body: str) -> str:
    return BUCKET + f'resource "{type_}" "x" {{\n  bucket = aws_s3_bucket.b.id\n{body}\n}}\n'


def also(type_: str, **values: Any) -> list[dict[str, Any]]:
    return [
        PLANNED,
        {"type": type_, "values": values, "unknown": {"bucket": True}, "refers": {"bucket": "aws_s3_bucket.b"}},
    ]


PUBLIC_POLICY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
TLS_POLICY = {
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": ["s3:*"],
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": False}},
        }
    ]
}
TLS_STATEMENT = {
    "effect": "Deny",
    "principals": ["*"],
    "actions": ["s3:*"],
    "resources": ["*"],
    "conditions": [{"operator": "Bool", "key": "aws:SecureTransport", "values": ["false"]}],
}
PASS, FAIL, UNKNOWN = PolicyResult.PASS, PolicyResult.FAIL, PolicyResult.UNKNOWN

STATES = [
    State("aws-s3-public", PASS, BUCKET, [PLANNED], {}, {}),
    State(
        "aws-s3-public",
        FAIL,
        added("aws_s3_bucket_acl", '  acl = "public-read"'),
        also("aws_s3_bucket_acl", acl="public-read"),
        {"public": True},
        {"AccessControl": "PublicRead"},
    ),
    State(
        "aws-s3-public",
        FAIL,
        added("aws_s3_bucket_policy", f"  policy = jsonencode({json.dumps(PUBLIC_POLICY)})"),
        also("aws_s3_bucket_policy", policy=json.dumps(PUBLIC_POLICY)),
        {"public": True},
        {"+AWS::S3::BucketPolicy": {"Bucket": {"Ref": "B"}, "PolicyDocument": PUBLIC_POLICY}},
    ),
    State(
        "aws-s3-public-access-block",
        PASS,
        added("aws_s3_bucket_public_access_block", "\n".join(f"  {name} = true" for name in ALL_FOUR)),
        also("aws_s3_bucket_public_access_block", **dict.fromkeys(ALL_FOUR, True)),
        {"public_access_block": dict.fromkeys(ALL_FOUR, True)},
        {"PublicAccessBlockConfiguration": {"".join(map(str.title, name.split("_"))): True for name in ALL_FOUR}},
    ),
    State("aws-s3-public-access-block", FAIL, BUCKET, [PLANNED], {}, {}),
    State(
        "aws-s3-kms",
        PASS,
        added(
            "aws_s3_bucket_server_side_encryption_configuration",
            '  rule {\n    apply_server_side_encryption_by_default {\n      sse_algorithm = "aws:kms"\n    }\n  }',
        ),
        also(
            "aws_s3_bucket_server_side_encryption_configuration",
            rule=[
                {"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms", "kms_master_key_id": None}]}
            ],
        ),
        {"encryption": {"algorithm": "aws:kms"}},
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            }
        },
    ),
    State("aws-s3-kms", FAIL, BUCKET, [PLANNED], {}, {}),
    State(
        "aws-s3-versioning",
        PASS,
        added("aws_s3_bucket_versioning", '  versioning_configuration {\n    status = "Enabled"\n  }'),
        also("aws_s3_bucket_versioning", versioning_configuration=[{"status": "Enabled"}]),
        {"versioning": {"enabled": True}},
        {"VersioningConfiguration": {"Status": "Enabled"}},
    ),
    State(
        "aws-s3-versioning",
        FAIL,
        added("aws_s3_bucket_versioning", '  versioning_configuration {\n    status = "Suspended"\n  }'),
        also("aws_s3_bucket_versioning", versioning_configuration=[{"status": "Suspended"}]),
        {},
        {"VersioningConfiguration": {"Status": "Suspended"}},
    ),
    State(
        "aws-s3-logging",
        PASS,
        added("aws_s3_bucket_logging", '  target_bucket = "logs"\n  target_prefix = "b/"'),
        also("aws_s3_bucket_logging", target_bucket="logs", target_prefix="b/"),
        {"logging": {"enabled": True}},
        {"LoggingConfiguration": {"DestinationBucketName": "logs"}},
    ),
    State("aws-s3-logging", FAIL, BUCKET, [PLANNED], {}, {}),
    State(
        "aws-s3-tls",
        PASS,
        added("aws_s3_bucket_policy", f"  policy = jsonencode({json.dumps(TLS_POLICY)})"),
        also("aws_s3_bucket_policy", policy=json.dumps(TLS_POLICY)),
        {"policy": [TLS_STATEMENT]},
        {"+AWS::S3::BucketPolicy": {"Bucket": {"Ref": "B"}, "PolicyDocument": TLS_POLICY}},
    ),
    State("aws-s3-tls", FAIL, BUCKET, [PLANNED], {}, {}),
    State("aws-s3-acl-off", PASS, BUCKET, [PLANNED], {}, {}),
    State(
        "aws-s3-acl-off",
        FAIL,
        added("aws_s3_bucket_ownership_controls", '  rule {\n    object_ownership = "ObjectWriter"\n  }'),
        also("aws_s3_bucket_ownership_controls", rule=[{"object_ownership": "ObjectWriter"}]),
        {"object_ownership": "ObjectWriter"},
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
    ),
]


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


def of_hcl(text: str) -> TemplateResources:
    return of_folder(MemoryView({"/t/main.tf": text.encode()}), "/t")


def of_planned(planned: list[dict[str, Any]]) -> TemplateResources:
    resources, changes, configured = [], [], []
    for number, each in enumerate(planned):
        name = "b" if number == 0 else "x"
        address = f"{each['type']}.{name}"
        resources.append(
            {"address": address, "mode": "managed", "type": each["type"], "name": name, "values": each["values"]}
        )
        changes.append({"address": address, "change": {"after_unknown": each.get("unknown", {})}})
        expressions = {key: {"references": [f"{target}.id", target]} for key, target in each.get("refers", {}).items()}
        configured.append({"address": address, "expressions": expressions})
    plan = {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }
    return of_plan(MemoryView({"/plan.json": json.dumps(plan).encode()}), "/plan.json")


def of_stack(properties: dict[str, Any]) -> TemplateResources:
    own = {key: value for key, value in properties.items() if not key.startswith("+")}
    resources = {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b", **own}}}
    for key, value in properties.items():
        if key.startswith("+"):
            resources["X"] = {"Type": key[1:], "Properties": value}
    return of_template(MemoryView({"/stack.json": json.dumps({"Resources": resources}).encode()}), "/stack.json")


def verdict(policies: PolicySet, resource: Resource, policy: str) -> PolicyResult:
    assessment = assess_resource(resource, policies)
    if policy in assessment.passed:
        return PASS
    if policy in assessment.not_applicable:
        return PolicyResult.NOT_APPLICABLE
    (finding,) = [each for each in assessment.findings if each.rule == policy]
    return PolicyResult(finding.verdict.value)


@pytest.mark.parametrize("state", STATES, ids=lambda state: f"{state.policy}-{state.expect.value}")
def test_a_state_has_one_verdict_in_every_notation(policies: PolicySet, state: State) -> None:
    live = Resource(type=state.type, id="live", attributes=state.live)
    inputs = {"hcl": of_hcl(state.hcl), "plan": of_planned(state.plan), "stack": of_stack(state.stack)}
    verdicts = {"live": verdict(policies, live, state.policy)}
    for name, found in inputs.items():
        assert not found.problems and not found.unmodelled
        (resource,) = found.resources
        verdicts[name] = verdict(policies, resource, state.policy)
    assert verdicts == dict.fromkeys(("live", "hcl", "plan", "stack"), state.expect)


@pytest.mark.parametrize(
    "body",
    [
        'variable "acl" {}\n' + added("aws_s3_bucket_acl", "  acl = var.acl"),
        'variable "b" {}\n'
        + BUCKET
        + 'resource "aws_s3_bucket_acl" "x" {\n  bucket = var.b\n  acl = "public-read"\n}\n',
        'variable "p" {}\n' + added("aws_s3_bucket_policy", "  policy = var.p"),
    ],
)
def test_what_a_template_cannot_tell_is_neither_a_pass_nor_a_fail(policies: PolicySet, body: str) -> None:
    (resource,) = of_hcl(body).resources
    assert verdict(policies, resource, "aws-s3-public") is UNKNOWN
    assert verdict(policies, resource, "aws-s3-versioning") is FAIL


def test_a_block_that_restricts_makes_an_unknown_policy_harmless(policies: PolicySet) -> None:
    body = 'variable "p" {}\n' + added("aws_s3_bucket_policy", "  policy = var.p")
    body += 'resource "aws_s3_bucket_public_access_block" "y" {\n  bucket = aws_s3_bucket.b.id\n'
    body += "\n".join(f"  {name} = true" for name in ALL_FOUR) + "\n}\n"
    (resource,) = of_hcl(body).resources
    assert verdict(policies, resource, "aws-s3-public") is PASS
