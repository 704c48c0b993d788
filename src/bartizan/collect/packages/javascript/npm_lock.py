"""npm's `package-lock.json` and `npm-shrinkwrap.json` (npm documentation, "package-lock.json"), lockfileVersion 1 to 3.

{"lockfileVersion": 3, "packages": {
    "": {"dependencies": {"wrappy": "^1.0.0"}},
    "node_modules/wrappy": {"version": "1.0.2", "resolved": "...", "integrity": "sha512-...", "dev": true}}}
"""

from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json_table, table_of, text_of
from bartizan.collect.packages.javascript.installed import licences
from bartizan.collect.packages.javascript.names import locked, split_specifier
from bartizan.model.package import Package

_ASKED = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """What the file locks. `packages` is the whole truth where there is one; `dependencies` repeats it for old npm."""
    lock = read_json_table(view, path, problems)
    if isinstance(lock.get("packages"), dict):
        yield from _packages(lock["packages"], path, problems)
    else:
        yield from _dependencies(table_of(lock.get("dependencies")), path, problems)


def _packages(packages: dict[str, Any], path: str, problems: Problems) -> Iterator[Package]:
    own = [entry for place, entry in packages.items() if "node_modules/" not in place and isinstance(entry, dict)]
    direct = {name for entry in own for asked in _ASKED for name in table_of(entry.get(asked))}
    for place, entry in packages.items():
        before, marker, alias = place.rpartition("node_modules/")
        if not marker:
            continue  # the project itself and the members of its workspace
        if not isinstance(entry, dict):
            problems.add(path, f"entry {place!r} is not an object")
            continue
        if entry.get("link") is True:
            continue
        yield locked(
            text_of(entry.get("name")) or alias,
            text_of(entry.get("version")),
            path,
            dev=entry.get("dev") is True,
            direct=not before and alias in direct if own else None,
            licences=licences(entry),
        )


def _dependencies(tree: dict[str, Any], path: str, problems: Problems) -> Iterator[Package]:
    """Version 1: each package holds those that could not stand beside it. Whether it is asked for is not told."""
    pending = [tree]
    while pending:
        for name, entry in pending.pop().items():
            if not isinstance(entry, dict):
                problems.add(path, f"dependency {name!r} is not an object")
                continue
            if isinstance(entry.get("dependencies"), dict):
                pending.append(entry["dependencies"])
            version = text_of(entry.get("version"))
            if version.startswith("npm:"):
                name, version = split_specifier(version[4:])  # noqa: PLW2901 - an alias is not the package's name
            elif version.startswith("file:"):
                continue
            elif ":" in version or "/" in version:
                version = ""  # a commit: which release it is near, the file does not say
            yield locked(name, version, path, dev=entry.get("dev") is True)
