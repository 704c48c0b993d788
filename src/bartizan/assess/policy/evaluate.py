"""Evaluation of checked expressions, with unknown values.

A tree becomes one Python closure, built once per policy. A value that is not known (a `Gap`) raises `Touched` where it
is read, and `&&`, `||`, `all` and `exists` absorb that as CEL absorbs errors, in any order: `false && unknown` is
false, `unknown || true` is true. So an answer is given wherever every possible value would give the same one.

With a `Trace` the same expression tells the values that decided: each path that was read, and for a macro the elements
that made it true or false.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bartizan.assess.policy.functions import Function, by_name
from bartizan.assess.policy.schema import Gap
from bartizan.assess.policy.syntax import (
    Binary,
    Call,
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

BUDGET = 2_000_000
"""Elements that the macros of one evaluation may look at; nested macros over long lists multiply."""
SHOWN = 20
"""Elements that a trace lists of one macro."""

Environment = list[Any]
ListIndex = dict[tuple[int, str], dict[str, list[Any]]]
"""(identity of a list, field) to the elements for each text in that field."""
Run = Callable[[Environment], Any]
_BUDGET, _TRACE, _INDEX, _FIRST = 0, 1, 2, 3


class Touched(Exception):
    """The answer hangs on values that are not known."""

    def __init__(self, *gaps: Gap) -> None:
        super().__init__(", ".join(gap.path for gap in gaps))
        self.gaps = gaps


class TooExpensive(Exception):
    """The expression looked at more elements than it may."""


TROUBLE = (Touched, LookupError, ValueError, TypeError, ArithmeticError, AttributeError)
"""What stands for CEL's errors: absorbed by the logical operators, otherwise the result is unknown."""


@dataclass(slots=True)
class Trace:
    """Collects what an evaluation read."""

    values: dict[str, Any] = field(default_factory=dict)

    def read(self, path: str, value: Any) -> None:
        if not path:
            return
        if isinstance(value, (list, dict)) and len(value) > SHOWN:
            value = f"{len(value)} elements"
        self.values[path] = value

    def elements(self, path: str, elements: list[Any], count: int) -> None:
        """The elements that decided a macro; none decided means that it looked at all of them in vain."""
        if not path:
            return
        if elements:
            shown: list[Any] = elements[:SHOWN]
            if len(elements) > SHOWN:
                shown.append(f"and {len(elements) - SHOWN} more")
            self.values[path] = shown
        else:
            self.values.setdefault(path, f"none of {count}" if count else "none")


class Program:
    """A compiled expression. Variables are given in the order of their names at compilation."""

    __slots__ = ("_node", "_run", "_slots", "_traced", "_variables")

    def __init__(self, node: Node, variables: tuple[str, ...]) -> None:
        self._node = node
        self._variables = variables
        compiler = _Compiler(by_name(), traced=False)
        self._run = compiler.compile(node, {name: _FIRST + n for n, name in enumerate(variables)})
        self._slots = compiler.slots
        self._traced: Run | None = None

    def evaluate(self, *values: Any, index: ListIndex | None = None) -> Any:
        """The value; raises one of TROUBLE, or TooExpensive.

        `index` remembers, over all evaluations on the same values, which elements of a list have a field at a value.
        """
        return self._run([BUDGET, None, {} if index is None else index, *values, *([None] * self._slots)])

    def trace(self, *values: Any) -> Trace:
        """What an evaluation of these values read; whatever it raises is left out, as evaluate() tells it."""
        if self._traced is None:
            compiler = _Compiler(by_name(), traced=True)
            self._traced = compiler.compile(self._node, {name: _FIRST + n for n, name in enumerate(self._variables)})
        trace = Trace()
        try:
            self._traced([BUDGET, trace, {}, *values, *([None] * self._slots)])
        except (*TROUBLE, TooExpensive):
            return trace
        return trace


def path_text(node: Node) -> str:
    """How a trace names a node: its path without `resource.`; of calls and the like, what they stand on."""
    match node:
        case Name(name=name):
            return name
        case Select(target=target, field=name):
            return f"{path_text(target)}.{name}".removeprefix("resource.")
        case Index(target=target, key=Literal(value=key)):
            return f"{path_text(target)}[{key!s}]".removeprefix("resource.")
        case Index(target=target) | Macro(target=target):
            return path_text(target)
        case Call(target=None, arguments=(first, *_)):
            return path_text(first)
        case Call(target=Node() as target):
            return path_text(target)
    return ""


@dataclass(slots=True)
class _Compiler:
    functions: Mapping[tuple[str, bool], list[Function]]
    traced: bool
    slots: int = 0

    def compile(self, node: Node, scope: Mapping[str, int]) -> Run:
        match node:
            case Literal(value=value):
                return lambda env: value
            case Name() | Select():
                return self.path(node, scope)
            case Index(target=target, key=key):
                run = self.index(self.container(target, key, scope), self.compile(key, scope))
                return self.entry(run, target, key)
            case Macro():
                return self.macro(node, scope)
            case Call():
                return self.call(node, scope)
            case Unary(operator=operator, operand=operand):
                return _unary(operator, self.compile(operand, scope))
            case Binary():
                return self.binary(node, scope)
            case Logic(operator=operator, operands=operands):
                return _logic(operator == "||", tuple(self.compile(each, scope) for each in operands))
            case Ternary(condition=condition, then=then, otherwise=otherwise):
                ask, yes, no = (self.compile(each, scope) for each in (condition, then, otherwise))
                return lambda env: yes(env) if _boolean(ask(env)) else no(env)
            case ListOf(items=items):
                runs = [self.compile(each, scope) for each in items]
                return lambda env: [run(env) for run in runs]
            case MapOf(entries=entries):
                pairs = [(self.compile(key, scope), self.compile(value, scope)) for key, value in entries]
                return lambda env: {key(env): value(env) for key, value in pairs}
        raise TypeError(f"no such node: {type(node).__name__}")

    def path(self, node: Node, scope: Mapping[str, int]) -> Run:
        keys: list[str] = []
        root = node
        while isinstance(root, Select):
            keys.append(root.field)
            root = root.target
        keys.reverse()
        if not isinstance(root, Name):
            return _select(self.compile(root, scope), tuple(keys))
        run = _select_slot(scope[root.name], tuple(keys))
        if not self.traced or root.name not in ("resource", "params"):
            return run
        name = path_text(node)

        def traced(env: Environment) -> Any:
            value = run(env)
            env[_TRACE].read(name, value)
            return value

        return traced

    def container(self, node: Node, key: Node, scope: Mapping[str, int]) -> Run:
        """A map of which one fixed entry is read: a trace tells the entry and not the map."""
        return self.plain().compile(node, scope) if isinstance(key, Literal) else self.compile(node, scope)

    def plain(self) -> "_Compiler":
        """For what a trace does not look into; places for variables are counted by the compiler that does not trace."""
        return _Compiler(self.functions, traced=False) if self.traced else self

    def entry(self, run: Run, target: Node, key: Node) -> Run:
        """In a trace: also tell what was read at a fixed key."""
        if not self.traced or not isinstance(key, Literal):
            return run
        name = f"{path_text(target)}[{key.value!s}]"

        def traced(env: Environment) -> Any:
            value = run(env)
            env[_TRACE].read(name, value)
            return value

        return traced

    def index(self, target: Run, key: Run) -> Run:
        def run(env: Environment) -> Any:
            container, at = target(env), key(env)
            if container.__class__ is list and not (at.__class__ is int and 0 <= at < len(container)):
                raise IndexError(f"the list has no element {at}")
            try:
                value = container[at]
            except KeyError:
                raise KeyError(f"there is no {at!r}") from None
            if value.__class__ is Gap:
                raise Touched(value)
            return value

        return run

    def binary(self, node: Binary, scope: Mapping[str, int]) -> Run:
        left = self.compile(node.left, scope)
        if node.operator == "in" and isinstance(node.right, ListOf) and (fixed := _constants(node.right)):
            return lambda env: left(env) in fixed
        if node.operator == "in" and isinstance(node.left, Literal):
            run = _binary("in", left, self.container(node.right, node.left, scope))
            return self.entry(run, node.right, node.left)
        return _binary(node.operator, left, self.compile(node.right, scope))

    def call(self, node: Call, scope: Mapping[str, int]) -> Run:
        function = self.functions[node.function, node.target is not None][0]
        nodes = ([node.target] if node.target else []) + list(node.arguments)
        call = function.call
        shallow = function.name == "get"
        if shallow:
            runs = (self.container(nodes[0], nodes[1], scope), *(self.compile(each, scope) for each in nodes[1:]))
        else:
            runs = tuple(self.compile(each, scope) for each in nodes)

        def run(env: Environment) -> Any:
            arguments = [argument(env) for argument in runs]
            for argument in arguments:
                if not shallow and (argument.__class__ is list or argument.__class__ is dict):
                    _refuse_gaps(argument)
            result = call(*arguments)
            if result.__class__ is Gap:
                raise Touched(result)
            return result

        if function.name == "size":
            return lambda env: len(_countable(runs[0](env)))
        return self.entry(run, nodes[0], nodes[1]) if shallow else run

    def macro(self, node: Macro, scope: Mapping[str, int]) -> Run:
        slot = _FIRST + len(scope)
        self.slots = max(self.slots, slot - _FIRST)
        inner = {**scope, node.variable: slot}
        within = self.plain()
        loop = _Loop(self.compile(node.target, scope), slot, within.compile(node.body, inner))
        if node.name == "map":
            condition = within.compile(node.condition, inner) if node.condition else None
            return _map(loop, condition)
        key = _key(node)
        if key is not None and not self.traced:
            loop = _Loop(_having(loop.target, *key), slot, loop.body)
        run = {"all": _all, "exists": _exists, "exists_one": _exists_one, "filter": _filter}[node.name](loop)
        if not self.traced:
            return run
        fields = sorted(_fields_of(node.body, node.variable))
        path = path_text(node) or next(iter(_resource_paths(node.body)), "")
        literal = isinstance(node.target, ListOf)

        def traced(env: Environment) -> Any:
            kept = env[_TRACE]
            env[_TRACE] = Trace()
            try:
                items = _elements(loop.target(env))
                wanted = node.name != "all"
                found = [_shown(item, fields) for item in items if _holds(loop, env, item) is wanted]
                if literal and not found:
                    kept.values[path] = "none of " + ", ".join(map(str, items))
                else:
                    kept.elements(path, found, len(items))
                return run(env)
            finally:
                env[_TRACE] = kept

        return traced


def _key(node: Macro) -> tuple[str, str] | None:
    """(field, text) where only elements with that text in that field can decide a macro:
    `exists(x, x.field == "text" && ...)`, `all(x, x.field != "text" || ...)`."""
    join, operator = ("||", "!=") if node.name == "all" else ("&&", "==")
    first = node.body.operands[0] if isinstance(node.body, Logic) and node.body.operator == join else node.body
    match first:
        case Binary(operator=found, left=Select(target=Name(name=name), field=key), right=Literal(value=str(text))):
            return (key, text) if found == operator and name == node.variable else None
    return None


def _having(target: Run, key: str, text: str) -> Run:
    """The elements that have a text in a field, and those of which that cannot be told."""

    def run(env: Environment) -> Any:
        items = target(env)
        if items.__class__ is not list:
            return items
        buckets = env[_INDEX].get((id(items), key))
        if buckets is None:
            buckets = env[_INDEX][id(items), key] = _buckets(items, key)
        return buckets.get(text, buckets[_UNTOLD])

    return run


_UNTOLD = "\0untold"


def _buckets(items: list[Any], key: str) -> dict[str, list[Any]]:
    untold = [each for each in items if each.__class__ is not dict or each.get(key).__class__ is not str]
    buckets: dict[str, list[Any]] = {_UNTOLD: untold}
    for each in items:
        if each.__class__ is dict and each.get(key).__class__ is str:
            buckets.setdefault(each[key], list(untold)).append(each)
    return buckets


@dataclass(frozen=True, slots=True)
class _Loop:
    target: Run
    slot: int
    body: Run


def _select_slot(slot: int, keys: tuple[str, ...]) -> Run:
    def run(env: Environment) -> Any:
        value = env[slot]
        for key in keys:
            value = value[key]
            if value.__class__ is Gap:
                raise Touched(value)
        return value

    return run


def _select(target: Run, keys: tuple[str, ...]) -> Run:
    def run(env: Environment) -> Any:
        value = target(env)
        for key in keys:
            value = value[key]
            if value.__class__ is Gap:
                raise Touched(value)
        return value

    return run


def _boolean(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise TypeError(f"expected true or false, found {value!r}")


def _logic(decisive: bool, operands: tuple[Run, ...]) -> Run:
    def run(env: Environment) -> bool:
        trouble: Exception | None = None
        for operand in operands:
            try:
                if _boolean(operand(env)) is decisive:
                    return decisive
            except TROUBLE as error:
                trouble = _worse(trouble, error)
        if trouble is not None:
            raise trouble
        return not decisive

    return run


def _worse(first: Exception | None, second: Exception) -> Exception:
    """Of two troubles the one to tell: unknowns are joined, and an error of the expression comes before them."""
    if first is None:
        return second
    if isinstance(first, Touched) and isinstance(second, Touched):
        return Touched(*{gap.path: gap for gap in (*first.gaps, *second.gaps)}.values())
    return second if isinstance(first, Touched) else first


def _unary(operator: str, operand: Run) -> Run:
    if operator == "!":
        return lambda env: not _boolean(operand(env))
    return lambda env: _whole(-operand(env))


def _whole(value: Any) -> Any:
    if value.__class__ is int and not -(2**63) <= value < 2**63:
        raise OverflowError("the number does not fit 64 bits")
    return value


def _equal(left: Any, right: Any) -> bool:
    if left.__class__ is not right.__class__ and (left.__class__ is bool or right.__class__ is bool):
        return False
    if left.__class__ is list or left.__class__ is dict:
        _refuse_gaps(left)
    if right.__class__ is list or right.__class__ is dict:
        _refuse_gaps(right)
    return bool(left == right)


def _contains(item: Any, container: Any) -> bool:
    if container.__class__ is dict:
        if container.get(item).__class__ is Gap:
            raise Touched(container[item])
        return item in container
    gaps = [each for each in container if each.__class__ is Gap]
    if any(each.__class__ is not Gap and _equal(item, each) for each in container):
        return True
    if gaps:
        raise Touched(*gaps)
    return False


def _divide(left: Any, right: Any) -> Any:
    if left.__class__ is int:
        if right == 0:
            raise ZeroDivisionError("division by zero")
        quotient = abs(left) // abs(right)
        return _whole(quotient if (left < 0) == (right < 0) else -quotient)
    if right == 0.0:
        return float("nan") if left == 0.0 or math.isnan(left) else left * float("inf")
    return left / right


def _binary(operator: str, left: Run, right: Run) -> Run:
    match operator:
        case "==":
            return lambda env: _equal(left(env), right(env))
        case "!=":
            return lambda env: not _equal(left(env), right(env))
        case "in":
            return lambda env: _contains(left(env), right(env))
        case "<":
            return lambda env: left(env) < right(env)
        case "<=":
            return lambda env: left(env) <= right(env)
        case ">":
            return lambda env: left(env) > right(env)
        case ">=":
            return lambda env: left(env) >= right(env)
        case "+":
            return lambda env: _whole(left(env) + right(env))
        case "-":
            return lambda env: _whole(left(env) - right(env))
        case "*":
            return lambda env: _whole(left(env) * right(env))
        case "/":
            return lambda env: _divide(left(env), right(env))
    return lambda env: _remainder(left(env), right(env))


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise ZeroDivisionError("remainder by zero")
    return (abs(left) % abs(right)) * (-1 if left < 0 else 1)


def _constants(node: ListOf) -> frozenset[Any]:
    values = [item.value for item in node.items if isinstance(item, Literal)]
    texts = len(values) == len(node.items) and all(isinstance(value, str) for value in values)
    return frozenset(values) if texts else frozenset()


def _refuse_gaps(value: Any) -> None:
    """Raise where anything within is not known."""
    stack = [value]
    while stack:
        each = stack.pop()
        for item in each.values() if each.__class__ is dict else each:
            if item.__class__ is Gap:
                raise Touched(item)
            if item.__class__ is dict or item.__class__ is list:
                stack.append(item)


def _countable(value: Any) -> Any:
    """A map with an entry that is not known may or may not have that entry; a list has its elements."""
    if value.__class__ is dict:
        gaps = [each for each in value.values() if each.__class__ is Gap]
        if gaps:
            raise Touched(*gaps)
    return value


def _elements(value: Any) -> list[Any]:
    if value.__class__ is list:
        return list(value)
    if value.__class__ is dict:
        return [item if item.__class__ is Gap else key for key, item in value.items()]
    raise TypeError("neither a list nor a map")


def _spend(env: Environment, count: int) -> None:
    env[_BUDGET] -= count
    if env[_BUDGET] < 0:
        raise TooExpensive(f"looks at more than {BUDGET:,} elements")


def _holds(loop: _Loop, env: Environment, item: Any) -> bool | None:
    """Whether the body holds for an element; None where that is not known."""
    if item.__class__ is Gap:
        return None
    env[loop.slot] = item
    try:
        return _boolean(loop.body(env))
    except TROUBLE:
        return None


def _decide(loop: _Loop, decisive: bool) -> Run:
    def run(env: Environment) -> bool:
        items = _elements(loop.target(env))
        _spend(env, len(items))
        trouble: Exception | None = None
        for item in items:
            try:
                if item.__class__ is Gap:
                    raise Touched(item)
                env[loop.slot] = item
                if _boolean(loop.body(env)) is decisive:
                    return decisive
            except TROUBLE as error:
                trouble = _worse(trouble, error)
        if trouble is not None:
            raise trouble
        return not decisive

    return run


def _all(loop: _Loop) -> Run:
    return _decide(loop, False)


def _exists(loop: _Loop) -> Run:
    return _decide(loop, True)


def _strictly(loop: _Loop, env: Environment) -> list[Any]:
    """The elements for which the body holds; raises where one is not known."""
    items = _elements(loop.target(env))
    _spend(env, len(items))
    kept = []
    for item in items:
        if item.__class__ is Gap:
            raise Touched(item)
        env[loop.slot] = item
        if _boolean(loop.body(env)):
            kept.append(item)
    return kept


def _exists_one(loop: _Loop) -> Run:
    return lambda env: len(_strictly(loop, env)) == 1


def _filter(loop: _Loop) -> Run:
    return lambda env: _strictly(loop, env)


def _map(loop: _Loop, condition: Run | None) -> Run:
    def run(env: Environment) -> list[Any]:
        if condition is None:
            kept = _elements(loop.target(env))
            _spend(env, len(kept))
        else:
            kept = _strictly(_Loop(loop.target, loop.slot, condition), env)
        out = []
        for item in kept:
            _known(item)
            env[loop.slot] = item
            out.append(loop.body(env))
        return out

    return run


def _known(item: Any) -> None:
    if item.__class__ is Gap:
        raise Touched(item)


def _resource_paths(node: Node) -> Iterator[str]:
    """The paths of the resource that an expression reads, outermost first."""
    stack: list[Any] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, Select) and (path := path_text(each)) and _root(each) == "resource":
            yield path
        elif isinstance(each, Node):
            stack += [getattr(each, name) for name in each.__dataclass_fields__]
        elif isinstance(each, tuple):
            stack += each


def _root(node: Node) -> str:
    while isinstance(node, (Select, Index)):
        node = node.target
    return node.name if isinstance(node, Name) else ""


def _fields_of(node: Node, variable: str) -> set[str]:
    """The fields of a macro's variable that its body reads."""
    found: set[str] = set()
    stack: list[Any] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, Select) and isinstance(each.target, Name) and each.target.name == variable:
            found.add(each.field)
        elif isinstance(each, Node):
            stack += [getattr(each, name) for name in each.__dataclass_fields__]
        elif isinstance(each, tuple):
            stack += each
    return found


def _shown(item: Any, fields: list[str]) -> Any:
    """An element as evidence: its first field, which tells it from its siblings, and those that were asked about."""
    if not isinstance(item, dict):
        return item
    names = dict.fromkeys([next(iter(item), ""), *fields])
    return {name: _short(item[name]) for name in names if name in item}


def _short(value: Any) -> Any:
    if isinstance(value, Gap):
        return "unknown"
    if isinstance(value, (list, dict)) and (
        len(value) > SHOWN or any(isinstance(each, (list, dict, Gap)) for each in value)
    ):
        return f"{len(value)} elements"
    return value
