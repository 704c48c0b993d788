"""Evaluation of checked expressions, with unknown values.

A tree becomes one Python closure, built once per policy. A value that is not known (a `Gap`) raises `Touched` where it
is read, and `&&`, `||`, `all` and `exists` absorb that as CEL absorbs errors, in any order: `false && unknown` is
false, `unknown || true` is true. So an answer is given wherever every possible value would give the same one.

With a `Trace` the same expression tells the values that decided: each path that was read, and for a macro the elements
that made it true or false.
"""

from collections.abc import Mapping
from typing import Any

from bartizan.assess.policy.functions import Function, by_name
from bartizan.assess.policy.macros import (
    Loop,
    countable,
    elements,
    every,
    exactly_one,
    having,
    holds,
    kept,
    key_of,
    mapped,
    some,
)
from bartizan.assess.policy.operators import (
    BUDGET,
    FIRST,
    TRACE,
    TROUBLE,
    Environment,
    ListIndex,
    Run,
    TooExpensive,
    Touched,
    binary,
    boolean,
    logic,
    refuse_gaps,
    unary,
)
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
from bartizan.assess.policy.trace import Trace, fields_of, path_text, resource_paths, shown
from bartizan.model.record import dataclass


class Program:
    """A compiled expression. Variables are given in the order of their names at compilation."""

    __slots__ = ("_node", "_run", "_slots", "_traced", "_variables")

    def __init__(self, node: Node, variables: tuple[str, ...]) -> None:
        self._node = node
        self._variables = variables
        compiler = _Compiler(by_name(), traced=False)
        self._run = compiler.compile(node, {name: FIRST + n for n, name in enumerate(variables)})
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
            self._traced = compiler.compile(self._node, {name: FIRST + n for n, name in enumerate(self._variables)})
        trace = Trace()
        try:
            self._traced([BUDGET, trace, {}, *values, *([None] * self._slots)])
        except (*TROUBLE, TooExpensive):
            return trace
        return trace


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
                return unary(operator, self.compile(operand, scope))
            case Binary():
                return self.binary(node, scope)
            case Logic(operator=operator, operands=operands):
                return logic(operator == "||", tuple(self.compile(each, scope) for each in operands))
            case Ternary(condition=condition, then=then, otherwise=otherwise):
                ask, yes, no = (self.compile(each, scope) for each in (condition, then, otherwise))
                return lambda env: yes(env) if boolean(ask(env)) else no(env)
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
            env[TRACE].read(name, value)
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
            env[TRACE].read(name, value)
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
            run = binary("in", left, self.container(node.right, node.left, scope))
            return self.entry(run, node.right, node.left)
        return binary(node.operator, left, self.compile(node.right, scope))

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
                    refuse_gaps(argument)
            result = call(*arguments)
            if result.__class__ is Gap:
                raise Touched(result)
            return result

        if function.name == "size":
            return lambda env: len(countable(runs[0](env)))
        if self.traced and function.name == "duplicates":
            return self.result(run, path_text(node))
        return self.entry(run, nodes[0], nodes[1]) if shallow else run

    def result(self, run: Run, name: str) -> Run:
        """In a trace: also tell what a function found."""

        def traced(env: Environment) -> Any:
            value = run(env)
            env[TRACE].values[name] = value
            return value

        return traced

    def macro(self, node: Macro, scope: Mapping[str, int]) -> Run:
        slot = FIRST + len(scope)
        self.slots = max(self.slots, slot - FIRST)
        inner = {**scope, node.variable: slot}
        within = self.plain()
        loop = Loop(self.compile(node.target, scope), slot, within.compile(node.body, inner))
        if node.name == "map":
            condition = within.compile(node.condition, inner) if node.condition else None
            return mapped(loop, condition)
        key = key_of(node)
        if key is not None and not self.traced:
            loop = Loop(having(loop.target, *key), slot, loop.body)
        run = {"all": every, "exists": some, "exists_one": exactly_one, "filter": kept}[node.name](loop)
        if not self.traced:
            return run
        fields = sorted(fields_of(node.body, node.variable))
        path = path_text(node) or next(iter(resource_paths(node.body)), "")
        literal = isinstance(node.target, ListOf)

        def traced(env: Environment) -> Any:
            outer = env[TRACE]
            env[TRACE] = Trace()
            try:
                items = elements(loop.target(env))
                wanted = node.name != "all"
                found = [shown(item, fields) for item in items if holds(loop, env, item) is wanted]
                if literal and not found:
                    outer.values[path] = "none of " + ", ".join(map(str, items))
                else:
                    outer.elements(path, found, len(items))
                return run(env)
            finally:
                env[TRACE] = outer

        return traced


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


def _constants(node: ListOf) -> frozenset[Any]:
    values = [item.value for item in node.items if isinstance(item, Literal)]
    texts = len(values) == len(node.items) and all(isinstance(value, str) for value in values)
    return frozenset(values) if texts else frozenset()
