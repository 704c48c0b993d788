"""Bicep's text to tokens. Microsoft Learn, "Bicep file structure and syntax", "Data types in Bicep".

    resource nsg 'Microsoft.Network/networkSecurityGroups@2023-09-01' = {
      name: 'web-${env}'          // texts hold values
      note: '''as it stands'''    // and these do not
    }

Line ends are tokens: they part the properties of objects and the elements of arrays.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.templates.arm.syntax import ArmError

_TOKEN = re.compile(
    r"(?P<space>[ \t\f]+|//[^\n]*|/\*.*?\*/|\#[A-Za-z-]+[^\n]*)"
    r"|(?P<end>\r?\n|\r)"
    r"|(?P<long>'''.*?'''(?!'))"
    r"|(?P<text>')"
    r"|(?P<number>\d+)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark>\.\.\.|=>|&&|\|\||\?\?|==|!=|=~|!~|<=|>=|::|\.\?|\[\?|[-+*/%<>=!?:.,|@(){}\[\]])",
    re.S,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}
_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Token:
    """One token."""

    kind: str
    """`name`, `number`, `text`, `mark`, `line` (its end), `end`."""
    text: str
    line: int
    first: bool = False
    """It stands at the very start of its line."""
    parts: tuple["str | tuple[Token, ...]", ...] = ()
    """Of a text: plain parts and the tokens of values, in turn."""


def scan(text: str, line: int = 1, depth: int = 0) -> tuple[Token, ...]:
    """The tokens of a text, with one at the end. Raises `ArmError`."""
    return (*_tokens(text, line, depth), Token("end", "", line + text.count("\n")))


def _tokens(text: str, line: int, depth: int) -> Iterator[Token]:
    if depth > _DEPTH:
        raise ArmError(line, f"texts are nested more than {_DEPTH} deep")
    at, start = 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ArmError(line, f"{text[at : at + 20]!r} cannot be read")
        kind = match.lastgroup or ""
        found = match.group()
        first = at == start
        if kind == "text":
            end, parts = _text(text, match.end(), line, depth)
            yield Token("text", "", line, first, parts)
            at = end
            continue
        if kind == "end":
            yield Token("line", "\n", line)
            start = match.end()
        elif kind == "long":
            inner = found[3:-3]
            yield Token("text", "", line, first, (inner.removeprefix("\r").removeprefix("\n"),))
        elif kind != "space":
            yield Token(kind, found, line, first)
        line += found.count("\n")
        at = match.end()


def _text(source: str, at: int, line: int, depth: int) -> tuple[int, tuple[str | tuple[Token, ...], ...]]:
    """A text from behind its opening quote: where it ends, and its parts."""
    parts: list[str | tuple[Token, ...]] = []
    plain: list[str] = []
    while at < len(source):
        char = source[at]
        if char == "'":
            parts.append("".join(plain))
            return at + 1, tuple(parts)
        if char == "\n":
            break
        if char == "\\":
            length, said = _escape(source, at, line)
            plain.append(said)
            at += length
        elif source.startswith("${", at):
            end = _value_end(source, at + 2, line)
            parts += ["".join(plain), scan(source[at + 2 : end], line, depth + 1)]
            plain = []
            at = end + 1
        else:
            plain.append(char)
            at += 1
    raise ArmError(line, "a text has no end")


def _escape(source: str, at: int, line: int) -> tuple[int, str]:
    match = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}").match(source, at)
    if match:
        return len(match.group()), chr(min(int(match.group(1), 16), 0x10FFFF))
    said = _ESCAPES.get(source[at + 1 : at + 2])
    if said is None:
        raise ArmError(line, f"{source[at : at + 2]!r} means nothing in a text")
    return 2, said


def _value_end(source: str, at: int, line: int) -> int:
    """Where the value within a text ends: at the brace that closes it, texts and braces within it passed over."""
    depth, quoted = 0, 0
    stack: list[int] = []
    while at < len(source):
        char = source[at]
        if char == "\n":
            break
        if quoted:
            if char == "\\":
                at += 1
            elif char == "'":
                quoted = 0
            elif source.startswith("${", at):
                stack.append(depth)
                depth, quoted = 0, 0
                at += 1
        elif char == "'":
            quoted = 1
        elif char == "{":
            depth += 1
        elif char == "}":
            if depth:
                depth -= 1
            elif stack:
                depth, quoted = stack.pop(), 1
            else:
                return at
        at += 1
    raise ArmError(line, "a value within a text has no end")
