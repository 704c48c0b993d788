"""`pnpm-lock.yaml`, lockfileVersion 5 to 9 (pnpm's spec repository, "lockfile").

5    /@babel/core/7.24.0_react@17.0.2:          peers after an underscore; `dev: true`
6    /@babel/core@7.24.0(react@17.0.2):         peers in brackets; `dev: true`
9    '@babel/core@7.24.0':                      peers only in `snapshots`; development is told by `importers` alone
"""

import re
from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_text, table_of, text_of
from bartizan.collect.packages.javascript.names import locked
from bartizan.collect.packages.reach import reachable
from bartizan.collect.packages.yaml_subset import parse_documents
from bartizan.model.package import Package

_NAME_AT_VERSION = re.compile(r"^/?(?P<name>(?:@[^/@]+/)?[^/@:]+)@(?P<reference>.+)$")
_NAME_SLASH_VERSION = re.compile(
    r"^(?:[^/]+)?/(?P<name>(?:@[^/]+/)?[^/@]+)/(?P<version>\d+\.\d+\.\d+[^_(/]*)(?:[_(].*)?$"
)
"""Version 5, where a registry's name may stand before the first slash."""
_RELEASE = re.compile(r"^\d+\.\d+\.\d+")


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """What the file locks; newer versions of pnpm put several documents into it."""
    text = read_text(view, path, problems)
    for document in parse_documents(text, path, problems) if text is not None else ():
        if not isinstance(document, dict):
            problems.add(path, "is not a mapping")
            continue
        lock = document
        packages, snapshots = table_of(lock.get("packages")), table_of(lock.get("snapshots"))
        needed = _needed_in_production(lock, snapshots)
        direct = _asked_for(lock)
        for key, value in packages.items():
            entry = table_of(value)
            name, version = _name_and_version(key, entry)
            if not name:
                problems.add(path, f"{key!r} does not name a package")
                continue
            dev = text_of(entry.get("dev")) == "true" if needed is None else _plain(key) not in needed
            yield locked(name, version, path, dev=dev, direct=name in direct)


def _name_and_version(key: str, entry: dict[str, Any]) -> tuple[str, str]:
    """From the entry's own fields where it comes from a commit or a tarball, otherwise from its key."""
    named, versioned = text_of(entry.get("name")), text_of(entry.get("version"))
    match = _NAME_AT_VERSION.match(_plain(key))
    if match:
        reference = match["reference"]
        return named or match["name"], versioned or (reference if _RELEASE.match(reference) else "")
    if named:
        return named, versioned
    match = _NAME_SLASH_VERSION.match(key)
    return (match["name"], match["version"]) if match else ("", "")


def _plain(key: str) -> str:
    """The key without the peers that it was resolved with."""
    return key.split("(", 1)[0] if "(" in key else key


def _importers(lock: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of the workspace, or the whole file where there is but one project."""
    importers = lock.get("importers")
    return [table_of(one) for one in importers.values()] if isinstance(importers, dict) else [lock]


def _asked_for(lock: dict[str, Any]) -> set[str]:
    groups = ("dependencies", "devDependencies", "optionalDependencies")
    return {name for one in _importers(lock) for group in groups for name in table_of(one.get(group))}


def _needed_in_production(lock: dict[str, Any], snapshots: dict[str, Any]) -> set[str] | None:
    """Package keys that production needs; None where the file marks each package itself (before version 9)."""
    if not snapshots:
        return None
    needs = {
        key: {
            _key(name, reference)
            for group in ("dependencies", "optionalDependencies")
            for name, reference in table_of(table_of(entry).get(group)).items()
        }
        for key, entry in snapshots.items()
    }
    start = {
        _key(name, table_of(value).get("version"))
        for one in _importers(lock)
        for group in ("dependencies", "optionalDependencies")
        for name, value in table_of(one.get(group)).items()
    }
    return {_plain(key) for key in reachable(start, needs)}


def _key(name: str, reference: object) -> str:
    """`wrappy` and `1.0.2` are `wrappy@1.0.2`; an alias has the whole key as its reference."""
    text = text_of(reference)
    return text if "@" in text.split("(", 1)[0][1:] and not text.startswith(("http", "git")) else f"{name}@{text}"
