"""What is not known while a chart is rendered, and how it stands in the rendered text.

A chart is rendered to text, which is read as YAML afterwards. An unknown goes through the text as a mark of two
private-use characters around a number; when the text has been read, whatever holds a mark is unknown again, with the
reason and line of the action that wrote it.

    image: "{{ .Values.image }}"    ->    image: "\ue0000\ue001"    ->    image: Unknown("templates/a.yaml:7: ...")
"""

import re
from dataclasses import dataclass, field
from typing import Any

from bartizan.collect.resources.kubernetes.open_mapping import OpenMapping
from bartizan.collect.resources.values import Unknown, Value

_MARK = re.compile("\ue000([0-9]+)\ue001")
_ALONE = re.compile("( *)(\ue000[0-9]+\ue001)\\s*")


@dataclass(frozen=True, slots=True)
class Unset:
    """A value that the chart's values do not have: nothing where it is asked for, unknown where it is written out."""

    path: str
    """`.Values.image.tag`, as the template says it."""


@dataclass(slots=True)
class Marks:
    """The unknowns of one rendering, by the number in their mark."""

    unknowns: list[Unknown] = field(default_factory=list)

    def mark(self, unknown: Unknown) -> str:
        """The text that stands for an unknown."""
        if unknown.text and (found := self.first(unknown.text)) is not None and found.reason == unknown.reason:
            return unknown.text
        self.unknowns.append(unknown)
        return f"\ue000{len(self.unknowns) - 1}\ue001"

    def first(self, text: str) -> Unknown | None:
        """The first unknown whose mark stands in a text."""
        match = _MARK.search(text) if "\ue000" in text else None
        return self._of(match[1]) if match else None

    def restored(self, value: Any) -> Value:
        """A value that was read from rendered text, with its marks turned back into unknowns."""
        if isinstance(value, str):
            unknown = self.first(value)
            return value if unknown is None else Unknown(unknown.reason, text=_MARK.sub("${...}", value))
        if isinstance(value, list):
            return [self.restored(each) for each in value]
        if not isinstance(value, dict):
            return value
        strange = next((key for key in value if isinstance(key, str) and "\ue000" in key), None)
        known = {key: self.restored(each) for key, each in value.items() if "\ue000" not in str(key)}
        unknown = self.first(strange) if strange is not None else None
        return known if unknown is None else OpenMapping(known, unknown)

    def _of(self, number: str) -> Unknown:
        index = int(number)
        return self.unknowns[index] if index < len(self.unknowns) else Unknown("a mark that nobody made")


def readable(text: str) -> str:
    """The text with every mark that stands alone on a line made an entry of the list or mapping that it stands in, so
    that the text stays YAML: what an unknown would have added to that list or mapping is not known."""
    if "\ue000" not in text:
        return text
    lines = text.split("\n")
    out: list[str] = []
    for line in lines:
        match = _ALONE.fullmatch(line)
        if match is None:
            out.append(line)
        else:
            entry = "- {}" if _in_list(out, len(match[1])) else '"{}": null'
            out.append(match[1] + entry.format(match[2]))
    return "\n".join(out)


def _in_list(before: list[str], indent: int) -> bool:
    for line in reversed(before):
        stripped = line.lstrip(" ")
        if not stripped or stripped.startswith("#"):
            continue
        found = len(line) - len(stripped)
        if found == indent:
            return stripped.startswith("- ")
        if found < indent:
            return False
    return False
