"""The scanner of HCL: hands out one token at a time, and knows where it is.

Within parentheses, brackets and interpolations a new line means nothing; `loose` says whether it does here.
"""

import re

MAX_DEPTH = 200

TOKEN = re.compile(
    r"(?P<blank>(?:[ \t\r\ufeff]+|\#[^\n]*|//[^\n]*|/\*.*?\*/)+)"
    r"|(?P<newline>\n)"
    r"|(?P<identifier>[^\W\d][\w-]*)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|(?P<quote>")'
    r"|(?P<heredoc><<-?[^\W\d][\w-]*[ \t]*\r?\n)"
    r"|(?P<operator>\.\.\.|&&|\|\||==|!=|<=|>=|=>|[{}\[\]().,:?=<>!+*/%~-])",
    re.DOTALL,
)


class HclError(Exception):
    """The text is not HCL at this place."""

    def __init__(self, path: str, line: int, column: int, reason: str) -> None:
        super().__init__(f"{path}:{line}:{column}: {reason}")
        self.path, self.line, self.column, self.reason = path, line, column, reason


class Scanner:
    """One token is looked at (`kind`, `value`, `start`); `end` is where the next begins."""

    __slots__ = ("_line_at", "_lines_before", "_path", "depth", "end", "kind", "loose", "start", "text", "value")

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self._path = path
        self.depth = 0
        self.loose = False
        """Within parentheses, brackets and interpolations a new line means nothing."""
        self._line_at = 0
        self._lines_before = 1
        self.kind = self.value = ""
        self.start = self.end = 0
        self.advance()

    # Tokens

    def advance(self) -> None:
        text, at = self.text, self.end
        while True:
            match = TOKEN.match(text, at)
            if match is None:
                self.start = self.end = at
                if at < len(text):
                    raise self.error(f"unexpected character {text[at]!r}")
                self.kind, self.value = "end", "the end of the file"
                return
            kind = match.lastgroup
            at = match.end()
            if kind != "blank" and not (self.loose and kind == "newline"):
                self.kind = kind or ""
                self.value = match.group()
                self.start, self.end = match.start(), at
                return

    def pass_newlines(self) -> None:
        while self.kind == "newline":
            self.advance()

    def loosely(self, loose: bool) -> bool:
        """Look at the next token with new lines ignored, or not; what held before."""
        before = self.loose
        self.loose = loose
        self.advance()
        return before

    def restore(self, before: bool, closing: str, where: str) -> None:
        """Pass the closing mark and look at what follows as it was before."""
        if not (self.kind == "operator" and self.value == closing):
            raise self.error(f"{closing!r} expected {where}, found {self.value.strip() or 'a new line'!r}")
        self.loose = before
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
        self._lines_before += self.text.count("\n", self._line_at, self.start)
        self._line_at = self.start
        return self._lines_before

    def error(self, reason: str) -> HclError:
        column = self.start - self.text.rfind("\n", 0, self.start)
        return HclError(self._path, self.text.count("\n", 0, self.start) + 1, column, reason)

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nested more than {MAX_DEPTH} deep")
