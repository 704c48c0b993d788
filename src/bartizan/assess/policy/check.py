"""Type checking of expressions against a schema, before any resource is seen.

A misspelt field, text compared with a number or an unknown function is an error of the policy, told with its position
and the nearest right word, and never a failed or passed check.
"""

from collections.abc import Mapping
from dataclasses import field

from bartizan.assess.policy.functions import Function, by_name
from bartizan.assess.policy.syntax import (
    Binary,
    Call,
    ExpressionError,
    Index,
    ListOf,
    Literal,
    Logic,
    Macro,
    MapOf,
    Name,
    Node,
    Select,
    Ternary,
    Unary,
)
from bartizan.assess.policy.types import (
    ANY,
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    ListType,
    MapType,
    ObjectType,
    Type,
    accepts,
    comparable,
    join,
    suggest,
    type_of,
)
from bartizan.model.record import dataclass


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of an expression without running it."""

    type: Type
    references: frozenset[str]
    """What it reads: `resource.sshd.port`, `resource.users[].uid`, `params.days`."""


def check(node: Node, variables: Mapping[str, Type]) -> Checked:
    """Type an expression; raises ExpressionError with the position."""
    checker = _Checker(by_name())
    type_ = checker.use(node, {name: (each, name) for name, each in variables.items()})
    return Checked(type_, frozenset(checker.references))


_Scope = Mapping[str, tuple[Type, str]]
_ORDERED = (INT, DOUBLE, STRING, DURATION, TIMESTAMP)


@dataclass(slots=True)
class _Checker:
    functions: Mapping[tuple[str, bool], list[Function]]
    references: set[str] = field(default_factory=set)

    def use(self, node: Node, scope: _Scope) -> Type:
        """The type of a node whose value is used as it is; notes what it reads."""
        type_, path = self.infer(node, scope)
        if path:
            self.references.add(path)
        return type_

    def infer(self, node: Node, scope: _Scope) -> tuple[Type, str]:
        """The type of a node, and the path that it reads where it is a plain path."""
        match node:
            case Literal(value=value, unsigned=unsigned):
                if unsigned or isinstance(value, bytes):
                    raise ExpressionError("unsigned numbers and byte texts are not used in policies", node.at)
                return type_of(value), ""
            case Name(name=name):
                if name not in scope:
                    raise ExpressionError(f"unknown name {name!r}{suggest(name, list(scope))}", node.at)
                return scope[name]
            case Select(target=target, field=name):
                return self.select(node, *self.infer(target, scope), name)
            case Index():
                return self.index(node, scope)
            case Macro():
                return self.macro(node, scope), ""
            case Call():
                return self.call(node, scope), ""
            case Unary():
                return self.unary(node, scope), ""
            case Binary():
                return self.binary(node, scope), ""
            case Logic(operands=operands, operator=operator):
                for operand in operands:
                    self.boolean(operand, scope, operator)
                return BOOL, ""
            case Ternary(condition=condition, then=then, otherwise=otherwise):
                self.boolean(condition, scope, "?")
                return join([self.use(then, scope), self.use(otherwise, scope)]), ""
            case ListOf(items=items):
                return ListType(join([self.use(item, scope) for item in items])), ""
            case MapOf(entries=entries):
                for key, _ in entries:
                    self.expect(key, scope, STRING, "a map's key")
                return MapType(join([self.use(value, scope) for _, value in entries])), ""
        raise ExpressionError("not supported", node.at)

    def expect(self, node: Node, scope: _Scope, wanted: Type, what: str) -> Type:
        given = self.use(node, scope)
        if not accepts(wanted, given):
            raise ExpressionError(f"{what} must be {wanted}, found {given}", node.at)
        return given

    def boolean(self, node: Node, scope: _Scope, operator: str) -> None:
        self.expect(node, scope, BOOL, f"what {operator} joins" if operator != "?" else "the condition before ?")

    def select(self, node: Node, target: Type, path: str, name: str) -> tuple[Type, str]:
        below = f"{path}.{name}" if path else ""
        match target:
            case ObjectType(fields=fields):
                if name not in fields:
                    where = path or "this object"
                    raise ExpressionError(f"{where} has no field {name!r}{suggest(name, fields)}", node.at)
                return fields[name], below
            case MapType(value=value):
                return value, below
        if target == ANY:
            return ANY, below
        hint = " (use .exists(x, ...) or .all(x, ...) to look at its elements)" if isinstance(target, ListType) else ""
        raise ExpressionError(f"{path or 'a value'} is {target} and has no field {name!r}{hint}", node.at)

    def index(self, node: Index, scope: _Scope) -> tuple[Type, str]:
        target, path = self.infer(node.target, scope)
        below = f"{path}[]" if path else ""
        match target:
            case ListType(item=item):
                self.expect(node.key, scope, INT, "a list's index")
                return item, below
            case MapType(value=value):
                self.expect(node.key, scope, STRING, "a map's key")
                if path and isinstance(node.key, Literal):
                    below = f"{path}[{node.key.value!s}]"
                return value, below
        if target == ANY:
            self.use(node.key, scope)
            return ANY, below
        raise ExpressionError(f"{path or 'a value'} is {target} and cannot be indexed", node.at)

    def macro(self, node: Macro, scope: _Scope) -> Type:
        target, path = self.infer(node.target, scope)
        if path:
            self.references.add(path)
        match target:
            case ListType(item=item):
                element: Type = item
            case MapType():
                element = STRING
            case _ if target == ANY:
                element = ANY
            case _:
                raise ExpressionError(f"{node.name}() needs a list or a map, {path or 'this'} is {target}", node.at)
        if node.variable in scope:
            raise ExpressionError(f"{node.variable!r} already has a meaning here (choose another name)", node.at)
        of_map = isinstance(target, MapType)
        inner = {**scope, node.variable: (element, f"{path}[]" if path and not of_map else "")}
        if node.condition is not None:
            self.boolean(node.condition, inner, "map()'s condition")
        if node.name == "map":
            return ListType(self.use(node.body, inner))
        self.expect(node.body, inner, BOOL, f"what {node.name}() asks of each element")
        return ListType(element) if node.name == "filter" else BOOL

    def call(self, node: Call, scope: _Scope) -> Type:
        if node.function == "has":
            raise ExpressionError(
                "has() is not used in policies: every field exists (compare with its default)", node.at
            )
        ways = self.functions.get((node.function, node.target is not None))
        if not ways:
            raise self.no_function(node)
        given = [self.use(each, scope) for each in ([node.target] if node.target else []) + list(node.arguments)]
        for way in ways:
            if len(way.parameters) == len(given) and all(map(accepts, way.parameters, given)):
                if way.result is not None:
                    return way.result
                return self.default_type(node, given)
        called = ", ".join(map(str, given))
        ways_text = " or ".join(f"({', '.join(map(str, way.parameters))})" for way in ways)
        raise ExpressionError(f"{node.function}() takes {ways_text}, found ({called})", node.at)

    def default_type(self, node: Call, given: list[Type]) -> Type:
        """`get(map, key, default)`: the default must be of the map's type."""
        value = given[0].value if isinstance(given[0], MapType) else ANY
        if not accepts(value, given[-1]):
            raise ExpressionError(f"{node.function}()'s default must be {value}, found {given[-1]}", node.at)
        return given[-1] if value == ANY else value

    def no_function(self, node: Call) -> ExpressionError:
        other = (node.function, node.target is None)
        if other in self.functions:
            how = f"{node.function}(value, ...)" if node.target else f"value.{node.function}(...)"
            return ExpressionError(f"{node.function}() is written {how}", node.at)
        known = sorted({name for name, _ in self.functions} | {"all", "exists", "exists_one", "filter", "map"})
        return ExpressionError(f"unknown function {node.function!r}{suggest(node.function, known)}", node.at)

    def unary(self, node: Unary, scope: _Scope) -> Type:
        if node.operator == "!":
            return self.expect(node.operand, scope, BOOL, "what ! negates")
        given = self.use(node.operand, scope)
        if given not in (INT, DOUBLE, ANY):
            raise ExpressionError(f"what - negates must be a number, found {given}", node.at)
        return given

    def binary(self, node: Binary, scope: _Scope) -> Type:
        left, right = self.use(node.left, scope), self.use(node.right, scope)
        match node.operator:
            case "==" | "!=":
                if isinstance(left, ObjectType) or isinstance(right, ObjectType):
                    raise ExpressionError("objects are not compared as a whole (compare their fields)", node.at)
                if not comparable(left, right):
                    raise ExpressionError(f"{left} is never equal to {right}", node.at)
                return BOOL
            case "in":
                if isinstance(right, ListType):
                    if not comparable(left, right.item):
                        raise ExpressionError(f"{left} is never in a {right}", node.at)
                elif isinstance(right, MapType):
                    if not accepts(STRING, left):
                        raise ExpressionError(f"a map's keys are text, found {left}", node.at)
                elif right != ANY:
                    raise ExpressionError(f"what stands after in must be a list or a map, found {right}", node.at)
                return BOOL
            case "<" | "<=" | ">" | ">=":
                numbers = (
                    {left, right} <= {INT, DOUBLE} if not isinstance(left, (ListType, MapType, ObjectType)) else False
                )
                if ANY in (left, right) or numbers or (left == right and left in _ORDERED):
                    return BOOL
                raise ExpressionError(f"{left} and {right} have no order", node.at)
        return self.arithmetic(node, left, right)

    def arithmetic(self, node: Binary, left: Type, right: Type) -> Type:
        if ANY in (left, right):
            return ANY
        if left == right and left in (INT, DOUBLE) and not (node.operator == "%" and left == DOUBLE):
            return left
        if node.operator == "+":
            if left == right and (left in (STRING, DURATION) or isinstance(left, ListType)):
                return left
            if isinstance(left, ListType) and isinstance(right, ListType):
                return ListType(join([left.item, right.item]))
        if node.operator in "+-" and (left, right) == (TIMESTAMP, DURATION):
            return TIMESTAMP
        if node.operator == "-" and left == right and left in (TIMESTAMP, DURATION):
            return DURATION
        raise ExpressionError(f"{left} {node.operator} {right} has no meaning", node.at)
