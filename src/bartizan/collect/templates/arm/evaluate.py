"""Evaluating nodes of ARM and Bicep with what is known of a deployment; what is not known is carried along.

The scope tells what names, parameters, variables and resources stand for. A value that is only known when the template
is deployed is an `Unknown` whose text is the same for the same expression: two references to one unknown name meet.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from bartizan.collect.resources.values import Document, Unknown, Value, first_unknown
from bartizan.collect.templates.arm.functions import FUNCTIONS, MAX_ITEMS, WITH_UNKNOWNS, joined, text_of
from bartizan.collect.templates.arm.syntax import (
    Array,
    Call,
    For,
    Index,
    Lambda,
    Literal,
    Member,
    Name,
    Node,
    Object,
    Operation,
    Text,
)
from bartizan.collect.templates.budget import Budget, TooMuch

Locals = Mapping[str, Value]
_DEPTH = 150
_MAX_SHOWN = 4096
"""Characters of what is known of a text."""
_RANDOM = frozenset({"uniquestring", "guid", "newguid", "utcnow", "datetimeadd", "datetimetoepoch", "deployer"})


class Scope(Protocol):
    """What a deployment knows."""

    @property
    def budget(self) -> Budget:
        """What the template may still make."""

    def name(self, name: str) -> Value:
        """What an identifier of Bicep stands for."""

    def call(self, name: str, arguments: list[Value]) -> Value:
        """A function that speaks of the deployment: parameters, variables, resourceId, ..."""

    def knows(self, name: str) -> bool:
        """Whether there is such a function."""

    def member(self, target: Value, name: str) -> Value | None:
        """A property of a resource or module; None where the target is neither."""

    def function(self, name: str) -> Lambda | None:
        """A function that the template defines itself."""


class Evaluator:
    """Works out nodes in a scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._depth = 0

    def value(self, node: Node, names: Locals) -> Value:
        """What a node stands for."""
        self._depth += 1
        try:
            if self._depth > _DEPTH:
                return Unknown("nested too deep")
            return self._value(node, names)
        except TooMuch as error:
            return Unknown(str(error))
        finally:
            self._depth -= 1

    def _value(self, node: Node, names: Locals) -> Value:
        match node:
            case Literal(value=value):
                return value
            case Name(name=name):
                return names[name] if name in names else self._scope.name(name)
            case Text(parts=parts):
                return self._made(joined([self.value(each, names) for each in parts]))
            case Array(items=items):
                return self._made(self._array(items, names))
            case Object():
                return self._made(self._object(node, names))
            case Call():
                return self._made(self._call(node, names))
            case Member(target=target, name=name, safe=safe):
                return self._member(self.value(target, names), name, safe)
            case Index(target=target, index=index, safe=safe):
                return self._index(self.value(target, names), self.value(index, names), safe)
            case Operation(operator=operator, operands=operands):
                return self._operation(operator, operands, names)
            case For():
                return self._made(self._for(node, names))
            case Lambda():
                return node

    def _made(self, value: Value) -> Value:
        """Count what was made; what is shown of an unknown text stays short."""
        if isinstance(value, Unknown) and len(value.text) > _MAX_SHOWN:
            return Unknown(value.reason, value.target, value.attribute)
        return self._scope.budget.made(value)

    def _array(self, items: tuple[Node, ...], names: Locals) -> Value:
        out: list[Value] = []
        for each in items:
            if isinstance(each, Operation) and each.operator == "...":
                spread = self.value(each.operands[0], names)
                if not isinstance(spread, list):
                    return spread if isinstance(spread, Unknown) else Unknown("what is spread is not a list")
                out += spread
            else:
                out.append(self.value(each, names))
        return out

    def _object(self, node: Object, names: Locals) -> Value:
        out: dict[str, Value] = {}
        for key, item in node.items:
            if isinstance(item, Operation) and item.operator == "...":
                spread = self.value(item.operands[0], names)
                if not isinstance(spread, dict):
                    return spread if isinstance(spread, Unknown) else Unknown("what is spread is not an object")
                out |= spread
                continue
            name = self.value(key, names)
            out[text_of(name)] = self.value(item, names)
        for name, count, item in node.copies:
            out[name] = self.repeated(name, count, item, names)
        return out

    def repeated(self, name: str, count: Node, item: Node, names: Locals) -> Value:
        """A list that ARM copies: `copyIndex('name')` and, within, `copyIndex()` tell the number."""
        number = self.value(count, names)
        if not isinstance(number, int) or number > MAX_ITEMS:
            return number if isinstance(number, Unknown) else Unknown(f"copy {name!r} has no count that can be made")
        self._scope.budget.spend(max(number, 0))
        return [self.value(item, {**names, f"copy {name}": index, "copy ": index}) for index in range(number)]

    def _for(self, node: For, names: Locals) -> Value:
        source = self.value(node.source, names)
        if not isinstance(source, list):
            return source if isinstance(source, Unknown) else Unknown("a loop needs a list")
        if len(source) > MAX_ITEMS:
            return Unknown(f"a loop makes more than {MAX_ITEMS} elements")
        self._scope.budget.spend(len(source))
        out: list[Value] = []
        for index, item in enumerate(source):
            inner = {**names, node.item: item, node.index: index}
            wanted = self.value(node.condition, inner) if node.condition is not None else True
            if isinstance(wanted, Unknown):
                return wanted
            if wanted:
                out.append(self.value(node.body, inner))
        return out

    # References

    def _member(self, target: Value, name: str, safe: bool) -> Value:
        if isinstance(target, Document):
            target = target.value
        found = self._scope.member(target, name)
        if found is not None:
            return found
        if isinstance(target, Unknown):
            return Unknown(target.reason, target.target, name, f"{text_of(target)}.{name}")
        if isinstance(target, Mapping):
            for key, item in target.items():
                if key.lower() == name.lower():
                    return item
            return None if safe else Unknown(f"there is no {name!r}")
        return None if safe and target is None else Unknown(f"there is no {name!r}")

    def _index(self, target: Value, index: Value, safe: bool) -> Value:
        if isinstance(index, str):
            return self._member(target, index, safe)
        if isinstance(target, Unknown) or isinstance(index, Unknown):
            return target if isinstance(target, Unknown) else index
        if isinstance(target, list) and isinstance(index, int) and -1 < index < len(target):
            return target[index]
        return None if safe else Unknown(f"there is no element {index}")

    # Functions

    def _call(self, node: Call, names: Locals) -> Value:
        name = node.name.lower().removeprefix("sys.").removeprefix("az.")
        if name == "if" and len(node.arguments) == 3:
            return self._if(*node.arguments, names)
        if name in ("and", "or"):
            return self._logic(name == "or", node.arguments, names)
        if name == "copyindex":
            return self._copy_index([self.value(each, names) for each in node.arguments], names)
        if name == "coalesce":
            return self._coalesce(node.arguments, names)
        arguments = [self.value(each, names) for each in node.arguments]
        if node.target is not None:
            return Unknown(f"{node.name} is known when the template is deployed")
        own = self._scope.function(node.name)
        if own is not None:
            return self.value(own.body, dict(zip(own.names, arguments, strict=False)))
        if name in _HIGHER:
            return _HIGHER[name](self, arguments)
        if name == "not":
            return _not(arguments[0] if arguments else None)
        if self._scope.knows(name):
            return self._scope.call(name, arguments)
        return self._plain(node.name, name, arguments)

    def _plain(self, written: str, name: str, arguments: list[Value]) -> Value:
        if name in WITH_UNKNOWNS and arguments:
            return WITH_UNKNOWNS[name](*arguments)
        shown = f"${{{written}({', '.join(text_of(each) for each in arguments)})}}"
        if name in _RANDOM or name.startswith("list") or name == "pickzones":
            return Unknown(f"{written} is known when the template is deployed", text=shown)
        function = FUNCTIONS.get(name)
        if function is None:
            return Unknown(f"the function {written} is not known", text=shown)
        # Lists and objects may hold unknown parts and still be counted, cut and searched for names.
        shallow = name in _SHALLOW
        unknown = next((each for each in arguments if isinstance(each, Unknown)), None)
        unknown = unknown or (None if shallow else first_unknown(arguments))
        if unknown is not None:
            return Unknown(unknown.reason, text=shown)
        try:
            return function(*arguments)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError) as error:
            return Unknown(f"{written}: {error}", text=shown)

    def _if(self, condition: Node, then: Node, otherwise: Node, names: Locals) -> Value:
        truth = self.value(condition, names)
        if isinstance(truth, bool):
            return self.value(then if truth else otherwise, names)
        one, other = self.value(then, names), self.value(otherwise, names)
        if first_unknown([one, other]) is None and one == other:
            return one
        reason = truth.reason if isinstance(truth, Unknown) else "it is neither true nor false"
        return Unknown(f"depends on a condition: {reason}")

    def _logic(self, deciding: bool, operands: tuple[Node, ...], names: Locals) -> Value:
        doubt: Unknown | None = None
        for each in operands:
            truth = self.value(each, names)
            if truth is deciding:
                return deciding
            if not isinstance(truth, bool):
                doubt = doubt or (truth if isinstance(truth, Unknown) else Unknown("a condition is no truth"))
        return doubt if doubt is not None else not deciding

    def _coalesce(self, operands: tuple[Node, ...], names: Locals) -> Value:
        for each in operands:
            value = self.value(each, names)
            if value is not None:
                return value
        return None

    def _copy_index(self, arguments: list[Value], names: Locals) -> Value:
        loop = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        offset = next((each for each in arguments if isinstance(each, int)), 0)
        index = names.get(f"copy {loop}", Unknown("copyIndex stands outside of its loop"))
        return index if isinstance(index, Unknown) else index + offset

    # Operators

    def _operation(self, operator: str, operands: tuple[Node, ...], names: Locals) -> Value:
        if operator == "?":
            return self._if(operands[0], operands[1], operands[2], names)
        if operator in ("&&", "||"):
            return self._logic(operator == "||", operands, names)
        if operator == "??":
            return self._coalesce(operands, names)
        values = [self.value(each, names) for each in operands]
        if operator == "!":
            return _not(values[0])
        unknown = first_unknown(values)
        if unknown is not None:
            return Unknown(unknown.reason)
        try:
            return _OPERATORS[operator](*values)
        except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
            return Unknown(f"{operator}: {error}")

    # Functions over lists

    def apply(self, function: Value, *arguments: Value) -> Value:
        """A lambda with its arguments."""
        if not isinstance(function, Lambda):
            return Unknown("a function is expected here")
        return self.value(function.body, dict(zip(function.names, arguments, strict=False)))


def _not(value: Value) -> Value:
    if isinstance(value, Unknown):
        return value
    return not value if isinstance(value, bool) else Unknown("a condition is neither true nor false")


def _mapped(evaluator: Evaluator, arguments: list[Value]) -> Value:
    if len(arguments) != 2 or not isinstance(arguments[0], list):
        return _wrong(arguments, "map")
    return [evaluator.apply(arguments[1], each, index) for index, each in enumerate(arguments[0])]


def _filtered(evaluator: Evaluator, arguments: list[Value]) -> Value:
    if len(arguments) != 2 or not isinstance(arguments[0], list):
        return _wrong(arguments, "filter")
    out = []
    for each in arguments[0]:
        wanted = evaluator.apply(arguments[1], each)
        if isinstance(wanted, Unknown):
            return wanted
        if wanted:
            out.append(each)
    return out


def _reduced(evaluator: Evaluator, arguments: list[Value]) -> Value:
    if len(arguments) != 3 or not isinstance(arguments[0], list):
        return _wrong(arguments, "reduce")
    found = arguments[1]
    for each in arguments[0]:
        found = evaluator.apply(arguments[2], found, each)
    return found


def _to_object(evaluator: Evaluator, arguments: list[Value]) -> Value:
    if len(arguments) < 2 or not isinstance(arguments[0], list):
        return _wrong(arguments, "toObject")
    made = arguments[2] if len(arguments) > 2 else None
    return {
        text_of(evaluator.apply(arguments[1], each)): each if made is None else evaluator.apply(made, each)
        for each in arguments[0]
    }


def _wrong(arguments: list[Value], name: str) -> Unknown:
    return next(
        (each for each in arguments if isinstance(each, Unknown)), Unknown(f"{name} needs a list and a function")
    )


_HIGHER: dict[str, Callable[[Evaluator, list[Value]], Value]] = {
    "map": _mapped,
    "filter": _filtered,
    "reduce": _reduced,
    "toobject": _to_object,
}
_SHALLOW = frozenset(
    {"array", "createarray", "createobject", "empty", "first", "flatten", "intersection", "items", "last", "length"}
    | {"objectkeys", "shallowmerge", "skip", "string", "take", "tryget"}
)
"""Functions that look at lists and objects without looking into their elements."""
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": FUNCTIONS["add"],
    "-": lambda a, b=None: FUNCTIONS["sub"](0, a) if b is None else FUNCTIONS["sub"](a, b),
    "*": FUNCTIONS["mul"],
    "/": FUNCTIONS["div"],
    "%": FUNCTIONS["mod"],
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "=~": lambda a, b: a.lower() == b.lower(),
    "!~": lambda a, b: a.lower() != b.lower(),
}
