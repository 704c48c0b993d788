"""A query on a record in plain Python: what the query means, without a database.

A record maps field names to values: text, numbers, booleans, moments in milliseconds, lists of them, or None. A
finding's record has its asset's fields too. An asset's record has the records of its findings under `findings`: there,
a field of findings holds where any finding satisfies it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bartizan.inventory.query.fields import FieldType, Level
from bartizan.inventory.query.tree import Age, All, Either, Match, Nested, Node, Not, Query, Words, standing

Record = Mapping[str, Any]

FINDING_WORDS = ("title", "rule", "package", "asset.name")
ASSET_WORDS = ("asset.name", "asset.key", "asset.os")
"""Where a bare word is searched."""

_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def fold(text: str) -> str:
    """Lower case of A to Z, as the databases fold: nothing else, so that all of them agree."""
    return text.translate(_FOLD)


def has_wildcards(text: str) -> bool:
    """Whether `*` or `?` occurs."""
    return "*" in text or "?" in text


def evaluate(query: Query, record: Record, now: int) -> bool:
    """Whether the record satisfies the query at a moment (ages are counted from it)."""
    return _holds(query.root, record, now)


def _holds(node: Node, record: Record, now: int) -> bool:
    match node:
        case All(parts):
            return all(_holds(part, record, now) for part in parts)
        case Either(parts):
            return any(_holds(part, record, now) for part in parts)
        case Not(part):
            return not _holds(part, record, now)
        case Words(text):
            found = like(text, inside=True)
            places = ASSET_WORDS if "findings" in record else FINDING_WORDS
            return any(found(value) for place in places for value in _values(record, place))
        case Nested(kind, part):
            return _some(kind, part, record, now)
        case _:
            if "findings" in record and node.field.level is not Level.ASSET:
                return _some(None, node, record, now)
            return _compares(node, record, now)


def _some(kind: str | None, part: Node, record: Record, now: int) -> bool:
    """A finding of an asset, or the finding itself."""
    if "findings" not in record:
        return kind in (None, record["kind"]) and _holds(part, record, now)
    wanted = standing(part)
    return any(kind in (None, one["kind"]) and _holds(wanted, one, now) for one in record["findings"])


def _compares(node: Match | Age, record: Record, now: int) -> bool:
    values = _values(record, node.field.name)
    if isinstance(node, Age):
        # Less than seven days back is later than seven days ago: the comparison turns round.
        return any(_ORDER[_TURNED[node.operator]](value, now - node.milliseconds) for value in values)
    if node.operator == "none":
        return all(value == "" for value in values)
    if node.operator in _ORDER:
        return any(_ORDER[node.operator](value, node.values[0]) for value in values)
    if node.operator == ":" and node.field.type in (FieldType.TEXT, FieldType.NAME):
        tests = [like(str(text), inside=node.field.type is FieldType.TEXT) for text in node.values]
        return any(test(value) for test in tests for value in values)
    return any(value in node.values for value in values)


def _values(record: Record, name: str) -> list[Any]:
    value = record.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def like(pattern: str, *, inside: bool) -> Callable[[str], bool]:
    """A test for a pattern with `*` and `?`; case of A to Z is ignored. `inside`: anywhere in the text."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in fold(pattern))
    expression = re.compile("".join(parts), re.DOTALL)
    if inside:
        return lambda text: expression.search(fold(text)) is not None
    return lambda text: expression.fullmatch(fold(text)) is not None


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TURNED: Mapping[str, str] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
