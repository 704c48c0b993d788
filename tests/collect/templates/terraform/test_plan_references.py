"""What refers to what in a plan: through blocks, within modules, among the instances of count and for_each."""

import json
from typing import Any

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.terraform.plan import of_plan
from bartizan.model.resource import Resource


def buckets(keys: list[str], expression: list[str], module: str = "") -> dict[str, Resource]:
    """A plan of buckets with a public access block each; the blocks refer to buckets by an expression."""
    prefix = f"{module}." if module else ""
    resources, changes = [], []
    for key in keys:
        for type_, values, marks in (
            ("aws_s3_bucket", {"bucket": None}, {"bucket": True}),
            ("aws_s3_bucket_public_access_block", {"block_public_acls": True}, {"bucket": True}),
        ):
            address = f"{prefix}{type_}.b{key}"
            resources.append({"address": address, "mode": "managed", "type": type_, "name": "b", "values": values})
            changes.append({"address": address, "change": {"after_unknown": marks}})
    configured: list[dict[str, Any]] = [
        {"address": "aws_s3_bucket.b", "expressions": {}},
        {"address": "aws_s3_bucket_public_access_block.b", "expressions": {"bucket": {"references": expression}}},
    ]
    root: dict[str, Any] = {"resources": resources}
    configuration: dict[str, Any] = {"resources": configured}
    if module:
        root = {"child_modules": [{"address": module, "resources": resources}]}
        name = module.removeprefix("module.").partition("[")[0]
        configuration = {"module_calls": {name: {"module": {"resources": configured}}}}
    plan = {
        "format_version": "1.2",
        "planned_values": {"root_module": root},
        "resource_changes": changes,
        "configuration": {"root_module": configuration},
    }
    found = of_plan(MemoryView({"/plan.json": json.dumps(plan).encode()}), "/plan.json")
    return {each.id: each for each in found.resources}


def blocked(resource: Resource) -> bool:
    return resource.attributes.get("public_access_block", {}).get("block_public_acls", False) is True


def test_a_reference_without_keys() -> None:
    (found,) = buckets([""], ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]).values()
    assert blocked(found)


def test_each_instance_refers_to_the_one_of_its_own_key() -> None:
    found = buckets(["[0]", "[1]"], ["aws_s3_bucket.b", "count.index"])
    assert len(found) == 2
    assert all(blocked(each) for each in found.values())


def test_keys_with_dots_and_brackets() -> None:
    found = buckets(['["a.b"]', '["c"]'], ["aws_s3_bucket.b", "each.key"])
    assert all(blocked(each) for each in found.values())


def test_a_module_with_a_key() -> None:
    (found,) = buckets([""], ["aws_s3_bucket.b.id", "aws_s3_bucket.b"], 'module.m["x.y"]').values()
    assert blocked(found)


def test_a_reference_to_one_of_several_by_nothing_known_leaves_all_unknown() -> None:
    found = buckets(["[0]", "[1]"], ["aws_s3_bucket.other"])
    assert not any(blocked(each) for each in found.values())
