"""Values of Bicep: operators by their precedence, access, calls, texts, arrays, objects, loops, lambdas.

Microsoft Learn, "Bicep operators". Inner resources of an object are handed to whoever reads resources.
"""

from collections.abc import Callable

from bartizan.collect.templates.arm.bicep_scanner import Token
from bartizan.collect.templates.arm.syntax import (
    ArmError,
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

_LEVELS = (("??",), ("||",), ("&&",), ("==", "!=", "=~", "!~"), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_DEPTH = 100
_PLAIN = {"true": True, "false": False, "null": None}


class Expressions:
    """Reads values from tokens."""

    def __init__(self, tokens: tuple[Token, ...], inner: Callable[["Expressions"], None] | None = None) -> None:
        self.tokens, self.at = tokens, 0
        self.inner = inner
        """Reads a resource that stands within an object, from its keyword or decorator on."""
        self._depth = 0
        self.places: dict[int, int] = {}
        """Lines of the values of properties, by their identity."""

    # Tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        found = self.tokens[self.at]
        if found.kind != "end":
            self.at += 1
        return found

    def skip(self, mark: str) -> bool:
        if self.token.kind == "mark" and self.token.text == mark:
            self.at += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.skip(mark):
            found = self.token.text.strip() or "the end of the line"
            raise ArmError(self.token.line, f"{mark!r} is expected, not {found!r}")

    def identifier(self) -> str:
        found = self.next()
        if found.kind != "name":
            raise ArmError(found.line, f"a name is expected, not {found.text.strip() or 'the end of the line'!r}")
        return found.text

    def lines(self) -> None:
        while self.token.kind == "line":
            self.at += 1

    def ahead(self) -> Token:
        """The next token that is no end of a line."""
        at = self.at
        while self.tokens[at].kind == "line":
            at += 1
        return self.tokens[at]

    # Values

    def value(self) -> Node:
        """One value."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise ArmError(self.token.line, f"values are nested more than {_DEPTH} deep")
        try:
            return self._ternary()
        finally:
            self._depth -= 1

    def _ternary(self) -> Node:
        condition = self._binary(0)
        if self.ahead().text != "?" or self.ahead().kind != "mark":
            return condition
        self.lines()
        self.expect("?")
        self.lines()
        then = self.value()
        self.lines()
        self.expect(":")
        self.lines()
        return Operation("?", (condition, then, self.value()))

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while True:
            ahead = self.ahead()
            if ahead.kind != "mark" or ahead.text not in _LEVELS[level]:
                return left
            if self.token.kind == "line" and ahead.text in ("-", "*", "+"):
                return left
            self.lines()
            operator = self.next().text
            self.lines()
            left = Operation(operator, (left, self._binary(level + 1)))

    def _unary(self) -> Node:
        operators = []
        while self.token.kind == "mark" and self.token.text in ("!", "-", "+"):
            operators.append(self.next().text)
        node = self._access(self._primary())
        for operator in reversed(operators):
            if operator != "+":
                node = Operation(operator, (node,))
        return node

    def _access(self, node: Node) -> Node:
        while True:
            if self.skip(".") or self.skip("::"):
                name = self.identifier()
                node = Call(name, self._arguments(), node) if self.token.text == "(" else Member(node, name)
            elif self.skip(".?"):
                node = Member(node, self.identifier(), safe=True)
            elif self.token.text in ("[", "[?") and self.token.kind == "mark":
                safe = self.next().text == "[?"
                self.lines()
                node = Index(node, self.value(), safe)
                self.lines()
                self.expect("]")
            elif self.token.text == "!" and self.token.kind == "mark":
                self.next()
            else:
                return node

    def _primary(self) -> Node:
        token = self.token
        if token.kind == "text":
            self.next()
            return self.text(token)
        if token.kind == "number":
            self.next()
            return Literal(int(token.text))
        if token.kind == "name":
            return self._named()
        if token.kind == "mark":
            if token.text == "(":
                return self._parenthesised()
            if token.text == "[":
                return self._array()
            if token.text == "{":
                return self.object()
        raise ArmError(token.line, f"{token.text.strip() or 'the end of the line'!r} is not expected here")

    def _named(self) -> Node:
        name = self.identifier()
        if name in _PLAIN:
            return Literal(_PLAIN[name])
        if self.token.text == "=>" and self.token.kind == "mark":
            self.next()
            self.lines()
            return Lambda((name,), self.value())
        if self.token.text == "(" and self.token.kind == "mark":
            return Call(name, self._arguments())
        if name in ("sys", "az") and self.token.text == ".":
            self.next()
            return Call(self.identifier(), self._arguments())
        return Name(name)

    def _parenthesised(self) -> Node:
        names = self._lambda_names()
        if names is not None:
            return Lambda(names, self.value())
        self.expect("(")
        self.lines()
        node = self.value()
        self.lines()
        self.expect(")")
        return node

    def _lambda_names(self) -> tuple[str, ...] | None:
        """The names of `(a, b) =>`, passed over; None where what follows is no lambda."""
        at = self.at + 1
        names = []
        while self.tokens[at].kind == "name":
            names.append(self.tokens[at].text)
            at += 1 + (self.tokens[at + 1].text == ",")
        if self.tokens[at].text != ")" or self.tokens[at + 1].text != "=>":
            return None
        self.at = at + 2
        self.lines()
        return tuple(names)

    def _arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        found: list[Node] = []
        self.lines()
        while not self.skip(")"):
            found.append(self.value())
            self.lines()
            if not self.skip(",") and self.token.text != ")":
                raise ArmError(self.token.line, "')' is expected after the arguments")
            self.lines()
        return tuple(found)

    def text(self, token: Token) -> Node:
        """A text with its values."""
        parts: list[Node] = []
        for each in token.parts:
            if isinstance(each, str):
                if each:
                    parts.append(Literal(each))
            else:
                inner = Expressions(each)
                inner._depth = self._depth
                parts.append(inner.value())
        if not parts:
            return Literal("")
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Literal) else Text(tuple(parts))

    def _array(self) -> Node:
        self.expect("[")
        self.lines()
        if self.token.text == "for" and self.token.kind == "name":
            loop = self.loop()
            condition = self.condition()
            body = self.value()
            self.lines()
            self.expect("]")
            return For(*loop, body, condition)
        found: list[Node] = []
        while not self.skip("]"):
            if self.skip("..."):
                found.append(Operation("...", (self.value(),)))
            else:
                found.append(self.value())
            self._parted("]")
        return Array(tuple(found))

    def loop(self) -> tuple[str, str, Node]:
        """`for (item, index) in source:`, from `for` on: the names and the source."""
        self.next()
        index = ""
        if self.skip("("):
            item = self.identifier()
            self.expect(",")
            index = self.identifier()
            self.expect(")")
        else:
            item = self.identifier()
        if self.identifier() != "in":
            raise ArmError(self.token.line, "'in' is expected in a loop")
        source = self.value()
        self.expect(":")
        self.lines()
        return item, index, source

    def condition(self) -> Node | None:
        """`if (condition)`, where it stands."""
        if self.token.kind != "name" or self.token.text != "if":
            return None
        self.next()
        self.expect("(")
        self.lines()
        node = self.value()
        self.lines()
        self.expect(")")
        self.lines()
        return node

    def object(self) -> Object:
        """An object, the resources within it handed on."""
        self.expect("{")
        self.lines()
        items: list[tuple[Node, Node]] = []
        while not self.skip("}"):
            if self.skip("..."):
                items.append((Literal("..."), Operation("...", (self.value(),))))
            elif self._holds_resource():
                if self.inner is None:
                    raise ArmError(self.token.line, "a resource cannot stand here")
                self.inner(self)
            else:
                line = self.token.line
                key = self._key()
                self.expect(":")
                self.lines()
                value = self.value()
                self.places[id(value)] = line
                items.append((key, value))
            self._parted("}")
        return Object(tuple(items))

    def _holds_resource(self) -> bool:
        if self.token.text == "@" and self.token.kind == "mark":
            return True
        if self.token.kind != "name" or self.token.text != "resource":
            return False
        return self.tokens[self.at + 1].kind == "name"

    def _key(self) -> Node:
        token = self.next()
        if token.kind == "name":
            return Literal(token.text)
        if token.kind == "text":
            return self.text(token)
        raise ArmError(
            token.line, f"a property's name is expected, not {token.text.strip() or 'the end of the line'!r}"
        )

    def _parted(self, end: str) -> None:
        """What parts elements: a comma or the end of a line."""
        comma = self.skip(",")
        line = self.token.kind == "line"
        self.lines()
        if not (comma or line or self.token.text == end):
            raise ArmError(self.token.line, f"{end!r} or a new line is expected, not {self.token.text!r}")
