"""Where the value of a property came from in ARM and Bicep: parameters (their defaults, or what a nesting template
gives) and variables.

    main.bicep:12  allowBlobPublicAccess: open
    main.bicep:2   param open = true
"""

from bartizan.collect.resources.plain_secret import named_secret
from bartizan.collect.resources.values import Unknown
from bartizan.collect.templates.arm.deployment import Instance, Run
from bartizan.collect.templates.arm.evaluate import Locals
from bartizan.collect.templates.arm.syntax import (
    Array,
    Call,
    Index,
    Literal,
    Member,
    Name,
    Node,
    Object,
    Operation,
    Stated,
    Text,
)
from bartizan.collect.templates.attribute_path import Part, parts_of, path_of
from bartizan.collect.templates.declared import MAX_STEPS, Step
from bartizan.collect.templates.shown_text import HIDDEN, cut, shown

Parts = tuple[Part, ...]
_DEPTH = 20


def origin_of(run: Run, instance: Instance, path: str, hide: bool = False) -> tuple[Step, ...]:
    """The steps of the value at a dotted path of a resource's properties; none where the resource does not set it."""
    walk = _Walk(hide)
    parts = parts_of(path)
    for start in (("properties",), ()):
        if walk.property(run, instance.stated, instance.names, (*start, *parts), path):
            break
    return walk.steps()


class _Walk:
    def __init__(self, hide: bool) -> None:
        self._hide = hide
        self._found: list[tuple[str, int, str, Node | None]] = []

    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(file, line, cut(label if node is None else f"{label}: {_text(node, self._hide, 0)}"))
            for file, line, label, node in self._found[:MAX_STEPS]
        )

    def property(self, run: Run, stated: Stated, names: Locals, parts: Parts, told: str) -> bool:
        """A property of a resource; false where it is not set."""
        node, rest = _within(stated.body, parts)
        below = parts_of(told)
        if len(rest) >= len(below):
            return False
        known = path_of(below[: len(below) - len(rest)])
        label = next((part for part in reversed(parts[: len(parts) - len(rest)]) if isinstance(part, str)), "")
        self._hide = self._hide or any(named_secret(str(part)) for part in parts)
        self._found.append((run.file, stated.lines.get(known, 0) or stated.line, label, node))
        self._refer(run, node, names)
        return True

    def _refer(self, run: Run, node: Node, names: Locals) -> None:
        found = _reference(run, node, names, 0)
        if found is None or len(self._found) >= MAX_STEPS:
            return
        kind, name = found
        run, kept, value, given = run.lookup(kind, name)
        self._hide = self._hide or named_secret(name) or run.is_secure(kept)
        place = (run.file, run.line_of(f"{kind}.{kept}"))
        word = "variable" if kind == "variables" else "parameter"
        if any(each[:3] == (*place, f"{word} {kept}") for each in self._found):
            return
        if given:
            self._given(run, kept)
        elif value is None:
            self._found.append((*place, f"{word} {kept} has no default", None))
        else:
            self._found.append((*place, f"{word} {kept}", value))
            self._refer(run, value, {})

    def _given(self, run: Run, name: str) -> None:
        outer, caller = run.around, run.caller
        if outer is None or caller is None:
            self._found.append(("", 0, f"--var {name}", None))
            return
        for path in (f"params.{name}", f"properties.parameters.{name}.value"):
            if self.property(outer, caller.stated, caller.names, parts_of(path), path.removeprefix("properties.")):
                return


def _within(node: Node, parts: Parts) -> tuple[Node, Parts]:
    while parts:
        inner: Node | None = None
        if isinstance(node, Object):
            inner = next((item for key, item in node.items if key == Literal(str(parts[0]))), None)
        elif isinstance(node, Array) and isinstance(parts[0], int) and parts[0] < len(node.items):
            inner = node.items[parts[0]]
        if inner is None:
            break
        node, parts = inner, parts[1:]
    return node, parts


def _reference(run: Run, node: Node, names: Locals, depth: int) -> tuple[str, str] | None:
    """The parameter or variable that a value is taken from, as (`parameters` or `variables`, name)."""
    if depth > _DEPTH:
        return None
    inner: tuple[Node, ...] = ()
    match node:
        case Name(name=name):
            return None if name in names else run.kind_of(name)
        case Call(name=called, arguments=(Literal(value=str(name)),)) if called.lower() in ("parameters", "variables"):
            return called.lower(), name
        case Call(name=called, arguments=(condition, then, otherwise)) if called.lower() == "if":
            inner = _branch(run, condition, then, otherwise, names)
        case Operation(operator="?", operands=(condition, then, otherwise)):
            inner = _branch(run, condition, then, otherwise, names)
        case Call(arguments=arguments, target=target):
            inner = (*((target,) if target is not None else ()), *arguments)
        case Member(target=target) | Index(target=target):
            inner = (target,)
        case Operation(operands=operands):
            inner = operands
        case Text(parts=parts):
            inner = parts
        case Array(items=items):
            inner = items
        case Object(items=pairs):
            inner = tuple(value for key, value in pairs if not _is_secret(key))
    return next((found for each in inner if (found := _reference(run, each, names, depth + 1)) is not None), None)


def _branch(run: Run, condition: Node, then: Node, otherwise: Node, names: Locals) -> tuple[Node, ...]:
    truth = run.evaluated(condition, names)
    if isinstance(truth, Unknown):
        return (condition, then, otherwise)
    return (then if truth else otherwise,)


def _is_secret(key: Node) -> bool:
    return isinstance(key, Literal) and named_secret(str(key.value))


def _text(node: Node, hide: bool, depth: int) -> str:
    """A value in one line, as Bicep writes it."""
    if depth > 6:
        return HIDDEN
    match node:
        case Literal(value=str(value)):
            return f"'{shown(value, hide=hide)}'"
        case Literal(value=None):
            return "null"
        case Literal(value=bool(value)):
            return str(value).lower()
        case Literal(value=value):
            return HIDDEN if hide else str(value)
        case Name(name=name):
            return name
        case Call(name=name, arguments=arguments, target=target):
            start = f"{_text(target, hide, depth + 1)}." if target is not None else ""
            named = name.lower() in ("parameters", "variables")
            texts = (
                f"'{each.value}'" if named and isinstance(each, Literal) else _text(each, hide, depth + 1)
                for each in arguments[:20]
            )
            return f"{start}{name}({', '.join(texts)})"
        case Member(target=target, name=name):
            return f"{_text(target, hide, depth + 1)}.{name}"
        case Index(target=target, index=index):
            return f"{_text(target, hide, depth + 1)}[{_text(index, hide, depth + 1)}]"
        case Operation(operator=operator, operands=operands):
            told = [_text(each, hide, depth + 1) for each in operands]
            if operator == "?" and len(told) == 3:
                return f"{told[0]} ? {told[1]} : {told[2]}"
            return f" {operator} ".join(told) if len(told) > 1 else f"{operator}{told[0]}"
        case Array(items=items):
            return "[" + ", ".join(_text(each, hide, depth + 1) for each in items[:20]) + "]"
    return HIDDEN
