"""What a plan or a shown state marks as sensitive is put aside as in a raw state: unknown, and nowhere in the facts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.normal import TemplateResources
from bartizan.collect.templates.terraform.plan import of_plan
from bartizan.model.finding import Verdict
from bartizan.model.resource import ONLY_TEMPLATE, Resource
from bartizan.model.wire import canonical, plain

SECRET = "hunter2-hunter2"


def read(
    values: dict[str, Any],
    *,
    type_: str = "aws_db_instance",
    sensitive: Any = None,
    after: Any = None,
    expressions: Any = None,
    state: bool = False,
) -> TemplateResources:
    resource = {"address": f"{type_}.r", "mode": "managed", "type": type_, "name": "r", "values": values}
    if sensitive is not None:
        resource["sensitive_values"] = sensitive
    document = {
        "format_version": "1.2",
        "terraform_version": "1.9.5",
        "values" if state else "planned_values": {"root_module": {"resources": [resource]}},
        "resource_changes": [{"address": f"{type_}.r", "change": {"after_sensitive": after, "after_unknown": {}}}],
        "configuration": {"root_module": {"resources": [{"address": f"{type_}.r", "expressions": expressions or {}}]}},
    }
    return of_plan(MemoryView({"/plan.json": json.dumps(document).encode()}), "/plan.json")


def only(found: TemplateResources) -> Resource:
    (resource,) = found.resources
    assert SECRET.encode() not in canonical(plain(resource))
    return resource


def verdict(resource: Resource, rule: str) -> str:
    assessment = assess_resource(resource, load_policies())
    found = [each.verdict.value for each in assessment.findings if each.rule == rule]
    return found[0] if found else "pass" if rule in assessment.passed else "not-applicable"


@pytest.mark.parametrize(
    ("sensitive", "after"),
    [
        ({"password": True}, None),
        (None, {"password": True}),
        (True, None),
        (None, True),
        ({"password": {"x": True}}, {}),
    ],
)
@pytest.mark.parametrize("state", [False, True])
def test_a_sensitive_value_is_nowhere_in_what_is_stored(sensitive: Any, after: Any, state: bool) -> None:
    found = only(read({"identifier": "db", "password": SECRET}, sensitive=sensitive, after=after, state=state))
    assert "password_in_template" not in found.attributes
    assert any(each.path == "password_in_template" for each in found.unknowns)


def test_what_is_sensitive_is_unknown_and_the_rest_is_judged() -> None:
    rule = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}
    values = {"name": SECRET, "ingress": [rule, {**rule, "cidr_blocks": [SECRET]}]}
    marks = {"name": True, "ingress": [{"cidr_blocks": [False]}, {"cidr_blocks": [True]}]}
    found = only(read(values, type_="aws_security_group", sensitive=marks))
    assert verdict(found, "aws-sg-open-ssh") == Verdict.FAIL.value
    assert any("sensitive" in each.reason for each in found.unknowns)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"constant_value": SECRET}, "fail"),
        ({"references": ["random_password.p.result", "random_password.p"]}, "pass"),
        ({"references": ["data.aws_secretsmanager_random_password.p"]}, "pass"),
        ({"references": ["var.password"]}, "unknown"),
        (None, "unknown"),
    ],
)
def test_a_plan_tells_by_its_configuration_whether_a_secret_stands_in_it(expression: Any, expected: str) -> None:
    expressions = {"password": expression} if expression is not None else {}
    found = only(read({"password": SECRET}, sensitive={"password": True}, expressions=expressions))
    assert verdict(found, "aws-rds-password-in-template") == expected


def test_what_only_a_template_tells_does_not_apply_to_a_shown_state() -> None:
    found = only(read({"password": SECRET}, state=True))
    assert [each.path for each in found.unknowns if each.reason == ONLY_TEMPLATE] == ["password_in_template"]
    assert verdict(found, "aws-rds-password-in-template") == "not-applicable"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(value=JSON, marks=JSON)
def test_whatever_the_marks_are_the_plan_is_read(value: Any, marks: Any) -> None:
    assert read({"password": value, "tags": value}, sensitive=marks, after={"tags": marks}).resources
