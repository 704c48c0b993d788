"""Rendering a parsed template: actions are evaluated over the values, blocks are chosen and repeated.

As in Helm, but for what keeps guesses out. A value that the chart's values do not have is unknown where it is written
out (Helm writes an empty text); in a condition it is false, as in Helm. What cannot be evaluated is unknown with file
and line. A block whose condition is unknown is one unknown in the place where it would begin.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.kubernetes.helm.syntax import (
    Action,
    Block,
    Call,
    Chain,
    Command,
    Constant,
    Dot,
    Function,
    Jump,
    Node,
    Operand,
    Pipeline,
    Text,
    Variable,
)
from bartizan.collect.templates.kubernetes.helm.unknowns import Marks, Unset, readable
from bartizan.collect.templates.located import LocatedError, load_all

MAX_STEPS = 2_000_000
MAX_OUTPUT = 32 << 20
MAX_INCLUDES = 60


class RenderError(Exception):
    """A template cannot be rendered: a chart says `fail`, or it never ends."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path, self.line, self.reason = path, line, reason


class Refused(Exception):
    """A function cannot answer for these arguments; the message says why. What depends on it is unknown."""


class Failed(Exception):
    """A chart stops itself with `fail`."""


@dataclass(frozen=True, slots=True)
class Method:
    """Something of an object that is called with arguments: `.Files.Get "a"`."""

    call: Callable[..., Value]


Functions = Mapping[str, Callable[..., Value]]
"""Functions of known values by name; they raise `Refused`."""


@dataclass(slots=True)
class Output:
    """Rendered text, and which line of its file each piece comes from."""

    pieces: list[str] = field(default_factory=list)
    origins: list[tuple[int, int, bool]] = field(default_factory=list)
    """(offset, line, whether the piece's own newlines are lines of the file)."""
    size: int = 0

    def write(self, text: str, line: int, *, literal: bool) -> None:
        if text:
            self.origins.append((self.size, line, literal))
            self.pieces.append(text)
            self.size += len(text)

    def text(self) -> str:
        return "".join(self.pieces)

    def lines(self) -> Iterator[int]:
        """For each line of the rendered text, the line of the file that it comes from."""
        current = 1
        begins = True
        for piece, (_, line, literal) in zip(self.pieces, self.origins, strict=True):
            for number, part in enumerate(piece.split("\n")):
                if number:
                    if begins:
                        yield current
                    begins = True
                if begins and part.strip():
                    current, begins = (line + number if literal else line), False
                    yield current
                elif begins:
                    current = line + number if literal else line
        if begins:
            yield current


class _Jumped(Exception):
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class Renderer:
    """Renders the templates of one chart and its parts."""

    functions: Functions
    defines: dict[str, tuple[str, list[Node]]]
    """Name to the file that defines it and its tree."""
    marks: Marks
    compile: Callable[[str, str], list[Node]]
    """(text, path) to a tree, for `tpl`; raises `Refused`."""
    steps: int = 0
    written: int = 0
    depth: int = 0

    def render(self, path: str, nodes: list[Node], data: Value) -> Output:
        """The text of a template over its data; raises `RenderError`."""
        frame = _Frame(self, path, data)
        try:
            frame.run(nodes, data)
        except _Jumped as jump:
            raise RenderError(path, frame.line, f"{jump.kind} is outside of a range") from None
        except Failed as error:
            raise RenderError(path, frame.line, f"the chart refuses these values: {error}") from None
        except RecursionError:
            raise RenderError(path, frame.line, "the template nests without end") from None
        return frame.out

    def included(self, name: str, data: Value, caller: "_Frame") -> str:
        """The text that a defined template renders."""
        found = self.defines.get(name)
        if found is None:
            raise Refused(f"there is no template {name!r}")
        return self.nested(*found, data, caller)

    def nested(self, path: str, nodes: list[Node], data: Value, caller: "_Frame") -> str:
        self.depth += 1
        if self.depth > MAX_INCLUDES:
            raise RenderError(caller.path, caller.line, "templates include one another without end")
        frame = _Frame(self, path, data)
        try:
            frame.run(nodes, data)
        except _Jumped:
            raise RenderError(path, frame.line, "break or continue is outside of a range") from None
        finally:
            self.depth -= 1
        return frame.out.text()


class _Frame:
    """One template in the making."""

    def __init__(self, renderer: Renderer, path: str, data: Value) -> None:
        self.renderer, self.path = renderer, path
        self.out = Output()
        self.line = 1
        self.scopes: list[dict[str, Value]] = [{"$": data}]

    # -- nodes

    def run(self, nodes: list[Node], dot: Value) -> None:
        for node in nodes:
            self.renderer.steps += 1
            if self.renderer.steps > MAX_STEPS:
                raise RenderError(self.path, self.line, f"the chart takes more than {MAX_STEPS} steps to render")
            self.line = node.line
            match node:
                case Text(text=text, line=line):
                    self._write(text, line, literal=True)
                case Action(pipeline=pipeline, line=line):
                    value = self.pipeline(pipeline, dot)
                    if not pipeline.variables:
                        self._write(self.text_of(value), line)
                case Block():
                    self._block(node, dot)
                case Call(name=name, pipeline=given, line=line):
                    data = self.pipeline(given, dot) if given else None
                    self._write(self.guarded(partial(self.renderer.included, name, data, self)), line)
                case Jump(kind=kind):
                    raise _Jumped(kind)

    def _write(self, text: Value, line: int, *, literal: bool = False) -> None:
        shown = text if isinstance(text, str) else self.text_of(text)
        self.renderer.written += len(shown)
        if self.renderer.written > MAX_OUTPUT:
            raise RenderError(self.path, line, f"the chart renders more than {MAX_OUTPUT >> 20} MiB")
        self.out.write(shown, line, literal=literal)

    def _block(self, block: Block, dot: Value) -> None:
        self.scopes.append({})
        try:
            value = self.pipeline(block.pipeline, dot)
            truth = self.truth(value)
            if isinstance(truth, Unknown):
                self._unknown_block(block, truth)
            elif not truth:
                self.run(block.otherwise, dot)
            elif block.kind == "range":
                self._range(block, value)
            else:
                self.run(block.body, value if block.kind == "with" else dot)
        finally:
            self.scopes.pop()

    def _range(self, block: Block, value: Value) -> None:
        if isinstance(value, Mapping):
            pairs: list[tuple[Value, Value]] = [(key, value[key]) for key in sorted(value, key=str)]
        elif isinstance(value, list):
            pairs = list(enumerate(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            if value > MAX_STEPS:
                raise RenderError(self.path, block.line, f"a range of {value} is too long")
            pairs = [(each, each) for each in range(value)]
        else:
            self._unknown_block(block, Unknown(f"{self.path}:{block.line}: range over what is no list"))
            return
        names = block.pipeline.variables
        for key, item in pairs:
            scope = self.scopes[-1]
            if len(names) == 2:
                scope[names[0]], scope[names[1]] = key, item
            elif names:
                scope[names[0]] = item
            self.scopes.append({})
            try:
                self.run(block.body, item)
            except _Jumped as jump:
                if jump.kind == "break":
                    break
            finally:
                self.scopes.pop()

    def _unknown_block(self, block: Block, unknown: Unknown) -> None:
        """It is not known what the block renders: one mark, where and as far in as its first line would be."""
        for name in _assigned([block]):
            self._assign(name, unknown, declare=False)
        before, after = _shape(block.body) or _shape(block.otherwise) or ("", "")
        if before or after or _writes(block.body) or _writes(block.otherwise):
            self._write(f"{before}{self.renderer.marks.mark(unknown)}{after}", block.line)

    # -- expressions

    def pipeline(self, pipeline: Pipeline, dot: Value) -> Value:
        self.line = pipeline.line
        value: Value = None
        for number, command in enumerate(pipeline.commands):
            value = self.command(command, dot, (value,) if number else ())
        if len(pipeline.variables) == 1:
            self._assign(pipeline.variables[0], value, declare=pipeline.declares)
        return value

    def _assign(self, name: str, value: Value, *, declare: bool) -> None:
        if not declare:
            for scope in reversed(self.scopes):
                if name in scope:
                    scope[name] = value
                    return
        self.scopes[-1][name] = value

    def command(self, command: Command, dot: Value, piped: tuple[Value, ...]) -> Value:
        operand = command.operand
        if isinstance(operand, Function):
            return self.call(operand.name, command.arguments, dot, piped)
        value = self.operand(operand, dot)
        given = (*(self.operand(each, dot) for each in command.arguments), *piped)
        if isinstance(value, Method):
            return self.guarded(lambda: value.call(*given))
        if given and not isinstance(value, (Unknown, Unset)):
            return self.unknown("arguments are given to what is no function")
        return value

    def operand(self, operand: Operand, dot: Value) -> Value:
        match operand:
            case Constant(value=value):
                return value
            case Dot():
                return dot
            case Variable(name=name):
                return self._variable(name)
            case Function(name=name):
                return self.call(name, (), dot, ())
            case Pipeline():
                return self.pipeline(operand, dot)
            case Chain(base=base, fields=fields):
                value = self.operand(base, dot)
                shown = "" if isinstance(base, Dot) else base.name if isinstance(base, Variable) else "(...)"
                for name in fields:
                    shown += f".{name}"
                    value = self._field(value, name, shown)
                return value

    def _variable(self, name: str) -> Value:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return self.unknown(f"there is no variable {name}")

    def _field(self, value: Value, name: str, shown: str) -> Value:
        if isinstance(value, Mapping):
            found = value.get(name)
            return Unset(shown) if found is None else found
        if isinstance(value, Unknown):
            return value
        if value is None or isinstance(value, Unset):
            return Unset(shown)
        if hasattr(value, "field"):
            return value.field(name)
        return self.unknown(f"{shown}: there is no {name} in a value that is no mapping")

    # -- functions

    def call(self, name: str, arguments: tuple[Operand, ...], dot: Value, piped: tuple[Value, ...]) -> Value:
        if name in ("and", "or"):
            return self._logic(name, arguments, dot, piped)
        values = [*(self.operand(each, dot) for each in arguments), *piped]
        line = self.line
        result = self.guarded(lambda: self._apply(name, values))
        self.line = line
        return result

    def guarded(self, call: Callable[[], Value]) -> Value:
        try:
            return call()
        except Refused as error:
            return self.unknown(str(error))
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError) as error:
            return self.unknown(f"a function cannot work on these values ({error})")

    def unknown(self, reason: str) -> Unknown:
        return Unknown(f"{self.path}:{self.line}: {reason}")

    def _logic(self, name: str, arguments: tuple[Operand, ...], dot: Value, piped: tuple[Value, ...]) -> Value:
        """The first value that decides, or the last one; an unknown before it leaves only its truth known."""
        unknown: Unknown | None = None
        value: Value = None
        lazy: list[Callable[[], Value]] = [partial(self.operand, each, dot) for each in arguments]
        lazy += [partial(_itself, each) for each in piped]
        for get in lazy:
            value = get()
            truth = self.truth(value)
            if isinstance(truth, Unknown):
                unknown = unknown or truth
            elif truth is (name == "or"):
                return value if unknown is None else truth
        return unknown or value

    def truth(self, value: Value) -> bool | Unknown:
        """Whether a value counts as true: what is empty, zero or unset does not."""
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Unset):
            return False
        if isinstance(value, str) and (unknown := self.renderer.marks.first(value)) is not None:
            return unknown
        return bool(value) if not hasattr(value, "field") else True

    def text_of(self, value: Value) -> str:
        """A value as an action writes it."""
        if isinstance(value, Unset):
            value = self.unknown(f"{value.path} has no value")
        elif value is None:
            value = self.unknown("a value is null")
        if isinstance(value, Unknown):
            return self.renderer.marks.mark(value)
        return self.guarded_text(value)

    def guarded_text(self, value: Value) -> str:
        shown = self.guarded(lambda: self.renderer.functions["toString"](value))
        return shown if isinstance(shown, str) else self.renderer.marks.mark(shown)

    def _apply(self, name: str, values: list[Value]) -> Value:
        match name:
            case "include":
                return self.renderer.included(str(self._known(values[0])), values[1] if len(values) > 1 else None, self)
            case "tpl":
                source = values[0]
                if isinstance(source, (Unknown, Unset)):
                    return self._settled(source)
                text = str(source)
                return self.renderer.nested(self.path, self.renderer.compile(text, self.path), values[1], self)
            case "default":
                if len(values) < 2:
                    return values[0]
                truth = self.truth(values[1])
                return truth if isinstance(truth, Unknown) else values[1] if truth else values[0]
            case "coalesce" | "empty" | "not" | "ternary" | "required":
                return self._choice(name, values)
            case "all" | "any":
                truths = [self.truth(each) for each in values]
                return next((t for t in truths if isinstance(t, Unknown)), None) or (all if name == "all" else any)(
                    truths
                )
            case "kindIs" | "kindOf" | "typeOf" | "typeIs" | "hasKey" | "get" | "dig" | "index" | "eq" | "ne":
                values = [None if isinstance(each, Unset) else each for each in values]
            case "indent" | "nindent":
                values[-1] = self.text_of(values[-1])
            case (
                "quote"
                | "squote"
                | "printf"
                | "print"
                | "cat"
                | "trim"
                | "trimSuffix"
                | "trimPrefix"
                | "toString"
                | "nospace"
            ):
                values = [self._marked(each) for each in values]
                return self.renderer.functions[name](*values)
            case "list" | "tuple" | "dict" | "set" | "merge" | "mergeOverwrite" | "deepCopy" | "append" | "prepend":
                values = [None if isinstance(each, Unset) else each for each in values]
                return self.renderer.functions[name](*values)
            case "toYaml" | "toJson" | "toPrettyJson" | "mustToYaml" | "toRawJson" | "toYamlPretty" | "mustToJson":
                return self.renderer.functions[name](*(self._spelled(self._settled(each)) for each in values))
            case "fromYaml" | "fromYamlArray":
                return self._read_yaml(self._settled(values[0]))
            case _:
                values = [self._settled(each) for each in values]
        found = self.renderer.functions.get(name)
        if found is None:
            raise Refused(f"the function {name} is not supported")
        for each in values:
            if isinstance(each, Unknown):
                return each
            if isinstance(each, str) and name not in _TEXTUAL and (mark := self.renderer.marks.first(each)) is not None:
                return mark
        return found(*values)

    def _choice(self, name: str, values: list[Value]) -> Value:
        if name == "coalesce":
            for each in values:
                truth = self.truth(each)
                if truth is not False:
                    return truth if isinstance(truth, Unknown) else each
            return None
        if name == "ternary":
            truth = self.truth(values[2])
            return truth if isinstance(truth, Unknown) else values[0] if truth else values[1]
        if name == "required":
            missing = values[1] is None or values[1] == "" or isinstance(values[1], Unset)
            return self.unknown(f"a value is required: {values[0]}") if missing else values[1]
        truth = self.truth(values[0])
        return truth if isinstance(truth, Unknown) else not truth

    def _read_yaml(self, text: Value) -> Value:
        if not isinstance(text, str):
            return text
        try:
            documents = [each.value for each in load_all(readable(text))]
        except LocatedError as error:
            raise Refused(f"fromYaml: {error}") from None
        return self.renderer.marks.restored(documents[0]) if documents else {}

    def _settled(self, value: Value) -> Value:
        return self.unknown(f"{value.path} has no value") if isinstance(value, Unset) else value

    def _known(self, value: Value) -> Value:
        if isinstance(value, (Unknown, Unset)):
            raise Refused("a name is not known" if isinstance(value, Unset) else value.reason)
        return value

    def _marked(self, value: Value) -> Value:
        return self.text_of(value) if isinstance(value, (Unknown, Unset)) or value is None else value

    def _spelled(self, value: Value) -> Value:
        """The value with marks for the unknowns within it."""
        if isinstance(value, Unknown):
            return self.renderer.marks.mark(value)
        if isinstance(value, Mapping):
            return {str(key): self._spelled(each) for key, each in value.items()}
        return [self._spelled(each) for each in value] if isinstance(value, list) else value


_TEXTUAL = frozenset(("indent", "nindent", "kindIs", "kindOf"))
"""Functions that may see marks: they keep them whole."""


def _itself(value: Value) -> Value:
    return value


def _shape(nodes: list[Node]) -> tuple[str, str] | None:
    """(the space before the first thing that nodes write, the newline after the last one)."""
    before = ""
    for node in nodes:
        if isinstance(node, Text):
            kept = node.text.lstrip(" \t\r\n")
            before += node.text[: len(node.text) - len(kept)]
            if kept:
                break
        elif isinstance(node, Action) and not node.pipeline.variables:
            last = node.pipeline.commands[-1]
            if last.operand == Function("nindent") and last.arguments and isinstance(last.arguments[0], Constant):
                before += "\n" + " " * int(last.arguments[0].value)
            break
        elif isinstance(node, Block):
            inner = _shape(node.body)
            if inner is not None:
                before += inner[0]
                break
        elif isinstance(node, Call):
            break
    else:
        return None
    if "\n" in before:
        before = before[before.rindex("\n") :]
    last_node = nodes[-1]
    ends = isinstance(last_node, Text) and last_node.text.rstrip(" \t\r")[-1:] == "\n"
    return before, "\n" if ends else ""


def _writes(nodes: list[Node]) -> bool:
    return any(
        (isinstance(node, Text) and node.text.strip() != "")
        or (isinstance(node, Action) and not node.pipeline.variables)
        or isinstance(node, Call)
        or (isinstance(node, Block) and (_writes(node.body) or _writes(node.otherwise)))
        for node in nodes
    )


def _assigned(nodes: list[Node]) -> Iterator[str]:
    """Variables of outside that nodes set."""
    for node in nodes:
        if isinstance(node, Action) and node.pipeline.variables and not node.pipeline.declares:
            yield from node.pipeline.variables
        elif isinstance(node, Block):
            yield from _assigned(node.body)
            yield from _assigned(node.otherwise)
