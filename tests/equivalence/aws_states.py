"""States of AWS resources in every notation, read from `aws/*.yaml`.

    - type: aws.ec2.volume
      good:
        terraform: |
          resource "aws_ebs_volume" "this" { encrypted = true }
        cloudformation:
          This: {Type: AWS::EC2::Volume, Properties: {Encrypted: true}}
        live: {encrypted: true}
        except: {aws-ebs-volume-key: fail}

In a good state every policy of the type passes, in a bad one every one fails, but for those under `except`; where a
state is about one policy `only`, the others are not asked; `declared` says what is different where it is written down
and not live. The resource that is judged is called `this`. The plan is made from the configuration as `terraform show
-json` writes it, the state as applying it would write `terraform.tfstate`: everything known, and every reference the id
or name of what exists.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bartizan.assess.policy.library import Compiled
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.resources.values import Document, Unknown, Value, first_unknown
from bartizan.collect.templates.cloudformation.resources import of_template
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.normal import TemplateResources
from bartizan.collect.templates.terraform.module import root_module
from bartizan.collect.templates.terraform.plan import of_plan
from bartizan.collect.templates.terraform.resources import of_folder
from bartizan.collect.templates.terraform.source import Sources
from bartizan.collect.templates.terraform.state import of_state
from bartizan.model.policy import PolicyResult
from bartizan.model.resource import Resource

FOLDER = Path(__file__).parent / "aws"


@dataclass(frozen=True)
class State:
    """One resource in one state, in several notations."""

    name: str
    type: str
    expect: PolicyResult
    """Of every policy of the type but those in `others`."""
    only: str
    """The policy that the state is about; empty for all of the type."""
    others: Mapping[str, PolicyResult]
    terraform: str
    cloudformation: Mapping[str, Any]
    live: Mapping[str, Any]

    declared: Mapping[str, PolicyResult]
    """Policies that say something else of what is not live."""

    def expected(self, policies: Iterable[Compiled], notation: str = "live") -> dict[str, PolicyResult]:
        """What each of the type's policies should say."""
        if self.only:
            return {self.only: self.expect}
        out = {each.policy.id: self.expect for each in policies} | dict(self.others)
        out |= self.declared if notation != "live" else {}
        return out | (dict.fromkeys(written(policies), PolicyResult.NOT_APPLICABLE) if notation == "state" else {})

    def resources(self) -> Iterator[tuple[str, Resource]]:
        """The resource as each notation gives it."""
        yield "live", Resource(type=self.type, id="live", attributes=self.live)
        if self.terraform:
            yield "terraform", self._this(of_folder(_configuration(self.terraform), "/t"))
            yield "plan", self._this(of_plan(_plan(self.terraform), "/plan.json"))
            yield "state", self._this(of_state(state_file(self.terraform), "/terraform.tfstate"))
        if self.cloudformation:
            text = json.dumps({"Resources": self.cloudformation})
            yield "cloudformation", self._this(of_template(MemoryView({"/stack.json": text.encode()}), "/stack.json"))

    def _this(self, found: TemplateResources) -> Resource:
        assert not found.problems, [str(each) for each in found.problems]
        assert not found.unmodelled, found.unmodelled
        names = ("this", "This")
        (resource,) = [
            each for each in found.resources if each.type == self.type and each.id.split("/")[0].split(".")[-1] in names
        ]
        return resource


def written(policies: Iterable[Compiled]) -> list[str]:
    """The policies that judge how a template is written, of which a state tells nothing."""
    return [each.policy.id for each in policies if "_in_template" in each.policy.check]


def states() -> list[State]:
    """Every state of every file."""
    out = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            for word, expect in (("good", PolicyResult.PASS), ("bad", PolicyResult.FAIL)):
                given = entry.get(word)
                for number, each in enumerate(given if isinstance(given, list) else [given] if given else []):
                    out.append(
                        State(
                            name=f"{entry['type']}-{word}" + (f"-{number + 1}" if number else ""),
                            type=entry["type"],
                            expect=expect,
                            only=each.get("only", ""),
                            others={key: PolicyResult(value) for key, value in (each.get("except") or {}).items()},
                            terraform=each.get("terraform", ""),
                            cloudformation=each.get("cloudformation", {}),
                            live=each.get("live", {}),
                            declared={key: PolicyResult(value) for key, value in (each.get("declared") or {}).items()},
                        )
                    )
    return out


def _configuration(text: str) -> MemoryView:
    return MemoryView({"/t/main.tf": text.encode()})


def _plan(text: str) -> MemoryView:
    """The plan of a configuration: values that are known, marks where they are not, and what refers to what."""
    declared = root_module(Sources(_configuration(text), "/t"), "/t", {}).declared()
    resources, changes, configured = [], [], []
    for each in declared:
        if each.data:
            continue
        head = {"address": each.address, "mode": "managed", "type": each.type, "name": each.name}
        resources.append({**head, "values": {key: _value(value) for key, value in each.attributes.items()}})
        marks = {key: mark for key, value in each.attributes.items() if (mark := _mark(value))}
        changes.append({"address": each.address, "change": {"after_unknown": marks}})
        configured.append({**head, "expressions": _expressions(each)})
    plan = {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }
    return MemoryView({"/plan.json": json.dumps(plan).encode()})


def _value(value: Value) -> Any:
    if isinstance(value, Unknown):
        return None
    if isinstance(value, Document):
        return None if first_unknown(value) else json.dumps(value.value)
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return [_value(item) for item in value] if isinstance(value, list) else value


def _mark(value: Value) -> Any:
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Document):
        return bool(first_unknown(value))
    if isinstance(value, dict):
        return {key: mark for key, item in value.items() if (mark := _mark(item))}
    if isinstance(value, list):
        marks = [_mark(item) for item in value]
        return marks if any(marks) else []
    return False


def _expressions(each: Declared) -> dict[str, Any]:
    return {key: _expression(value) for key, value in each.attributes.items()}


def _expression(value: Value) -> Any:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [{key: _expression(item) for key, item in block.items()} for block in value]
    targets = [each.target for each in _unknowns(value) if each.target]
    return {"references": [text for each in targets for text in (f"{each}.id", each)]} if targets else {}


def _unknowns(value: Value) -> list[Unknown]:
    if isinstance(value, Unknown):
        return [value]
    if isinstance(value, Document):
        return _unknowns(value.value)
    if isinstance(value, dict):
        return [each for item in value.values() for each in _unknowns(item)]
    return [each for item in value for each in _unknowns(item)] if isinstance(value, list) else []


def state_file(text: str) -> MemoryView:
    """The state that applying a configuration leaves behind."""
    resources = []
    declared = list(root_module(Sources(_configuration(text), "/t"), "/t", {}).declared())
    asked = {(one.target, one.attribute) for each in declared for one in _unknowns(each.attributes) if one.target}
    for each in declared:
        made = {
            name: _made(each.address, name) for target, name in asked if target == each.address and name.isidentifier()
        }
        made |= {name: _made(each.address, name) for name in ("id", "arn")}
        applied = {key: _applied(value) for key, value in each.attributes.items()}
        mode = "data" if each.data else "managed"
        provider = 'provider["registry.terraform.io/hashicorp/aws"]'
        head = {"mode": mode, "type": each.type, "name": each.name, "provider": provider}
        _, bracket, key = each.address.partition("[")
        index = {"index_key": json.loads(key.rstrip("]"))} if bracket else {}
        resources.append({**head, "instances": [{**index, "schema_version": 0, "attributes": {**made, **applied}}]})
    state = {"version": 4, "terraform_version": "1.9.5", "serial": 1, "lineage": "f", "resources": resources}
    return MemoryView({"/terraform.tfstate": json.dumps(state).encode()})


def _made(address: str, attribute: str) -> str:
    """What a provider made up for an attribute."""
    return (
        f"arn:aws:made:eu-central-1:123456789012:{address}" if attribute == "arn" else f"{address}/{attribute or 'id'}"
    )


def _applied(value: Value) -> Any:
    if isinstance(value, Unknown):
        made = _made(value.target, value.attribute) if value.target else "known now"
        return value.text.replace("${…}", made) or made
    if isinstance(value, Document):
        return json.dumps(_applied(value.value))
    if isinstance(value, dict):
        return {key: _applied(item) for key, item in value.items()}
    return [_applied(item) for item in value] if isinstance(value, list) else value
