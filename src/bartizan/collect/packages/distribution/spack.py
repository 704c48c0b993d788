"""Spack: `.spack/spec.json` of each installed package (spack's spec format, versions 2 to 5).

{"spec": {"_meta": {"version": 5}, "nodes": [{"name": "libelf", "version": "0.8.13", "hash": "..."}, ...]}}
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json
from bartizan.model.package import Package

LIMIT = 16 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The node that the file is about: the first one; the others are its dependencies with files of their own."""
    value = read_json(view, path, problems, LIMIT)
    if value is None:
        return
    spec = value.get("spec") if isinstance(value, dict) else None
    nodes = spec.get("nodes") if isinstance(spec, dict) else None
    if not isinstance(nodes, list):
        problems.add(path, "has no spec with nodes")
        return
    for node in nodes[:1]:
        name = node.get("name") if isinstance(node, dict) else None
        version = node.get("version") if isinstance(node, dict) else None
        if not isinstance(name, str) or not isinstance(version, str):
            problems.add(path, "its first node has no name or no version")
        else:
            yield Package(type="spack", name=name, version=version, path=path)
