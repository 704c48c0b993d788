"""An expression as one short line of text, with nothing in it that looks like a secret.

text_of(parse_expression('var.open ? "0.0.0.0/0" : local.office'))  ->  var.open ? "0.0.0.0/0" : local.office
text_of(parse_expression('{ user = "app", password = "hunter2" }'))  ->  { user = "app", password = "…" }
"""

import json
from collections.abc import Callable, Iterable

from bartizan.collect.resources.plain_secret import named_secret
from bartizan.collect.templates.hcl.syntax import (
    Attribute,
    Binary,
    Call,
    Conditional,
    ForObject,
    ForTuple,
    Index,
    Literal,
    Name,
    Node,
    Object,
    Splat,
    Template,
    Tuple,
    Unary,
)
from bartizan.collect.templates.shown_text import HIDDEN, cut, shown

_MAX_ITEMS = 60
_MAX_DEPTH = 8


def text_of(node: Node, *, hide: bool = False) -> str:
    """The line; `hide` leaves out every text and number that stands in it, for what is sensitive as a whole."""
    return cut(_Writer(hide).text(node, 0))


def entries(node: Node) -> list[tuple[str, Node]]:
    """The entries of an object that have plain names; none of anything else."""
    if not isinstance(node, Object):
        return []
    return [(str(key.value), value) for key, value in node.items if isinstance(key, Literal)]


def tells_of_secret(found: Iterable[tuple[str, Node]]) -> bool:
    """Whether entries are a pair that names a secret: `name = "DB_PASSWORD"`, `value = ...`."""
    return any(
        name.lower() in ("name", "key") and isinstance(value, Literal) and named_secret(str(value.value))
        for name, value in found
    )


class _Writer:
    """One expression; what is nested deeper than a line could hold is left out."""

    def __init__(self, hide: bool) -> None:
        self._hide = hide

    def text(self, node: Node, depth: int, *, hide: bool = False) -> str:
        write = _WRITERS.get(type(node))
        if write is None or depth > _MAX_DEPTH:
            return HIDDEN
        if hide and not self._hide:
            return _Writer(hide=True).text(node, depth)
        return write(self, node, depth + 1)

    def literal(self, node: Literal, depth: int) -> str:
        if node.value is None or isinstance(node.value, bool):
            return json.dumps(node.value)
        if isinstance(node.value, str):
            return f'"{shown(node.value, hide=self._hide)}"'
        return HIDDEN if self._hide else str(node.value)

    def template(self, node: Template, depth: int) -> str:
        parts = [
            shown(part, hide=self._hide) if isinstance(part, str) else "${" + self.text(part, depth) + "}"
            for part in node.parts
        ]
        return '"' + "".join(parts) + '"'

    def name(self, node: Name, depth: int) -> str:
        return node.name

    def attribute(self, node: Attribute, depth: int) -> str:
        return f"{self.text(node.target, depth)}.{node.name}"

    def index(self, node: Index, depth: int) -> str:
        return f"{self.text(node.target, depth)}[{self.text(node.key, depth)}]"

    def splat(self, node: Splat, depth: int) -> str:
        return f"{self.text(node.target, depth)}[*]"

    def call(self, node: Call, depth: int) -> str:
        hide = node.name == "sensitive"
        return f"{node.name}({self._listed(node.arguments, depth, hide=hide)})"

    def unary(self, node: Unary, depth: int) -> str:
        return f"{node.operator}{self.text(node.operand, depth)}"

    def binary(self, node: Binary, depth: int) -> str:
        return f"{self.text(node.left, depth)} {node.operator} {self.text(node.right, depth)}"

    def conditional(self, node: Conditional, depth: int) -> str:
        parts = (self.text(each, depth) for each in (node.condition, node.then, node.otherwise))
        return "{} ? {} : {}".format(*parts)

    def tuple(self, node: Tuple, depth: int) -> str:
        return f"[{self._listed(node.items, depth)}]"

    def object(self, node: Object, depth: int) -> str:
        items = []
        pair = tells_of_secret(entries(node))
        for key, value in node.items[:_MAX_ITEMS]:
            named = key.value if isinstance(key, Literal) else None
            name = named if isinstance(named, str) else self.text(key, depth)
            items.append(f"{name} = {self.text(value, depth, hide=pair or named_secret(name))}")
        return "{ " + ", ".join(items) + " }" if items else "{}"

    def loop(self, node: ForTuple | ForObject, depth: int) -> str:
        names = ", ".join(name for name in (node.key, node.value) if name)
        opening, closing = ("[", "]") if isinstance(node, ForTuple) else ("{", "}")
        return f"{opening}for {names} in {self.text(node.collection, depth)} : {HIDDEN}{closing}"

    def _listed(self, nodes: list[Node], depth: int, *, hide: bool = False) -> str:
        return ", ".join(self.text(each, depth, hide=hide) for each in nodes[:_MAX_ITEMS])


_WRITERS: dict[type[Node], Callable[..., str]] = {
    Literal: _Writer.literal,
    Template: _Writer.template,
    Name: _Writer.name,
    Attribute: _Writer.attribute,
    Index: _Writer.index,
    Splat: _Writer.splat,
    Call: _Writer.call,
    Unary: _Writer.unary,
    Binary: _Writer.binary,
    Conditional: _Writer.conditional,
    Tuple: _Writer.tuple,
    Object: _Writer.object,
    ForTuple: _Writer.loop,
    ForObject: _Writer.loop,
}
