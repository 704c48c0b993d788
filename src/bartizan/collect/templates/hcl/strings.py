"""Strings of HCL: quoted, heredocs, and the templates in both.

    "${var.name}-logs"      <<-EOT ... EOT      "%{ if x }yes%{ else }no%{ endif }"

hclsyntax/spec.md, "Template Expressions".
"""

import re

from bartizan.collect.templates.hcl.scanner import Scanner
from bartizan.collect.templates.hcl.syntax import Literal, Node, Template, TemplateFor, TemplateIf

_QUOTED = re.compile(r'[^"\\$%\n]+')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class StringReader(Scanner):
    """Reads strings; what stands in their interpolations is read by who extends it."""

    __slots__ = ()

    def expression(self) -> Node:
        """The expression that begins at the current token."""
        raise self.error("an expression cannot be read here")

    def for_intro(self) -> tuple[str, str, Node]:
        """`key, value in collection`."""
        raise self.error("a for directive cannot be read here")

    def template(self, text: str) -> Node:
        """The whole of a text as a template."""
        self.text = text
        return _simple(self._template(0, len(text), 1, "")[0])

    def string(self) -> Node:
        line = self.line
        at = self.end
        fast = _QUOTED.match(self.text, at)
        if fast is not None and self.text.startswith('"', fast.end()):
            self.end = fast.end() + 1
            self.advance()
            return Literal(line, fast.group())
        template, self.end = self._template(at, len(self.text), line, '"')
        self.advance()
        return _simple(template)

    def heredoc(self, line: int) -> Node:
        opening = self.value
        indented = opening.startswith("<<-")
        marker = opening.strip().lstrip("<").removeprefix("-").strip()
        ending = re.compile(rf"^[ \t]*{re.escape(marker)}[ \t\r]*$", re.MULTILINE)
        match = ending.search(self.text, self.end)
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
        text = self.text
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
                self.enter()
                if char == "$":
                    node, at = self._interpolation(at + 2)
                    parts.append(node)
                else:
                    parts, at = self._directive(at + 2, parts, stack, line)
                self.depth -= 1
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
        self.end = at + 1 if self.text.startswith("~", at) else at
        before = self.loosely(True)
        node = self.expression()
        return node, self._closing_brace(before)

    def _closing_brace(self, before: bool) -> int:
        """The place after the brace that closes an interpolation; the token after it is not looked at."""
        self.loose = before
        if self.text.startswith("~", self.start):
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
        self.end = at + 1 if self.text.startswith("~", at) else at
        before = self.loosely(True)
        word = self.value
        self.advance()
        if word == "if":
            stack.append(("if", self.expression(), parts, None))
            parts = []
        elif word == "for":
            stack.append(("for", self.for_intro(), parts, None))
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
        mark = self.text[at + 1 : at + 2]
        if mark in _ESCAPES:
            return _ESCAPES[mark], at + 2
        width = {"u": 4, "U": 8}.get(mark, 0)
        digits = self.text[at + 2 : at + 2 + width]
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
