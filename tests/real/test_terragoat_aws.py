"""Real Terraform that was made insecure on purpose: every finding in its AWS folder was read against the files."""

from pathlib import Path

import pytest
import yaml

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.templates.terraform.resources import of_folder

pytestmark = pytest.mark.real_data


def test_every_finding_is_as_reviewed(shared: Path) -> None:
    folder = shared / "data" / "templates" / "terragoat" / "aws"
    if not folder.is_dir():
        pytest.skip("no terragoat among the real inputs")
    found = of_folder(LocalView("/"), str(folder.resolve()))
    assert not found.problems
    assert not found.unmodelled
    policies = load_policies()
    seen: dict[str, dict[str, list[str]]] = {"fail": {}, "unknown": {}}
    for resource in found.resources:
        for finding in assess_resource(resource, policies).findings:
            seen[finding.verdict.value].setdefault(finding.rule, []).append(resource.id)
    expected = yaml.safe_load((Path(__file__).parent / "terragoat_aws.yaml").read_text())
    assert {word: {rule: sorted(ids) for rule, ids in rules.items()} for word, rules in seen.items()} == expected
