"""What ARM's expressions and Bicep are made of: nodes of values, and a deployment with its resources.

Bicep is another way to write ARM templates; both are read into these nodes and evaluated by `evaluate.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class ArmError(Exception):
    """The text is not what it should be, at a line (0 where it is within one text)."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line, self.reason = line, reason


@dataclass(frozen=True, slots=True)
class Literal:
    """A plain value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier of Bicep."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`concat('a', parameters('b'))`, also with what stands before the dot: `sys.concat()`, `vault.getSecret('x')`."""

    name: str
    arguments: tuple["Node", ...]
    target: "Node | None" = None


@dataclass(frozen=True, slots=True)
class Member:
    """`target.name`; `safe` where it may be missing (`.?`)."""

    target: "Node"
    name: str
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """`target[index]`."""

    target: "Node"
    index: "Node"
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """`a && b`, `!a`, `a ? b : c` by its operator."""

    operator: str
    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Text:
    """`'web-${name}'`: texts and values in turn."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Array:
    """`[a, b]`; a spread element stands as an `Operation` of `...`."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Object:
    """`{a: b}` with keys that may be worked out, and elements that ARM copies: (name, count, input)."""

    items: tuple[tuple["Node", "Node"], ...]
    copies: tuple[tuple[str, "Node", "Node"], ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    """`[for (item, index) in source: body]`, with a condition that leaves elements out."""

    item: str
    index: str
    source: "Node"
    body: "Node"
    condition: "Node | None" = None


@dataclass(frozen=True, slots=True)
class Lambda:
    """`(a, b) => body`."""

    names: tuple[str, ...]
    body: "Node"


Node = Literal | Name | Call | Member | Index | Operation | Text | Array | Object | For | Lambda


@dataclass(frozen=True, slots=True)
class Loop:
    """How often a resource is made: once for each element of `source`, or `count` times (ARM's copy)."""

    item: str = ""
    index: str = ""
    """Bicep's name of the number."""
    source: Node | None = None
    count: Node | None = None
    name: str = ""
    """ARM's name of the loop, for `copyIndex('name')`."""


@dataclass(slots=True, kw_only=True)
class Stated:
    """A resource or module as the template states it."""

    symbol: str = ""
    """How Bicep refers to it."""
    type: str
    """Without the version; as it is written, relative within a parent."""
    name: Node
    body: Node
    """Everything but type, name, condition, loop and inner resources."""
    condition: Node | None = None
    loop: Loop | None = None
    parent: "Stated | None" = None
    """The resource within which it is written."""
    existing: bool = False
    template: "Deployment | None" = None
    """A nested template that stands within."""
    link: str = ""
    """The file of a module, relative to this one."""
    line: int = 0
    end_line: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One template."""

    path: str
    parameters: dict[str, Node | None] = field(default_factory=dict)
    """Name to default; None where there is none."""
    variables: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, Lambda] = field(default_factory=dict)
    resources: list[Stated] = field(default_factory=list)
    outputs: dict[str, Node] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """Lines of `parameters.name` and `variables.name`."""
    secure: set[str] = field(default_factory=set)
    """Parameters whose values are secret."""
    outer: bool = False
    """Whether a nested template's expressions speak of the parameters and variables of the one around it."""
