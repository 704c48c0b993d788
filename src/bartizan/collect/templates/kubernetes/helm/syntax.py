"""Go templates (pkg.go.dev/text/template) as a tree: text, actions and the blocks that `end` closes.

{{- if .Values.tls }}            a dash takes away the space beside it
  host: {{ .Values.host | default "a" | quote }}
{{- end }}                       {{/* a comment */}}
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 100


class TemplateSyntaxError(Exception):
    """The text is no Go template, at a line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any


@dataclass(frozen=True, slots=True)
class Variable:
    """`$`, `$name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Dot:
    pass


@dataclass(frozen=True, slots=True)
class Function:
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of something: `.a.b`, `$x.a`, `(dict "a" 1).a`."""

    base: "Operand"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """An operand with arguments: a call, where there are any or the operand is a function."""

    operand: "Operand"
    arguments: tuple["Operand", ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each of which gets what the one before it gives as its last argument."""

    commands: tuple[Command, ...]
    line: int
    variables: tuple[str, ...] = ()
    """`$a := ...`, `$k, $v := range`."""
    declares: bool = False
    """`:=`, not `=`."""


Operand = Constant | Variable | Dot | Function | Chain | Pipeline


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Action:
    pipeline: Pipeline
    line: int


@dataclass(slots=True)
class Block:
    """`if`, `with`, `range`."""

    kind: str
    pipeline: Pipeline
    line: int
    body: list["Node"] = field(default_factory=list)
    otherwise: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Call:
    """`{{ template "name" . }}`."""

    name: str
    pipeline: Pipeline | None
    line: int


@dataclass(frozen=True, slots=True)
class Jump:
    """`{{ break }}`, `{{ continue }}`."""

    kind: str
    line: int


Node = Text | Action | Block | Call | Jump


@dataclass(slots=True)
class Template:
    """A file: what it renders, and what it defines."""

    path: str
    nodes: list[Node]
    defines: dict[str, list[Node]]


_TOKEN = re.compile(
    r"""(?P<space>\s++)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\.[^']*)')
    |(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+(?![0-9.])|(?:[0-9][0-9_]*)?\.?[0-9][0-9_]*(?:[eE][+-]?[0-9]+)?))
    |(?P<variable>\$[A-Za-z_0-9]*)
    |(?P<field>\.[A-Za-z_][A-Za-z_0-9]*)
    |(?P<dot>\.)
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<mark>:=|[=|(),])""",
    re.VERBOSE,
)
_ACTION_END = re.compile(
    r"""(?:"(?:[^"\\\n]++|\\.)*+"|`[^`]*+`|'(?:[^'\\\n]++|\\.)*+'|[^"`'}]++|}(?!}))*+}}""", re.DOTALL
)
_COMMENT_END = re.compile(r"\s*+(-?)}}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    spaced: bool
    """There is space before it: `.a .b` are two operands, `.a.b` is one."""


def parse(text: str, path: str) -> Template:
    """The tree of a template file; raises `TemplateSyntaxError`."""
    return _Parser(path).parse(text)


@dataclass(slots=True)
class _Open:
    """A block that is not closed yet, and the list that its nodes go into."""

    kind: str
    line: int
    into: list[Node]
    block: Block | None = None
    levels: int = 1
    """How many blocks its `end` closes: `else if` opens one more inside."""


class _Parser:
    def __init__(self, path: str) -> None:
        self.template = Template(path, [], {})
        self.open: list[_Open] = [_Open("", 1, self.template.nodes)]

    def parse(self, text: str) -> Template:
        for kind, content, line in _pieces(text):
            if kind == "text":
                if content:
                    self.open[-1].into.append(Text(content, line))
            else:
                self._action(content, line)
        if len(self.open) > 1:
            last = self.open[-1]
            raise TemplateSyntaxError(last.line, f"{last.kind} is never closed with end")
        return self.template

    def _action(self, content: str, line: int) -> None:
        tokens = _Tokens(content, line)
        word = tokens.word()
        match word:
            case "if" | "with" | "range":
                tokens.take()
                self._begin(word, tokens, line)
            case "define" | "block":
                tokens.take()
                self._define(word, tokens, line)
            case "else":
                tokens.take()
                self._otherwise(tokens, line)
            case "end":
                tokens.take()
                if len(self.open) == 1:
                    raise TemplateSyntaxError(line, "end closes nothing")
                self.open.pop()
            case "template":
                tokens.take()
                name = tokens.string()
                self.open[-1].into.append(Call(name, tokens.pipeline() if tokens.more() else None, line))
            case "break" | "continue":
                self.open[-1].into.append(Jump(word, line))
                tokens.take()
            case _:
                if tokens.more():
                    self.open[-1].into.append(Action(tokens.pipeline(), line))
        tokens.nothing_more()

    def _begin(self, kind: str, tokens: "_Tokens", line: int) -> None:
        if len(self.open) > MAX_DEPTH:
            raise TemplateSyntaxError(line, f"blocks are nested more than {MAX_DEPTH} deep")
        block = Block(kind, tokens.pipeline(), line)
        self.open[-1].into.append(block)
        self.open.append(_Open(kind, line, block.body, block))

    def _define(self, kind: str, tokens: "_Tokens", line: int) -> None:
        name = tokens.string()
        nodes: list[Node] = []
        if kind == "block":
            self.open[-1].into.append(Call(name, tokens.pipeline(), line))
            self.template.defines.setdefault(name, nodes)
        else:
            self.template.defines[name] = nodes
        self.open.append(_Open(kind, line, nodes))

    def _otherwise(self, tokens: "_Tokens", line: int) -> None:
        last = self.open[-1]
        if last.block is None or last.into is last.block.otherwise:
            raise TemplateSyntaxError(line, "else belongs to no if, with or range")
        last.into = last.block.otherwise
        if tokens.word() in ("if", "with"):
            kind = tokens.take().text
            block = Block(kind, tokens.pipeline(), line)
            last.into.append(block)
            last.block, last.into, last.kind = block, block.body, kind


def _pieces(text: str) -> Iterator[tuple[str, str, int]]:
    """(text or action, content, line) with the space beside dashes taken away."""
    position = 0
    line = 1
    strip = False
    while True:
        start = text.find("{{", position)
        piece = text[position:] if start < 0 else text[position:start]
        begins = line
        line += piece.count("\n")
        if strip:
            kept = piece.lstrip(" \t\r\n")
            begins += piece[: len(piece) - len(kept)].count("\n")
            piece = kept
        if start < 0:
            yield "text", piece, begins
            return
        inside = start + 2
        if text.startswith("-", inside) and text[inside + 1 : inside + 2].isspace():
            piece = piece.rstrip(" \t\r\n")
            inside += 1
        yield "text", piece, begins
        comment = text[inside:].lstrip()
        if comment.startswith("/*"):
            at = len(text) - len(comment)
            close = text.find("*/", at)
            match = _COMMENT_END.match(text, close + 2) if close >= 0 else None
            if match is None:
                raise TemplateSyntaxError(line, "a comment is never closed")
            strip = bool(match[1])
        else:
            match = _ACTION_END.match(text, inside)
            if match is None:
                raise TemplateSyntaxError(line, "an action is never closed with }}")
            content = text[inside : match.end() - 2]
            strip = content[-1:] == "-" and (content[-2:-1].isspace() or content == "-")
            yield "action", content[:-1] if strip else content, line
        line += text.count("\n", start, match.end())
        position = match.end()


class _Tokens:
    """The tokens of one action."""

    def __init__(self, content: str, line: int) -> None:
        self.line = line
        self.at = 0
        self.depth = 0
        self.tokens: list[_Token] = []
        position, spaced = 0, True
        while position < len(content):
            match = _TOKEN.match(content, position)
            if match is None:
                raise TemplateSyntaxError(line, f"{content[position : position + 20]!r} is no part of a template")
            if match.lastgroup == "space":
                spaced = True
            else:
                self.tokens.append(_Token(str(match.lastgroup), match[0], spaced))
                spaced = False
            position = match.end()

    def more(self) -> bool:
        return self.at < len(self.tokens)

    def peek(self, ahead: int = 0) -> _Token | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def word(self) -> str:
        token = self.peek()
        return token.text if token and token.kind == "name" else ""

    def take(self) -> _Token:
        token = self.peek()
        if token is None:
            raise TemplateSyntaxError(self.line, "something is missing in an action")
        self.at += 1
        return token

    def is_mark(self, text: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token is not None and token.kind == "mark" and token.text == text

    def nothing_more(self) -> None:
        token = self.peek()
        if token is not None:
            raise TemplateSyntaxError(self.line, f"{token.text!r} is not expected here")

    def string(self) -> str:
        token = self.take()
        if token.kind != "string":
            raise TemplateSyntaxError(self.line, "a template's name must be a text in quotes")
        return str(_unquoted(token.text))

    def pipeline(self) -> Pipeline:
        variables, declares = self._variables()
        commands = [self._command()]
        while self.is_mark("|"):
            self.take()
            commands.append(self._command())
        return Pipeline(tuple(commands), self.line, variables, declares)

    def _variables(self) -> tuple[tuple[str, ...], bool]:
        first = self.peek()
        if first is None or first.kind != "variable":
            return (), False
        if self.is_mark(":=", 1) or self.is_mark("=", 1):
            self.take()
            return (first.text,), self.take().text == ":="
        second = self.peek(2)
        if self.is_mark(",", 1) and second is not None and second.kind == "variable" and self.is_mark(":=", 3):
            self.at += 4
            return (first.text, second.text), True
        return (), False

    def _command(self) -> Command:
        operands: list[Operand] = []
        while self.more() and not self.is_mark("|") and not self.is_mark(")"):
            operands.append(self._operand())
        if not operands:
            raise TemplateSyntaxError(self.line, "a command is missing")
        return Command(operands[0], tuple(operands[1:]))

    def _operand(self) -> Operand:
        token = self.take()
        base: Operand
        match token.kind:
            case "string":
                base = Constant(_unquoted(token.text))
            case "char":
                base = Constant(ord(_unquoted('"' + token.text[1:-1].replace('"', '\\"') + '"')[:1] or "\0"))
            case "number":
                base = Constant(_number(token.text, self.line))
            case "variable":
                base = Variable(token.text)
            case "dot":
                base = Dot()
            case "field":
                base = Chain(Dot(), (token.text[1:],))
            case "name":
                constants = {"true": True, "false": False, "nil": None}
                base = Constant(constants[token.text]) if token.text in constants else Function(token.text)
            case _ if token.text == "(":
                self.depth += 1
                if self.depth > MAX_DEPTH:
                    raise TemplateSyntaxError(self.line, f"parentheses are nested more than {MAX_DEPTH} deep")
                base = self.pipeline()
                if not self.is_mark(")"):
                    raise TemplateSyntaxError(self.line, "a parenthesis is never closed")
                self.take()
                self.depth -= 1
            case _:
                raise TemplateSyntaxError(self.line, f"{token.text!r} is not expected here")
        fields = []
        while (following := self.peek()) is not None and following.kind == "field" and not following.spaced:
            fields.append(self.take().text[1:])
        if not fields:
            return base
        return Chain(base.base, (*base.fields, *fields)) if isinstance(base, Chain) else Chain(base, tuple(fields))


def _unquoted(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]
    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", _unescaped, text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    found = match[1]
    return chr(int(found[1:], 16)) if found[0] in "xu" and len(found) > 1 else _ESCAPES.get(found, found)


def _number(text: str, line: int) -> int | float:
    plain = text.replace("_", "")
    digits = plain.lstrip("+-")
    try:
        if digits.isdigit():
            return int(plain, 8 if digits[0] == "0" and len(digits) > 1 else 10)
        return int(plain, 0)
    except ValueError:
        try:
            return float(plain)
        except ValueError:
            raise TemplateSyntaxError(line, f"{text!r} is no number") from None
