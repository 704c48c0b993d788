"""Real templates of Azure and Google Cloud that were made insecure on purpose: every finding was read against them."""

from pathlib import Path

import pytest
import yaml

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.templates.discover import read_templates
from bartizan.model.resource import resource_from

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize("goat", ["terragoat/azure", "terragoat/gcp", "bicepgoat"])
def test_every_finding_is_as_reviewed(shared: Path, goat: str) -> None:
    folder = shared / "data" / "templates" / goat
    if not folder.is_dir():
        pytest.skip(f"no {goat} among the real inputs")
    (section,) = read_templates(LocalView(str(folder.resolve()))).values()
    assert not section.problems
    policies = load_policies()
    seen: dict[str, dict[str, list[str]]] = {"fail": {}, "unknown": {}}
    assert isinstance(section.facts, dict)
    for facts in section.facts["resources"]:
        resource = resource_from(facts)
        for finding in assess_resource(resource, policies).findings:
            seen[finding.verdict.value].setdefault(finding.rule, []).append(resource.id)
    expected = yaml.safe_load((Path(__file__).parent / f"{goat.replace('/', '_')}.yaml").read_text())
    assert {word: {rule: sorted(ids) for rule, ids in rules.items()} for word, rules in seen.items()} == expected
