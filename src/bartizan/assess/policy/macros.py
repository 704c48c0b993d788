"""Macros: `all`, `exists`, `exists_one`, `filter` and `map` over the elements of a list or the keys of a map.

`all` and `exists` are decided by one element, whatever else is not known. Where only elements with a certain text in a
field can decide (`f.path == "/etc/shadow" && ...`), these are found by an index, made once for each list and field.
"""

from typing import Any

from bartizan.assess.policy.operators import (
    BUDGET,
    INDEX,
    SPENT,
    TROUBLE,
    Environment,
    Run,
    TooExpensive,
    Touched,
    boolean,
    worse,
)
from bartizan.assess.policy.schema import Gap
from bartizan.assess.policy.syntax import Binary, Literal, Logic, Macro, Name, Node, Select
from bartizan.model.record import dataclass


def key_of(node: Macro) -> tuple[str, str] | None:
    """(field, text) where only elements with that text in that field can decide a macro:
    `exists(x, x.field == "text" && ...)`, `all(x, x.field != "text" || ...)`."""
    if not _of_resource(node.target):
        return None  # a list made on the way is gone after it, and its identity with it
    join, operator = ("||", "!=") if node.name == "all" else ("&&", "==")
    first = node.body.operands[0] if isinstance(node.body, Logic) and node.body.operator == join else node.body
    match first:
        case Binary(operator=found, left=Select(target=Name(name=name), field=key), right=Literal(value=str(text))):
            return (key, text) if found == operator and name == node.variable else None
    return None


def _of_resource(node: Node) -> bool:
    while isinstance(node, Select):
        node = node.target
    return isinstance(node, Name) and node.name == "resource"


def having(target: Run, key: str, text: str) -> Run:
    """The elements that have a text in a field, and those of which that cannot be told."""

    def run(env: Environment) -> Any:
        items = target(env)
        if items.__class__ is not list:
            return items
        buckets = env[INDEX].get((id(items), key))
        if buckets is None:
            buckets = env[INDEX][id(items), key] = _buckets(items, key)
        return buckets.get(text, buckets[_UNTOLD])

    return run


_UNTOLD = "\0untold"


def _buckets(items: list[Any], key: str) -> dict[str, list[Any]]:
    untold = [each for each in items if each.__class__ is not dict or each.get(key).__class__ is not str]
    buckets: dict[str, list[Any]] = {_UNTOLD: untold}
    for each in items:
        if each.__class__ is dict and each.get(key).__class__ is str:
            buckets.setdefault(each[key], list(untold)).append(each)
    return buckets


@dataclass(frozen=True, slots=True)
class Loop:
    target: Run
    slot: int
    body: Run


def countable(value: Any) -> Any:
    """A map with an entry that is not known may or may not have that entry; a list has its elements."""
    if value.__class__ is dict:
        gaps = [each for each in value.values() if each.__class__ is Gap]
        if gaps:
            raise Touched(*gaps)
    return value


def elements(value: Any) -> list[Any]:
    if value.__class__ is list:
        return list(value)
    if value.__class__ is dict:
        return [item if item.__class__ is Gap else key for key, item in value.items()]
    raise TypeError("neither a list nor a map")


def _spend(env: Environment, count: int) -> None:
    env[SPENT] -= count
    if env[SPENT] < 0:
        raise TooExpensive(f"looks at more than {BUDGET:,} elements")


def holds(loop: Loop, env: Environment, item: Any) -> bool | None:
    """Whether the body holds for an element; None where that is not known."""
    if item.__class__ is Gap:
        return None
    env[loop.slot] = item
    try:
        return boolean(loop.body(env))
    except TROUBLE:
        return None


def _decide(loop: Loop, decisive: bool) -> Run:
    def run(env: Environment) -> bool:
        items = elements(loop.target(env))
        _spend(env, len(items))
        trouble: Exception | None = None
        for item in items:
            try:
                if item.__class__ is Gap:
                    raise Touched(item)
                env[loop.slot] = item
                if boolean(loop.body(env)) is decisive:
                    return decisive
            except TROUBLE as error:
                trouble = worse(trouble, error)
        if trouble is not None:
            raise trouble
        return not decisive

    return run


def every(loop: Loop) -> Run:
    return _decide(loop, False)


def some(loop: Loop) -> Run:
    return _decide(loop, True)


def _strictly(loop: Loop, env: Environment) -> list[Any]:
    """The elements for which the body holds; raises where one is not known."""
    items = elements(loop.target(env))
    _spend(env, len(items))
    kept = []
    for item in items:
        if item.__class__ is Gap:
            raise Touched(item)
        env[loop.slot] = item
        if boolean(loop.body(env)):
            kept.append(item)
    return kept


def exactly_one(loop: Loop) -> Run:
    return lambda env: len(_strictly(loop, env)) == 1


def kept(loop: Loop) -> Run:
    return lambda env: _strictly(loop, env)


def mapped(loop: Loop, condition: Run | None) -> Run:
    def run(env: Environment) -> list[Any]:
        if condition is None:
            kept = elements(loop.target(env))
            _spend(env, len(kept))
        else:
            kept = _strictly(Loop(loop.target, loop.slot, condition), env)
        out = []
        for item in kept:
            _known(item)
            env[loop.slot] = item
            out.append(loop.body(env))
        return out

    return run


def _known(item: Any) -> None:
    if item.__class__ is Gap:
        raise Touched(item)
