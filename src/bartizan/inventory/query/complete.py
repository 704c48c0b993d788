"""What may come next while a query is typed.

complete("sev", 3)            -> severity
complete("severity>=", 10)    -> critical, high, ...
complete("kev:true ", 9)      -> and, or
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bartizan.inventory.query.fields import FIELDS, NESTED, Field, FieldType

LIMIT = 20
_LAST = re.compile(
    r"(?:(?P<field>[\w.-]+)\s*(?P<operator>!=|>=|<=|[:=<>])\s*(?:\[[^\]]*?)?)?"
    r'(?P<part>"[^"]*|[^\s()\[\]",:=<>!]*)$'
)
_OPEN = re.compile(r"(?:^|[(]|\b(?:and|or|not)\b)\s*$", re.IGNORECASE)
_JOINS = [("and ", "keyword", "both hold"), ("or ", "keyword", "one holds")]
_AGES = ("1d", "7d", "30d", "90d")
_HELP = {
    ":": "is (case ignored)",
    "=": "is exactly",
    "!=": "is not",
    ">=": "at least",
    "<=": "at most",
    ">": "more than",
    "<": "less than",
}

Values = Callable[[Field, str], list[str]]
"""Values of a field that the estate has, by their beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Replace `text[start:end]` by `insert`."""

    insert: str
    kind: str
    """field, operator, value or keyword."""
    help: str
    start: int
    end: int


def complete(text: str, cursor: int, values: Values | None = None) -> list[Suggestion]:
    """Suggestions for the place of the cursor; the likeliest first, at most `LIMIT`."""
    cursor = max(0, min(cursor, len(text)))
    before = text[:cursor]
    found = _LAST.search(before)
    if found is None:
        return []
    start = found.start("part")
    if found.group("field"):
        field = FIELDS.get(_full_name(found.group("field")))
        if field is None:
            return []
        part = found.group("part").removeprefix('"')
        return _cut(_values(field, part, values), start, cursor)
    part = found.group("part")
    if not part and not _OPEN.search(before):
        return _cut(_JOINS, start, cursor)
    if (field := FIELDS.get(_full_name(part))) is not None:
        return _cut([(part + operator, "operator", _HELP[operator]) for operator in field.operators], start, cursor)
    joins = [] if _OPEN.search(before[:start]) else [join for join in _JOINS if join[0].startswith(part.lower())]
    return _cut(joins + _beginnings(part), start, cursor)


def _full_name(name: str) -> str:
    return "asset.name" if name.lower() == "asset" else name.lower()


def _beginnings(part: str) -> list[tuple[str, str, str]]:
    names = [(name + (":" if ":" in field.operators else "<"), "field", field.help) for name, field in FIELDS.items()]
    nested = [(f"{name}:(", "field", "one finding satisfies all of this") for name in NESTED]
    keywords = [("not ", "keyword", "does not hold")]
    folded = part.lower()
    every = [*names, *nested, *keywords]
    first = [option for option in every if option[0].startswith(folded)]
    inside = [option for option in every if folded and folded in option[0] and option not in first]
    return first + inside


def _values(field: Field, part: str, values: Values | None) -> list[tuple[str, str, str]]:
    if field.choices:
        options = list(field.choices)
    elif field.type is FieldType.BOOLEAN:
        options = ["true", "false"]
    elif field.type is FieldType.TIME:
        options = list(_AGES)
    elif values is not None and field.type in (FieldType.NAME, FieldType.TEXT):
        return [(_quoted(value), "value", "") for value in values(field, part)]
    else:
        options = []
    return [(option, "value", "") for option in options if option.startswith(part.lower())]


def _quoted(value: str) -> str:
    if re.fullmatch(r"[^\s()\[\]\",\\*?]+", value) and value != "none":
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cut(options: list[tuple[str, str, str]], start: int, end: int) -> list[Suggestion]:
    return [
        Suggestion(insert=insert, kind=kind, help=help_, start=start, end=end)
        for insert, kind, help_ in options[:LIMIT]
    ]
