"""ARM template expressions: `[concat('web-', parameters('name'))]` to nodes.

Microsoft Learn, "Syntax and expressions in ARM templates": function calls, texts in single quotes with '' for a quote,
whole numbers, `.name` and `[index]`. `[[` at the start is a text that begins with a bracket.
"""

import re

from bartizan.collect.templates.arm.syntax import ArmError, Call, Index, Literal, Member, Node

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+)|([A-Za-z_][\w$]*)|([().,\[\]?]))")
_DEPTH = 100


def is_expression(text: str) -> bool:
    """Whether a text of a template is an expression."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def parse_expression(text: str) -> Node:
    """The expression of a text in brackets, or the text itself. Raises `ArmError`."""
    if not is_expression(text):
        return Literal(text[1:] if text.startswith("[[") else text)
    parser = _Parser(text[1:-1])
    node = parser.value(0)
    if parser.peek():
        raise ArmError(0, f"{parser.peek()!r} is not expected in expression {text[:80]!r}")
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        end = len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise ArmError(0, f"{text[at : at + 20]!r} cannot be read in an expression")
            kind = ("text", "number", "name", "mark")[next(i for i in range(4) if match.group(i + 1) is not None)]
            self._tokens.append((kind, match.group().strip()))
            at = match.end()
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def value(self, depth: int) -> Node:
        if depth > _DEPTH:
            raise ArmError(0, f"an expression is nested more than {_DEPTH} deep")
        kind, text = self._next()
        node: Node
        if kind == "text":
            node = Literal(text[1:-1].replace("''", "'"))
        elif kind == "number":
            node = Literal(int(text))
        elif kind == "name":
            name = text
            while self.peek() == ".":
                self._next()
                name += "." + self._next()[1]
            node = Call(name, self._arguments(depth))
        else:
            raise ArmError(0, f"{text!r} is not expected in an expression")
        return self._rest(node, depth)

    def _rest(self, node: Node, depth: int) -> Node:
        while True:
            mark = self.peek()
            if mark == ".":
                self._next()
                safe = self._skip("?")
                node = Member(node, self._next()[1], safe)
            elif mark == "[":
                self._next()
                safe = self._skip("?")
                node = Index(node, self.value(depth + 1), safe)
                self._expect("]")
            else:
                return node

    def _arguments(self, depth: int) -> tuple[Node, ...]:
        self._expect("(")
        found: list[Node] = []
        while not self._skip(")"):
            if found:
                self._expect(",")
            found.append(self.value(depth + 1))
        return tuple(found)

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise ArmError(0, "an expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, mark: str) -> bool:
        if self.peek() != mark:
            return False
        self._at += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._skip(mark):
            raise ArmError(0, f"{mark!r} is expected in an expression, not {self.peek()!r}")
