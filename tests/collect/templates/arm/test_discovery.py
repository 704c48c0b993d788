"""Azure's templates are found by what is in them, beside those of other languages."""

import json

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.discover import read_templates

SCHEMA = "https://schema.management.azure.com/schemas/{}#"
STORE = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "s", "properties": {}}


def test_templates_are_told_from_other_json() -> None:
    def text(schema: str) -> bytes:
        return json.dumps({"$schema": SCHEMA.format(schema), "resources": [STORE]}).encode()

    view = MemoryView(
        {
            "/a/main.json": text("2019-04-01/deploymentTemplate.json"),
            "/a/whole.json": text("2018-05-01/subscriptionDeploymentTemplate.json"),
            "/a/main.parameters.json": text("2019-04-01/deploymentParameters.json"),
            "/a/package.json": b'{"resources": []}',
            "/b/main.bicep": b"param a string\n",
        }
    )
    sections = read_templates(view)
    assert list(sections) == ["resources_arm"]
    facts = sections["resources_arm"].facts
    assert isinstance(facts, dict)
    assert facts["templates"] == ["/a/main.json", "/a/whole.json", "/b/main.bicep"]
    assert [each["id"] for each in facts["resources"]] == [
        "/a/main.json#Microsoft.Storage/storageAccounts/s",
        "/a/whole.json#Microsoft.Storage/storageAccounts/s",
    ]
