"""Reading HCL: text to a syntax tree, by recursive descent over a scanner that hands out one token at a time.

    resource "aws_s3_bucket" "logs" {
      bucket = "${var.name}-logs"
      tags   = merge(local.tags, { kind = "logs" })
      dynamic "rule" { for_each = var.rules ... }
    }

Grammar: github.com/hashicorp/hcl, hclsyntax/spec.md. Nesting is bounded; an error has its line and column.
"""

from bartizan.collect.templates.hcl.scanner import MAX_DEPTH, TOKEN, HclError
from bartizan.collect.templates.hcl.strings import StringReader
from bartizan.collect.templates.hcl.syntax import (
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Conditional,
    Element,
    ForObject,
    ForTuple,
    Index,
    Literal,
    Name,
    Node,
    Object,
    Splat,
    Tuple,
    Unary,
)

__all__ = ["MAX_DEPTH", "HclError", "parse", "parse_expression", "parse_template"]

_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def parse(text: str, path: str = "") -> Body:
    """A file. Raises `HclError` with path, line and column."""
    parser = _Parser(text, path)
    return parser.body(closing="")


def parse_expression(text: str, path: str = "") -> Node:
    """A single expression, as a variable file or `-var` gives one."""
    parser = _Parser(text, path)
    node = parser.expression()
    parser.pass_newlines()
    if parser.kind != "end":
        raise parser.error(f"unexpected {parser.value!r} after the expression")
    return node


def parse_template(text: str, path: str = "") -> Node:
    """The text of a template file: what stands between the quotes of a string, over many lines."""
    return _Parser("", path).template(text)


class _Parser(StringReader):
    """Structure and expressions."""

    __slots__ = ()

    # Structure

    def body(self, closing: str) -> Body:
        self.enter()
        attributes: dict[str, Node] = {}
        blocks: list[Block] = []
        while True:
            self.pass_newlines()
            if self.kind == "end" if not closing else (self.kind == "operator" and self.value == closing):
                break
            if self.kind not in ("identifier", "quote"):
                raise self.error(f"a name expected, found {self.value!r}")
            line = self.line
            name = self.value if self.kind == "identifier" else self._label()
            if self.kind == "identifier":
                self.advance()
            if self.accept("="):
                if name in attributes:
                    raise self.error(f"{name} is set twice")
                attributes[name] = self.expression()
                self._end_of_item(closing)
            else:
                blocks.append(self._block(name, line))
                self._end_of_item(closing)
        self.depth -= 1
        return Body(attributes, blocks)

    def _end_of_item(self, closing: str) -> None:
        if self.kind not in ("newline", "end") and not (closing and self.kind == "operator" and self.value == closing):
            raise self.error(f"a new line expected, found {self.value!r}")

    def _block(self, type_: str, line: int) -> Block:
        labels = []
        while self.kind in ("identifier", "quote"):
            if self.kind == "identifier":
                labels.append(self.value)
                self.advance()
            else:
                labels.append(self._label())
        self.expect("{", f"after {type_}")
        body = self.body("}")
        end_line = self.line
        self.expect("}", f"at the end of {type_}")
        return Block(type_, labels, body, line, end_line)

    def _label(self) -> str:
        node = self.string()
        if isinstance(node, Literal) and isinstance(node.value, str):
            return node.value
        raise self.error("a label cannot have interpolation")

    # Expressions

    def expression(self) -> Node:
        self.enter()
        condition = self._binary(1)
        if self.kind == "operator" and self.value == "?":
            line = self.line
            self.advance()
            self.pass_newlines()
            then = self.expression()
            self.pass_newlines()
            self.expect(":", "in a conditional")
            self.pass_newlines()
            condition = Conditional(line, condition, then, self.expression())
        self.depth -= 1
        return condition

    def _binary(self, least: int) -> Node:
        left = self._unary()
        while self.kind == "operator":
            operator = self.value
            precedence = _PRECEDENCE.get(operator, 0)
            if precedence < least:
                break
            line = self.line
            self.advance()
            self.pass_newlines()
            left = Binary(line, operator, left, self._binary(precedence + 1))
        return left

    def _unary(self) -> Node:
        if self.kind == "operator" and self.value in ("!", "-"):
            self.enter()
            line, operator = self.line, self.value
            self.advance()
            node = Unary(line, operator, self._unary())
            self.depth -= 1
            return node
        return self._postfix(self._primary())

    def _postfix(self, node: Node) -> Node:
        while self.kind == "operator":
            if self.value == ".":
                line = self.line
                self.advance()
                if self.accept("*"):
                    return self._postfix(Splat(line, node, self._attributes_only(Element(line))))
                node = self._member(node, line)
            elif self.value == "[":
                line = self.line
                before = self.loosely(True)
                if self.accept("*"):
                    self.restore(before, "]", "after '[*'")
                    return Splat(line, node, self._postfix(Element(line)))
                key = self.expression()
                self.restore(before, "]", "after an index")
                node = Index(line, node, key)
            else:
                break
        return node

    def _attributes_only(self, node: Node) -> Node:
        while self.kind == "operator" and self.value == ".":
            line = self.line
            self.advance()
            node = self._member(node, line)
        return node

    def _member(self, node: Node, line: int) -> Node:
        if self.kind == "identifier":
            node = Attribute(line, node, self.value)
        elif self.kind == "number":
            for part in self.value.split("."):
                node = Index(line, node, Literal(line, int(part) if part.isdecimal() and len(part) < 10 else part))
        else:
            raise self.error(f"a name expected after '.', found {self.value!r}")
        self.advance()
        return node

    def _primary(self) -> Node:
        kind, value = self.kind, self.value
        line = self.line
        if kind == "identifier":
            self.advance()
            if value in _CONSTANTS:
                return Literal(line, _CONSTANTS[value])
            if self.kind == "operator" and self.value == "(":
                return self._call(value, line)
            if self.kind == "operator" and self.value == ":" and self.text.startswith("::", self.start):
                return self._namespaced(value, line)
            return Name(line, value)
        if kind == "quote":
            return self.string()
        if kind == "number":
            self.advance()
            whole = not any(mark in value for mark in ".eE") and len(value) < 300
            return Literal(line, int(value) if whole else float(value))
        if kind == "heredoc":
            return self.heredoc(line)
        if kind == "operator":
            if value == "(":
                before = self.loosely(True)
                node = self.expression()
                self.restore(before, ")", "after an expression in parentheses")
                return node
            if value == "[":
                return self._tuple(line)
            if value == "{":
                return self._object(line)
        raise self.error(f"a value expected, found {value.strip() or 'a new line'!r}")

    def _namespaced(self, name: str, line: int) -> Node:
        """`provider::aws::arn_parse(...)`."""
        parts = [name]
        while self.accept(":"):
            self.expect(":", "in a function's name")
            parts.append(self.value)
            self.advance()
        return self._call("::".join(parts), line)

    def _call(self, name: str, line: int) -> Node:
        self.enter()
        if not (self.kind == "operator" and self.value == "("):
            raise self.error(f"'(' expected after {name}, found {self.value!r}")
        before = self.loosely(True)
        arguments: list[Node] = []
        spread = False
        while not (self.kind == "operator" and self.value == ")"):
            arguments.append(self.expression())
            if self.accept("..."):
                spread = True
            if not self.accept(",") and not (self.kind == "operator" and self.value == ")"):
                raise self.error(f"',' or ')' expected in the arguments of {name}, found {self.value!r}")
        self.restore(before, ")", f"after the arguments of {name}")
        self.depth -= 1
        return Call(line, name, arguments, spread)

    def _tuple(self, line: int) -> Node:
        self.enter()
        before = self.loosely(True)
        if self.kind == "identifier" and self.value == "for":
            node = self._for(line, "]", before)
            self.depth -= 1
            return node
        items = []
        while not (self.kind == "operator" and self.value == "]"):
            items.append(self.expression())
            if not self.accept(",") and not (self.kind == "operator" and self.value == "]"):
                raise self.error(f"',' or ']' expected in a list, found {self.value!r}")
        self.restore(before, "]", "at the end of a list")
        self.depth -= 1
        return Tuple(line, items)

    def _object(self, line: int) -> Node:
        self.enter()
        before = self.loosely(False)
        self.pass_newlines()
        if self.kind == "identifier" and self.value == "for" and not self._names_a_key():
            self.loose = True
            node = self._for(line, "}", before)
            self.depth -= 1
            return node
        items: list[tuple[Node, Node]] = []
        while not (self.kind == "operator" and self.value == "}"):
            if self.kind == "identifier" and self._names_a_key():
                key: Node = Literal(self.line, self.value)
                self.advance()
            else:
                key = self.expression()
            if not self.accept("=") and not self.accept(":"):
                raise self.error(f"'=' expected after a key, found {self.value!r}")
            self.pass_newlines()
            items.append((key, self.expression()))
            if not self.accept(",") and self.kind != "newline" and not (self.kind == "operator" and self.value == "}"):
                raise self.error(f"',' or a new line expected in an object, found {self.value!r}")
            self.pass_newlines()
        self.restore(before, "}", "at the end of an object")
        self.depth -= 1
        return Object(line, items)

    def _names_a_key(self) -> bool:
        match = TOKEN.match(self.text, self.end)
        if match and match.lastgroup == "blank":
            match = TOKEN.match(self.text, match.end())
        return match is not None and match.group() in ("=", ":")

    def _for(self, line: int, closing: str, before: bool) -> Node:
        self.advance()
        key, value, collection = self.for_intro()
        self.expect(":", "in a for expression")
        result = self.expression()
        name: Node | None = None
        grouped = False
        if closing == "}":
            self.expect("=>", "in a for expression that makes an object")
            name, result = result, self.expression()
            grouped = self.accept("...")
        condition = None
        if self.kind == "identifier" and self.value == "if":
            self.advance()
            condition = self.expression()
        self.restore(before, closing, "at the end of a for expression")
        if name is not None:
            return ForObject(line, key, value, collection, name, result, grouped, condition)
        return ForTuple(line, key, value, collection, result, condition)

    def for_intro(self) -> tuple[str, str, Node]:
        """`key, value in collection`, or `value in collection`."""
        names = [self.value]
        self.advance()
        if self.accept(","):
            names.append(self.value)
            self.advance()
        if self.kind != "identifier" or self.value != "in":
            raise self.error(f"'in' expected in a for expression, found {self.value!r}")
        self.advance()
        collection = self.expression()
        return ("" if len(names) == 1 else names[0]), names[-1], collection
