"""Filling drafts from tables of rows, for providers whose kinds are tables: see `aws/kind.py` for how a row reads.

    fill(draft, declared.attributes, kind.rows, lambda row: row.terraform)

An attribute may have had several names in the life of a provider: `a|b` takes the first that is set.
"""

from collections.abc import Callable, Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import Row, dig
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import UnknownBlock


def fill(out: Draft, attributes: Value, rows: Iterable[Row], path: Callable[[Row], str]) -> None:
    """Set the field of every row whose path, in the language at hand, leads to something."""
    for row in rows:
        name = path(row)
        if name:
            fill_row(out, row, first(attributes, name))


def fill_row(out: Draft, row: Row, value: Value) -> None:
    """Set one field, and note the edge that it stands for."""
    if row.edge:
        for each in value if isinstance(value, list) else [value]:
            out.relate(row.edge, each)
    if value is None:
        return
    try:
        out.set(row.field, row.read(value))
    except (ValueError, TypeError) as error:
        out.unknown(row.field, str(error))


def first(attributes: Value, names: str) -> Value:
    """The value at the first of several paths that is set; None where none is."""
    for name in names.split("|"):
        found = dig(attributes, name)
        if found is not None:
            return found
    return None


def truth(value: Value, unset: bool) -> bool | Unknown:
    """A truth as templates write it, and what holds where nothing is said."""
    if value is None:
        return unset
    if isinstance(value, Unknown):
        return value
    return value.lower() in ("enabled", "true", "on", "yes", "allow") if isinstance(value, str) else bool(value)


def whole(value: Value) -> Value:
    """A whole number, also as text."""
    return value if value is None or isinstance(value, Unknown) else int(float(value))


def records(value: Value) -> list[dict[str, Value]]:
    """The objects of a list; one that is unknown has every attribute unknown."""
    found = value if isinstance(value, list) else [] if value is None else [value]
    return [
        each if isinstance(each, dict) else UnknownBlock(each) for each in found if isinstance(each, (dict, Unknown))
    ]


def named(configuration: Configuration, value: Value, *types: str) -> Declared | None:
    """The resource that a value refers to, or whose name it ends with: `projects/p/global/networks/n`."""
    found = configuration.at(value)
    if found is not None or not isinstance(value, str) or not value:
        return found
    name = value.rpartition("/")[2]
    return next((each for each in configuration.of_type(*types) if each.attributes.get("name") == name), None)
