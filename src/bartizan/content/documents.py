"""YAML documents with positions, read strictly.

Content is written by people and by whoever may push to a policy repository, so the dialect is small: YAML 1.2 core
scalars (`no`, `on` and `0640` are strings; only `true` and `false` are booleans), no anchors or aliases, no tags, no
duplicate keys, bounded size and depth. Every value keeps its line, so that an error can say `file:line`.

    policies:
      - id: host-ssh-root-login        # line 2
        check: resource.sshd.present   # line 3
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 4 << 20
MAX_DEPTH = 40
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?\Z")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Step = str | int
Where = tuple[Step, ...]


class ContentError(Exception):
    """A content file says something that cannot be used; `str()` is `file:line: message`."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path = path
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file."""

    path: str
    value: Any
    lines: Mapping[Where, int] = field(default_factory=dict)
    """Where each value (for a mapping's entry: its key) stands, from 1."""

    def line(self, where: Where) -> int:
        """The line of the value at that path, or of the nearest thing around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def error(self, where: Where, message: str) -> ContentError:
        return ContentError(self.path, self.line(where), message)


def read_document(path: Path, name: str = "") -> Document:
    """Parse one file; `name` is how errors call it (default: the path as given)."""
    name = name or str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ContentError(name, 0, f"cannot be read: {error.strerror} (check the path and its permissions)") from None
    return parse_document(data, name)


def parse_document(data: bytes, name: str) -> Document:
    """Parse bytes; raises ContentError with the line of whatever is not understood."""
    if len(data) > MAX_BYTES:
        raise ContentError(name, 0, f"larger than {MAX_BYTES >> 20} MiB (split the file)")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ContentError(name, line, "not UTF-8 (save the file as UTF-8)") from None
    try:
        return _Builder(name).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        raise ContentError(name, mark.line + 1 if mark else 0, f"{problem} (mend the YAML)") from None
    except yaml.YAMLError as error:
        raise ContentError(name, 0, f"not YAML: {error}") from None


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is still being read."""

    value: dict[str, Any] | list[Any]
    where: Where
    key: str | None = None


class _Builder:
    """Builds the value from parser events with a stack of its own, so that depth is ours to bound."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Where, int] = {}
        self.stack: list[_Open] = []
        self.root: Any = None
        self.documents = 0

    def build(self, text: str) -> Document:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            self._take(event)
        return Document(self.name, self.root, self.lines)

    def _take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ContentError(self.name, line, "anchors and aliases are not allowed (write the value out)")
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise ContentError(self.name, line, "a second document in one file (use one list in one document)")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.MappingStartEvent):
            self._start({}, event, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start([], event, line)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()

    def _start(self, value: dict[str, Any] | list[Any], event: Any, line: int) -> None:
        self._refuse_tag(event, line)
        if len(self.stack) >= MAX_DEPTH:
            raise ContentError(self.name, line, f"nested deeper than {MAX_DEPTH} levels")
        where = self._attach(value, line)
        self.stack.append(_Open(value, where))

    def _scalar(self, event: Any, line: int) -> None:
        self._refuse_tag(event, line)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            key = event.value
            if key in parent.value:
                first = self.lines[(*parent.where, key)]
                raise ContentError(self.name, line, f"key {key!r} is written twice, first on line {first}")
            parent.key = key
            self.lines[(*parent.where, key)] = line
            return
        self._attach(scalar(event.value) if event.implicit[0] else event.value, line)

    def _attach(self, value: Any, line: int) -> Where:
        if not self.stack:
            self.root = value
            self.lines[()] = line
            return ()
        parent = self.stack[-1]
        if isinstance(parent.value, list):
            where = (*parent.where, len(parent.value))
            parent.value.append(value)
            self.lines[where] = line
            return where
        if parent.key is None:
            raise ContentError(self.name, line, "a key must be plain text")
        where = (*parent.where, parent.key)
        parent.value[parent.key] = value
        parent.key = None
        return where

    def _refuse_tag(self, event: Any, line: int) -> None:
        if event.tag is not None and event.tag != "!":
            raise ContentError(self.name, line, f"tag {event.tag!r} is not allowed (write a plain value)")


def scalar(text: str) -> str | int | float | bool | None:
    """A plain (unquoted) scalar by the YAML 1.2 core schema, without octal and hexadecimal numbers."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) <= 20 else text
    if _FLOAT.match(text):
        return float(text)
    return text
