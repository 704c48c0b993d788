"""Conan's `conan.lock`, of Conan 2 (version 0.5) and of Conan 1 (0.0 to 0.4).

{"version": "0.5", "requires": ["zlib/1.2.11#ffa77daf%1667050636.338"], "build_requires": ["ninja/1.11.1#a2f0"]}
{"version": "0.4", "graph_lock": {"nodes": {"1": {"ref": "zlib/1.2.11#ffa77daf", "context": "host"}}}}
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_json_table, table_of, text_of
from bartizan.collect.packages.reach import reachable
from bartizan.model.package import Package

_REFERENCE = re.compile(r"^(?P<name>[^/@#:%]+)/(?P<version>[^@#:%]+)(?:@(?P<user>[^/#:%]*)/(?P<channel>[^#:%]*))?")


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The locked recipes."""
    lock = read_json_table(view, path, problems)
    if "graph_lock" in lock:
        yield from _nodes(table_of(table_of(lock["graph_lock"]).get("nodes")), path, problems)
        return
    for section, dev in (("requires", False), ("build_requires", True), ("python_requires", True)):
        for reference in list_of(lock.get(section)):
            # a reference with overrides stands in a list of its own
            text = text_of(reference[0]) if isinstance(reference, list) and reference else text_of(reference)
            yield from _package(text, path, problems, dev=dev)


def _nodes(nodes: dict[str, object], path: str, problems: Problems) -> Iterator[Package]:
    """The nodes of the graph: what the project's own node requires is asked for, what only builds lead to builds."""
    found = {number: table_of(value) for number, value in nodes.items()}
    own = {number for number, node in found.items() if "path" in node}
    direct = {text_of(wanted) for number in own for wanted in _wanted(found[number], "requires", "build_requires")}
    needs = {number: [text_of(wanted) for wanted in _wanted(node, "requires")] for number, node in found.items()}
    runs = reachable(own, needs)
    for number, node in found.items():
        reference = text_of(node.get("ref")) or text_of(node.get("pref"))
        if number in own or not reference:
            continue  # the project itself
        dev = node.get("context") == "build" or (bool(direct) and number not in runs)
        asked = number in direct if direct else None
        yield from _package(reference, path, problems, dev=dev, direct=asked)


def _wanted(node: dict[str, object], *fields: str) -> Iterator[object]:
    for name in fields:
        yield from list_of(node.get(name))


def _package(
    reference: str, path: str, problems: Problems, *, dev: bool, direct: bool | None = None
) -> Iterator[Package]:
    match = _REFERENCE.match(reference)
    if not match:
        problems.add(path, f"{reference!r} is not a recipe's name and version")
        return
    yield Package(
        type="conan",
        namespace=match["user"] if match["user"] not in (None, "_") else "",
        name=match["name"],
        version=match["version"],
        path=path,
        dev=dev,
        direct=direct,
        state="locked",
    )
