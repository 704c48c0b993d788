"""A query as a condition for the database.

How fields are reached is the caller's: a `Binding` says, for a field and a test of one value, when any value of the
field passes. Every condition is true or false and never NULL, so that `not` means what it says.
"""

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import ColumnElement, String, and_, false, func, not_, or_, true

from bartizan.inventory.query.evaluate import fold, has_wildcards
from bartizan.inventory.query.fields import Field, FieldType
from bartizan.inventory.query.tree import Age, All, Either, Match, Nested, Node, Not, Words

Test = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""A condition on one value of a field."""


class Binding(Protocol):
    """Where a query's fields are in the database."""

    def any(self, field: Field, test: Test) -> ColumnElement[bool]:
        """Some value of the field passes the test. Values that are NULL do not pass."""

    def empty(self, field: Field) -> ColumnElement[bool]:
        """The field has no value, or the empty text."""

    def states(self, states: frozenset[str]) -> ColumnElement[bool]:
        """The finding is in one of the states."""

    def words(self, test: Test) -> ColumnElement[bool]:
        """Some text that people search passes the test."""

    def nested(self, kind: str | None, part: Node) -> ColumnElement[bool]:
        """One finding, of the kind where one is given, satisfies the part."""

    def reaches(self, field: Field) -> bool:
        """False: the field belongs to findings while the query is about assets; it is then bound as `nested`."""


def compile_node(node: Node, binding: Binding, now: int) -> ColumnElement[bool]:
    """The condition of a node."""
    match node:
        case All(parts):
            return and_(true(), *(compile_node(part, binding, now) for part in parts))
        case Either(parts):
            return or_(false(), *(compile_node(part, binding, now) for part in parts))
        case Not(part):
            return not_(compile_node(part, binding, now))
        case Words(text):
            return binding.words(like(text, inside=True))
        case Nested(kind, part):
            return binding.nested(kind, part)
        case _:
            if not binding.reaches(node.field):
                return binding.nested(None, node)
            return _comparison(node, binding, now)


def _comparison(node: Match | Age, binding: Binding, now: int) -> ColumnElement[bool]:
    field = node.field
    if isinstance(node, Age):
        return binding.any(field, _ordered(_TURNED[node.operator], now - node.milliseconds))
    if field.name == "state":
        return binding.states(frozenset(str(value) for value in node.values))
    if node.operator == "none":
        return binding.empty(field)
    if node.operator in _TURNED:
        return binding.any(field, _ordered(node.operator, node.values[0]))
    if node.operator == ":" and field.type in (FieldType.TEXT, FieldType.NAME):
        tests = [like(str(value), inside=field.type is FieldType.TEXT) for value in node.values]
        return binding.any(field, lambda value: or_(*(test(value) for test in tests)))
    if field.type is FieldType.BOOLEAN:
        return binding.any(field, lambda value: or_(*(value if wanted else ~value for wanted in node.values)))
    return binding.any(field, lambda value: value.in_(node.values))


def like(pattern: str, *, inside: bool) -> Test:
    """As `evaluate.like`, as a LIKE; equality where the pattern is plain."""
    folded = fold(pattern)
    if not inside and not has_wildcards(pattern):
        return lambda value: func.lower(value, type_=String) == folded
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    wild = escaped.replace("*", "%").replace("?", "_")
    wanted = f"%{wild}%" if inside else wild
    return lambda value: func.lower(value, type_=String).like(wanted, escape="\\")


def _ordered(operator: str, wanted: Any) -> Test:
    def test(value: ColumnElement[Any]) -> ColumnElement[bool]:
        compared: dict[str, ColumnElement[bool]] = {
            "<": value < wanted,
            "<=": value <= wanted,
            ">": value > wanted,
            ">=": value >= wanted,
        }
        return compared[operator]

    return test


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
