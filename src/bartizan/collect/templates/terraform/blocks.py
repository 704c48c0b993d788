"""Blocks of a resource: dynamic ones expanded, nested ones as objects, those of override files put in."""

from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.budget import Budget, TooMuch
from bartizan.collect.templates.hcl.evaluate import Scope, evaluate
from bartizan.collect.templates.hcl.syntax import Block, Body, Node


def block_names(body: Body) -> list[str]:
    """The types of the blocks in a body, dynamic ones by the type that they make."""
    names: dict[str, None] = {}
    for block in body.blocks:
        names[block.labels[0] if block.type == "dynamic" and block.labels else block.type] = None
    return list(names)


def expanded(body: Body, name: str, scope: Scope) -> Value:
    """The blocks of one type as a list of objects, dynamic ones expanded; None where there are none."""
    out: list[Value] = []
    found = False
    for block in body.blocks:
        if block.type == name:
            found = True
            out.append(_object(block.body, scope))
        elif block.type == "dynamic" and block.labels[:1] == [name]:
            found = True
            out += _dynamic(block, name, scope)
    return out if found else None


def _object(body: Body, scope: Scope) -> dict[str, Value]:
    out = {name: evaluate(node, scope) for name, node in body.attributes.items()}
    for name in block_names(body):
        out[name] = expanded(body, name, scope)
    return out


class BlockScope:
    """The scope within the content of a dynamic block: its iterator besides the rest."""

    def __init__(self, outer: Scope, name: str, value: Value) -> None:
        self._outer, self._name, self._value = outer, name, value

    @property
    def budget(self) -> Budget:
        return self._outer.budget

    def root(self, name: str, node: Node) -> Value:
        return self._value if name == self._name else self._outer.root(name, node)

    def member(self, target: Value, name: str) -> Value:
        return self._outer.member(target, name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        return self._outer.call(name, arguments)


def _dynamic(block: Block, name: str, scope: Scope) -> list[Value]:
    pairs = iterations(block, scope)
    if isinstance(pairs, Unknown):
        return [Unknown(f"how many {name} blocks there are is not known: {pairs.reason}")]
    try:
        scope.budget.spend(len(pairs))
    except TooMuch as error:
        return [Unknown(str(error))]
    body, iterator = content(block), iterator_of(block)
    return [_object(body, BlockScope(scope, iterator, {"key": key, "value": value})) for key, value in pairs]


def iterations(block: Block, scope: Scope) -> list[tuple[Value, Value]] | Unknown:
    """Key and value of each block that a dynamic block makes."""
    for_each = block.body.attributes.get("for_each")
    items = evaluate(for_each, scope) if for_each is not None else []
    if isinstance(items, dict):
        return list(items.items())
    if isinstance(items, list):
        return list(enumerate(items)) if not all(isinstance(item, str) for item in items) else [(i, i) for i in items]
    return items if isinstance(items, Unknown) else Unknown("it is not a number, a list or an object")


def content(block: Block) -> Body:
    """What a dynamic block repeats."""
    return next((inner.body for inner in block.body.blocks if inner.type == "content"), Body({}, []))


def iterator_of(block: Block) -> str:
    """The name that a dynamic block's content knows its element by."""
    return getattr(block.body.attributes.get("iterator"), "name", None) or block.labels[0]


def overridden(known: Block, override: Block) -> Block:
    """An override file replaces attributes one by one and blocks type by type."""
    types = {block.type for block in override.body.blocks}
    blocks = [block for block in known.body.blocks if block.type not in types] + override.body.blocks
    attributes = {**known.body.attributes, **override.body.attributes}
    return Block(known.type, known.labels, Body(attributes, blocks), known.line, known.end_line)
