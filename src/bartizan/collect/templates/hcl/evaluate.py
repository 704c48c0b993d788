"""Evaluating expressions: syntax tree and scope to a value, with unknowns carried along and never guessed.

An operation on an unknown is unknown, but for what no value could change: `false && x`, `true || x`, a conditional
whose branches agree. Errors of types are unknowns too, with the reason: the rest of the template is judged anyway.
So is what would take more than the configuration's budget, or be nested beyond what can be followed.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any, Protocol

from bartizan.collect.resources.values import Document, Unknown, Value, first_unknown
from bartizan.collect.templates.budget import Budget, TooMuch
from bartizan.collect.templates.hcl.functions import FUNCTIONS, FunctionError
from bartizan.collect.templates.hcl.syntax import (
    Attribute,
    Binary,
    Call,
    Conditional,
    Element,
    ForObject,
    ForTuple,
    Index,
    Literal,
    Name,
    Node,
    Object,
    Splat,
    Template,
    TemplateFor,
    TemplateIf,
    Tuple,
    Unary,
)

_MAX_SHOWN = 4096
"""Characters of what is known of a text."""
_MAX_BITS = 4096
"""Of a whole number; Terraform itself has 512 bits of precision."""


class Scope(Protocol):
    """Where names lead."""

    @property
    def budget(self) -> Budget:
        """What the configuration may still make."""

    def root(self, name: str, node: Node) -> Value:
        """The value of a first name (`var`, `each`, `aws_s3_bucket`); an `Unknown` where there is none."""

    def member(self, target: Value, name: str) -> Value:
        """`target.name` for targets that are not plain: resources and modules, which are looked up lazily."""

    def call(self, name: str, arguments: list[Value]) -> Value:
        """A function that needs more than its arguments (`file`, `templatefile`); raises KeyError where it is none."""


class _Inner:
    """A scope with a few more names: those of a for expression."""

    __slots__ = ("_names", "_outer")

    def __init__(self, outer: Scope, names: dict[str, Value]) -> None:
        self._outer, self._names = outer, names

    @property
    def budget(self) -> Budget:
        return self._outer.budget

    def root(self, name: str, node: Node) -> Value:
        return self._names[name] if name in self._names else self._outer.root(name, node)

    def member(self, target: Value, name: str) -> Value:
        return self._outer.member(target, name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        return self._outer.call(name, arguments)


_ELEMENT = "\0element"


def evaluate(node: Node, scope: Scope) -> Value:
    """The value of an expression."""
    try:
        return _value(node, scope)
    except RecursionError:
        return Unknown("its expression is nested too deep")
    except TooMuch as error:
        return Unknown(str(error))


def _value(node: Node, scope: Scope) -> Value:
    return _EVALUATORS[type(node)](node, scope)


def _literal(node: Literal, _: Scope) -> Value:
    return node.value


def _name(node: Name, scope: Scope) -> Value:
    return scope.root(node.name, node)


def _element(node: Element, scope: Scope) -> Value:
    return scope.root(_ELEMENT, node)


def _attribute(node: Attribute, scope: Scope) -> Value:
    return attribute_of(_value(node.target, scope), node.name, scope)


def attribute_of(target: Value, name: str, scope: Scope) -> Value:
    """`target.name`."""
    if isinstance(target, dict):
        return target[name] if name in target else Unknown(f"there is no attribute {name!r}")
    if isinstance(target, Unknown):
        return _deeper(target, name)
    if isinstance(target, list) and name.isdecimal() and len(name) < 10:
        return _at(target, int(name))
    if target is None or isinstance(target, (str, int, float, bool, list)):
        return Unknown(f"{_kind(target)} has no attribute {name!r}")
    return scope.member(target, name)


def _index(node: Index, scope: Scope) -> Value:
    target, key = _value(node.target, scope), _value(node.key, scope)
    if isinstance(key, Unknown):
        return key if not isinstance(target, Unknown) else target
    if isinstance(target, Unknown):
        return _deeper(target, f"[{key}]")
    if isinstance(target, list):
        number = as_number(key)
        if number is None or not abs(number) < 1 << 31:
            return Unknown(f"{str(key)[:40]!r} is not a list's index")
        return _at(target, int(number))
    if isinstance(target, dict):
        return target[text] if (text := as_text(key)) in target else Unknown(f"there is no key {key!r}")
    if target is None or isinstance(target, (str, int, float, bool)):
        return Unknown(f"{_kind(target)} has no elements")
    return scope.member(target, f"[{as_text(key)}]")


def _at(items: list[Value], index: int) -> Value:
    return items[index] if 0 <= index < len(items) else Unknown(f"the list has no element {index}")


def _splat(node: Splat, scope: Scope) -> Value:
    target = _value(node.target, scope)
    if isinstance(target, Unknown):
        return target
    if target is None:
        return []
    if not isinstance(target, (list, dict, str, int, float, bool)):
        target = scope.member(target, "[*]")
    items = target if isinstance(target, list) else [target]
    scope.budget.spend(len(items))
    return [_value(node.rest, _Inner(scope, {_ELEMENT: item})) for item in items]


def _template(node: Template, scope: Scope) -> Value:
    if len(node.parts) == 1 and isinstance(node.parts[0], Node):
        return _value(node.parts[0], scope)
    texts: list[str] = []
    unknown: Unknown | None = None
    for part in node.parts:
        value = part if isinstance(part, str) else _value(part, scope)
        text = as_text(value)
        if text is None:
            found = first_unknown(value) or Unknown(f"{_kind(value)} in a text")
            unknown = unknown or found
            text = found.text or "${…}"
        texts.append(text)
    whole = "".join(texts)
    if unknown is not None:
        return Unknown(unknown.reason, unknown.target, unknown.attribute, whole if len(whole) <= _MAX_SHOWN else "")
    return scope.budget.made(whole)


def _template_if(node: TemplateIf, scope: Scope) -> Value:
    condition = as_bool(_value(node.condition, scope))
    if condition is None:
        return Unknown("the condition of an if directive is not known")
    return _as_string(_value(node.then if condition else node.otherwise, scope))


def _template_for(node: TemplateFor, scope: Scope) -> Value:
    pairs = _pairs(_value(node.collection, scope))
    if isinstance(pairs, Unknown):
        return pairs
    scope.budget.spend(len(pairs))
    texts = []
    for key, value in pairs:
        names = {node.value: value, **({node.key: key} if node.key else {})}
        text = _as_string(_value(node.body, _Inner(scope, names)))
        if isinstance(text, Unknown):
            return text
        texts.append(text)
    return scope.budget.made("".join(texts))


def _as_string(value: Value) -> Value:
    text = as_text(value)
    return text if text is not None else first_unknown(value) or Unknown(f"{_kind(value)} in a text")


def _call(node: Call, scope: Scope) -> Value:
    if node.name in ("try", "can"):
        return _try(node, scope)
    arguments = [_value(argument, scope) for argument in node.arguments]
    if node.spread and arguments:
        last = arguments.pop()
        if isinstance(last, Unknown):
            return last
        if not isinstance(last, list):
            return Unknown(f"{_kind(last)} cannot be spread over arguments")
        arguments += last
    try:
        return scope.budget.made(scope.call(node.name, arguments))
    except KeyError:
        pass
    function = FUNCTIONS.get(node.name)
    if function is None:
        return Unknown(f"the function {node.name} is not known")
    if not function.lazy:
        for argument in arguments:
            unknown = argument if isinstance(argument, Unknown) else None
            if unknown is None and function.deep:
                unknown = first_unknown(argument)
            if unknown is not None:
                return Unknown(unknown.reason, unknown.target, unknown.attribute)
    try:
        return scope.budget.made(function.run(*arguments))
    except FunctionError as error:
        return Unknown(f"{node.name}: {error}")
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        return Unknown(f"{node.name}: {type(error).__name__}: {error}")


def _try(node: Call, scope: Scope) -> Value:
    """The first argument that has a value; an unknown that comes from a missing key is passed over."""
    value: Value = Unknown("no argument of try has a value")
    for argument in node.arguments:
        value = _value(argument, scope)
        if not (isinstance(value, Unknown) and not value.target and value.reason.startswith("there is no")):
            return True if node.name == "can" else value
    return False if node.name == "can" else value


def _unary(node: Unary, scope: Scope) -> Value:
    value = _value(node.operand, scope)
    if isinstance(value, Unknown):
        return value
    if node.operator == "!":
        truth = as_bool(value)
        return not truth if truth is not None else Unknown(f"{_kind(value)} is not true or false")
    number = as_number(value)
    return -number if number is not None else Unknown(f"{_kind(value)} is not a number")


def _binary(node: Binary, scope: Scope) -> Value:
    operator = node.operator
    left = _value(node.left, scope)
    if operator in ("&&", "||"):
        return _logic(operator == "||", left, _value(node.right, scope))
    right = _value(node.right, scope)
    unknown = first_unknown(left) or first_unknown(right)
    if unknown is not None:
        return Unknown(unknown.reason, unknown.target, unknown.attribute)
    if operator in ("==", "!="):
        return same(left, right) is (operator == "==")
    one, other = as_number(left), as_number(right)
    if one is None or other is None:
        return Unknown(f"{_kind(left if one is None else right)} is not a number")
    if isinstance(one, int) and isinstance(other, int) and one.bit_length() + other.bit_length() > _MAX_BITS:
        return Unknown("the number is too large")
    try:
        return _ARITHMETIC[operator](one, other)
    except (ArithmeticError, ValueError) as error:
        return Unknown(f"{one} {operator} {other}: {error}")


def _logic(deciding: bool, left: Value, right: Value) -> Value:
    """`||` is decided by true, `&&` by false, whatever the other side is."""
    one, other = as_bool(left), as_bool(right)
    if deciding in (one, other):
        return deciding
    if one is None or other is None:
        side = left if one is None else right
        return first_unknown(side) or Unknown(f"{_kind(side)} is not true or false")
    return not deciding


def _divide(one: float, other: float) -> float:
    value = one / other
    return int(value) if value == int(value) else value


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _divide,
    "%": lambda one, other: one - other * int(one / other),
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}


def _conditional(node: Conditional, scope: Scope) -> Value:
    value = _value(node.condition, scope)
    condition = as_bool(value)
    if condition is not None:
        return _value(node.then if condition else node.otherwise, scope)
    then, otherwise = _value(node.then, scope), _value(node.otherwise, scope)
    if first_unknown(then) is None and first_unknown(otherwise) is None and same(then, otherwise):
        return then
    unknown = first_unknown(value) or Unknown(f"{_kind(value)} is not true or false")
    return Unknown(f"depends on a condition: {unknown.reason}", unknown.target, unknown.attribute)


def _tuple(node: Tuple, scope: Scope) -> Value:
    return scope.budget.made([_value(item, scope) for item in node.items])


def _object(node: Object, scope: Scope) -> Value:
    out: dict[str, Value] = {}
    for key_node, value_node in node.items:
        key = as_text(_value(key_node, scope))
        if key is None:
            return Unknown("a key of an object is not known")
        out[key] = _value(value_node, scope)
    return scope.budget.made(out)


def _pairs(collection: Value) -> list[tuple[Value, Value]] | Unknown:
    if isinstance(collection, Unknown):
        return collection
    if isinstance(collection, dict):
        return list(collection.items())
    if isinstance(collection, list):
        return list(enumerate(collection))
    return Unknown(f"{_kind(collection)} cannot be gone through")


def _for_tuple(node: ForTuple, scope: Scope) -> Value:
    pairs = _pairs(_value(node.collection, scope))
    if isinstance(pairs, Unknown):
        return pairs
    scope.budget.spend(len(pairs))
    out = []
    for key, value in pairs:
        inner = _Inner(scope, {node.value: value, **({node.key: key} if node.key else {})})
        if node.condition is not None:
            keep = as_bool(_value(node.condition, inner))
            if keep is None:
                return Unknown("the condition of a for expression is not known")
            if not keep:
                continue
        out.append(_value(node.result, inner))
    return scope.budget.made(out)


def _for_object(node: ForObject, scope: Scope) -> Value:
    pairs = _pairs(_value(node.collection, scope))
    if isinstance(pairs, Unknown):
        return pairs
    scope.budget.spend(len(pairs))
    out: dict[str, Value] = {}
    for key, value in pairs:
        inner = _Inner(scope, {node.value: value, **({node.key: key} if node.key else {})})
        if node.condition is not None:
            keep = as_bool(_value(node.condition, inner))
            if keep is None:
                return Unknown("the condition of a for expression is not known")
            if not keep:
                continue
        name = as_text(_value(node.name, inner))
        if name is None:
            return Unknown("a key of a for expression is not known")
        result = _value(node.result, inner)
        if node.grouped:
            out.setdefault(name, []).append(result)
        else:
            out[name] = result
    return scope.budget.made(out)


def _deeper(unknown: Unknown, name: str) -> Unknown:
    """An attribute of an unknown is unknown for the same reason, and refers further where it refers at all."""
    if not unknown.target:
        return unknown
    attribute = f"{unknown.attribute}{'' if name.startswith('[') or not unknown.attribute else '.'}{name}"
    return Unknown(unknown.reason, unknown.target, attribute)


# Conversions, as Terraform makes them: numbers and truths to text and back


def as_text(value: Value) -> str | None:
    """The value in a text; None where it has no text or is unknown."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if isfinite(value) and value == int(value) else repr(value)
    if isinstance(value, int):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, Document) and first_unknown(value) is None:
        from bartizan.collect.templates.hcl.functions import json_text

        return json_text(value.value)
    return None


def as_bool(value: Value) -> bool | None:
    """True, false, and their names."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def as_number(value: Value) -> int | float | None:
    """A number, or a text that is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            try:
                return float(value)
            except ValueError:
                return None
    return None


def same(left: Value, right: Value) -> bool:
    """Equality after conversion: `"1" == 1`, but true is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        one, other = as_bool(left), as_bool(right)
        return one is not None and one is other
    if isinstance(left, (int, float)) != isinstance(right, (int, float)):
        one_number, other_number = as_number(left), as_number(right)
        if one_number is not None and other_number is not None:
            return one_number == other_number
    return bool(left == right)


def _kind(value: Value) -> str:
    if value is None:
        return "null"
    return {str: "a text", bool: "a truth", int: "a number", float: "a number", list: "a list", dict: "an object"}.get(
        type(value), "a value"
    )


_EVALUATORS: dict[type, Callable[[Any, Scope], Value]] = {
    Attribute: _attribute,
    Binary: _binary,
    Call: _call,
    Conditional: _conditional,
    Element: _element,
    ForObject: _for_object,
    ForTuple: _for_tuple,
    Index: _index,
    Literal: _literal,
    Name: _name,
    Object: _object,
    Splat: _splat,
    Template: _template,
    TemplateFor: _template_for,
    TemplateIf: _template_if,
    Tuple: _tuple,
    Unary: _unary,
}
