"""Kubernetes Goat, a cluster that is broken on purpose: every verdict of failure in it was looked at by a person.

`kubernetes_goat.yaml` names for each object the rules that it breaks (without the prefix `kubernetes-`).
"""

from pathlib import Path

import pytest
import yaml

from bartizan.assess.policy.engine import load_policies
from bartizan.assess.resources import assess_resources
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.templates.discover import read_templates
from bartizan.model.finding import FindingKind, Verdict


@pytest.mark.real_data
def test_each_object_breaks_the_rules_that_it_is_known_to_break(shared: Path) -> None:
    folder = shared / "data" / "templates" / "kubernetes-goat"
    expected = yaml.safe_load((Path(__file__).parent / "kubernetes_goat.yaml").read_text())
    found: dict[str, dict[str, list[str]]] = {"fails": {}, "unknown": {}}
    for assessment in assess_resources(read_templates(LocalView(str(folder))), load_policies()):
        for each in assessment.findings:
            if each.kind is FindingKind.POLICY:
                where = found["fails" if each.verdict is Verdict.FAIL else "unknown"].setdefault(each.locator, [])
                where.append(each.rule.removeprefix("kubernetes-"))
    assert found == expected
