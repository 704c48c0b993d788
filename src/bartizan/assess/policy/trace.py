"""What an evaluation read, as evidence: paths with their values, and for a macro the elements that decided it.

{"sshd.effective.max_auth_tries": 6, "params.tries": 4, "users.accounts": [{"name": "toor", "uid": 0}]}
"""

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from bartizan.assess.policy.schema import Gap
from bartizan.assess.policy.syntax import Call, Index, Literal, Macro, Name, Node, Select
from bartizan.model.record import dataclass

SHOWN = 20
"""Elements that a trace lists of one macro."""
TEXT = 300
"""Characters that a trace shows of one text."""


@dataclass(slots=True)
class Trace:
    """Collects what an evaluation read."""

    values: dict[str, Any] = field(default_factory=dict)

    def read(self, path: str, value: Any) -> None:
        if not path:
            return
        self.values[path] = f"{len(value)} elements" if _long(value) else _cut(value)

    def elements(self, path: str, elements: list[Any], count: int) -> None:
        """The elements that decided a macro; none decided means that it looked at all of them in vain."""
        if not path:
            return
        if elements:
            told: list[Any] = elements[:SHOWN]
            if len(elements) > SHOWN:
                told.append(f"and {len(elements) - SHOWN} more")
            self.values[path] = told
        else:
            self.values.setdefault(path, f"none of {count}" if count else "none")


def _long(value: Any) -> bool:
    return isinstance(value, (list, dict)) and len(value) > SHOWN


def _cut(value: Any) -> Any:
    """Long texts come from whoever wrote the facts; evidence needs their beginning."""
    if isinstance(value, str) and len(value) > TEXT:
        return value[:TEXT] + "..."
    return [_cut(each) for each in value] if isinstance(value, list) else value


def path_text(node: Node) -> str:
    """How a trace names a node: its path without `resource.`; of calls and the like, what they stand on."""
    match node:
        case Name(name=name):
            return name
        case Select(target=target, field=name):
            return f"{path_text(target)}.{name}".removeprefix("resource.")
        case Index(target=target, key=Literal(value=key)):
            return f"{path_text(target)}[{key!s}]".removeprefix("resource.")
        case Index(target=target) | Macro(target=target):
            return path_text(target)
        case Call(target=None, arguments=(first, *_)):
            return path_text(first)
        case Call(target=Node() as target):
            return path_text(target)
    return ""


def resource_paths(node: Node) -> Iterator[str]:
    """The paths of the resource that an expression reads, outermost first."""
    stack: list[Any] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, Select) and (path := path_text(each)) and _root(each) == "resource":
            yield path
        elif isinstance(each, Node):
            stack += [getattr(each, name) for name in each.__struct_fields__]
        elif isinstance(each, tuple):
            stack += each


def _root(node: Node) -> str:
    while isinstance(node, (Select, Index)):
        node = node.target
    return node.name if isinstance(node, Name) else ""


def fields_of(node: Node, variable: str) -> set[str]:
    """The fields of a macro's variable that its body reads."""
    found: set[str] = set()
    stack: list[Any] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, Select) and isinstance(each.target, Name) and each.target.name == variable:
            found.add(each.field)
        elif isinstance(each, Node):
            stack += [getattr(each, name) for name in each.__struct_fields__]
        elif isinstance(each, tuple):
            stack += each
    return found


def shown(item: Any, fields: list[str]) -> Any:
    """An element as evidence: its first field, which tells it from its siblings, and those that were asked about."""
    if not isinstance(item, dict):
        return _cut(item)
    names = dict.fromkeys([next(iter(item), ""), *fields])
    return {name: _short(item[name]) for name in names if name in item}


def _short(value: Any) -> Any:
    if isinstance(value, Gap):
        return "unknown"
    if isinstance(value, (list, dict)) and (
        len(value) > SHOWN or any(isinstance(each, (list, dict, Gap)) for each in value)
    ):
        return f"{len(value)} elements"
    return _cut(value)
