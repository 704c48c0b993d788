r"""The two languages of rsyslog.conf(5), mixed in one file: RainerScript objects and the older directives.

    module(load="imtcp" StreamDriver.Mode="1")      # object(name="value" ...), over several lines if need be
    if $programname == 'x' then { action(type="omfile" file="/var/log/x") stop }
    $FileCreateMode 0640                            # directive: what follows it
    auth,authpriv.*;\
        mail.none            /var/log/auth.log      # selectors and an action
    & stop                                          # the same messages again

Conditions are passed over: which messages are meant matters to none of the facts. Pure functions over text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """`module(load="imtcp")`."""

    line: int
    kind: str
    """In lower case: `module`, `input`, `action`, ..."""
    parameters: dict[str, str]
    """Names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """`$FileCreateMode 0640`."""

    line: int
    name: str
    """In lower case, without `$`."""
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyAction:
    """`mail.*  -/var/log/mail.log`: what is done with the messages."""

    line: int
    selector: str
    """Empty where the messages are chosen in another way."""
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood:
    line: int
    reason: str


Item = Object | Directive | LegacyAction | NotUnderstood

_OBJECTS = (
    "action|constant|dyn_stats|global|include|input|lookup_table|main_queue|module|parser|percentile_stats|property"
    "|ratelimit|ruleset|template|timezone"
)
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_NAMES = r"(?:\*|[A-Za-z0-9]+(?:,[A-Za-z0-9]+)*)"
_ONE = rf"{_NAMES}\.[!=]*(?:\*|[A-Za-z0-9]+)"
_BETWEEN = re.compile(r"(?:[\s{};]+|#[^\n]*|/\*.*?\*/|(?:then|else)\b)+", re.DOTALL | re.IGNORECASE)
_OBJECT = re.compile(rf"({_OBJECTS})\s*\(", re.IGNORECASE)
_GAP = re.compile(r"(?:[\s,]+|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_PARAMETER = re.compile(rf"""([\w.-]+)\s*=\s*({_QUOTED}|\[[^\]]*\]|[^\s"')\[]+)""", re.DOTALL)
_CONDITION = re.compile(rf"(?:if|foreach)\b(?:{_QUOTED}|#[^\n]*|(?!then\b|do\b)[^\"'#])*?(?:then|do)\b", re.IGNORECASE)
_SELECTOR = re.compile(rf"({_ONE}(?:;(?:\s*\\\n)?\s*{_ONE})*);?[ \t]*(?:\\\n[ \t]*)?(?=\S)")
_PROPERTY = re.compile(rf""":[\w$!.-]+\s*,\s*!?\w+\s*(?:,\s*)?(?:{_QUOTED})?\s*""")
_STATEMENT = re.compile(
    rf"(?:(?:set|reset|unset|reload_lookup_table)\b(?:{_QUOTED}|[^;\"'])*;|(?:call|call_indirect)\b[^\n}}]*"
    r"|(?:stop|continue)\b|~)",
    re.IGNORECASE,
)
_REST = re.compile(r"(?:[^\n\\]|\\\n|\\.|\\$)*")
_PLAIN = re.compile(r"[-/@?|^*>:]")


def parse(text: str) -> Iterator[Item]:
    """What a file says, in its order."""
    reader = _Reader(text)
    while reader.skip(_BETWEEN):
        item = reader.statement()
        if item is not None:
            yield item


class _Reader:
    """A position in a text, with its line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._selector = ""

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Pass over what matches here; whether anything is left."""
        found = pattern.match(self._text, self._at)
        if found:
            self._to(found.end())
        return self._at < len(self._text)

    def statement(self) -> Item | None:
        line = self._line
        head = _OBJECT.match(self._text, self._at)
        if head:
            return self._object(head, line)
        if self._text[self._at] == "$":
            name, _, value = (
                self._rest()[1:].partition(" ") if " " in self._peek() else self._rest()[1:].partition("\t")
            )
            return Directive(line=line, name=name.lower(), value=value.strip())
        for passed_over in (_CONDITION, _STATEMENT):
            found = passed_over.match(self._text, self._at)
            if found:
                self._to(found.end())
                return None
        return self._legacy(line)

    def _object(self, head: re.Match[str], line: int) -> Item:
        self._to(head.end())
        parameters: dict[str, str] = {}
        while self.skip(_GAP):
            if self._text[self._at] == ")":
                self._to(self._at + 1)
                return Object(line=line, kind=head[1].lower(), parameters=parameters)
            found = _PARAMETER.match(self._text, self._at)
            if not found:
                break
            parameters[found[1].lower()] = _unquoted(found[2])
            self._to(found.end())
        self._rest()
        return NotUnderstood(line=line, reason=f'{head[1]}(...) is not closed or not of the form name="value"')

    def _legacy(self, line: int) -> Item | None:
        selector = _SELECTOR.match(self._text, self._at)
        chosen = selector or _PROPERTY.match(self._text, self._at)
        if selector:
            self._selector = re.sub(r"\s|\\\n", "", selector[1])
        elif chosen:
            self._selector = ""
        if chosen:
            self._to(chosen.end())
        elif self._text[self._at] == "&":
            self._to(self._at + 1)
            self.skip(_BLANK)
        elif self._text[self._at] in "!+":  # a block for one program or host
            self._rest()
            return None
        elif not _PLAIN.match(self._text, self._at):
            self._rest()
            return NotUnderstood(line=line, reason="is not understood")
        else:
            self._selector = ""
        if self._at >= len(self._text) or self._text[self._at] == "{" or self._is_statement():
            return None
        return LegacyAction(line=line, selector=self._selector, action=self._rest())

    def _is_statement(self) -> bool:
        return bool(_OBJECT.match(self._text, self._at) or _STATEMENT.match(self._text, self._at))

    def _peek(self) -> str:
        found = _REST.match(self._text, self._at)
        return found[0] if found else ""

    def _rest(self) -> str:
        """What is left of the line, continued lines joined."""
        said = self._peek()
        self._to(self._at + max(len(said), 1))
        return re.sub(r"\s*\\\n\s*", " ", said).rstrip(" \t}\r")

    def _to(self, position: int) -> None:
        self._line += self._text.count("\n", self._at, position)
        self._at = position


_BLANK = re.compile(r"[ \t]*")


def _unquoted(text: str) -> str:
    if text[:1] in ('"', "'") and len(text) > 1:
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text
