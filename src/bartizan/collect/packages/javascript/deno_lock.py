"""`deno.lock`, versions 2 to 5: packages of npm and of JSR.

{"version": "4", "jsr": {"@std/assert@1.0.0": {...}}, "npm": {"chalk@5.3.0": {...}, "react-dom@18_react@18": {}}}
"""

from collections.abc import Iterator
from dataclasses import replace

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json_table, table_of
from bartizan.collect.packages.javascript.names import locked, split_specifier
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """What the file locks."""
    lock = read_json_table(view, path, problems)
    inner = table_of(lock.get("packages")) or lock  # version 3 has them one level down
    npm = table_of(inner.get("npm"))
    for key in table_of(npm.get("packages")) or npm:  # version 2 has them one level down
        yield from _package(key, path, problems)
    for key in table_of(inner.get("jsr")):
        for package in _package(key, path, problems):
            yield replace(package, type="jsr")


def _package(key: str, path: str, problems: Problems) -> Iterator[Package]:
    name, version = split_specifier(key)
    if not version:
        problems.add(path, f"{key!r} is not a name and a version")
        return
    yield locked(name, version.split("_", 1)[0], path)
