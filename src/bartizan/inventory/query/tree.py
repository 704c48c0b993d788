"""The tree of a query."""

from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.inventory.query.fields import FIELDS, Field

Value = str | float | bool | int
"""Text as written; a number; true or false; a severity's rank; a moment in milliseconds."""


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds. Without parts it holds always."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Match:
    """At least one value of the field stands in the relation to at least one of the values."""

    field: Field
    operator: str
    """`:` like, `=` the very same, `<` `<=` `>` `>=`, `none` has no value."""
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Age:
    """The field's moment lies less (`<`, `<=`) or more (`>`, `>=`) than so many milliseconds back."""

    field: Field
    operator: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Words:
    """The text occurs somewhere that a person would look."""

    text: str


@dataclass(frozen=True, slots=True)
class Nested:
    """One and the same finding, of a kind where one is given, satisfies the part: `vulnerability:(kev:true and
    ...)`."""

    kind: str | None
    part: "Node"


Node = All | Either | Not | Match | Age | Words | Nested


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query."""

    text: str
    root: Node

    def standing(self) -> "Query":
        """As lists of findings mean it: see `standing`."""
        return Query(self.text, standing(self.root))


STANDING = ("open", "unknown")
"""The states that are meant where a query does not speak of states: what stands open, and what could not be judged."""


def standing(node: Node) -> Node:
    """The node as lists mean it."""
    if any(isinstance(part, (Match, Age)) and part.field.name == "state" for part in walk(node)):
        return node
    return All((*conjuncts(node), Match(FIELDS["state"], ":", STANDING)))


def quoted(value: str) -> str:
    """A value as a query writes it, whatever is in it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    match node:
        case All(parts) | Either(parts):
            for part in parts:
                yield from walk(part)
        case Not(part) | Nested(_, part):
            yield from walk(part)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The parts that must all hold."""
    if isinstance(node, All):
        return tuple(part for item in node.parts for part in conjuncts(item))
    return (node,)
