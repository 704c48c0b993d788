"""Where a property's value came from in ARM and Bicep."""

import json

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.arm.resources import of_template
from bartizan.collect.templates.attribute_path import parts_of, path_of

STORE = "Microsoft.Storage/storageAccounts"
BICEP = """\
param open bool = true
var kinds = {
  public: open
}
@secure()
param word string = 'hunter2'
resource store 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'logs'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: kinds.public
    minimumTlsVersion: word
    networkAcls: {
      defaultAction: open ? 'Allow' : 'Deny'
    }
  }
}
"""


def origin(files: dict[str, str], address: str, path: str, **given: str) -> list[str]:
    view = MemoryView({f"/{name}": text.encode() for name, text in files.items()})
    found = of_template(view, f"/{next(iter(files))}", given).drafted
    assert found is not None
    declared = found.find(address)
    assert declared is not None
    return [f"{each.path}:{each.line} {each.text}" for each in declared.origin(path)]


def test_bicep_leads_through_variables_to_a_parameters_default() -> None:
    files = {"main.bicep": BICEP}
    address = f"{STORE}/logs"
    assert origin(files, address, "allowBlobPublicAccess") == [
        "/main.bicep:11 allowBlobPublicAccess: kinds.public",
        "/main.bicep:2 variable kinds: …",
        "/main.bicep:1 parameter open: true",
    ]
    assert origin(files, address, "sku.name") == ["/main.bicep:9 name: 'Standard_LRS'"]
    assert origin(files, address, "networkAcls.defaultAction") == [
        "/main.bicep:14 defaultAction: open ? 'Allow' : 'Deny'"
    ]
    assert origin(files, address, "minimumTlsVersion")[-1] == "/main.bicep:6 parameter word: '…'"
    assert origin(files, address, "isHnsEnabled") == []
    assert origin(files, address, "allowBlobPublicAccess", open="false")[-1] == ":0 --var open"


def test_a_module_leads_to_what_it_is_given() -> None:
    main = "param p bool = true\nmodule m './m.bicep' = {\n  name: 'm'\n  params: {\n    open: p\n  }\n}\n"
    found = origin({"main.bicep": main, "m.bicep": BICEP}, f"m/{STORE}/logs", "allowBlobPublicAccess")
    assert found[2:] == ["/main.bicep:5 open: p", "/main.bicep:1 parameter p: true"]


def test_json_leads_through_variables_to_a_parameters_default() -> None:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": {"open": {"type": "bool", "defaultValue": True}},
        "variables": {"public": "[parameters('open')]"},
        "resources": [
            {
                "type": STORE,
                "apiVersion": "2023-01-01",
                "name": "logs",
                "properties": {"allowBlobPublicAccess": "[variables('public')]"},
            }
        ],
    }
    text = json.dumps(template, indent=1)
    lines = {name: text[: text.index(f'"{name}"')].count("\n") + 1 for name in ("defaultValue", "public")}
    property_line = text[: text.index('"allowBlobPublicAccess"')].count("\n") + 1
    assert origin({"t.json": text}, f"{STORE}/logs", "allowBlobPublicAccess") == [
        f"/t.json:{property_line} allowBlobPublicAccess: variables('public')",
        f"/t.json:{lines['public']} variable public: parameters('open')",
        f"/t.json:{lines['defaultValue']} parameter open: true",
    ]


def test_paths_come_back_from_their_parts() -> None:
    for path in ("a.b[0].c", 'tags["kubernetes.io/x"]', "a", 'a["1"].b'):
        assert path_of(parts_of(path)) == path
