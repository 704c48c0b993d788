"""Where the value of an attribute came from: through variables, module calls, locals, outputs and loops to what stands
in a file.

    modules/s3/main.tf:40  acl = var.acl
    main.tf:12             acl = local.acl
    locals.tf:3            acl = "public-read"

Walked anew for the attribute that is asked about, so that reading a configuration costs nothing. Of an expression of
several parts the one that decided is followed (the branch of a conditional, the argument that had the key), or the
first that leads anywhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bartizan.collect.resources.plain_secret import named_secret
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.attribute_path import Part, parts_of, path_of
from bartizan.collect.templates.declared import MAX_STEPS, Step
from bartizan.collect.templates.hcl.evaluate import Scope, as_bool, as_text, evaluate
from bartizan.collect.templates.hcl.syntax import (
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Conditional,
    Element,
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
from bartizan.collect.templates.hcl.text import entries, tells_of_secret, text_of
from bartizan.collect.templates.shown_text import cut
from bartizan.collect.templates.terraform.blocks import BlockScope, content, iterations, iterator_of
from bartizan.collect.templates.terraform.module import Instance, InstanceScope, Module
from bartizan.collect.templates.terraform.providers import DEFAULTS, provider_of

_KEYS = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]')
_MAX_DEPTH = 30
"""Expressions within an expression that are looked into for what it refers to."""
_KEPT = frozenset({"tolist", "toset", "tomap", "nonsensitive", "distinct", "compact", "sort", "reverse", "flatten"})
"""Functions whose result has its elements from the first argument."""

Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Here:
    """Where an expression stands: what its names mean."""

    module: Module
    instance: Instance | None
    scope: Scope
    loops: dict[str, "_Loop"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Loop:
    """One round of a dynamic block."""

    node: Node
    key: Part
    file: str
    here: _Here


def origin_of(instance: Instance, path: str, hide: bool = False) -> tuple[Step, ...]:
    """The steps of the value at a dotted path of a resource's attributes; none where nothing sets it."""
    known, module = instance.module.sources.origins, instance.module.address
    block = id(instance.block)
    shared = _without_keys(module)
    steps = known.get((block, shared, path, hide)) or known.get((block, module, path, hide))
    if steps is None:
        walk = _Walk(instance, hide)
        walk.attribute(instance.block.body, instance.file, parts_of(path), _of(instance))
        if not walk.steps():
            walk.default(instance, parts_of(path))
        steps = walk.steps()
        if not walk.of_instance:
            known[block, module if walk.of_module else shared, path, hide] = steps
    return steps


def _without_keys(address: str) -> str:
    return _KEYS.sub("", address) if address.endswith("]") or "]." in address else address


def _of(instance: Instance) -> _Here:
    return _Here(instance.module, instance, InstanceScope(instance.module, instance))


def _in(module: Module) -> _Here:
    return _Here(module, None, module)


class _Walk:
    """The steps of one value. Where one of them is sensitive, no text of any of them is told."""

    of_instance: bool
    """Whether the steps hang on the key of the instance, and not just on what all have that a loop makes."""
    of_module: bool
    """Whether they hang on values that the module was given, which another call of it may not have."""

    def __init__(self, instance: Instance, hide: bool) -> None:
        self._instance, self._hide = instance, hide
        self._found: list[tuple[str, int, str, Node | None]] = []
        self.of_instance = self.of_module = False
        self._seen: set[tuple[int, str]] = set()

    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(file, line, cut(name if node is None else f"{name} = {text_of(node, hide=self._hide)}"))
            for file, line, name, node in self._found
        )

    def attribute(self, body: Body, file: str, parts: Parts, here: _Here) -> None:
        """The attribute of a block at a path, or the block where the path ends at one."""
        elsewhere = here.module.elsewhere
        while parts:
            name, rest = str(parts[0]), parts[1:]
            node = body.attributes.get(name)
            self._hide = self._hide or tells_of_secret(body.attributes.items())
            if node is not None:
                self.value(name, node, rest, elsewhere.get(id(node), file), here)
                return
            found = self._block(body, name, rest, file, here)
            if found is None:
                return
            block, body, parts, here = found
            file = elsewhere.get(id(block), file)
            if not parts:
                self._tell(file, block.line, name, None)

    def default(self, instance: Instance, parts: Parts) -> None:
        """Of what the provider's defaults were merged into: the resource's own entry, or the provider's."""
        found = next((each for each in DEFAULTS.items() if each[1][1] == parts[0]), None)
        if found is None:
            return
        own, _, place = found[1]
        self.attribute(instance.block.body, instance.file, (own, *parts[1:]), _of(instance))
        if len(parts) > 1 and own in instance.block.body.attributes:
            given = instance.attribute(own)
            if not isinstance(given, dict) or parts[1] in given:
                return
        reference = instance.block.body.attributes.get("provider")
        source = self._source(reference, (), _of(instance)) if reference is not None else None
        name = ".".join([source[0], *map(str, source[1])]) if source is not None else ""
        configuration = instance.module.provider(provider_of(instance.block.labels[0], name))
        if configuration is not None:
            self._found.clear()
            inner: Parts = (place, "tags") if place == "default_tags" else (place,)
            self.attribute(configuration.block.body, configuration.file, (*inner, *parts[1:]), _of(configuration))

    def value(self, name: str, node: Node, rest: Parts, file: str, here: _Here, *, label: str = "") -> None:
        """An assignment, and what its expression takes the value from."""
        if len(self._found) >= MAX_STEPS or (id(node), here.module.address) in self._seen:
            return
        self._seen.add((id(node), here.module.address))
        self._hide = self._hide or named_secret(name) or any(named_secret(str(part)) for part in rest)
        asked = rest
        node, rest = self._within(node, rest)
        below = path_of((".", *asked[: len(asked) - len(rest)]))[len('["."]') :]
        self._tell(file, node.line, f"{label or name}{below}", node)
        source = self._source(node, rest, here)
        if source is not None:
            self._refer(*source, here)

    def _within(self, node: Node, rest: Parts) -> tuple[Node, Parts]:
        """Into objects and lists that are written out, as far as the path leads."""
        while rest and (inner := _item(node, rest[0])) is not None:
            self._hide = self._hide or tells_of_secret(entries(node))
            node, rest = inner, rest[1:]
        return node, rest

    def _source(self, node: Node, rest: Parts, here: _Here) -> tuple[str, Parts] | None:
        asking = _Asking(here.scope)
        source = _source(node, rest, asking, 0)
        self._hide = self._hide or asking.secret
        for each in asking.asked:
            self._hangs_on(each, here)
        return source

    def _hangs_on(self, node: Node, here: _Here) -> None:
        self.of_module = True
        self.of_instance = self.of_instance or (here.instance is self._instance and _of_instance(node, 0))

    def _block(
        self, body: Body, name: str, rest: Parts, file: str, here: _Here
    ) -> tuple[Block, Body, Parts, _Here] | None:
        """The block of a type at an index, counted as dynamic ones are expanded."""
        wanted = rest[0] if rest and isinstance(rest[0], int) else 0
        rest = rest[1:] if rest and isinstance(rest[0], int) else rest
        for block in body.blocks:
            if block.type == name:
                if wanted == 0:
                    return block, block.body, rest, here
                wanted -= 1
            elif block.type == "dynamic" and block.labels[:1] == [name]:
                pairs = iterations(block, here.scope)
                if "for_each" in block.body.attributes:
                    self._hangs_on(block.body.attributes["for_each"], here)
                number = 1 if isinstance(pairs, Unknown) else len(pairs)
                if wanted < number:
                    return block, content(block), rest, _round(block, pairs, wanted, file, here)
                wanted -= number
        return None

    def _tell(self, file: str, line: int, name: str, node: Node | None) -> None:
        if len(self._found) < MAX_STEPS:
            self._found.append((file, line, name, node))

    def _refer(self, root: str, parts: Parts, here: _Here) -> None:
        loop = here.loops.get(root)
        name = str(parts[0]) if parts else ""
        if loop is not None:
            rest = (loop.key, *parts[1:]) if name == "value" else ()
            self.value("for_each", loop.node, rest, loop.file, loop.here)
        elif root in ("each", "count") and here.instance is not None:
            self._repetition(root, name, parts, here, here.instance)
        elif root == "self" and here.instance is not None:
            self._attribute_of(here.instance, parts)
        elif root == "var" and name:
            self._variable(name, parts[1:], here.module)
        elif root == "local" and name in here.module.locals:
            file, node = here.module.locals[name]
            self.value(name, node, parts[1:], file, _in(here.module))
        elif root == "module" and name:
            self._output(name, parts[1:], here.module)
        elif root in ("data", "ephemeral") and len(parts) > 1:
            self._resource((root, name, str(parts[1])), parts[2:], here.module)
        elif name:
            self._resource(("resource", root, name), parts[1:], here.module)

    def _repetition(self, root: str, name: str, parts: Parts, here: _Here, instance: Instance) -> None:
        argument = "for_each" if root == "each" else "count"
        node = instance.block.body.attributes.get(argument)
        if node is None:
            return
        each = instance.each
        self.of_module = True
        self.of_instance = self.of_instance or instance is self._instance
        rest = (each["key"], *parts[1:]) if each is not None and name == "value" else ()
        self.value(argument, node, rest, instance.file, _in(here.module))

    def _variable(self, name: str, rest: Parts, module: Module) -> None:
        declared = module.variables.get(name)
        if declared is not None:
            self._hide = self._hide or _sensitive(declared[1])
        caller = module.caller
        if caller is not None:
            node = caller.block.body.attributes.get(name)
            if node is not None:
                self.value(name, node, rest, caller.file, _of(caller))
                return
        elif name in module.given:
            file, node = module.given[name]
            self.value(name, node, rest, file, _in(module), label=name if file else f"--var {name}")
            return
        if declared is not None:
            file, block = declared
            label = f'variable "{name}"'
            default = block.body.attributes.get("default")
            if default is not None:
                self.value(name, default, rest, file, _in(module), label=f"{label} default")
            else:
                self._tell(file, block.line, f"{label} has no default", None)

    def _output(self, name: str, parts: Parts, module: Module) -> None:
        for called in module.called(name):
            key, inner = called
            if parts and parts[0] == key:
                parts = parts[1:]
            elif key is not None and parts and str(parts[0]) not in inner.outputs:
                continue
            found = inner.outputs.get(str(parts[0])) if parts else None
            node = found[1].body.attributes.get("value") if found is not None else None
            if found is not None and node is not None:
                self._hide = self._hide or _sensitive(found[1])
                self.value(str(parts[0]), node, parts[1:], found[0], _in(inner), label=f'output "{parts[0]}"')
            return

    def _resource(self, key: tuple[str, str, str], parts: Parts, module: Module) -> None:
        instances = module.instances(key)
        wanted = f"[{parts[0]}]" if parts and isinstance(parts[0], int) else f'["{parts[0]}"]' if parts else ""
        instance = next((each for each in instances if wanted and each.address.endswith(wanted)), None)
        if instance is not None:
            parts = parts[1:]
        elif instances:
            instance = instances[0]
        if instance is not None:
            self._attribute_of(instance, parts)

    def _attribute_of(self, instance: Instance, parts: Parts) -> None:
        """What another resource is given; of what only exists once it is made, the resource."""
        before = len(self._found)
        self.attribute(instance.block.body, instance.file, parts, _of(instance))
        if len(self._found) == before:
            block = instance.block
            labels = " ".join(f'"{label}"' for label in block.labels)
            self._tell(instance.file, block.line, f"{block.type} {labels}", None)


def _sensitive(block: Block) -> bool:
    node = block.body.attributes.get("sensitive")
    return isinstance(node, Literal) and node.value in (True, "true")


def _round(block: Block, pairs: "list[tuple[object, object]] | Unknown", index: int, file: str, here: _Here) -> _Here:
    node = block.body.attributes.get("for_each")
    if isinstance(pairs, Unknown) or node is None:
        return here
    key, value = pairs[index]
    iterator = iterator_of(block)
    scope = BlockScope(here.scope, iterator, {"key": key, "value": value})
    loop = _Loop(node, key if isinstance(key, (str, int)) else index, file, here)
    return _Here(here.module, here.instance, scope, {**here.loops, iterator: loop})


def _of_instance(node: object, depth: int) -> bool:
    """Whether an expression speaks of the instance that it stands in."""
    if isinstance(node, Name):
        return node.name in ("each", "count", "self")
    if depth > _MAX_DEPTH:
        return True
    if isinstance(node, Node):
        return any(_of_instance(getattr(node, name), depth + 1) for name in node.__dataclass_fields__)
    return isinstance(node, (list, tuple)) and any(_of_instance(each, depth + 1) for each in node)


class _Asking:
    """Evaluates within an expression, and knows what it had to."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.asked: list[Node] = []
        self.secret = False
        """Whether a name on the way speaks of a secret."""

    def value(self, node: Node) -> Value:
        if not isinstance(node, Literal):
            self.asked.append(node)
        return evaluate(node, self._scope)


def _within(node: Node, rest: Parts) -> tuple[Node, Parts]:
    """Into objects and lists that are written out, as far as the path leads."""
    while rest:
        inner = _item(node, rest[0])
        if inner is None:
            break
        node, rest = inner, rest[1:]
    return node, rest


def _item(node: Node, part: Part) -> Node | None:
    if isinstance(node, Object):
        keyed = (value for key, value in node.items if _key(key) == str(part))
        return next(keyed, None)
    if isinstance(node, Tuple):
        if isinstance(part, int):
            return node.items[part] if 0 <= part < len(node.items) else None
        return next((item for item in node.items if isinstance(item, Literal) and item.value == part), None)
    if isinstance(node, Call) and node.name in _KEPT and len(node.arguments) == 1:
        return _item(node.arguments[0], part)
    return None


def _key(node: Node) -> str:
    if isinstance(node, Literal):
        return str(node.value)
    return node.name if isinstance(node, Name) else ""


def _source(node: Node, rest: Parts, asking: _Asking, depth: int) -> tuple[str, Parts] | None:
    """The name that an expression takes its value from, with the path below it; None where it takes none."""
    if depth > _MAX_DEPTH:
        return None
    match node:
        case Name(name=name):
            return name, rest
        case Attribute(target=target, name=name):
            asking.secret = asking.secret or named_secret(name)
            return _source(target, (name, *rest), asking, depth + 1)
        case Index(target=target, key=key):
            found = asking.value(key)
            part: Part | None = found if isinstance(found, int) and not isinstance(found, bool) else as_text(found)
            asking.secret = asking.secret or named_secret(str(part))
            return _source(target, () if part is None else (part, *rest), asking, depth + 1)
        case Splat(target=target, rest=after):
            whole = (*rest[:1], *_after(after), *rest[1:]) if rest and isinstance(rest[0], int) else ()
            return _source(target, whole, asking, depth + 1)
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            truth = as_bool(asking.value(condition))
            decided = condition if truth is None else then if truth else otherwise
            return _source(decided, () if truth is None else rest, asking, depth + 1)
        case Call():
            return _argument(node, rest, asking, depth)
        case Object(items=items):
            names = (_key(key) for key, _ in items)
            asking.secret = asking.secret or any(map(named_secret, names)) or tells_of_secret(entries(node))
            inner, left = _within(node, rest)
            if inner is not node:
                return _source(inner, left, asking, depth + 1)
            return _first((value for _, value in items), asking, depth)
        case Tuple(items=items):
            inner, left = _within(node, rest)
            return _source(inner, left, asking, depth + 1) if inner is not node else _first(items, asking, depth)
        case Template(parts=parts):
            nodes = [part for part in parts if isinstance(part, Node)]
            return _source(nodes[0], rest, asking, depth + 1) if parts == nodes[:1] else _first(nodes, asking, depth)
        case Unary(operand=operand):
            return _source(operand, (), asking, depth + 1)
        case Binary(left=one, right=other):
            return _first((one, other), asking, depth)
        case ForTuple(collection=collection) | ForObject(collection=collection):
            return _source(collection, (), asking, depth + 1)
    return None


def _first(nodes: Iterable[Node], asking: _Asking, depth: int) -> tuple[str, Parts] | None:
    return next((found for node in nodes if (found := _source(node, (), asking, depth + 1)) is not None), None)


def _after(node: Node) -> Parts:
    """The attributes that a splat reads of each element."""
    parts: list[Part] = []
    while isinstance(node, Attribute):
        parts.append(node.name)
        node = node.target
    return tuple(reversed(parts)) if isinstance(node, Element) else ()


def _argument(call: Call, rest: Parts, asking: _Asking, depth: int) -> tuple[str, Parts] | None:
    """The argument that a function's result is from."""
    arguments = call.arguments
    if call.name in ("lookup", "element") and len(arguments) > 1:
        key = asking.value(arguments[1])
        if isinstance(key, (str, int)):
            return _source(arguments[0], (key, *rest), asking, depth + 1)
    elif call.name == "merge" and rest:
        for argument in reversed(arguments):
            value = asking.value(argument)
            if isinstance(value, dict) and rest[0] in value:
                return _in_order(argument, rest, asking, depth)
    elif call.name in ("try", "coalesce", "coalescelist"):
        for argument in arguments:
            value = asking.value(argument)
            if not isinstance(value, Unknown) and (call.name == "try" or value not in (None, "", [])):
                return _source(argument, rest, asking, depth + 1)
    elif call.name == "concat" and rest and isinstance(rest[0], int):
        index = rest[0]
        for argument in arguments:
            value = asking.value(argument)
            if not isinstance(value, list):
                break
            if index < len(value):
                return _in_order(argument, (index, *rest[1:]), asking, depth)
            index -= len(value)
    elif call.name in _KEPT and len(arguments) == 1:
        kept = rest if call.name in ("tolist", "tomap", "nonsensitive") else ()
        return _source(arguments[0], kept, asking, depth + 1)
    return _first(arguments, asking, depth)


def _in_order(argument: Node, rest: Parts, asking: _Asking, depth: int) -> tuple[str, Parts] | None:
    inner, left = _within(argument, rest)
    return _source(inner, left, asking, depth + 1)
