"""YAML and JSON with the line of every value, for templates whose findings must point at their source.

YAML 1.1 as libyaml reads it; JSON is read as YAML. Refused with line and reason: a key that is set twice, an alias that
makes the document grow without bound, nesting without end. Local tags (`!Ref`) become one-key mappings by a function of
the caller's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_NODES = 1_000_000
MAX_DEPTH = 200
_FLAT = 2000
"""Brackets in a text, and characters of its longest line, that cannot nest it so deep that libyaml's binding, which
recurses in C, would run out of stack (it holds 20,000)."""

Tag = Callable[[str, Any], Any]
"""(tag without its mark, value) to the value that it stands for."""


class LocatedError(Exception):
    """The text is not what it should be, at a line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


@dataclass(slots=True)
class Located:
    """One document: its plain value, and lines by dotted path (`Resources.Logs.Properties.Tags[0]`)."""

    value: Any
    lines: dict[str, int] = field(default_factory=dict)
    end_lines: dict[str, int] = field(default_factory=dict)


def load_all(text: str, tag: Tag | None = None) -> Iterator[Located]:
    """Every document of a text; raises `LocatedError`."""
    try:
        refuse_depth(text)
        for node in yaml.compose_all(text, Loader=_Loader):
            reader = _Reader(tag)
            yield Located(reader.value(node, "", 0), reader.lines, reader.end_lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LocatedError(line, str(error.problem or error)) from None
    except yaml.YAMLError as error:
        raise LocatedError(1, str(error).partition("\n")[0]) from None
    except RecursionError:
        raise LocatedError(1, f"nested more than {MAX_DEPTH} deep") from None


def located_path(parts: Iterable[str | int]) -> str:
    """The path by which `Located` knows the value that keys and indices lead to."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def refuse_depth(text: str) -> None:
    """Raises `LocatedError` where a text nests deeper than is read, and `yaml.YAMLError` where it cannot be told."""
    if text.count("[") + text.count("{") < _FLAT and max(map(len, text.splitlines()), default=0) < _FLAT:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise LocatedError(line, f"nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    def __init__(self, tag: Tag | None) -> None:
        self.lines: dict[str, int] = {}
        self.end_lines: dict[str, int] = {}
        self._tag = tag
        self._nodes = 0

    def value(self, node: Any, path: str, depth: int) -> Any:
        self._nodes += 1
        line = node.start_mark.line + 1
        if self._nodes > MAX_NODES:
            raise LocatedError(line, f"more than {MAX_NODES} values: anchors and aliases that multiply")
        if depth > MAX_DEPTH:
            raise LocatedError(line, f"nested more than {MAX_DEPTH} deep")
        self.lines[path], self.end_lines[path] = line, node.end_mark.line + 1
        tag = node.tag
        local = tag.startswith("!") and self._tag is not None
        if isinstance(node, yaml.MappingNode):
            value: Any = self._mapping(node, path, depth)
        elif isinstance(node, yaml.SequenceNode):
            value = [self.value(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(node.value)]
        else:
            value = node.value if local else _scalar(node)
        return self._tag(tag[1:], value) if local and self._tag else value

    def _mapping(self, node: Any, path: str, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                found = self.value(value_node, f"{path}.<<" if path else "<<", depth + 1)
                for each in found if isinstance(found, list) else [found]:
                    merged = {**(each if isinstance(each, dict) else {}), **merged}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise LocatedError(line, "a key must be plain text")
            key = key_node.value
            if key in out:
                first = self.lines[f"{path}.{key}" if path else key]
                raise LocatedError(line, f"the key {key!r} is set twice, first on line {first}")
            out[key] = self.value(value_node, f"{path}.{key}" if path else key, depth + 1)
            self.lines[f"{path}.{key}" if path else key] = line
        return {**merged, **out}


def _scalar(node: Any) -> Any:
    kind = node.tag.rpartition(":")[2]
    text = node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind in ("int", "float"):
        return _number(text)
    return text


def _number(text: str) -> Any:
    plain = text.replace("_", "")
    for read in (lambda: int(plain, 10 if plain.lstrip("+-").isdigit() else 0), lambda: float(plain)):
        try:
            return read()
        except ValueError:
            continue
    return text
