"""A raw state, `terraform.tfstate` of version 4: what Terraform made, as it last saw it.

    {"version": 4, "terraform_version": "1.9.5", "serial": 7, "lineage": "3f6c...", "resources": [
      {"module": "module.db[\\"a\\"]", "mode": "managed", "type": "aws_db_instance", "name": "main",
       "provider": "provider[\\"registry.terraform.io/hashicorp/aws\\"].west",
       "instances": [{"index_key": 0, "attributes": {"id": "db-1", "password": "..."},
         "sensitive_attributes": [[{"type": "get_attr", "value": "password"}]]}]}]}

Terraform promises nothing about this format (github.com/hashicorp/terraform, internal/states/statefile/version4.go) but
has written it since 0.12; OpenTofu writes the same. Nothing in a state refers to anything by name: a resource is found
by its id (`Configuration.identities`). What is marked as sensitive is put aside before anything looks at it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared, TemplateProblem
from bartizan.collect.templates.normal import TemplateResources, normalised
from bartizan.collect.templates.terraform.resources import FAMILIES
from bartizan.model.resource import ONLY_TEMPLATE, Location, Resource
from bartizan.model.resource import Unknown as UnknownField

STATE_LIMIT = 128 << 20
"""Bytes; Terraform itself is slow long before."""
VERSION = 4
_WRITTEN = "_in_template"
"""How fields end that tell of a secret in the clear; in a state all are."""

_ENCRYPTED = "the state is encrypted; write it with 'tofu show -json' and judge that"
_NO_STATE = "not a state of Terraform: it has no version"


class _Unreadable(Exception):
    """Why a state is not read."""


def of_state(view: FilesystemView, path: str) -> TemplateResources:
    """The resources of a state file. One that is damaged, too large, encrypted or of another version is a problem."""
    try:
        resources = _resources(view, path)
    except _Unreadable as error:
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=str(error)),), {})
    problems: list[TemplateProblem] = []
    declared: list[Declared] = []
    for number, each in enumerate(resources):
        try:
            declared += _instances(each, path)
        except _Unreadable as error:
            problems.append(TemplateProblem(path=path, line=0, reason=f"resources[{number}]: {error}"))
    found = normalised(declared, FAMILIES, problems)
    places = Configuration.of(declared).identities
    return replace(found, resources=tuple(as_told(each, places) for each in found.resources))


def _resources(view: FilesystemView, path: str) -> list[Any]:
    try:
        document = json.loads(view.read(path, STATE_LIMIT))
    except FilesystemError as error:
        raise _Unreadable(error.reason) from error
    except json.JSONDecodeError as error:
        raise _Unreadable(f"not JSON: {error.msg} in line {error.lineno}") from error
    except (ValueError, RecursionError) as error:
        raise _Unreadable("not JSON: no UTF-8 or nested too deep") from error
    if isinstance(document, dict) and "encrypted_data" in document:
        raise _Unreadable(_ENCRYPTED)
    version = document.get("version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise _Unreadable(_NO_STATE)
    if version < VERSION:
        raise _Unreadable(
            f"a state of version {version}, as Terraform before 0.12 wrote it; bring it up to date with"
            " 'terraform apply -refresh-only' of a newer release"
        )
    if version > VERSION:
        raise _Unreadable(f"a state of version {version}, newer than this release reads; use 'terraform show -json'")
    resources = document.get("resources")
    if not isinstance(resources, list):
        raise _Unreadable("the state is damaged: it has no list of resources")
    return resources


def _instances(resource: Any, path: str) -> Iterator[Declared]:
    """The objects of a resource; those that are deposed wait to be deleted and stand for nothing that is declared."""
    if not isinstance(resource, dict):
        raise _Unreadable("the state is damaged: a resource is no object")
    type_, name, module = (resource.get(key, "") for key in ("type", "name", "module"))
    instances = resource.get("instances")
    if not (isinstance(type_, str) and type_ and isinstance(name, str) and name and isinstance(module, str)):
        raise _Unreadable("the state is damaged: a resource without type or name")
    if not isinstance(instances, list) or not all(isinstance(each, dict) for each in instances):
        raise _Unreadable(f"the state is damaged: {type_}.{name} has no list of instances")
    data = resource.get("mode") == "data"
    prefix = f"{module}." if module else ""
    for each in instances:
        if each.get("deposed"):
            continue
        address = f"{prefix}{'data.' if data else ''}{type_}.{name}{_key(each.get('index_key'))}"
        yield Declared(
            address=address,
            type=type_,
            name=name,
            module=module,
            data=data,
            provider=_provider(resource.get("provider")),
            attributes=_attributes(each, address),
            location=Location(path=path, module=module),
        )


def as_told(resource: Resource, places: Mapping[str, Declared]) -> Resource:
    """The resource with its edges to addresses, and without what only the text of a template tells."""
    written = [name for name in resource.attributes if name.endswith(_WRITTEN)]
    return replace(
        resource,
        attributes={name: value for name, value in resource.attributes.items() if name not in written},
        unknowns=(*resource.unknowns, *(UnknownField(path=name, reason=ONLY_TEMPLATE) for name in written)),
        relations=tuple(
            replace(edge, target=places[edge.target].address) if edge.target in places else edge
            for edge in resource.relations
        ),
    )


def _key(key: Any) -> str:
    if isinstance(key, str):
        return f'["{key}"]'
    return f"[{key}]" if isinstance(key, int) else ""


def _provider(name: Any) -> str:
    """`provider["registry.terraform.io/hashicorp/aws"].west` as `aws.west`; empty for the default."""
    _, _, rest = name.partition('["') if isinstance(name, str) else ("", "", "")
    source, _, alias = rest.partition('"].')
    return f"{source.rpartition('/')[2]}.{alias}" if alias else ""


def _attributes(instance: dict[str, Any], address: str) -> dict[str, Value]:
    attributes = instance.get("attributes")
    if not isinstance(attributes, dict):
        raise _Unreadable(f"{address} has no attributes; refresh the state with a newer release")
    hidden: Value = attributes
    paths = instance.get("sensitive_attributes") or []
    for steps in paths if isinstance(paths, list) else [None]:
        hidden = _without(hidden, _steps(steps), Unknown(f"{address} has a sensitive value here, which is not read"))
    return {key: _set(value) for key, value in hidden.items() if not _unset(value)} if isinstance(hidden, dict) else {}


def _steps(path: Any) -> list[str | int]:
    """`[{"type": "get_attr", "value": "tags"}, {"type": "index", "value": {"value": "k", "type": "string"}}]`. A step
    that is not understood ends the path: more is hidden then, never less."""
    out: list[str | int] = []
    for step in path if isinstance(path, list) else []:
        value = step.get("value") if isinstance(step, dict) else None
        if isinstance(value, dict):
            value = value.get("value")
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            break
        out.append(value)
    return out


def _without(value: Value, steps: list[str | int], unknown: Unknown) -> Value:
    """The value with what the steps lead to put aside. A whole instance stays an object: each attribute is unknown."""
    if isinstance(value, dict) and not steps and "id" in value:
        return dict.fromkeys(value, unknown)
    if value is None or isinstance(value, Unknown):
        return value
    if steps and isinstance(value, dict):
        key = str(steps[0])
        return {**value, key: _without(value[key], steps[1:], unknown)} if key in value else value
    if steps and isinstance(value, list) and isinstance(steps[0], int):
        at = steps[0]
        return [_without(item, steps[1:], unknown) if index == at else item for index, item in enumerate(value)]
    return unknown


def _unset(value: Value) -> bool:
    """Providers write null or an empty text where nothing is set."""
    return value is None or value == ""


def _set(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _set(item) for key, item in value.items() if not _unset(item)}
    return [_set(item) for item in value] if isinstance(value, list) else value
