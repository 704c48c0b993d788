"""The part of YAML 1.2 that lock files use, read strictly: block and flow mappings and sequences, plain, quoted and
block scalars, comments, explicit keys, several documents.

    lockfileVersion: '9.0'
    packages:
      '@babel/core@7.24.0':
        resolution: {integrity: sha512-...}
        engines: {node: '>=6.9.0'}

Every scalar comes out as text, so that a version `1.10` stays one; an empty value, `~` and `null` are None. Anchors,
aliases, tags, directives and duplicate keys are refused with their line: nothing that is not understood is guessed at,
and no document can expand into more than it is.
"""

import re
from collections.abc import Callable

from bartizan.collect.interface import Problems

Value = dict[str, "Value"] | list["Value"] | str | None

MAX_DEPTH = 64

_KEY_END = re.compile(r":(?=\s|$)")
_FLOW_VALUE = re.compile(r"[^,\[\]{}]*")
_FLOW_KEY = re.compile(r"(?:[^,\[\]{}:]+|:(?![ ,}]|$))*")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}
_REFUSED = {
    "&": "an anchor",
    "*": "an alias",
    "!": "a tag",
    "%": "a directive",
    "@": "a reserved @",
    "`": "a reserved `",
}


class YamlError(ValueError):
    """What is not understood, with its line from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def parse_yaml(text: str, path: str, problems: Problems) -> Value:
    """The first document, or None with the problem and its line noted."""
    documents = parse_documents(text, path, problems)
    return documents[0] if documents else None


def parse_documents(text: str, path: str, problems: Problems) -> list[Value]:
    """Every document; none at all, with the problem noted, where one is not understood."""
    try:
        return _Parser(text).documents()
    except YamlError as error:
        problems.add(f"{path}:{error.line}", f"not YAML of the kind that lock files use: {error.reason}")
        return []


class _Parser:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0
        self.looked_at = -1
        """The line that `_more` has stopped at, as long as nothing moved or rewrote it."""
        self.indent = 0
        """How far that line is indented."""

    def documents(self) -> list[Value]:
        out: list[Value] = []
        while self._more():
            line = self.lines[self.at].rstrip()
            if line == "---" or line.startswith("--- "):
                self._rewrite(line[3:])
                if not self._more() or self._at_marker():
                    continue
            elif line == "..." or line.startswith("%YAML"):
                self.at += 1
                continue
            out.append(self._block(0, 0))
            if self._more() and not self._at_marker():
                self._fail("does not continue the document")
        return out

    # lines

    def _more(self) -> bool:
        """Moves to the next line that says something."""
        if self.looked_at == self.at:
            return True
        while self.at < len(self.lines):
            line = self.lines[self.at]
            text = line.lstrip(" ")
            if text.strip() and not text.lstrip().startswith("#"):
                if text.startswith("\t"):
                    self._fail("is indented with a tab")
                self.looked_at = self.at
                self.indent = len(line) - len(text)
                return True
            self.at += 1
        return False

    def _rewrite(self, line: str) -> None:
        """Puts another text in the place of the line, for what opens a block in its middle."""
        self.lines[self.at] = line
        self.looked_at = -1

    def _at_marker(self) -> bool:
        line = self.lines[self.at].rstrip()
        return line in ("---", "...") or line.startswith("--- ")

    def _continues(self, indent: int) -> bool:
        """Whether a line follows that belongs to a block of at least this indentation."""
        return self._more() and self.indent >= indent and not (self.indent == 0 and self._at_marker())

    def _fail(self, reason: str) -> None:
        raise YamlError(min(self.at, len(self.lines) - 1) + 1, reason)

    # blocks

    def _block(self, indent: int, depth: int) -> Value:
        if depth > MAX_DEPTH:
            self._fail("is nested too deeply")
        own = self.indent if self._more() else -1
        if own < indent:
            return None
        text = self.lines[self.at][own:]
        if text == "-" or text.startswith("- ") or text.rstrip() == "-":
            return self._sequence(own, depth)
        if text.startswith("? ") or self._key_of(text) is not None:
            return self._mapping(own, depth)
        self.at += 1
        return self._inline(text, own, depth)

    def _sequence(self, indent: int, depth: int) -> Value:
        items: list[Value] = []
        while self._continues(indent) and self.indent == indent:
            text = self.lines[self.at][indent:]
            if not (text.rstrip() == "-" or text.startswith("- ")):
                break
            rest = text[1:].lstrip(" ")
            if _bare(rest):
                self.at += 1
                items.append(self._block(indent + 1, depth + 1) if self._continues(indent + 1) else None)
            else:
                inner = indent + len(text) - len(rest)
                self._rewrite(" " * inner + rest)
                items.append(self._block(inner, depth + 1))
        return items

    def _mapping(self, indent: int, depth: int) -> Value:
        out: dict[str, Value] = {}
        while self._continues(indent):
            if self.indent != indent:
                self._fail("is indented deeper than the entries before it")
            text = self.lines[self.at][indent:]
            if text.startswith("- ") or text.rstrip() == "-":
                break
            key, rest = self._explicit(text, indent, depth) if text.startswith("? ") else self._split(text)
            if key in out:
                self._fail(f"repeats the key {key!r}")
            self.at += 1
            out[key] = self._value(rest, indent, depth)
        return out

    def _split(self, text: str) -> tuple[str, str]:
        found = self._key_of(text)
        if found is None:
            self._fail("is not an entry of a mapping")
            raise AssertionError
        return found

    def _explicit(self, text: str, indent: int, depth: int) -> tuple[str, str]:
        """`? long key` on one line and `: value` on the next."""
        line = self.at
        key, after = self._scalar_key(text[2:].strip())
        self.at += 1
        if after or not self._continues(indent) or self.lines[self.at][indent : indent + 1] != ":":
            self.at = line
            self._fail("is an explicit key that is not a scalar with a value on the next line")
        rest = self.lines[self.at][indent + 1 :]
        opened = rest.lstrip()
        if opened.startswith(("- ", "? ")) or self._key_of(opened) is not None:  # `: a: b` opens a block in place
            inner = indent + 1 + len(rest) - len(rest.lstrip())
            self._rewrite(" " * inner + rest.lstrip())
            self.at -= 1
            return key, ""
        return key, rest

    def _scalar_key(self, text: str) -> tuple[str, str]:
        if text[:1] in "\"'" and text:
            key, end = self._quoted(text, 0)
            return key, _COMMENT.sub("", text[end:]).strip()
        return _COMMENT.sub("", text).strip(), ""

    def _key_of(self, text: str) -> tuple[str, str] | None:
        """(key, what follows the colon) where the line begins with a key."""
        if text[:1] in ("'", '"'):
            try:
                key, end = self._quoted(text, 0)
            except YamlError:
                return None
            rest = text[end:].lstrip(" ")
            return (key, rest[1:]) if _KEY_END.match(rest) else None
        if text[:1] in ("[", "{", "|", ">", "#"):
            return None
        match = _KEY_END.search(text)
        if not match:
            return None
        key = text[: match.start()].rstrip()
        if " #" in key:
            return None
        if key[:1] in _REFUSED:
            self._fail(f"uses {_REFUSED[key[:1]]}")
        return key, text[match.end() :]

    def _value(self, rest: str, indent: int, depth: int) -> Value:
        text = rest.strip(" ")
        if not _bare(text):
            return self._inline(text, indent + 1, depth)
        if self._continues(indent + 1):
            return self._block(indent + 1, depth + 1)
        if self._continues(indent) and self.indent == indent:  # a sequence may stand at its key's own indentation
            below = self.lines[self.at][indent:]
            if below.startswith("- ") or below.rstrip() == "-":
                return self._sequence(indent, depth + 1)
        return None

    # scalars and flow; the line that `text` is from has been passed already

    def _inline(self, text: str, indent: int, depth: int) -> Value:
        first = text[0]
        if first in _REFUSED:
            self.at -= 1
            self._fail(f"uses {_REFUSED[first]}")
        if first in "|>":
            return self._block_scalar(text, indent)
        if first in "[{":
            return self._spanning(text, lambda whole: _Flow(whole, self._quoted).read(depth))
        if first in "\"'":
            return self._spanning(text, lambda whole: self._quoted(whole, 0))
        parts = [_COMMENT.sub("", text).strip()]
        while self._continues(indent):
            line = self.lines[self.at].strip()
            if self._key_of(line) is not None:
                self._fail("is an entry below a value that is a scalar")
            parts.append(_COMMENT.sub("", line).strip())
            self.at += 1
        whole = " ".join(parts)
        return None if whole in _NULLS else whole

    def _spanning(self, text: str, read: Callable[[str], tuple[Value, int]]) -> Value:
        """A quoted scalar or a flow collection, which may go on over lines until it is closed."""
        start = self.at
        taken = [text]
        step = 1
        while True:
            whole = " ".join(taken)
            try:
                value, end = read(whole)
                break
            except _Open:
                # look further in growing strides, so that a long collection is not read anew for each of its lines
                following = self.lines[self.at : self.at + step]
                if not following:
                    self.at = start - 1
                    self._fail("opens a quote or a bracket that is never closed")
                taken += [line.strip() for line in following]
                self.at += len(following)
                step = step * 2 if len(whole) > 4096 else 1
            except YamlError as error:
                raise YamlError(error.line or start, error.reason) from None
        self._give_back(taken, end)
        return value

    def _give_back(self, taken: list[str], end: int) -> None:
        """Sets the line after the one in which the value ended; after it only a comment may stand."""
        length = -1
        for used, part in enumerate(taken):
            length += 1 + len(part)
            if end <= length:
                rest = part[len(part) - (length - end) :]
                self.at -= len(taken) - 1 - used
                if not _bare(rest.strip()):
                    self.at -= 1
                    self._fail("has something after a closed quote or bracket")
                return

    def _block_scalar(self, text: str, indent: int) -> str:
        folded = text[0] == ">"
        if not re.fullmatch(r"[|>][-+0-9]*(?:\s+#.*)?", text):
            self.at -= 1
            self._fail("is not a block scalar's head")
        lines: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
                break
            lines.append(line.strip())
            self.at += 1
        return (" " if folded else "\n").join(lines).strip()

    def _quoted(self, text: str, at: int) -> tuple[str, int]:
        """The scalar that opens at `at`, and the position after its closing quote."""
        quote = text[at]
        if quote == "'":
            end = at + 1
            while True:
                end = text.find("'", end)
                if end < 0:
                    raise _Open(self.at + 1, "opens a quote that is never closed")
                if text[end + 1 : end + 2] != "'":
                    return text[at + 1 : end].replace("''", "'"), end + 1
                end += 2
        out: list[str] = []
        position = at + 1
        while True:
            end = position
            while end < len(text) and text[end] not in '"\\':
                end += 1
            out.append(text[position:end])
            if end >= len(text):
                raise _Open(self.at + 1, "opens a quote that is never closed")
            if text[end] == '"':
                return "".join(out), end + 1
            character, position = self._escape(text, end)
            out.append(character)

    def _escape(self, text: str, at: int) -> tuple[str, int]:
        code = text[at + 1 : at + 2]
        if code == "":
            raise _Open(self.at + 1, "opens a quote that is never closed")
        if code in _ESCAPES:
            return _ESCAPES[code], at + 2
        digits = text[at + 2 : at + 2 + _HEX.get(code, 0)]
        try:
            return chr(int(digits, 16)), at + 2 + len(digits)
        except (ValueError, OverflowError):
            raise YamlError(self.at, f"has an unknown escape \\{code}") from None


class _Open(YamlError):
    """The text ended before the quote or bracket was closed: more lines may close it."""


class _Flow:
    """`[a, {b: c}]` in one text."""

    def __init__(self, text: str, quoted: Callable[[str, int], tuple[str, int]]) -> None:
        self.text = text
        self.quoted = quoted

    def read(self, depth: int) -> tuple[Value, int]:
        return self._collection(0, depth)

    def _collection(self, at: int, depth: int) -> tuple[Value, int]:
        if depth > MAX_DEPTH:
            raise YamlError(0, "is nested too deeply")
        mapping = self.text[at] == "{"
        close = "}" if mapping else "]"
        entries: dict[str, Value] = {}
        items: list[Value] = []
        at = self._space(at + 1)
        while self.text[at] != close:
            value, at = self._item(at, depth, keyed=mapping)
            if mapping:
                key = value if isinstance(value, str) else "null"
                value = None
                if self.text[at] == ":":
                    at = self._space(at + 1)
                    if self.text[at] not in ",}":
                        value, at = self._item(at, depth, keyed=False)
                entries[key] = value
            else:
                items.append(value)
            if self.text[at] == ",":
                at = self._space(at + 1)
            elif self.text[at] != close:
                raise YamlError(0, f"misses a comma before {self.text[at : at + 20]!r}")
        return (entries if mapping else items), at + 1

    def _item(self, at: int, depth: int, *, keyed: bool) -> tuple[Value, int]:
        first = self.text[at]
        value: Value
        if first in "[{":
            value, at = self._collection(at, depth + 1)
        elif first in "\"'":
            value, at = self.quoted(self.text, at)
        elif first in _REFUSED and first != "@":
            raise YamlError(0, f"uses {_REFUSED[first]}")
        else:
            value, at = self._plain(at, keyed)
        return value, self._space(at)

    def _plain(self, at: int, keyed: bool) -> tuple[Value, int]:
        match = (_FLOW_KEY if keyed else _FLOW_VALUE).match(self.text, at)
        end = match.end() if match else at
        if end >= len(self.text):
            raise _Open(0, "opens a bracket that is never closed")
        if end == at:
            raise YamlError(0, f"has nothing before {self.text[at]!r}")
        value = self.text[at:end].strip()
        return (None if value in _NULLS else value), end

    def _space(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in " \t\r":
            at += 1
        if at >= len(self.text):
            raise _Open(0, "opens a bracket that is never closed")
        return at


def _bare(text: str) -> bool:
    return not text.strip() or text.lstrip().startswith("#")
