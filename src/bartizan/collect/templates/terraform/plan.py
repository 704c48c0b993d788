"""A plan, or a state as `terraform show -json` writes it, as resources of the model.

developer.hashicorp.com/terraform/internals/json-format: `planned_values.root_module`, with what only applying can tell
marked in `resource_changes[].change.after_unknown`; `values.root_module` in a state. What is marked as sensitive
(`sensitive_values`, `change.after_sensitive`: trees of the values' shape) is put aside before anything looks at it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.plain_secret import put_aside
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared, TemplateProblem
from bartizan.collect.templates.normal import TemplateResources, normalised
from bartizan.collect.templates.terraform.providers import configured_in_plan
from bartizan.collect.templates.terraform.resources import FAMILIES
from bartizan.collect.templates.terraform.state import as_told
from bartizan.model.resource import Location

PLAN_LIMIT = 512 << 20


def of_plan(view: FilesystemView, path: str) -> TemplateResources:
    """The JSON of a plan (`terraform show -json plan.out`) or of a state; both are told apart by their content."""
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
    changes = {
        str(change.get("address")): change["change"]
        for change in document.get("resource_changes") or []
        if isinstance(change, dict) and isinstance(change.get("change"), dict)
    }
    configured = dict(_configured(document.get("configuration", {}).get("root_module", {}), ""))
    root = values.get("root_module", {})
    addresses = _Addresses()
    addresses.add(root)
    declared = list(_planned(root, "", path, changes, configured, addresses))
    declared += [
        Declared(
            address=address,
            type="provider",
            name=name.rpartition("/")[2],
            attributes=attributes,
            location=Location(path=path),
        )
        for address, name, attributes in configured_in_plan(document.get("configuration"))
    ]
    found = normalised(declared, FAMILIES)
    if "planned_values" in document:
        return found
    places = Configuration.of(declared).identities
    return replace(found, resources=tuple(as_told(each, places) for each in found.resources))


def _planned(
    module: Any,
    address: str,
    path: str,
    changes: Mapping[str, Any],
    configured: Mapping[str, Any],
    addresses: "_Addresses",
) -> Iterator[Declared]:
    if not isinstance(module, dict):
        return
    for each in module.get("resources") or []:
        if not isinstance(each, dict):
            continue
        own = str(each.get("address") or "")
        values = each.get("values") if isinstance(each.get("values"), dict) else {}
        change = changes.get(own, {})
        expressions = configured.get(_without_keys(own), {})
        known = dict(values or {})
        for marks in (each.get("sensitive_values"), change.get("after_sensitive")):
            known = _known(known, marks, own, expressions)
        targets = {name: _target(item) for name, item in expressions.items()}
        reader = _Marks(own, address, addresses)
        yield Declared(
            address=own,
            type=str(each.get("type") or ""),
            name=str(each.get("name") or ""),
            module=address,
            data=each.get("mode") == "data",
            attributes=reader.values(known, change.get("after_unknown") or {}, targets),
            location=Location(path=path, module=address),
        )
    for child in module.get("child_modules") or []:
        if isinstance(child, dict):
            yield from _planned(child, str(child.get("address") or ""), path, changes, configured, addresses)


@dataclass(slots=True)
class _Addresses:
    """The addresses of a plan, by what the configuration calls them: without the keys of count and for_each."""

    known: dict[str, list[str]] = field(default_factory=dict)

    def add(self, module: Any) -> None:
        for each in module.get("resources") or [] if isinstance(module, dict) else []:
            address = str(each.get("address") or "") if isinstance(each, dict) else ""
            for name in {address, _without_last_key(address)}:
                self.known.setdefault(name, []).append(address)
        for child in module.get("child_modules") or [] if isinstance(module, dict) else []:
            self.add(child)

    def find(self, name: str, source: str) -> str:
        """The instance that a resource refers to by a name: the only one, or the one with the key of its own. Empty
        where it could be any."""
        found = self.known.get(name, [])
        if len(found) == 1:
            return found[0]
        key = source[len(_without_last_key(source)) :]
        return next((each for each in found if key and each == name + key), "") if found else name


@dataclass(frozen=True, slots=True)
class _Marks:
    """A plan leaves out what is not known yet and marks it with true in a tree of the same shape."""

    address: str
    module: str
    addresses: _Addresses

    def values(self, values: dict[str, Value], marks: Any, targets: Any) -> dict[str, Value]:
        for key, mark in marks.items() if isinstance(marks, dict) else ():
            values[key] = self.marked(values.get(key), mark, f"{self.address}.{key}", _below(targets, key))
        return {key: _emptied(value) for key, value in values.items() if value is not None}

    def marked(self, value: Value, mark: Any, path: str, target: Any) -> Value:
        if mark is True:
            name = target if isinstance(target, str) else ""
            prefix = f"{self.module}." if self.module else ""
            found = self.addresses.find(prefix + name, self.address) if name else ""
            return Unknown(f"{path} is known after apply", found)
        if isinstance(mark, dict) and (isinstance(value, dict) or value is None):
            known = value or {}
            inner = {
                key: self.marked(known.get(key), each, f"{path}.{key}", _below(target, key))
                for key, each in mark.items()
                if each
            }
            return {**known, **inner}
        if isinstance(mark, list) and isinstance(value, list):
            return [
                self.marked(item, mark[index], f"{path}[{index}]", _below(target, index))
                if index < len(mark) and mark[index]
                else item
                for index, item in enumerate(value)
            ]
        return value


def _below(targets: Any, key: str | int) -> Any:
    """What the expression below a key refers to; an expression that makes a whole list stands for its elements."""
    if isinstance(targets, dict):
        return targets.get(key, "")
    if isinstance(targets, list):
        return targets[key] if isinstance(key, int) and key < len(targets) else ""
    return targets


def _emptied(value: Value) -> Value:
    """Attributes that are null in a plan are attributes that nobody set."""
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items() if item is not None}
    return [_emptied(item) for item in value] if isinstance(value, list) else value


def _configured(module: Any, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Address of each configured resource to the expressions of its attributes, blocks as trees."""
    if not isinstance(module, dict):
        return
    for each in module.get("resources") or []:
        expressions = each.get("expressions")
        yield prefix + str(each.get("address")), expressions if isinstance(expressions, dict) else {}
    for name, call in (module.get("module_calls") or {}).items():
        if isinstance(call, dict):
            yield from _configured(call.get("module"), f"{prefix}module.{name}.")


def _known(values: dict[str, Value], marks: Any, address: str, expressions: Mapping[str, Any]) -> dict[str, Value]:
    """The values without those that are marked as sensitive. A mark for the whole resource hides each of them."""
    if marks is True:
        marks = dict.fromkeys(values, True)
    hidden = _hidden(values, marks, address, expressions)
    return hidden if isinstance(hidden, dict) else values


def _hidden(value: Value, mark: Any, address: str, expression: Any) -> Value:
    """A value with what is marked put aside. A mark of another shape than the value hides all of it."""
    if value is None or isinstance(value, Unknown) or not _marks_any(mark):
        return value
    if isinstance(mark, dict) and isinstance(value, dict):
        return {key: _hidden(item, mark.get(key), address, _below(expression, key)) for key, item in value.items()}
    if isinstance(mark, list) and isinstance(value, list):
        return [
            _hidden(item, mark[index] if index < len(mark) else None, address, _below(expression, index))
            for index, item in enumerate(value)
        ]
    return put_aside(f"{address} has a sensitive value here, which is not read", _written(expression))


def _marks_any(mark: Any) -> bool:
    if isinstance(mark, (dict, list)):
        return any(_marks_any(each) for each in (mark.values() if isinstance(mark, dict) else mark))
    return mark is not None and mark is not False


def _written(expression: Any) -> bool | None:
    """Whether a value stands in the configuration in the clear; None where it comes from a variable, say, so that it
    may or may not."""
    if not isinstance(expression, dict):
        return None
    if "constant_value" in expression:
        return True
    references = [each for each in expression.get("references") or () if isinstance(each, str)]
    return False if references and all(_is_made(each) for each in references) else None


def _is_made(reference: str) -> bool:
    return _is_resource(reference) or reference.startswith("data.")


def _target(expression: Any) -> Any:
    """The resource that an expression refers to, as its module names it; for blocks the same in their shape."""
    if isinstance(expression, list):
        return [_target(each) for each in expression]
    if not isinstance(expression, dict) or "constant_value" in expression:
        return ""
    references = expression.get("references")
    if isinstance(references, list):
        found = next((text for text in references if isinstance(text, str) and _is_resource(text)), "")
        return ".".join(found.split(".")[:2])
    return {name: _target(item) for name, item in expression.items()}


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


def _without_last_key(address: str) -> str:
    """`module.a["x"].aws_instance.web[0]` without its own key, the module's left in place."""
    if not address.endswith("]"):
        return address
    name, _, rest = _without_keys(address).rpartition(".")
    start = address.rfind(f".{rest}[" if name else f"{rest}[")
    return address[: start + len(rest) + bool(name)]
