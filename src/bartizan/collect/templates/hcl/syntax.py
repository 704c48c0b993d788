"""The syntax tree of HCL (github.com/hashicorp/hcl, hclsyntax/spec.md). Every node knows its line.

Plain slotted classes and not frozen ones: a large estate has millions of nodes.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Node:
    line: int


@dataclass(slots=True)
class Literal(Node):
    """A number, a string without interpolation, true, false or null."""

    value: str | int | float | bool | None


@dataclass(slots=True)
class Template(Node):
    """A string with `${...}` or `%{...}` in it; parts are literal text or nodes."""

    parts: "list[str | Node]"


@dataclass(slots=True)
class TemplateIf(Node):
    """`%{ if condition }...%{ else }...%{ endif }`."""

    condition: Node
    then: Template
    otherwise: Template


@dataclass(slots=True)
class TemplateFor(Node):
    """`%{ for key, value in collection }...%{ endfor }`."""

    key: str
    value: str
    collection: Node
    body: Template


@dataclass(slots=True)
class Name(Node):
    """The first part of a reference: `var`, `each`, `aws_s3_bucket`."""

    name: str


@dataclass(slots=True)
class Attribute(Node):
    """`target.name`."""

    target: Node
    name: str


@dataclass(slots=True)
class Index(Node):
    """`target[key]`."""

    target: Node
    key: Node


@dataclass(slots=True)
class Splat(Node):
    """`target[*].rest` or `target.*.rest`: `rest` is applied to each element, which it names by `Element`."""

    target: Node
    rest: Node


@dataclass(slots=True)
class Element(Node):
    """The element that a splat is at."""


@dataclass(slots=True)
class Call(Node):
    """`name(arguments)`; `spread` where the last argument is followed by `...`."""

    name: str
    arguments: list[Node]
    spread: bool


@dataclass(slots=True)
class Unary(Node):
    operator: str
    operand: Node


@dataclass(slots=True)
class Binary(Node):
    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Conditional(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Tuple(Node):
    items: list[Node]


@dataclass(slots=True)
class Object(Node):
    items: list[tuple[Node, Node]]


@dataclass(slots=True)
class ForTuple(Node):
    """`[for key, value in collection : result if condition]`."""

    key: str
    value: str
    collection: Node
    result: Node
    condition: Node | None


@dataclass(slots=True)
class ForObject(Node):
    """`{for key, value in collection : name => result... if condition}`."""

    key: str
    value: str
    collection: Node
    name: Node
    result: Node
    grouped: bool
    condition: Node | None


@dataclass(slots=True)
class Block:
    """`type "label" "label" { body }`."""

    type: str
    labels: list[str]
    body: "Body"
    line: int
    end_line: int


@dataclass(slots=True)
class Body:
    """What stands between braces, or a whole file."""

    attributes: dict[str, Node]
    blocks: list[Block]
