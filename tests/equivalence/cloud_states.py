"""States of Azure and Google Cloud in every notation, read from `azure/*.yaml` and `google/*.yaml`.

    - type: azure.compute.disk
      good:
        terraform: |
          resource "azurerm_managed_disk" "this" { disk_encryption_set_id = "des" }
        arm: [{type: Microsoft.Compute/disks, name: this, properties: {encryption: {diskEncryptionSetId: des}}}]
        live: {key: des}
        except: {azure-disk-export: fail}

As in `aws_states.py`: in a good state every policy of the type passes, in a bad one every one fails, but for those
under `except`; a state that is about some policies names them under `only`. Plan and state are made from the
configuration and the Bicep file from the ARM template.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bartizan.assess.policy.engine import PolicySet, assess_resource
from bartizan.assess.policy.library import Compiled
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.arm.expression import is_expression
from bartizan.collect.templates.arm.resources import of_template
from bartizan.collect.templates.normal import TemplateResources
from bartizan.collect.templates.terraform.plan import of_plan
from bartizan.collect.templates.terraform.resources import of_folder
from bartizan.collect.templates.terraform.state import of_state
from bartizan.model.policy import PolicyResult
from bartizan.model.resource import Resource
from equivalence import aws_states

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass(frozen=True)
class State:
    """One resource in one state, in several notations."""

    name: str
    type: str
    expect: PolicyResult
    only: list[str]
    others: Mapping[str, PolicyResult]
    terraform: str
    arm: list[dict[str, Any]]
    live: Mapping[str, Any]

    def expected(self, policies: Iterable[Compiled], notation: str = "live") -> dict[str, PolicyResult]:
        """What each of the type's policies should say."""
        asked = self.only or [each.policy.id for each in policies]
        out = dict.fromkeys(asked, self.expect) | dict(self.others)
        told = dict.fromkeys(aws_states.written(policies), PolicyResult.NOT_APPLICABLE)
        return out | {key: value for key, value in told.items() if key in out and notation == "state"}

    def resources(self) -> Iterator[tuple[str, Resource]]:
        """The resource as each notation gives it."""
        yield "live", Resource(type=self.type, id="live", attributes=self.live)
        if self.terraform:
            view = MemoryView({"/t/main.tf": self.terraform.encode()})
            yield "terraform", self._this(of_folder(view, "/t"))
            yield "plan", self._this(of_plan(plan(self.terraform), "/plan.json"))
            yield "state", self._this(of_state(aws_states.state_file(self.terraform), "/terraform.tfstate"))
        if self.arm:
            text = json.dumps({"$schema": SCHEMA, "resources": self.arm})
            yield "arm", self._this(of_template(MemoryView({"/main.json": text.encode()}), "/main.json"))
            view = MemoryView({"/main.bicep": "".join(bicep(self.arm)).encode()})
            yield "bicep", self._this(of_template(view, "/main.bicep"))

    def _this(self, found: TemplateResources) -> Resource:
        assert not found.problems, [str(each) for each in found.problems]
        assert not found.unmodelled, found.unmodelled
        (resource,) = [
            each
            for each in found.resources
            if each.type == self.type and each.id.replace("/", ".").rpartition(".")[2] in ("this", "master")
        ]
        return resource


def states(folder: str) -> list[State]:
    """Every state of a provider."""
    out = []
    for path in sorted((Path(__file__).parent / folder).glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            for word, expect in (("good", PolicyResult.PASS), ("bad", PolicyResult.FAIL)):
                given = entry.get(word)
                for number, each in enumerate(given if isinstance(given, list) else [given] if given else []):
                    out.append(
                        State(
                            name=f"{entry['type']}-{word}" + (f"-{number + 1}" if number else ""),
                            type=entry["type"],
                            expect=expect,
                            only=each.get("only", []),
                            others={key: PolicyResult(value) for key, value in (each.get("except") or {}).items()},
                            terraform=each.get("terraform", ""),
                            arm=each.get("arm", []),
                            live=each.get("live", {}),
                        )
                    )
    return out


def verdicts(resource: Resource, policies: PolicySet) -> dict[str, PolicyResult]:
    """Every policy's result."""
    assessment = assess_resource(resource, policies)
    out = dict.fromkeys(assessment.passed, PolicyResult.PASS)
    out |= dict.fromkeys(assessment.not_applicable, PolicyResult.NOT_APPLICABLE)
    return out | {each.rule: PolicyResult(each.verdict.value) for each in assessment.findings}


def check(state: State, policies: PolicySet) -> None:
    """The state has the verdicts that it should have in each of its notations."""
    for notation, resource in state.resources():
        expected = state.expected(policies.by_type[state.type], notation)
        found = verdicts(resource, policies)
        wrong = {key: (str(found.get(key)), str(value)) for key, value in expected.items() if found.get(key) != value}
        assert not wrong, f"{notation} (found, expected)"


def unmet(found: list[State], policies: PolicySet) -> list[tuple[str, str]]:
    """Policies of the states' types that no state makes pass, or none makes fail."""
    met: set[tuple[str, PolicyResult]] = set()
    wanted: set[tuple[str, PolicyResult]] = set()
    for state in found:
        names = [each.policy.id for each in policies.by_type[state.type]]
        met |= set(state.expected(policies.by_type[state.type]).items())
        wanted |= {(name, result) for name in names for result in (PolicyResult.PASS, PolicyResult.FAIL)}
    return sorted((name, result.value) for name, result in wanted - met)


def plan(text: str) -> MemoryView:
    """The plan of a configuration; a plan's configuration names a resource once, however many for_each makes of it."""
    document = json.loads(aws_states._plan(text).read("/plan.json", 1 << 26))
    for each in document["configuration"]["root_module"]["resources"]:
        each["address"] = each["address"].partition("[")[0]
    return MemoryView({"/plan.json": json.dumps(document).encode()})


def bicep(resources: list[dict[str, Any]], parent: str = "") -> Iterator[str]:
    """Resources of an ARM template as Bicep writes them."""
    for number, each in enumerate(resources):
        symbol = f"{parent or 'r'}{number}"
        body = {key: value for key, value in each.items() if key not in ("type", "resources")}
        lines = [f"  {key}: {_value(value)}\n" for key, value in body.items()]
        type_ = each["type"]
        if parent:
            lines.append(f"  {'scope' if each.get('extends') else 'parent'}: {parent}\n")
        yield f"resource {symbol} '{type_}@2023-01-01' = {{\n{''.join(lines)}}}\n\n"
        inner = [{**one, "type": f"{type_}/{one['type']}"} for one in each.get("resources", [])]
        yield from bicep(inner, symbol)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value[1:-1] if is_expression(value) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, dict):
        return "{\n" + "".join(f"'{key}': {_value(item)}\n" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + "".join(f"{_value(item)}\n" for item in value) + "]"
    return json.dumps(value)
