"""What a policy is, for people: listed, and explained with everything that it judges by and counts for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bartizan.assess.policy.engine import PolicySet
from bartizan.assess.policy.library import Compiled
from bartizan.assess.policy.schema import Schema
from bartizan.assess.policy.types import ListType, MapType, ObjectType, Type, suggest
from bartizan.model.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A field that a policy reads."""

    path: str
    """`sshd.effective.max_auth_tries`, `users.accounts[].uid`."""
    type: str
    about: str
    """What the schema says of it; often nothing, where the name says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedControl:
    framework: str
    framework_title: str
    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that `bartizan policy explain ID` shows."""

    policy: Policy
    inputs: tuple[Input, ...]
    controls: tuple[MappedControl, ...]
    source: str
    """`file:line`."""
    builtin: bool


class NoSuchPolicy(Exception):
    """There is no policy with that id; the message suggests one."""


def explain(policies: PolicySet, policy_id: str) -> Explanation:
    """Raises NoSuchPolicy."""
    compiled = policies.compiled.get(policy_id)
    if compiled is None:
        raise NoSuchPolicy(f"there is no policy {policy_id!r}{suggest(policy_id, policies.policies)}")
    policy = compiled.policy
    schema = policies.schemas[policy.resource]
    return Explanation(
        policy=policy,
        inputs=tuple(_input(schema, path) for path in sorted(compiled.references)),
        controls=tuple(_controls(policies, policy.controls)),
        source=f"{compiled.path}:{compiled.line}",
        builtin=compiled.builtin,
    )


def _controls(policies: PolicySet, mapped: Mapping[str, Iterable[str]]) -> Iterable[MappedControl]:
    for framework_id, ids in sorted(mapped.items()):
        framework = policies.frameworks[framework_id]
        for each in ids:
            title = framework.controls[each].title
            yield MappedControl(framework=framework_id, framework_title=framework.title, id=each, title=title)


def _input(schema: Schema, path: str) -> Input:
    type_: Type | None = schema.root
    about = ""
    for step in path.replace("[", ".[").split("."):
        match type_:
            case ObjectType(fields=fields, described=described):
                about = described.get(step, "")
                type_ = fields.get(step)
            case ListType(item=item) if step == "[]":
                type_ = item
            case MapType(value=value):
                # The rest is a key, dots and all.
                type_ = value
                break
            case _:
                break
    return Input(path=path, type=str(type_) if type_ is not None else "any", about=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of `bartizan policy list`."""

    id: str
    title: str
    severity: str
    resource: str
    group: str
    controls: int
    builtin: bool
    source: str


def list_policies(policies: PolicySet, *, resource: str = "", group: str = "", framework: str = "") -> list[Listed]:
    """Policies by resource type, group and id; empty filters let everything through."""
    chosen = [each for each in policies.compiled.values() if _wanted(each, resource, group, framework)]
    chosen.sort(key=lambda each: (each.policy.resource, each.policy.group, each.policy.id))
    return [
        Listed(
            id=each.policy.id,
            title=each.policy.title,
            severity=each.policy.severity.value,
            resource=each.policy.resource,
            group=each.policy.group,
            controls=sum(len(ids) for ids in each.policy.controls.values()),
            builtin=each.builtin,
            source=f"{each.path}:{each.line}",
        )
        for each in chosen
    ]


def _wanted(compiled: Compiled, resource: str, group: str, framework: str) -> bool:
    policy = compiled.policy
    return (
        (not resource or policy.resource == resource)
        and (not group or policy.group == group)
        and (not framework or framework in policy.controls)
    )


def as_plain(explanation: Explanation) -> dict[str, Any]:
    """The explanation as plain values, for JSON."""
    policy = explanation.policy
    return {
        "id": policy.id,
        "title": policy.title,
        "severity": policy.severity.value,
        "resource": policy.resource,
        "group": policy.group,
        "why": policy.why,
        "fix": {"text": policy.fix.text, "command": policy.fix.command, "template": policy.fix.template},
        "applies": policy.applies,
        "check": policy.check,
        "parameters": dict(policy.parameters),
        "inputs": [{"path": each.path, "type": each.type, "about": each.about} for each in explanation.inputs],
        "controls": [
            {"framework": each.framework, "id": each.id, "title": each.title} for each in explanation.controls
        ],
        "cases": [{"name": each.name, "expect": each.expect.value} for each in policy.cases],
        "source": explanation.source,
        "builtin": explanation.builtin,
    }
