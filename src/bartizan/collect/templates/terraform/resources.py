"""A Terraform folder, plan or state as resources of the model, with all that could not be read."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.declared import Declared, TemplateProblem
from bartizan.collect.templates.family import Family
from bartizan.collect.templates.normal import TemplateResources, normalised
from bartizan.collect.templates.terraform.module import root_module
from bartizan.collect.templates.terraform.source import Sources
from bartizan.collect.templates.terraform.types import aws_s3
from bartizan.model.resource import Location

FAMILIES: tuple[Family, ...] = (aws_s3.FAMILY,)

PLAN_LIMIT = 512 << 20


def of_folder(view: FilesystemView, folder: str, variables: Mapping[str, str] | None = None) -> TemplateResources:
    """The configuration in a folder."""
    sources = Sources(view, folder)
    declared = list(root_module(sources, folder, dict(variables or {})).declared())
    return normalised(declared, FAMILIES, sources.problems)


def of_plan(view: FilesystemView, path: str) -> TemplateResources:
    """The JSON of a plan (`terraform show -json plan.out`) or of a state; both are told apart by their content.

    developer.hashicorp.com/terraform/internals/json-format: `planned_values.root_module`, with what only applying can
    tell marked in `resource_changes[].change.after_unknown`; `values.root_module` in a state.
    """
    try:
        document = json.loads(view.read(path, PLAN_LIMIT))
    except FilesystemError as error:
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=error.reason),), {})
    except (ValueError, RecursionError) as error:
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=f"not JSON: {error}"),), {})
    values = document.get("planned_values") or document.get("values") if isinstance(document, dict) else None
    if not isinstance(values, dict) or "format_version" not in document:
        reason = "neither a plan nor a state; make one with 'terraform show -json'"
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=reason),), {})
    unknown = {
        str(change.get("address")): change.get("change", {}).get("after_unknown") or {}
        for change in document.get("resource_changes") or []
        if isinstance(change, dict)
    }
    references = dict(_references(document.get("configuration", {}).get("root_module", {}), ""))
    root = values.get("root_module", {})
    return normalised(list(_planned(root, "", path, unknown, references)), FAMILIES)


def _planned(
    module: Any, address: str, path: str, unknown: Mapping[str, Any], references: Mapping[str, Mapping[str, str]]
) -> Iterator[Declared]:
    if not isinstance(module, dict):
        return
    for each in module.get("resources") or []:
        if not isinstance(each, dict):
            continue
        own = str(each.get("address") or "")
        values = each.get("values") if isinstance(each.get("values"), dict) else {}
        targets = references.get(_without_keys(own), {})
        yield Declared(
            address=own,
            type=str(each.get("type") or ""),
            name=str(each.get("name") or ""),
            module=address,
            data=each.get("mode") == "data",
            attributes=_with_unknowns(dict(values or {}), unknown.get(own, {}), own, targets),
            location=Location(path=path, module=address),
        )
    for child in module.get("child_modules") or []:
        if isinstance(child, dict):
            yield from _planned(child, str(child.get("address") or ""), path, unknown, references)


def _with_unknowns(values: dict[str, Value], marks: Any, address: str, targets: Mapping[str, str]) -> dict[str, Value]:
    """A plan leaves out what is not known yet and marks it with true in a tree of the same shape."""
    for key, mark in marks.items() if isinstance(marks, dict) else ():
        values[key] = _marked(values.get(key), mark, f"{address}.{key}", targets.get(key, ""))
    return {key: _emptied(value) for key, value in values.items() if value is not None}


def _marked(value: Value, mark: Any, path: str, target: str) -> Value:
    if mark is True:
        return Unknown(f"{path} is known after apply", target)
    if isinstance(mark, dict) and (isinstance(value, dict) or value is None):
        return {
            **(value or {}),
            **{
                key: _marked((value or {}).get(key), inner, f"{path}.{key}", "") for key, inner in mark.items() if inner
            },
        }
    if isinstance(mark, list) and isinstance(value, list):
        return [
            _marked(item, mark[index], f"{path}[{index}]", target) if index < len(mark) and mark[index] else item
            for index, item in enumerate(value)
        ]
    return value


def _emptied(value: Value) -> Value:
    """Attributes that are null in a plan are attributes that nobody set."""
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items() if item is not None}
    return [_emptied(item) for item in value] if isinstance(value, list) else value


def _references(module: Any, prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Address of each configured resource to what its attributes refer to."""
    if not isinstance(module, dict):
        return
    for each in module.get("resources") or []:
        found = {}
        for name, expression in (each.get("expressions") or {}).items():
            if isinstance(expression, dict):
                target = next((text for text in expression.get("references") or [] if _is_resource(text)), "")
                if target:
                    found[name] = prefix + ".".join(target.split(".")[:2])
        yield prefix + str(each.get("address")), found
    for name, call in (module.get("module_calls") or {}).items():
        if isinstance(call, dict):
            yield from _references(call.get("module"), f"{prefix}module.{name}.")


def _is_resource(reference: str) -> bool:
    first = reference.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
    return first not in ("var", "local", "module", "data", "each", "count", "path", "self", "terraform")


def _without_keys(address: str) -> str:
    out, depth = [], 0
    for char in address:
        depth += char == "["
        if not depth:
            out.append(char)
        depth -= char == "]"
    return "".join(out)
