"""ARM templates in JSON, with comments allowed, to deployments.

Microsoft Learn, "Understand the structure and syntax of ARM templates":

    {"$schema": ".../deploymentTemplate.json#", "parameters": {}, "variables": {},
     "resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "[parameters('name')]", "properties": {}}]}

With `languageVersion` 2.0 resources are an object, by symbolic name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.collect.templates.arm.expression import is_expression, parse_expression
from bartizan.collect.templates.arm.syntax import (
    ArmError,
    Array,
    Deployment,
    Lambda,
    Literal,
    Loop,
    Node,
    Object,
    Stated,
)
from bartizan.collect.templates.located import Located, load_all

_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
_APART = frozenset(
    {"type", "apiVersion", "name", "condition", "copy", "resources", "dependsOn", "comments", "existing"}
)


def read_template(text: str, path: str) -> Deployment:
    """The deployment of a JSON text. Raises `ArmError`, or `LocatedError` where it is no JSON."""
    document = next(load_all(_COMMENT.sub(_without_comment, text)), None)
    if document is None or not isinstance(document.value, dict):
        raise ArmError(1, "the template is not an object")
    return _Reader(document, path).deployment(document.value, "")


def _without_comment(match: re.Match[str]) -> str:
    found = match.group()
    return found if found.startswith('"') else " " + "\n" * found.count("\n")


class _Reader:
    def __init__(self, document: Located, path: str) -> None:
        self._document, self._path = document, path

    def deployment(self, root: Mapping[str, Any], where: str) -> Deployment:
        out = Deployment(path=self._path)
        for name, each in _objects(root.get("parameters")):
            has = isinstance(each, dict) and "defaultValue" in each
            out.lines[f"parameters.{name}"] = self._document.lines.get(
                f"{where}parameters.{name}{'.defaultValue' if has else ''}", 0
            )
            if isinstance(each, dict) and str(each.get("type", "")).lower().startswith("secure"):
                out.secure.add(name)
            out.parameters[name] = self._node(each["defaultValue"], f"{where}parameters.{name}") if has else None
        variables = root.get("variables")
        if isinstance(variables, dict):
            for name, each in variables.items():
                if name != "copy":
                    out.lines[f"variables.{name}"] = self._document.lines.get(f"{where}variables.{name}", 0)
                    out.variables[name] = self._node(each, f"{where}variables.{name}")
            copied = self._node({"copy": variables.get("copy")}, f"{where}variables")
            for name, count, item in copied.copies if isinstance(copied, Object) else ():
                out.variables[name] = Object((), ((name, count, item),))
        for namespace in _list(root.get("functions")):
            if isinstance(namespace, dict):
                for name, each in _objects(namespace.get("members")):
                    out.functions[f"{namespace.get('namespace', '')}.{name}"] = self._function(each, where)
        for name, each in _objects(root.get("outputs")):
            if isinstance(each, dict):
                out.outputs[name] = self._node(each.get("value"), f"{where}outputs.{name}")
        self._resources(out, root.get("resources"), f"{where}resources", None)
        return out

    def _function(self, each: Any, where: str) -> Lambda:
        each = each if isinstance(each, dict) else {}
        names = tuple(str(one.get("name")) for one in _list(each.get("parameters")) if isinstance(one, dict))
        output = each.get("output")
        body = self._node(output.get("value") if isinstance(output, dict) else None, f"{where}functions")
        return Lambda(names, body)

    def _resources(self, out: Deployment, found: Any, where: str, parent: Stated | None) -> None:
        if isinstance(found, dict):
            entries: Iterator[tuple[str, str, Any]] = ((name, f"{where}.{name}", each) for name, each in found.items())
        else:
            entries = (("", f"{where}[{index}]", each) for index, each in enumerate(_list(found)))
        for symbol, here, each in entries:
            if isinstance(each, dict) and isinstance(each.get("type"), str):
                stated = self._stated(each, here, symbol, parent)
                out.resources.append(stated)
                self._resources(out, each.get("resources"), f"{here}.resources", stated)

    def _stated(self, each: dict[str, Any], where: str, symbol: str, parent: Stated | None) -> Stated:
        lines = self._document.lines
        body = {key: value for key, value in each.items() if key not in _APART}
        template = None
        if each["type"].lower() == "microsoft.resources/deployments" and isinstance(each.get("properties"), dict):
            properties = dict(each["properties"])
            inner = properties.pop("template", None)
            body["properties"] = properties
            if isinstance(inner, dict):
                template = self.deployment(inner, f"{where}.properties.template.")
                options = properties.get("expressionEvaluationOptions")
                said = options.get("scope") if isinstance(options, dict) else None
                template.outer = str(said or "outer").lower() != "inner"
        copy = each.get("copy")
        loop = None
        if isinstance(copy, dict):
            loop = Loop(name=str(copy.get("name", "")), count=self._node(copy.get("count"), f"{where}.copy"))
        prefix = f"{where}."
        return Stated(
            symbol=symbol,
            type=each["type"].partition("@")[0],
            name=self._node(each.get("name", symbol), f"{where}.name"),
            body=self._node(body, where),
            condition=self._node(each["condition"], f"{where}.condition") if "condition" in each else None,
            loop=loop,
            parent=parent,
            existing=each.get("existing") is True,
            template=template,
            line=lines.get(where, 0),
            end_line=self._document.end_lines.get(where, 0),
            lines={
                key.removeprefix(prefix).removeprefix("properties."): line
                for key, line in lines.items()
                if key.startswith(prefix)
            }
            if len(lines) < 20_000
            else {},
        )

    def _node(self, value: Any, where: str) -> Node:
        if isinstance(value, str):
            try:
                return parse_expression(value)
            except ArmError as error:
                raise ArmError(self._document.lines.get(where, 0), error.reason) from None
        if isinstance(value, list):
            return Array(tuple(self._node(each, f"{where}[{index}]") for index, each in enumerate(value)))
        if not isinstance(value, dict):
            return Literal(value)
        copies = []
        items: list[tuple[Node, Node]] = []
        for key, each in value.items():
            here = f"{where}.{key}"
            if (
                key == "copy"
                and isinstance(each, list)
                and all(isinstance(one, dict) and "count" in one for one in each)
            ):
                for one in each:
                    name = str(one.get("name", ""))
                    copies.append((name, self._node(one["count"], here), self._node(one.get("input"), here)))
            elif key != "copy" or each is not None:
                name_node = parse_expression(key) if is_expression(key) else Literal(key)
                items.append((name_node, self._node(each, here)))
        return Object(tuple(items), tuple(copies))


def _objects(value: Any) -> Iterator[tuple[str, Any]]:
    yield from value.items() if isinstance(value, dict) else ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
