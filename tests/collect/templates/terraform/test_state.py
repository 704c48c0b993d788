"""Raw states of version 4: addresses as in a plan, links by id, sensitive values put aside, damage told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.discover import read_templates
from bartizan.collect.templates.normal import TemplateResources
from bartizan.collect.templates.terraform.state import of_state
from bartizan.model.resource import ONLY_TEMPLATE, Resource
from bartizan.model.wire import canonical, plain

AWS = 'provider["registry.terraform.io/hashicorp/aws"]'
SECRET = "correct-horse-battery"


def resource(type_: str, name: str, *instances: dict[str, Any], module: str = "", mode: str = "managed") -> Any:
    head = {"mode": mode, "type": type_, "name": name, "provider": AWS, "instances": list(instances)}
    return {"module": module, **head} if module else head


def instance(key: Any = None, sensitive: Any = (), **attributes: Any) -> dict[str, Any]:
    out = {
        "schema_version": 0,
        "attributes": attributes,
        "sensitive_attributes": list(sensitive),
        "private": "bnVsbA==",
    }
    return out if key is None else {"index_key": key, **out}


def written(*resources: Any, **more: Any) -> bytes:
    state = {"version": 4, "terraform_version": "1.9.5", "serial": 3, "lineage": "0f-1", "outputs": {}, **more}
    return json.dumps({**state, "resources": list(resources)}).encode()


def read(data: bytes) -> TemplateResources:
    return of_state(MemoryView({"/terraform.tfstate": data}), "/terraform.tfstate")


def only(data: bytes) -> Resource:
    (found,) = read(data).resources
    return found


def step(name: str) -> dict[str, str]:
    return {"type": "get_attr", "value": name}


def test_addresses_are_those_of_the_plan() -> None:
    found = read(
        written(
            resource("aws_sns_topic", "one", instance(id="a")),
            resource("aws_sns_topic", "many", instance(0, id="b"), instance(1, id="c"), module="module.net"),
            resource("aws_sns_topic", "keyed", instance("x.y", id="d"), module='module.net["eu"].module.inner[0]'),
            resource("aws_caller_identity", "me", instance(id="1"), mode="data"),
        )
    )
    assert {each.id for each in found.resources} == {
        "aws_sns_topic.one",
        "module.net.aws_sns_topic.many[0]",
        "module.net.aws_sns_topic.many[1]",
        'module.net["eu"].module.inner[0].aws_sns_topic.keyed["x.y"]',
    }
    assert {each.location.module for each in found.resources if each.location} == {
        "",
        "module.net",
        'module.net["eu"].module.inner[0]',
    }
    assert not found.problems


def test_what_belongs_together_is_found_by_its_id() -> None:
    found = only(
        written(
            resource("aws_s3_bucket", "b", instance(id="logs", bucket="logs", arn="arn:aws:s3:::logs")),
            resource(
                "aws_s3_bucket_public_access_block", "p", instance(id="logs", bucket="logs", block_public_acls=True)
            ),
            resource("aws_s3_bucket_public_access_block", "q", instance(id="other", bucket="other")),
        )
    )
    assert found.attributes["public_access_block"]["block_public_acls"] is True


def test_edges_lead_to_addresses() -> None:
    found = read(
        written(
            resource("aws_vpc", "v", instance(id="vpc-1")),
            resource("aws_subnet", "s", instance(id="subnet-1", vpc_id="vpc-1")),
            resource("aws_instance", "i", instance(id="i-1", subnet_id="subnet-1", vpc_security_group_ids=["sg-1"])),
            resource("aws_security_group", "g", instance(id="sg-1", vpc_id="vpc-1")),
        )
    )
    targets = {edge.target for each in found.resources for edge in each.relations}
    assert targets and not any(target.startswith(("vpc-", "subnet-", "sg-")) for target in targets)


@pytest.mark.parametrize(
    "paths",
    [
        [[step("password")]],
        [[step("password"), {"type": "later", "value": 1}]],
        [[]],
        [[{"type": "index", "value": {"value": "password", "type": "string"}}]],
        [["what"]],
        "damaged",
    ],
)
def test_a_sensitive_value_is_nowhere_in_what_is_stored(paths: Any) -> None:
    found = read(written(resource("aws_db_instance", "db", instance(id="db", sensitive=paths, password=SECRET))))
    (database,) = found.resources
    assert SECRET.encode() not in canonical(plain(database))
    assert "password_in_template" not in database.attributes


def test_what_is_sensitive_is_unknown_and_the_rest_is_judged() -> None:
    rule = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}
    marked = [
        [step("name")],
        [step("ingress"), {"type": "index", "value": {"value": 1, "type": "number"}}, step("cidr_blocks")],
    ]
    found = only(
        written(
            resource("aws_security_group", "g", instance(id="sg", sensitive=marked, name=SECRET, ingress=[rule, rule]))
        )
    )
    assert SECRET.encode() not in canonical(plain(found))
    assert any("sensitive" in each.reason for each in found.unknowns)


def test_what_only_a_template_tells_does_not_apply_to_a_state() -> None:
    found = only(written(resource("aws_db_instance", "db", instance(id="db", password=SECRET))))
    assert [each.path for each in found.unknowns if each.reason == ONLY_TEMPLATE] == ["password_in_template"]
    assessment = assess_resource(found, load_policies())
    (rule,) = [name for name, why in assessment.not_applicable.items() if ONLY_TEMPLATE in why]
    assert rule not in assessment.passed


def test_null_and_the_empty_text_are_what_nobody_set() -> None:
    found = only(
        written(resource("aws_ebs_volume", "v", instance(id="v", kms_key_id="", encrypted=True, outpost_arn=None)))
    )
    assert found.attributes["encrypted"] is True
    assert not found.attributes.get("key")


def test_a_deposed_object_is_not_judged_again() -> None:
    old = {**instance(id="a"), "deposed": "00000001"}
    assert [each.id for each in read(written(resource("aws_sns_topic", "t", instance(id="b"), old))).resources] == [
        "aws_sns_topic.t"
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"version": 3, "terraform_version": "0.11.14", "modules": []}', "version 3, as Terraform before 0.12"),
        (b'{"version": 5, "resources": []}', "version 5, newer"),
        (b'{"version": true, "resources": []}', "no version"),
        (b"[]", "no version"),
        (b'{"version": 4, "resources": [', "not JSON: "),
        (b"\xff\xfe{", "not JSON: "),
        (b"[" * 200_000, "not JSON: "),
        (b'{"version": 4, "resources": {}}', "no list of resources"),
        (
            b'{"serial": 1, "lineage": "x", "meta": {}, "encrypted_data": "AA==", "encryption_version": "v0"}',
            "encrypted",
        ),
    ],
)
def test_what_cannot_be_read_is_told(data: bytes, reason: str) -> None:
    found = read(data)
    assert found.resources == ()
    (problem,) = found.problems
    assert reason in problem.reason


def test_a_damaged_resource_leaves_the_others() -> None:
    found = read(
        written(
            7,
            {"type": "aws_sns_topic", "name": "t"},
            {"type": "aws_sns_topic", "name": "t", "instances": [{"attributes_flat": {"id": "a"}}]},
            resource("aws_sns_topic", "whole", instance(id="a")),
        )
    )
    assert [each.id for each in found.resources] == ["aws_sns_topic.whole"]
    assert [each.reason.partition(":")[0] for each in found.problems] == [
        "resources[0]",
        "resources[1]",
        "resources[2]",
    ]


def test_states_are_found_by_name_and_by_content_and_one_may_be_named() -> None:
    data = written(resource("aws_sns_topic", "t", instance(id="a")))
    tree = {
        "/terraform.tfstate": data,
        "/terraform.tfstate.backup": data,
        "/env/prod.json": data,
        "/.terraform/terraform.tfstate": data,
        "/main.tf": b'resource "aws_sns_topic" "t" {}',
    }
    facts: Any = read_templates(MemoryView(tree))["resources_terraform"].facts
    assert facts["templates"] == ["/", "/env/prod.json", "/terraform.tfstate"]
    facts = read_templates(MemoryView(tree), only="terraform.tfstate")["resources_terraform"].facts
    assert [each["id"] for each in facts["resources"]] == ["/terraform.tfstate#aws_sns_topic.t"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "value", "x"]), inner),
    max_leaves=8,
)


@given(attributes=JSON, sensitive=JSON, key=JSON, more=JSON)
def test_whatever_stands_in_a_state_is_read_or_told(attributes: Any, sensitive: Any, key: Any, more: Any) -> None:
    one = {"index_key": key, "attributes": attributes, "sensitive_attributes": sensitive}
    found = read(written(resource("aws_s3_bucket", "b", one), more))
    assert found.resources or found.problems
