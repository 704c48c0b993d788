"""Bicep: what each construct becomes, what is not supported, and that broken files end nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.arm.resources import of_template
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Resource


def read(text: str, **files: str) -> TemplateResources:
    view = {"/main.bicep": text.encode()} | {f"/{key}.bicep": each.encode() for key, each in files.items()}
    return of_template(MemoryView(view), "/main.bicep")


def one(found: TemplateResources) -> Resource:
    assert not found.problems, [str(each) for each in found.problems]
    (resource,) = found.resources
    return resource


STORE = """resource s 'Microsoft.Storage/storageAccounts@2023-01-01' = {{
  name: 's'
  properties: {{
    minimumTlsVersion: {}
  }}
}}
"""


@pytest.mark.parametrize(
    "value",
    [
        "'TLS1_2'",
        "least",
        "'TLS${one}_2'",
        "'TLS${'${one}'}_${1 + 1}'",
        "one == '1' ? 'TLS1_2' : 'TLS1_0'",
        "one == '1'\n ? 'TLS1_2'\n : 'TLS1_0'",
        "settings.least",
        "settings['least']",
        "settings.?nothing ?? 'TLS1_2'",
        "[ 'x', 'TLS1_2' ][1]",
        "filter([ 'a', 'TLS1_2' ], x => startsWith(x, 'TLS'))[0]",
        "map([ 2 ], (n) => 'TLS1_${n}')[0]",
        "first([for n in [ 2 ]: 'TLS1_${n}'])",
        "concat(\n  'TLS1',\n  '_2'\n)",
        "sys.concat('TLS1_', '2')",
        "made('2')",
        "!(one != '1') && true ? 'TLS1_2' : ''",
        "union({ a: 1 }, { a: 'TLS1_2' }).a",
        "'''TLS1_2'''",
    ],
)
def test_values_are_worked_out(value: str) -> None:
    head = """
@description('it''s')
@allowed([ 'a' ])
param one string = '1' // a comment
param least 'TLS1_0' | 'TLS1_2' = 'TLS1_2'
var settings = { least: least, 'other-one': [] }
func made(n string) string => 'TLS1_${n}'
""".replace("it''s", "it\\'s")
    assert one(read(head + STORE.format(value))).attributes["min_tls"] == "TLS1_2"


def test_a_parameter_without_a_value_is_unknown() -> None:
    resource = one(read("@secure()\nparam least string\n" + STORE.format("least")))
    assert [(each.path, each.reason) for each in resource.unknowns] == [("min_tls", "parameter 'least' has no value")]


def test_resources_within_resources_and_beside_them_belong_to_their_parents() -> None:
    found = read("""
param name string
resource s 'Microsoft.Sql/servers@2023-01-01' = {
  name: name
  resource inner 'firewallRules' = {
    name: 'inner'
    properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' }
  }
}
resource beside 'Microsoft.Sql/servers/firewallRules@2023-01-01' = {
  parent: s
  name: 'beside'
  properties: { startIpAddress: '1.2.3.4', endIpAddress: '1.2.3.4' }
}
resource long 'Microsoft.Sql/servers/firewallRules@2023-01-01' = {
  name: '${name}/long'
  properties: { startIpAddress: '1.2.3.5', endIpAddress: '1.2.3.5' }
}
""")
    assert [each["name"] for each in one(found).attributes["firewall"]] == ["inner", "beside", "long"]


def test_loops_and_conditions() -> None:
    found = read("""
param many bool = false
resource s 'Microsoft.Storage/storageAccounts@2023-01-01' = [for (name, i) in ['a', 'b']: if (i == 0 || many) {
  name: '${name}${i}'
  properties: {}
}]
""")
    assert [each.name for each in found.resources] == ["a0"]


def test_modules_get_their_parameters_and_give_outputs() -> None:
    module = """
param least string
resource g 'Microsoft.Network/networkSecurityGroups@2023-01-01' = {
  name: 'g'
  properties: {}
}
output id string = g.id
output least string = least
"""
    found = read(
        """
module net './net.bicep' = {
  name: 'net'
  params: { least: 'TLS1_2' }
}
resource v 'Microsoft.Network/virtualNetworks/subnets@2023-01-01' = {
  name: 'v/s'
  properties: { networkSecurityGroup: { id: net.outputs.id } }
}
"""
        + STORE.format("net.outputs.least"),
        net=module,
    )
    assert not found.problems
    by_type = {each.type: each for each in found.resources}
    assert by_type["azure.storage.account"].attributes["min_tls"] == "TLS1_2"
    assert by_type["azure.network.security_group"].id == "net/Microsoft.Network/networkSecurityGroups/g"
    assert by_type["azure.network.subnet"].attributes["guarded"] is True


def test_existing_resources_are_not_judged() -> None:
    found = read("resource s 'Microsoft.Storage/storageAccounts@2023-01-01' existing = {\n  name: 's'\n}\n")
    assert (found.resources, found.problems) == ((), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("extension graph\n", "/main.bicep:1: 'extension' is not supported"),
        ("\nvar a = 'no end\n", "/main.bicep:2: a text has no end"),
        (
            "module m 'br/public:x:1' = {\n  name: 'm'\n}\n",
            "/main.bicep:1: m: its template is not on disk (br/public:x:1)",
        ),
        ("module m './gone.bicep' = {\n  name: 'm'\n}\n", "/gone.bicep"),
    ],
)
def test_what_is_not_read_is_told_with_its_line(text: str, problem: str) -> None:
    found = read(text)
    assert [str(each).startswith(problem) for each in found.problems] == [True], [str(each) for each in found.problems]


def test_a_broken_statement_leaves_the_others() -> None:
    found = read("var a = {\n  b: = 1\n}\n" + STORE.format("'TLS1_2'"))
    assert [str(each) for each in found.problems] == ["/main.bicep:2: '=' is not expected here"]
    assert [each.type for each in found.resources] == ["azure.storage.account"]


@given(st.text(alphabet="avresouc{}[]()='$:.?!|\n @1,", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    read("var a = " + text)


@given(st.integers(min_value=1, max_value=3000))
def test_endless_nesting_is_refused(depth: int) -> None:
    read("var a = " + "[" * depth + "]" * depth)
