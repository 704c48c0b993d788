"""Where the value of a property came from: parameters (their defaults, or what a nesting stack gives), mappings, other
properties of the functions that were worked out.

    template.yaml:12  AccessControl: !Ref Acl
    template.yaml:4   parameter Acl, default: public-read
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bartizan.collect.resources.plain_secret import named_secret
from bartizan.collect.resources.values import Unknown
from bartizan.collect.templates.attribute_path import Part, parts_of
from bartizan.collect.templates.cloudformation.template import Template
from bartizan.collect.templates.declared import MAX_STEPS, Step
from bartizan.collect.templates.located import located_path
from bartizan.collect.templates.shown_text import HIDDEN, cut, shown

_SUBSTITUTION = re.compile(r"\$\{([^!}][^}]*)\}")
_DEPTH = 20
Parts = tuple[Part, ...]


def origin_of(template: Template, name: str, path: str, hide: bool = False) -> tuple[Step, ...]:
    """The steps of the value at a dotted path of a resource's properties; none where the resource does not set it."""
    walk = _Walk(template, hide)
    walk.property(name, parts_of(path))
    return walk.steps()


@dataclass(frozen=True, slots=True)
class _Place:
    line: int
    label: str
    node: Any


class _Walk:
    def __init__(self, template: Template, hide: bool) -> None:
        self._template, self._hide = template, hide
        self._found: list[_Place] = []
        self._more: tuple[Step, ...] = ()

    def steps(self) -> tuple[Step, ...]:
        own = (
            Step(self._template.path, each.line, cut(f"{each.label}: {_text(each.node, self._hide)}"))
            for each in self._found
        )
        return (*own, *self._more)[:MAX_STEPS]

    def property(self, name: str, parts: Parts) -> None:
        """A property of a resource."""
        resource = self._template.resource(name)
        node: Any = resource.get("Properties")
        where: Parts = ("Properties",)
        if parts and parts[0] in ("DeletionPolicy", "UpdateReplacePolicy"):
            node, where = resource, ()
        start = parts_of(self._template.source_of(name))
        if parts and isinstance(node, dict) and parts[0] in node:
            self._value(str(parts[0]), node, (*start, *where), parts)

    def _value(self, label: str, node: Any, where: Parts, rest: Parts) -> None:
        """What stands at a path, as deep as it is written out there, and what it refers to."""
        self._hide = self._hide or any(named_secret(str(part)) for part in rest)
        while rest and (inner := _below(node, rest[0])) is not None:
            self._hide = self._hide or _tells_of_secret(node)
            node, where = inner[0], (*where, rest[0])
            label = str(rest[0]) if isinstance(rest[0], str) else label
            rest = rest[1:]
        self._add(where, label, node)
        self._refer(node, rest)

    def _add(self, where: Parts, label: str, node: Any) -> bool:
        line = self._template.line_of(located_path(where))
        place = _Place(line, label, node)
        if len(self._found) >= MAX_STEPS or any(each.line == line and each.label == label for each in self._found):
            return False
        self._found.append(place)
        return True

    def _refer(self, node: Any, rest: Parts) -> None:
        found = next(self._references(node, rest, 0), None)
        if found is None:
            return
        kind, name, rest = found
        if kind == "map":
            self._value(name, self._template.part("Mappings"), ("Mappings",), rest)
        elif name in self._template.part("Parameters"):
            self._parameter(name)
        elif name in self._template.part("Resources"):
            self._add(parts_of(self._template.source_of(name)), name, None)

    def _parameter(self, name: str) -> None:
        parameter = self._template.part("Parameters")[name]
        parameter = parameter if isinstance(parameter, dict) else {}
        self._hide = self._hide or named_secret(name) or str(parameter.get("NoEcho", "")).lower() == "true"
        if self._template.gives(name):
            self._more = self._given(name)
        elif "Default" in parameter:
            self._add(("Parameters", name, "Default"), f"parameter {name}, default", parameter["Default"])
        else:
            self._add(("Parameters", name), f"parameter {name}", "no default")

    def _given(self, name: str) -> tuple[Step, ...]:
        outer = self._template.caller
        if outer is None:
            return (Step("", 0, cut(f"--var {name}: {_text(self._template.given(name), self._hide)}")),)
        return outer(f"Parameters.{name}", hide=self._hide)

    def _references(self, node: Any, rest: Parts, depth: int) -> Iterator[tuple[str, str, Parts]]:
        """(kind, name, path below it) of what a value is taken from, the deciding one first."""
        if depth > _DEPTH:
            return
        if isinstance(node, dict) and len(node) == 1:
            ((function, argument),) = node.items()
            if function == "Ref" and isinstance(argument, str):
                yield "name", argument, rest
            elif function == "Fn::GetAtt":
                yield (
                    "name",
                    str(argument[0] if isinstance(argument, list) and argument else argument).split(".")[0],
                    rest,
                )
            elif function == "Fn::FindInMap" and isinstance(argument, list) and len(argument) >= 3:
                yield from self._in_map(argument, rest, depth)
            elif function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
                truth = self._template.condition(str(argument[0]))
                if not isinstance(truth, Unknown):
                    yield from self._references(argument[1 if truth else 2], rest, depth + 1)
            elif function == "Fn::Sub":
                yield from self._substituted(argument, depth)
            else:
                yield from self._references(argument, (), depth + 1)
            return
        if isinstance(node, dict):
            self._hide = self._hide or _tells_of_secret(node) or any(named_secret(str(key)) for key in node)
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        for each in inner:
            yield from self._references(each, (), depth + 1)

    def _in_map(self, argument: list[Any], rest: Parts, depth: int) -> Iterator[tuple[str, str, Parts]]:
        keys = [self._template.value(each) for each in argument[:3]]
        if all(isinstance(key, (str, int)) for key in keys):
            yield "map", str(keys[0]), (*(str(key) for key in keys), *rest)
        for each in argument[1:3]:
            yield from self._references(each, (), depth + 1)

    def _substituted(self, argument: Any, depth: int) -> Iterator[tuple[str, str, Parts]]:
        text, names = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, names = argument
        for match in _SUBSTITUTION.finditer(text if isinstance(text, str) else ""):
            name = match.group(1).strip()
            if name in names:
                yield from self._references(names[name], (), depth + 1)
            elif not name.startswith("AWS::"):
                yield "name", name.partition(".")[0], ()


def _below(node: Any, part: Part) -> tuple[Any] | None:
    if isinstance(node, dict) and str(part) in node:
        return (node[str(part)],)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return (node[part],)
    return None


def _tells_of_secret(node: Any) -> bool:
    """Whether a mapping is a pair that names a secret: {Name: DB_PASSWORD, Value: ...}."""
    name = node.get("Name", node.get("Key")) if isinstance(node, dict) else None
    return isinstance(name, str) and named_secret(name)


def _text(node: Any, hide: bool, depth: int = 0) -> str:
    """A value in one line, functions in their short form."""
    if depth > 4:
        return HIDDEN
    if isinstance(node, str):
        return shown(node, hide=hide)
    if isinstance(node, dict):
        if len(node) == 1:
            ((name, inner),) = node.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                inner = ".".join(map(str, inner)) if name == "Fn::GetAtt" and isinstance(inner, list) else inner
                told = str(inner) if name in ("Ref", "Fn::GetAtt") else _text(inner, hide, depth + 1)
                return f"!{name.removeprefix('Fn::')} {told}"
        hide = hide or _tells_of_secret(node)
        items = (f"{key}: {_text(item, hide or named_secret(str(key)), depth + 1)}" for key, item in node.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(_text(item, hide, depth + 1) for item in node[:20]) + "]"
    if node is None:
        return ""
    if isinstance(node, bool):
        return str(node).lower()
    return HIDDEN if hide else str(node)
