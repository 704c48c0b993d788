"""The YAML that content is written in, from text to values and lines; `documents.py` says what it is and why.

Whoever changes what the same text is read as raises `REVISION` of `documents.py`.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from bartizan.content.documents import ContentError, Where
from bartizan.content.plain_scalar import scalar

MAX_DEPTH = 40


def read(text: str, name: str) -> tuple[Any, dict[Where, int]]:
    """The value and the line of each thing in it; `name` is how errors call the file. Raises `ContentError`."""
    builder = _Builder(name)
    try:
        builder.build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        raise ContentError(name, mark.line + 1 if mark else 0, f"{problem} (mend the YAML)") from None
    except yaml.YAMLError as error:
        raise ContentError(name, 0, f"not YAML: {error}") from None
    return builder.root, builder.lines


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

    def build(self, text: str) -> None:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            self._take(event)

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
