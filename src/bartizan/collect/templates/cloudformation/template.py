"""Evaluating a CloudFormation template: parameters, mappings, conditions, intrinsic functions; unknowns carried along.

AWS CloudFormation Template Reference, "Intrinsic function reference" and "Pseudo parameters reference". In YAML the
short forms (`!Sub`, `!GetAtt Logs.Arn`) mean the same as the long ones (`{"Fn::Sub": ...}`).
"""

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from bartizan.collect.resources.values import Document, Unknown, Value, first_unknown
from bartizan.collect.templates.budget import Budget, TooMuch
from bartizan.collect.templates.cloudformation.loops import PREFIX, Loops
from bartizan.collect.templates.declared import Declared, Origin, Step, TemplateProblem
from bartizan.collect.templates.located import Located
from bartizan.model.resource import Location

_SUBSTITUTION = re.compile(r"\$\{(!?)([^}]*)\}")
_CIRCLE = Unknown("its value depends on itself")
_NO_VALUE = object()
_TRANSFORMS = frozenset({"AWS::Serverless-2016-10-31", "AWS::LanguageExtensions", "AWS::SecretsManager-2020-07-23"})
"""Macros that are done here, or that add nothing to judge."""
_KNOWN_PSEUDO = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
_POLICY_KEYS = frozenset(
    {
        "AssumeRolePolicyDocument",
        "KeyPolicy",
        "Policy",
        "PolicyDocument",
        "RepositoryPolicyText",
        "ResourcePolicy",
    }
)


def short_form(tag: str, value: Any) -> Any:
    """A YAML tag as its long form."""
    if tag in ("Ref", "Condition"):
        return {tag: value}
    if tag == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {f"Fn::{tag}": value}


class Template:
    """One template with the values of its parameters."""

    def __init__(
        self,
        document: Located,
        path: str,
        parameters: Mapping[str, Value] | None = None,
        *,
        address: str = "",
        budget: Budget | None = None,
        caller: Origin | None = None,
    ) -> None:
        self.path, self.address, self.caller = path, address, caller
        self.problems: list[TemplateProblem] = []
        self._root: dict[str, Any] = document.value if isinstance(document.value, dict) else {}
        self._document = document
        self._budget = budget or Budget()
        self._given = dict(parameters or {})
        self._conditions: dict[str, bool | Unknown] = {}
        self._resources: dict[str, Any] = {}
        self._sources: dict[str, str] = {}
        """Path of what a loop made to the path of what stands in the file."""
        self._write_out()
        self._resources = self._part("Resources")
        self._refuse_macros()

    def _write_out(self) -> None:
        """Loops as what they make; conditions come first, for the lists may hang on them."""
        if not any(PREFIX in path for path in self._document.lines):
            return
        loops = Loops(self.value, self._budget)
        for name in ("Conditions", "Resources", "Outputs"):
            self._root = {**self._root, name: loops.written_out(self._part(name), name)}
        self._sources = loops.sources
        for path, reason in loops.problems:
            self._problem(path, reason)

    def _refuse_macros(self) -> None:
        """What AWS runs over a template before it reads it, other than what is done here, may change anything."""
        told = self._root.get("Transform")
        for each in told if isinstance(told, list) else [told]:
            name = each.get("Name") if isinstance(each, dict) else each
            if isinstance(name, str) and name not in _TRANSFORMS:
                self._problem("Transform", f"the macro {name} may change the template, which is judged as it stands")
        if "Fn::Transform" in self._resources:
            self._problem("Resources.Fn::Transform", "what it includes is not on disk")

    def _problem(self, path: str, reason: str) -> None:
        line = self._document.lines.get(path, 0)
        self.problems.append(TemplateProblem(path=self.path, line=line, reason=reason))

    def declared(self) -> Iterator[Declared]:
        """Every resource whose condition does not rule it out."""
        for name, resource in self._resources.items():
            if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
                continue
            wanted: bool | Unknown = True
            if isinstance(resource.get("Condition"), str):
                wanted = self.condition(resource["Condition"])
            if wanted is False:
                continue
            yield self._declared(name, resource, wanted.reason if isinstance(wanted, Unknown) else "")

    def output(self, name: str) -> Value:
        """The value of an output, for a stack that nests this one."""
        output = self._part("Outputs").get(name)
        return self.value(output.get("Value")) if isinstance(output, dict) else Unknown(f"there is no output {name!r}")

    def _declared(self, name: str, resource: dict[str, Any], uncertain: str) -> Declared:
        where = f"Resources.{name}"
        where = self._sources.get(where, where)
        properties = self.value(resource.get("Properties") or {})
        attributes = _documents(properties) if isinstance(properties, dict) else {}
        for key in ("DeletionPolicy", "UpdateReplacePolicy"):
            if key in resource:
                attributes[key] = self.value(resource[key])
        return Declared(
            address=f"{self.address}{name}",
            type=resource["Type"],
            name=name,
            module=self.address.rstrip("."),
            attributes=attributes,
            location=Location(
                path=self.path,
                line=self._document.lines.get(where, 0),
                end_line=self._document.end_lines.get(where, 0),
                module=self.address.rstrip("."),
            ),
            origin=partial(self._origin, name),
            uncertain=f"condition: {uncertain}" if uncertain else "",
        )

    # What is asked about the origin of values

    def _origin(self, name: str, path: str, hide: bool = False) -> tuple[Step, ...]:
        from bartizan.collect.templates.cloudformation.origin import origin_of

        return origin_of(self, name, path, hide)

    def resource(self, name: str) -> dict[str, Any]:
        """A resource as it stands; empty where there is none."""
        found = self._resources.get(name)
        return found if isinstance(found, dict) else {}

    def source_of(self, name: str) -> str:
        """The path at which a resource stands in the file, which for one that a loop made is within the loop."""
        return self._sources.get(f"Resources.{name}", f"Resources.{name}")

    def line_of(self, path: str) -> int:
        """The line of what stands at a path; 0 where nothing does."""
        return self._document.lines.get(path, 0)

    def part(self, name: str) -> dict[str, Any]:
        """A section of the template; empty where there is none."""
        return self._part(name)

    def gives(self, name: str) -> bool:
        """Whether a parameter was given a value."""
        return name in self._given

    def given(self, name: str) -> Value:
        """The value that a parameter was given."""
        return self._given[name]

    def common(self) -> Value:
        """The Globals section of the Serverless Application Model."""
        return self.value(self._part("Globals"))

    # Values

    def value(self, node: Any) -> Value:
        """A value with its functions worked out."""
        found = self._value(node, 0)
        return None if found is _NO_VALUE else found

    def _value(self, node: Any, depth: int) -> Any:
        if depth > 100:
            return Unknown("nested too deep")
        if isinstance(node, list):
            items = [self._value(item, depth + 1) for item in node]
            return [item for item in items if item is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Ref" and isinstance(argument, str):
                return self._ref(argument)
            if name == "Condition" and isinstance(argument, str):
                return self.condition(argument)
            function = _FUNCTIONS.get(name)
            if function is not None:
                return function(self, argument, depth + 1)
            if name.startswith("Fn::"):
                return Unknown(f"{name} is not known")
        if "Fn::Transform" in node:
            return Unknown("a part of it is included when the stack is made")
        out = {}
        for key, item in node.items():
            value = self._value(item, depth + 1)
            if value is not _NO_VALUE:
                out[key] = value
        return out

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in _KNOWN_PSEUDO:
            return _KNOWN_PSEUDO[name]
        if name.startswith("AWS::"):
            return Unknown(f"{name} is known when the stack is made", text=f"${{{name}}}")
        if name in self._given:
            return self._given[name]
        parameter = self._part("Parameters").get(name)
        if isinstance(parameter, dict):
            if "Default" not in parameter:
                return Unknown(f"parameter {name!r} has no value")
            if str(parameter.get("Type", "")).startswith("AWS::SSM::"):
                return Unknown(f"parameter {name!r} is read from the parameter store")
            default = parameter["Default"]
            if "List" in str(parameter.get("Type", "")) and isinstance(default, str):
                return default.split(",")
            return default
        if name in self._resources:
            return Unknown(f"{name} is known when it is made", f"{self.address}{name}", "Ref")
        return Unknown(f"there is no parameter or resource {name!r}")

    def condition(self, name: str) -> bool | Unknown:
        """The truth of a named condition."""
        if name not in self._conditions:
            self._conditions[name] = _CIRCLE
            conditions = self._part("Conditions")
            self._conditions[name] = (
                self._truth(conditions[name], 0) if name in conditions else Unknown(f"there is no condition {name!r}")
            )
        return self._conditions[name]

    def _truth(self, node: Any, depth: int) -> bool | Unknown:
        value = self._value(node, depth)
        if isinstance(value, (bool, Unknown)):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return Unknown("a condition is neither true nor false")

    def _part(self, name: str) -> dict[str, Any]:
        part = self._root.get(name)
        return part if isinstance(part, dict) else {}

    # Functions

    def _sub(self, argument: Any, depth: int) -> Any:
        names: dict[str, Any] = {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            names = {key: self._value(item, depth) for key, item in argument[1].items()}
            argument = argument[0]
        if not isinstance(argument, str):
            return Unknown("Fn::Sub needs a text")
        unknown: Unknown | None = None

        def one(match: re.Match[str]) -> str:
            nonlocal unknown
            if match.group(1):
                return "${" + match.group(2) + "}"
            name = match.group(2).strip()
            value = names[name] if name in names else self._named(name)
            text = _text(value)
            if text is None:
                unknown = unknown or first_unknown(value) or Unknown(f"{name} is not a text")
                return first.text if (first := first_unknown(value)) and first.text else "${…}"
            return text

        whole = self._made(_SUBSTITUTION.sub(one, argument))
        if unknown is None or isinstance(whole, Unknown):
            return whole
        return Unknown(unknown.reason, unknown.target, unknown.attribute, whole)

    def _made(self, text: str) -> Any:
        try:
            return self._budget.made(text)
        except TooMuch as error:
            return Unknown(str(error))

    def _named(self, name: str) -> Any:
        resource, dot, attribute = name.partition(".")
        return self._get_att([resource, attribute], 0) if dot and resource in self._resources else self._ref(name)

    def _get_att(self, argument: Any, depth: int) -> Any:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        if not isinstance(argument, list) or len(argument) != 2 or argument[0] not in self._resources:
            return Unknown(f"Fn::GetAtt: there is no resource {argument!r}"[:200])
        name, attribute = argument[0], self._value(argument[1], depth)
        return Unknown(f"{name}.{attribute} is known when it is made", f"{self.address}{name}", str(attribute))

    def _join(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return Unknown("Fn::Join needs a separator and a list")
        separator, items = self._value(argument[0], depth), self._value(argument[1], depth)
        if not isinstance(separator, str) or not isinstance(items, list):
            return first_unknown([separator, items]) or Unknown("Fn::Join needs a separator and a list")
        texts = [_text(item) for item in items]
        if None not in texts:
            return self._made(separator.join(str(text) for text in texts))
        unknown = first_unknown(items) or Unknown("Fn::Join needs texts")
        shown = separator.join(text if text is not None else "${…}" for text in texts)
        return Unknown(unknown.reason, unknown.target, unknown.attribute, shown)

    def _select(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return Unknown("Fn::Select needs an index and a list")
        index, items = self._value(argument[0], depth), self._value(argument[1], depth)
        if isinstance(index, Unknown) or isinstance(items, Unknown):
            return index if isinstance(index, Unknown) else items
        try:
            return items[int(index)]
        except (ValueError, TypeError, IndexError, KeyError):
            return Unknown(f"Fn::Select: there is no element {index}")

    def _split(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return Unknown("Fn::Split needs a separator and a text")
        separator, text = self._value(argument[0], depth), self._value(argument[1], depth)
        if isinstance(separator, str) and separator and isinstance(text, str):
            return text.split(separator)
        return first_unknown([separator, text]) or Unknown("Fn::Split needs a separator and a text")

    def _find_in_map(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list) or len(argument) < 3:
            return Unknown("Fn::FindInMap needs a map and two keys")
        keys = [self._value(item, depth) for item in argument[:3]]
        unknown = first_unknown(keys)
        if unknown is not None:
            return unknown
        found: Any = self._part("Mappings")
        for key in keys:
            if not isinstance(found, dict) or str(key) not in found:
                default = (
                    argument[3].get("DefaultValue") if len(argument) > 3 and isinstance(argument[3], dict) else None
                )
                missing = Unknown(f"Fn::FindInMap: there is no {key!r}")
                return self._value(default, depth) if default is not None else missing
            found = found[str(key)]
        return found

    def _if(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            return Unknown("Fn::If needs a condition and two values")
        truth = self.condition(str(argument[0]))
        if isinstance(truth, bool):
            return self._value(argument[1] if truth else argument[2], depth)
        then, otherwise = self._value(argument[1], depth), self._value(argument[2], depth)
        if then is otherwise or (first_unknown([then, otherwise]) is None and then == otherwise):
            return then
        return Unknown(f"depends on condition {argument[0]!r}: {truth.reason}")

    def _equals(self, argument: Any, depth: int) -> bool | Unknown:
        values = self._value(argument, depth)
        if not isinstance(values, list) or len(values) != 2:
            return Unknown("Fn::Equals needs two values")
        unknown = first_unknown(values)
        return unknown if unknown is not None else _text(values[0]) == _text(values[1])

    def _all(self, argument: Any, depth: int) -> bool | Unknown:
        return _decided([self._truth(item, depth) for item in _list(argument)], False)

    def _any(self, argument: Any, depth: int) -> bool | Unknown:
        return _decided([self._truth(item, depth) for item in _list(argument)], True)

    def _not(self, argument: Any, depth: int) -> bool | Unknown:
        truth = self._truth(_list(argument)[0] if _list(argument) else None, depth)
        return truth if isinstance(truth, Unknown) else not truth

    def _base64(self, argument: Any, depth: int) -> Any:
        text = self._value(argument, depth)
        return base64.b64encode(text.encode()).decode() if isinstance(text, str) else text

    def _cidr(self, argument: Any, depth: int) -> Any:
        values = self._value(argument, depth)
        unknown = first_unknown(values)
        if unknown is not None or not isinstance(values, list) or len(values) < 2:
            return unknown or Unknown("Fn::Cidr needs a block and a count")
        try:
            network = ipaddress.ip_network(str(values[0]), strict=False)
            bits = int(values[2]) if len(values) > 2 else 8
            subnets = network.subnets(new_prefix=network.max_prefixlen - bits)
            return [str(subnet) for subnet, _ in zip(subnets, range(min(int(values[1]), 256)), strict=False)]
        except ValueError as error:
            return Unknown(f"Fn::Cidr: {error}")

    def _json(self, argument: Any, depth: int) -> Any:
        return Document(self._value(argument, depth))

    def _length(self, argument: Any, depth: int) -> Any:
        value = self._value(argument, depth)
        return len(value) if isinstance(value, (list, dict)) else value

    def _elsewhere(self, argument: Any, depth: int) -> Any:
        return Unknown(f"known when the stack is made: {str(argument)[:100]}")


_FUNCTIONS: dict[str, Callable[[Template, Any, int], Any]] = {
    "Fn::And": Template._all,
    "Fn::Base64": Template._base64,
    "Fn::Cidr": Template._cidr,
    "Fn::Equals": Template._equals,
    "Fn::FindInMap": Template._find_in_map,
    "Fn::GetAZs": Template._elsewhere,
    "Fn::GetAtt": Template._get_att,
    "Fn::If": Template._if,
    "Fn::ImportValue": Template._elsewhere,
    "Fn::Join": Template._join,
    "Fn::Length": Template._length,
    "Fn::Not": Template._not,
    "Fn::Or": Template._any,
    "Fn::Select": Template._select,
    "Fn::Split": Template._split,
    "Fn::Sub": Template._sub,
    "Fn::ToJsonString": Template._json,
    "Fn::Transform": Template._elsewhere,
}


def _decided(truths: list[bool | Unknown], deciding: bool) -> bool | Unknown:
    if deciding in truths:
        return deciding
    return next((truth for truth in truths if isinstance(truth, Unknown)), not deciding)


def _documents(properties: dict[str, Value]) -> dict[str, Value]:
    """Policy documents are objects in a template and texts elsewhere: here both are documents."""
    return {
        key: Document(value) if key in _POLICY_KEYS and isinstance(value, dict) else value
        for key, value in properties.items()
    }


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
