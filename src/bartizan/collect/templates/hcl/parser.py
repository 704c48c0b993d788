"""Reading HCL: text to a syntax tree, by recursive descent over a scanner that hands out one token at a time.

    resource "aws_s3_bucket" "logs" {
      bucket = "${var.name}-logs"
      tags   = merge(local.tags, { kind = "logs" })
      dynamic "rule" { for_each = var.rules ... }
    }

Grammar: github.com/hashicorp/hcl, hclsyntax/spec.md. Nesting is bounded; an error has its line and column.
"""

import re

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
    Template,
    TemplateFor,
    TemplateIf,
    Tuple,
    Unary,
)

MAX_DEPTH = 200

_TOKEN = re.compile(
    r"(?P<blank>(?:[ \t\r\ufeff]+|\#[^\n]*|//[^\n]*|/\*.*?\*/)+)"
    r"|(?P<newline>\n)"
    r"|(?P<identifier>[^\W\d][\w-]*)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|(?P<quote>")'
    r"|(?P<heredoc><<-?[^\W\d][\w-]*[ \t]*\r?\n)"
    r"|(?P<operator>\.\.\.|&&|\|\||==|!=|<=|>=|=>|[{}\[\]().,:?=<>!+*/%~-])",
    re.DOTALL,
)
_QUOTED = re.compile(r'[^"\\$%\n]+')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
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


class HclError(Exception):
    """The text is not HCL at this place."""

    def __init__(self, path: str, line: int, column: int, reason: str) -> None:
        super().__init__(f"{path}:{line}:{column}: {reason}")
        self.path, self.line, self.column, self.reason = path, line, column, reason


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


class _Parser:
    """One token is looked at (`kind`, `value`, `start`); `end` is where the next begins."""

    __slots__ = ("_depth", "_line_at", "_lines_before", "_loose", "_path", "_text", "end", "kind", "start", "value")

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._depth = 0
        self._loose = False
        """Within parentheses, brackets and interpolations a new line means nothing."""
        self._line_at = 0
        self._lines_before = 1
        self.kind = self.value = ""
        self.start = self.end = 0
        self.advance()

    # Tokens

    def advance(self) -> None:
        text, at = self._text, self.end
        while True:
            match = _TOKEN.match(text, at)
            if match is None:
                self.start = self.end = at
                if at < len(text):
                    raise self.error(f"unexpected character {text[at]!r}")
                self.kind, self.value = "end", "the end of the file"
                return
            kind = match.lastgroup
            at = match.end()
            if kind != "blank" and not (self._loose and kind == "newline"):
                self.kind = kind or ""
                self.value = match.group()
                self.start, self.end = match.start(), at
                return

    def pass_newlines(self) -> None:
        while self.kind == "newline":
            self.advance()

    def _loosely(self, loose: bool) -> bool:
        """Look at the next token with new lines ignored, or not; what held before."""
        before = self._loose
        self._loose = loose
        self.advance()
        return before

    def _restore(self, before: bool, closing: str, where: str) -> None:
        """Pass the closing mark and look at what follows as it was before."""
        if not (self.kind == "operator" and self.value == closing):
            raise self.error(f"{closing!r} expected {where}, found {self.value.strip() or 'a new line'!r}")
        self._loose = before
        self.advance()

    def accept(self, operator: str) -> bool:
        if self.kind == "operator" and self.value == operator:
            self.advance()
            return True
        return False

    def expect(self, operator: str, where: str) -> None:
        if not self.accept(operator):
            raise self.error(f"{operator!r} expected {where}, found {self.value.strip() or 'a new line'!r}")

    @property
    def line(self) -> int:
        """Line of the current token; counted from where it was last asked for."""
        if self.start < self._line_at:
            self._line_at, self._lines_before = 0, 1
        self._lines_before += self._text.count("\n", self._line_at, self.start)
        self._line_at = self.start
        return self._lines_before

    def error(self, reason: str) -> HclError:
        column = self.start - self._text.rfind("\n", 0, self.start)
        return HclError(self._path, self._text.count("\n", 0, self.start) + 1, column, reason)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.error(f"nested more than {MAX_DEPTH} deep")

    # Structure

    def body(self, closing: str) -> Body:
        self._enter()
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
        self._depth -= 1
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
        node = self._string()
        if isinstance(node, Literal) and isinstance(node.value, str):
            return node.value
        raise self.error("a label cannot have interpolation")

    # Expressions

    def expression(self) -> Node:
        self._enter()
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
        self._depth -= 1
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
            self._enter()
            line, operator = self.line, self.value
            self.advance()
            node = Unary(line, operator, self._unary())
            self._depth -= 1
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
                before = self._loosely(True)
                if self.accept("*"):
                    self._restore(before, "]", "after '[*'")
                    return Splat(line, node, self._postfix(Element(line)))
                key = self.expression()
                self._restore(before, "]", "after an index")
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
                node = Index(line, node, Literal(line, int(part) if part.isdigit() else part))
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
            if self.kind == "operator" and self.value == ":" and self._text.startswith("::", self.start):
                return self._namespaced(value, line)
            return Name(line, value)
        if kind == "quote":
            return self._string()
        if kind == "number":
            self.advance()
            return Literal(line, float(value) if any(mark in value for mark in ".eE") else int(value))
        if kind == "heredoc":
            return self._heredoc(line)
        if kind == "operator":
            if value == "(":
                before = self._loosely(True)
                node = self.expression()
                self._restore(before, ")", "after an expression in parentheses")
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
        self._enter()
        if not (self.kind == "operator" and self.value == "("):
            raise self.error(f"'(' expected after {name}, found {self.value!r}")
        before = self._loosely(True)
        arguments: list[Node] = []
        spread = False
        while not (self.kind == "operator" and self.value == ")"):
            arguments.append(self.expression())
            if self.accept("..."):
                spread = True
            if not self.accept(",") and not (self.kind == "operator" and self.value == ")"):
                raise self.error(f"',' or ')' expected in the arguments of {name}, found {self.value!r}")
        self._restore(before, ")", f"after the arguments of {name}")
        self._depth -= 1
        return Call(line, name, arguments, spread)

    def _tuple(self, line: int) -> Node:
        self._enter()
        before = self._loosely(True)
        if self.kind == "identifier" and self.value == "for":
            node = self._for(line, "]", before)
            self._depth -= 1
            return node
        items = []
        while not (self.kind == "operator" and self.value == "]"):
            items.append(self.expression())
            if not self.accept(",") and not (self.kind == "operator" and self.value == "]"):
                raise self.error(f"',' or ']' expected in a list, found {self.value!r}")
        self._restore(before, "]", "at the end of a list")
        self._depth -= 1
        return Tuple(line, items)

    def _object(self, line: int) -> Node:
        self._enter()
        before = self._loosely(False)
        self.pass_newlines()
        if self.kind == "identifier" and self.value == "for" and not self._names_a_key():
            self._loose = True
            node = self._for(line, "}", before)
            self._depth -= 1
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
        self._restore(before, "}", "at the end of an object")
        self._depth -= 1
        return Object(line, items)

    def _names_a_key(self) -> bool:
        match = _TOKEN.match(self._text, self.end)
        if match and match.lastgroup == "blank":
            match = _TOKEN.match(self._text, match.end())
        return match is not None and match.group() in ("=", ":")

    def _for(self, line: int, closing: str, before: bool) -> Node:
        self.advance()
        key, value, collection = self._for_intro()
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
        self._restore(before, closing, "at the end of a for expression")
        if name is not None:
            return ForObject(line, key, value, collection, name, result, grouped, condition)
        return ForTuple(line, key, value, collection, result, condition)

    def _for_intro(self) -> tuple[str, str, Node]:
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

    # Strings

    def template(self, text: str) -> Node:
        """The whole of a text as a template."""
        self._text = text
        return _simple(self._template(0, len(text), 1, "")[0])

    def _string(self) -> Node:
        line = self.line
        at = self.end
        fast = _QUOTED.match(self._text, at)
        if fast is not None and self._text.startswith('"', fast.end()):
            self.end = fast.end() + 1
            self.advance()
            return Literal(line, fast.group())
        template, self.end = self._template(at, len(self._text), line, '"')
        self.advance()
        return _simple(template)

    def _heredoc(self, line: int) -> Node:
        opening = self.value
        indented = opening.startswith("<<-")
        marker = opening.strip().lstrip("<").removeprefix("-").strip()
        ending = re.compile(rf"^[ \t]*{re.escape(marker)}[ \t\r]*$", re.MULTILINE)
        match = ending.search(self._text, self.end)
        if match is None:
            raise self.error(f"the text that begins here never ends with {marker}")
        template, _ = self._template(self.end, match.start(), line + 1, "")
        self.end = match.end()
        self.advance()
        if indented:
            _outdent(template)
        return _simple(template)

    def _template(self, at: int, limit: int, line: int, closing: str) -> tuple[Template, int]:
        """Parts from `at` to the closing quote (or to `limit`), and the place after it."""
        parts: list[str | Node] = []
        stack: list[tuple[str, Node | tuple[str, str, Node], list[str | Node], list[str | Node] | None]] = []
        text = self._text
        literal: list[str] = []

        def flush() -> None:
            if any(literal):
                parts.append("".join(literal))
            literal.clear()

        while at < limit:
            char = text[at]
            if closing and char == closing:
                flush()
                if stack:
                    self.start = at
                    raise self.error(f"%{{ {stack[-1][0]} }} has no end")
                return Template(line, parts), at + 1
            if char in "$%" and text.startswith("{", at + 1):
                if text.startswith(char, at - 1) and at and literal and literal[-1].endswith(char):
                    literal.append("{")
                    literal[-2] = literal[-2][:-1] + char
                    at += 2
                    continue
                if text.startswith("~", at + 2):
                    literal[:] = ["".join(literal).rstrip()]
                flush()
                self._enter()
                if char == "$":
                    node, at = self._interpolation(at + 2)
                    parts.append(node)
                else:
                    parts, at = self._directive(at + 2, parts, stack, line)
                self._depth -= 1
                if text.startswith("~}", at - 2):
                    at = _after_blank(text, at)
                continue
            if char == "\\" and closing:
                piece, at = self._escape(at)
                literal.append(piece)
                continue
            if char == "\n" and closing:
                self.start = at
                raise self.error("a string ends with its line; use a heredoc for more lines")
            literal.append(char)
            at += 1
            if closing:
                run = _QUOTED.match(text, at)
                if run is not None and run.end() <= limit:
                    literal.append(run.group())
                    at = run.end()
        if closing:
            self.start = min(at, len(text))
            raise self.error("a string has no end")
        flush()
        return Template(line, parts), at

    def _interpolation(self, at: int) -> tuple[Node, int]:
        self.end = at + 1 if self._text.startswith("~", at) else at
        before = self._loosely(True)
        node = self.expression()
        return node, self._closing_brace(before)

    def _closing_brace(self, before: bool) -> int:
        """The place after the brace that closes an interpolation; the token after it is not looked at."""
        self._loose = before
        if self._text.startswith("~", self.start):
            self.advance()
        if self.kind == "operator" and self.value == "}":
            return self.end
        raise self.error(f"'}}' expected after an interpolation, found {self.value!r}")

    def _directive(
        self,
        at: int,
        parts: list[str | Node],
        stack: list[tuple[str, Node | tuple[str, str, Node], list[str | Node], list[str | Node] | None]],
        line: int,
    ) -> tuple[list[str | Node], int]:
        """`if`, `else`, `endif`, `for` and `endfor`; gives the list of parts that is filled from here on."""
        self.end = at + 1 if self._text.startswith("~", at) else at
        before = self._loosely(True)
        word = self.value
        self.advance()
        if word == "if":
            stack.append(("if", self.expression(), parts, None))
            parts = []
        elif word == "for":
            stack.append(("for", self._for_intro(), parts, None))
            parts = []
        elif word == "else" and stack and stack[-1][0] == "if":
            kind, condition, outer, _ = stack.pop()
            stack.append((kind, condition, outer, parts))
            parts = []
        elif word in ("endif", "endfor") and stack and stack[-1][0] == word.removeprefix("end"):
            kind, head, outer, then = stack.pop()
            if isinstance(head, tuple):
                outer.append(TemplateFor(line, *head, Template(line, parts)))
            elif then is None:
                outer.append(TemplateIf(line, head, Template(line, parts), Template(line, [])))
            else:
                outer.append(TemplateIf(line, head, Template(line, then), Template(line, parts)))
            parts = outer
        else:
            raise self.error(f"unexpected %{{ {word} }}")
        return parts, self._closing_brace(before)

    def _escape(self, at: int) -> tuple[str, int]:
        mark = self._text[at + 1 : at + 2]
        if mark in _ESCAPES:
            return _ESCAPES[mark], at + 2
        width = {"u": 4, "U": 8}.get(mark, 0)
        digits = self._text[at + 2 : at + 2 + width]
        try:
            if width and len(digits) == width:
                return chr(int(digits, 16)), at + 2 + width
        except (ValueError, OverflowError):
            pass
        self.start = at
        raise self.error(f"unknown escape \\{mark}")


def _simple(template: Template) -> Node:
    if not template.parts:
        return Literal(template.line, "")
    if len(template.parts) == 1 and isinstance(template.parts[0], str):
        return Literal(template.line, template.parts[0])
    return template


def _after_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _outdent(template: Template) -> None:
    """`<<-`: the smallest indentation of all lines is taken from each."""
    text = "".join(part if isinstance(part, str) else "\0" for part in template.parts)
    depths = [len(line) - len(line.lstrip(" \t")) for line in text.split("\n") if line.strip(" \t")]
    depth = min(depths, default=0)
    if not depth:
        return
    at_start = True
    for index, part in enumerate(template.parts):
        if isinstance(part, str):
            lines = part.split("\n")
            template.parts[index] = "\n".join(
                line[depth:] if (number or at_start) else line for number, line in enumerate(lines)
            )
        at_start = False
