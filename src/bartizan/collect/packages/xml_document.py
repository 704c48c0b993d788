"""XML as small trees with local names: no entities, no external anything, bounded depth.

`<m:project xmlns:m="..."><m:version>1</m:version></m:project>` gives Node("project", children=[Node("version")]).
A document type without declarations (as property lists and old poms have) is allowed; an entity declaration is refused,
so no document can expand into more than it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from bartizan.collect.interface import Problems

MAX_DEPTH = 200


@dataclass(slots=True)
class Node:
    """One element."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The element's own text without surrounding space."""
        return "".join(self.parts).strip()

    def all(self, name: str) -> Iterator["Node"]:
        """Direct children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> "Node | None":
        """The first direct child of that name."""
        return next(self.all(name), None)

    def value(self, *path: str) -> str:
        """Text of the first descendant by that path; empty where there is none."""
        node: Node | None = self
        for name in path:
            node = node.first(name) if node else None
        return node.text if node else ""

    def descendants(self, name: str) -> Iterator["Node"]:
        """Every element of that name below, in document order."""
        pending = list(reversed(self.children))
        while pending:
            node = pending.pop()
            if node.name == name:
                yield node
            pending += reversed(node.children)


class _Refused(Exception):
    pass


def parse_xml(data: bytes, path: str, problems: Problems) -> Node | None:
    """The root element, or None with the problem and its line noted."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    root = Node("")
    open_nodes = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_nodes) > MAX_DEPTH:
            raise _Refused("elements are nested too deeply")
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()})
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(_: str) -> None:
        open_nodes.pop()

    def characters(text: str) -> None:
        open_nodes[-1].parts.append(text)

    def entity(*_: object) -> None:
        raise _Refused("declares entities, which are not expanded")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        problems.add(f"{path}:{error.lineno}", f"not XML: {expat.ErrorString(error.code)} in column {error.offset + 1}")
        return None
    except _Refused as error:
        problems.add(f"{path}:{parser.CurrentLineNumber}", str(error))
        return None
    except (ValueError, LookupError) as error:  # an encoding that Python does not have
        problems.add(path, f"not XML that can be read: {error}")
        return None
    return root.children[0] if root.children else None


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
