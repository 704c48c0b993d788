"""The Common Expression Language: text to syntax tree.

Grammar: CEL language definition, "Syntax" (github.com/google/cel-spec/blob/master/doc/langdef.md#syntax), without
message construction. Chains of `&&` and `||` become one node each, so that a long policy is wide and not deep.

    resource.sshd.present && resource.users.all(u, u.uid != 0 || u.name == "root")
"""

import re
from collections.abc import Iterator
from typing import NoReturn

from msgspec import Struct

MAX_LENGTH = 20_000
MAX_DEPTH = 50
"""Levels of parentheses, brackets, calls and operators in one another."""
MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})


class ExpressionError(Exception):
    """What is wrong with an expression and at which character (from 0)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class Node(Struct, frozen=True):
    """Any piece of an expression; `at` is its offset in the text."""

    at: int


class Literal(Node, frozen=True):
    value: str | int | float | bool | bytes | None
    unsigned: bool = False


class Name(Node, frozen=True):
    name: str


class Select(Node, frozen=True):
    target: Node
    field: str


class Index(Node, frozen=True):
    target: Node
    key: Node


class Call(Node, frozen=True):
    function: str
    target: Node | None
    arguments: tuple[Node, ...]


class Macro(Node, frozen=True):
    """`target.name(variable, body)`; `map` with three arguments has a filter too."""

    name: str
    target: Node
    variable: str
    body: Node
    condition: Node | None = None


class Unary(Node, frozen=True):
    operator: str
    operand: Node


class Binary(Node, frozen=True):
    operator: str
    left: Node
    right: Node


class Logic(Node, frozen=True):
    """`&&` or `||` over two or more operands."""

    operator: str
    operands: tuple[Node, ...]


class Ternary(Node, frozen=True):
    condition: Node
    then: Node
    otherwise: Node


class ListOf(Node, frozen=True):
    items: tuple[Node, ...]


class MapOf(Node, frozen=True):
    entries: tuple[tuple[Node, Node], ...]


def parse(text: str) -> Node:
    """The tree of an expression; raises ExpressionError with the offending position."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters", 0)
    return _Parser(text).whole()


_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n\f]+|//[^\n]*)+)
    | (?P<string>[bB]?[rR]?(?:'{3}|"{3}|'|") | [rR][bB](?:'{3}|"{3}|'|"))
    | (?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<int>(?:0x[0-9a-fA-F]+|\d+)[uU]?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))"
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RESERVED = frozenset(
    {
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip
_PRECEDENCE = {
    "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_INT_MAX = 2**63


class _Token(Struct, frozen=True):
    kind: str
    text: str
    at: int
    value: str | bytes = ""


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"unexpected character {text[at]!r}", at)
        kind = match.lastgroup or ""
        if kind == "string":
            token, at = _string(text, at, match.group())
            yield token
            continue
        if kind != "space":
            word = match.group()
            yield _Token("mark" if word == "in" else kind, word, at)
        at = match.end()
    yield _Token("end", "", at)


def _string(text: str, at: int, opening: str) -> tuple[_Token, int]:
    quote = opening.lstrip("bBrR")
    prefix = opening[: len(opening) - len(quote)].lower()
    start = at + len(opening)
    position = start
    while not text.startswith(quote, position):
        if position >= len(text) or (len(quote) == 1 and text[position] in "\r\n"):
            raise ExpressionError(f"the text that begins with {opening} is not closed", at)
        position += 2 if text[position] == "\\" and "r" not in prefix else 1
    raw = text[start:position]
    value = raw if "r" in prefix else _unescape(raw, start)
    return _Token("string", raw, at, value.encode() if "b" in prefix else value), position + len(quote)


def _unescape(raw: str, start: int) -> str:
    out: list[str] = []
    at = 0
    while (slash := raw.find("\\", at)) >= 0:
        out.append(raw[at:slash])
        match = _ESCAPE.match(raw, slash)
        if match is None:
            raise ExpressionError(f"unknown escape {raw[slash : slash + 2]!r}", start + slash)
        simple, *codes = match.groups()
        if simple:
            out.append(_SIMPLE.get(simple, simple))
        else:
            code = int(codes[3], 8) if codes[3] else int(codes[0] or codes[1] or codes[2], 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise ExpressionError("escape is not a Unicode character", start + slash)
            out.append(chr(code))
        at = match.end()
    out.append(raw[at:])
    return "".join(out)


class _Parser:
    """Recursive descent, with precedence climbing for the binary operators."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.next = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def whole(self) -> Node:
        node = self.expression()
        if self.token.kind != "end":
            self.fail()
        return node

    def fail(self, wanted: str = "") -> NoReturn:
        token = self.token
        found = "the end of the expression" if token.kind == "end" else repr(token.text)
        raise ExpressionError(f"unexpected {found}" + (f", expected {wanted}" if wanted else ""), token.at)

    def is_mark(self, *marks: str) -> bool:
        return self.token.kind == "mark" and self.token.text in marks

    def take(self, *marks: str) -> _Token | None:
        token = self.token
        if token.kind == "mark" and token.text in marks:
            self.next += 1
            return token
        return None

    def need(self, mark: str) -> None:
        if not self.take(mark):
            self.fail(repr(mark))

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels", self.token.at)
        node = self.logic("||")
        if token := self.take("?"):
            then = self.logic("||")
            self.need(":")
            node = Ternary(token.at, node, then, self.expression())
        self.depth -= 1
        return node

    def logic(self, operator: str) -> Node:
        operands = [self.logic("&&") if operator == "||" else self.binary(3)]
        at = operands[0].at
        while self.take(operator):
            operands.append(self.logic("&&") if operator == "||" else self.binary(3))
        return operands[0] if len(operands) == 1 else Logic(at, operator, tuple(operands))

    def binary(self, precedence: int) -> Node:
        left = self.unary()
        length = 0
        while self.token.kind == "mark" and _PRECEDENCE.get(self.token.text, 0) >= precedence:
            token = self.token
            self.next += 1
            length += 1
            if length > MAX_DEPTH:
                raise ExpressionError(f"more than {MAX_DEPTH} operators in a row", token.at)
            left = Binary(token.at, token.text, left, self.binary(_PRECEDENCE[token.text] + 1))
        return left

    def unary(self) -> Node:
        token = self.take("!", "-")
        if token is None:
            return self.member()
        count = 1
        while self.take(token.text):
            count += 1
            if count > MAX_DEPTH:
                raise ExpressionError(f"more than {MAX_DEPTH} operators in a row", token.at)
        if token.text == "-" and self.token.kind in ("int", "float"):
            node = self.member(negative=True)
            count -= 1
        else:
            node = self.member()
        for _ in range(count):
            node = Unary(token.at, token.text, node)
        return node

    def member(self, *, negative: bool = False) -> Node:
        node = self.primary(negative)
        length = 0
        while mark := self.take(".", "["):
            length += 1
            if length > MAX_DEPTH:
                raise ExpressionError(f"more than {MAX_DEPTH} selections in a row", mark.at)
            if mark.text == "[":
                node = Index(mark.at, node, self.expression())
                self.need("]")
                continue
            token = self.token
            if token.kind != "name" or token.text in ("true", "false", "null"):
                self.fail("a field's name")
            self.next += 1
            node = self.call(token, node) if self.take("(") else Select(token.at, node, token.text)
        return node

    def call(self, name: _Token, target: Node | None) -> Node:
        arguments = self.items(")")
        if target is None or name.text not in MACROS or not 2 <= len(arguments) <= (3 if name.text == "map" else 2):
            return Call(name.at, name.text, target, arguments)
        variable, *rest = arguments
        if not isinstance(variable, Name):
            raise ExpressionError(f"{name.text}() takes a plain name first: {name.text}(x, ...)", variable.at)
        condition = rest[0] if len(rest) == 2 else None
        return Macro(name.at, name.text, target, variable.name, rest[-1], condition)

    def items(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self.take(closing):
            items.append(self.expression())
            if not self.is_mark(closing):
                self.need(",")
                if closing == ")" and self.is_mark(closing):
                    self.fail("an argument")
        return tuple(items)

    def primary(self, negative: bool) -> Node:
        token = self.token
        self.next += 1
        if token.kind in ("int", "float"):
            return self.number(token, negative)
        if token.kind == "string":
            return Literal(token.at, token.value)
        if token.kind == "name":
            return self.named(token)
        if token.text == "(":
            node = self.expression()
            self.need(")")
            return node
        if token.text == "[":
            return ListOf(token.at, self.items("]"))
        if token.text == "{":
            return self.mapping(token.at)
        self.next -= 1
        return self.fail("a value")

    def named(self, token: _Token) -> Node:
        match token.text:
            case "true" | "false":
                return Literal(token.at, token.text == "true")
            case "null":
                return Literal(token.at, None)
        if token.text in _RESERVED:
            raise ExpressionError(f"{token.text!r} is a reserved word", token.at)
        if self.take("("):
            return self.call(token, None)
        return Name(token.at, token.text)

    def number(self, token: _Token, negative: bool) -> Node:
        if token.kind == "float":
            value = float(token.text)
            return Literal(token.at, -value if negative else value)
        digits = token.text.rstrip("uU")
        unsigned = digits != token.text
        number = int(digits, 16 if digits.startswith("0x") else 10)
        if number >= (2 * _INT_MAX if unsigned else _INT_MAX + negative):
            raise ExpressionError(f"{token.text} does not fit a 64-bit integer", token.at)
        return Literal(token.at, -number if negative else number, unsigned)

    def mapping(self, at: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self.take("}"):
            key = self.expression()
            self.need(":")
            entries.append((key, self.expression()))
            if not self.is_mark("}"):
                self.need(",")
        return MapOf(at, tuple(entries))
