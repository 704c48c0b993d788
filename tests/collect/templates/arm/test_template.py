"""ARM templates: what each construct becomes, what stays unknown and why, and where resources stand."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.arm.expression import parse_expression
from bartizan.collect.templates.arm.resources import of_template, of_templates
from bartizan.collect.templates.arm.syntax import ArmError
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Resource

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def read(template: dict[str, Any] | str, parameters: dict[str, str] | None = None, **files: Any) -> TemplateResources:
    text = template if isinstance(template, str) else json.dumps({"$schema": SCHEMA, **template})
    view = {"/main.json": text.encode()} | {f"/{key}.json": json.dumps(each).encode() for key, each in files.items()}
    return of_template(MemoryView(view), "/main.json", parameters)


def store(**more: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "s", **more}


def one(found: TemplateResources) -> Resource:
    assert not found.problems, [str(each) for each in found.problems]
    (resource,) = found.resources
    return resource


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[parameters('tls')]", "TLS1_2"),
        ("[concat('TLS1', '_', string(add(1, 1)))]", "TLS1_2"),
        ("[format('TLS{0}_{1}', 1, 2)]", "TLS1_2"),
        ("[if(equals(1, 2), 'TLS1_0', 'TLS1_2')]", "TLS1_2"),
        ("[variables('settings').least]", "TLS1_2"),
        ("[variables('settings')['least']]", "TLS1_2"),
        ('[json(\'{"a": ["TLS1_2"]}\').a[0]]', "TLS1_2"),
        ("[union(createObject('a', 'TLS1_0'), createObject('a', 'TLS1_2')).a]", "TLS1_2"),
        ("[last(split('x,TLS1_2', ','))]", "TLS1_2"),
        ("[coalesce(null(), 'TLS1_2')]", "TLS1_2"),
        ("[toUpper(replace('tls1-2', '-', '_'))]", "TLS1_2"),
    ],
)
def test_expressions_are_worked_out(expression: str, value: str) -> None:
    found = read(
        {
            "parameters": {"tls": {"type": "string", "defaultValue": "TLS1_2"}},
            "variables": {"settings": {"least": "[parameters('tls')]"}},
            "resources": [store(properties={"minimumTlsVersion": expression})],
        }
    )
    assert one(found).attributes["min_tls"] == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("[parameters('free')]", "parameter 'free' has no value"),
        ("[reference('x').tls]", "x is known when it is deployed"),
        ("[if(parameters('free'), 'TLS1_0', 'TLS1_2')]", "depends on a condition: parameter 'free' has no value"),
        ("[noSuch('x')]", "the function noSuch is not known"),
        ("[variables('circle')]", "its value depends on itself"),
        ("[int('x')]", "int: could not convert string to float: 'x'"),
    ],
)
def test_what_cannot_be_known_is_unknown_with_its_reason(expression: str, reason: str) -> None:
    found = read(
        {
            "parameters": {"free": {"type": "string"}},
            "variables": {"circle": "[variables('circle')]"},
            "resources": [store(properties={"minimumTlsVersion": expression})],
        }
    )
    resource = one(found)
    assert [(each.path, each.reason) for each in resource.unknowns] == [("min_tls", reason)]


def test_a_given_parameter_stands_before_its_default() -> None:
    template = {
        "parameters": {"tls": {"type": "string", "defaultValue": "TLS1_0"}},
        "resources": [store(properties={"minimumTlsVersion": "[parameters('tls')]"})],
    }
    assert one(read(template, {"tls": "TLS1_2"})).attributes["min_tls"] == "TLS1_2"


def test_a_loop_makes_resources_and_properties() -> None:
    found = read(
        {
            "resources": [
                {
                    "type": "Microsoft.Network/networkSecurityGroups",
                    "name": "[concat('g', copyIndex())]",
                    "copy": {"name": "groups", "count": 2},
                    "properties": {
                        "copy": [
                            {
                                "name": "securityRules",
                                "count": 2,
                                "input": {
                                    "name": "[concat('r', copyIndex('groups'), copyIndex('securityRules'))]",
                                    "properties": {
                                        "direction": "Inbound",
                                        "access": "Allow",
                                        "protocol": "Tcp",
                                        "priority": "[add(100, copyIndex('securityRules'))]",
                                        "sourceAddressPrefix": "*",
                                        "destinationPortRange": "[string(add(8000, copyIndex('securityRules')))]",
                                    },
                                },
                            }
                        ]
                    },
                }
            ]
        }
    )
    names = [[rule["name"] for rule in each.attributes["ingress"]] for each in found.resources]
    assert names == [["r00", "r01"], ["r10", "r11"]]
    assert [rule["from_port"] for rule in found.resources[0].attributes["ingress"]] == [8000, 8001]


def test_a_loop_of_unknown_length_makes_one_that_may_not_exist() -> None:
    loop = {"name": "l", "count": "[parameters('n')]"}
    found = read({"parameters": {"n": {"type": "int"}}, "resources": [store(copy=loop)]})
    assert ("exists", "parameter 'n' has no value") in [(each.path, each.reason) for each in one(found).unknowns]


def test_conditions_decide_what_exists() -> None:
    found = read(
        {
            "parameters": {"free": {"type": "bool"}},
            "resources": [
                store(name="never", condition=False),
                store(name="maybe", condition="[parameters('free')]"),
                store(name="sure", condition="[not(false())]"),
            ],
        }
    )
    assert [each.name for each in found.resources] == ["maybe", "sure"]
    assert "exists" in [each.path for each in found.resources[0].unknowns]


@pytest.mark.parametrize(
    "child",
    [
        {"type": "Microsoft.Sql/servers/firewallRules", "name": "[concat(parameters('name'), '/r')]"},
        {"type": "firewallRules", "name": "r"},
    ],
)
def test_children_belong_to_their_parents_also_where_a_name_is_not_known(child: dict[str, Any]) -> None:
    child = {**child, "properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"}}
    server = {"type": "Microsoft.Sql/servers", "name": "[parameters('name')]", "properties": {}}
    resources = [server, child] if "/" in child["type"] else [{**server, "resources": [child]}]
    found = read({"parameters": {"name": {"type": "string"}}, "resources": resources})
    assert [each["azure"] for each in one(found).attributes["firewall"]] == [True]


def test_nested_templates_are_followed_with_their_parameters() -> None:
    inner = {
        "parameters": {"tls": {"type": "string"}},
        "resources": [store(properties={"minimumTlsVersion": "[parameters('tls')]"})],
    }
    deployment = {
        "type": "Microsoft.Resources/deployments",
        "name": "inner",
        "properties": {
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {"tls": {"value": "TLS1_2"}},
            "template": inner,
        },
    }
    resource = one(read({"resources": [deployment]}))
    assert resource.attributes["min_tls"] == "TLS1_2"
    assert resource.id == "inner/Microsoft.Storage/storageAccounts/s"
    linked = {"type": "Microsoft.Resources/deployments", "name": "far"}
    linked["properties"] = {"templateLink": {"relativePath": "part.json"}, "parameters": {"tls": {"value": "TLS1_1"}}}  # type: ignore[assignment]
    assert one(read({"resources": [linked]}, part=inner)).attributes["min_tls"] == "TLS1_1"


def test_a_linked_template_that_is_not_on_disk_is_a_problem() -> None:
    link = {"type": "Microsoft.Resources/deployments", "name": "far"}
    link["properties"] = {"templateLink": {"uri": "https://example.com/t.json"}}  # type: ignore[assignment]
    found = read({"resources": [store(), link]})
    assert [str(each) for each in found.problems] == [
        "/main.json:1: far: its template is not on disk (https://example.com/t.json)"
    ]
    assert len(found.resources) == 1


def test_a_template_that_nests_itself_ends() -> None:
    itself = {"type": "Microsoft.Resources/deployments", "name": "again"}
    itself["properties"] = {"templateLink": {"relativePath": "main.json"}}  # type: ignore[assignment]
    found = read({"resources": [itself]})
    assert ["nests itself" in each.reason for each in found.problems] == [True]


def test_a_template_that_another_nests_is_judged_there_only() -> None:
    link = {"type": "Microsoft.Resources/deployments", "name": "part"}
    link["properties"] = {"templateLink": {"relativePath": "part.json"}}  # type: ignore[assignment]
    files = {"/main.json": {"resources": [link]}, "/part.json": {"resources": [store()]}}
    view = MemoryView({path: json.dumps(each).encode() for path, each in files.items()})
    assert [path for path, _ in of_templates(view, sorted(files))] == ["/main.json"]


def test_comments_are_read_over_and_lines_are_kept() -> None:
    text = """{
  // a comment with "quotes"
  "resources": [ /* more
    of it */
    {
      "type": "Microsoft.Storage/storageAccounts", "name": "s//x",
      "properties": {"supportsHttpsTrafficOnly": false}
    }
  ]
}"""
    resource = one(read(text))
    assert resource.location is not None
    assert resource.location.line == 5
    assert resource.attributes["https_only"] is False


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"resources": [\n', "/main.json:2"),
        ('{\n"variables": {"a": "[concat(\'x\']"}}', "/main.json:2"),
        ("[]", "/main.json:1"),
        ('{"a": 1,\n"a": 2}', "/main.json:2"),
    ],
)
def test_what_is_broken_is_told_with_its_line(text: str, where: str) -> None:
    found = read(text)
    assert [str(each).rpartition(": ")[0].startswith(where) for each in found.problems] == [True]


@given(st.text(alphabet="abc('),[].?1 ", max_size=30))
def test_any_expression_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ArmError):
        parse_expression(f"[{text}]")
