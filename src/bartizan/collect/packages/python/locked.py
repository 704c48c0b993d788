"""Lock files of Python: Pipfile.lock (pipenv), poetry.lock, pdm.lock, uv.lock and pylock.toml (PEP 751).

[[package]]
name = "requests"
version = "2.31.0"
groups = ["main"]
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_json_table, read_toml, table_of, text_of
from bartizan.collect.packages.python.installed import normal_name
from bartizan.collect.packages.reach import reachable
from bartizan.model.package import Package


def read_pipfile(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`{"default": {"django": {"version": "==4.2"}}, "develop": {...}}`"""
    value = read_json_table(view, path, problems)
    for section, dev in (("default", False), ("develop", True)):
        for name, entry in table_of(value.get(section)).items():
            yield _locked(path, name, text_of(table_of(entry).get("version")).lstrip("="), dev)


def read_poetry(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`category = "dev"` up to 1.4, `groups = ["dev"]` since 2.0; between them nothing tells."""
    for entry in _entries(read_toml(view, path, problems), "package"):
        groups = list_of(entry.get("groups"))
        dev = entry.get("category") == "dev" or (bool(groups) and "main" not in groups)
        yield from _entry(path, entry, dev, problems)


def read_pdm(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`groups = ["default", "dev"]`; whatever is needed by another group than `dev` is needed in production."""
    for entry in _entries(read_toml(view, path, problems), "package"):
        groups = list_of(entry.get("groups"))
        yield from _entry(
            path, entry, bool(groups) and all(group in ("dev", "test", "lint") for group in groups), problems
        )


def read_pylock(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`[[packages]]`; the project itself stands there as an editable directory."""
    for entry in _entries(read_toml(view, path, problems), "packages"):
        if "directory" not in entry:
            yield from _entry(path, entry, False, problems)


def read_uv(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Members of the workspace (`virtual`, `editable`) are the project itself; their dependencies tell the rest."""
    entries = _entries(read_toml(view, path, problems), "package")
    members = [entry for entry in entries if {"virtual", "editable"} & table_of(entry.get("source")).keys()]
    direct = _named(members, _required)
    direct_dev = _named(members, lambda entry: list(map(list_of, table_of(entry.get("dev-dependencies")).values())))
    needed = reachable(direct, _needs(entries))
    for entry in entries:
        if entry in members:
            continue
        name = normal_name(text_of(entry.get("name")))
        dev = bool(members) and name not in needed
        asked = name in direct or name in direct_dev if members else None
        yield from _entry(path, entry, dev, problems, direct=asked)


def _named(entries: Iterable[dict[str, Any]], lists: Callable[[dict[str, Any]], list[list[Any]]]) -> set[str]:
    return {
        normal_name(text_of(table_of(item).get("name")))
        for entry in entries
        for group in lists(entry)
        for item in group
    }


def _needs(entries: list[dict[str, Any]]) -> dict[str, set[str]]:
    needs: dict[str, set[str]] = {}
    for entry in entries:
        name = normal_name(text_of(entry.get("name")))
        needs.setdefault(name, set()).update(_named([entry], _required))
    return needs


def _required(entry: dict[str, Any]) -> list[list[Any]]:
    extras = table_of(entry.get("optional-dependencies")).values()
    return [list_of(entry.get("dependencies")), *map(list_of, extras)]


def _entries(document: dict[str, Any] | None, key: str) -> list[dict[str, Any]]:
    return [entry for entry in list_of(table_of(document).get(key)) if isinstance(entry, dict)]


def _entry(
    path: str, entry: dict[str, Any], dev: bool, problems: Problems, *, direct: bool | None = None
) -> Iterator[Package]:
    name = text_of(entry.get("name"))
    if name:
        yield _locked(path, name, text_of(entry.get("version")), dev, direct)
    else:
        problems.add(path, "has a package without a name")


def _locked(path: str, name: str, version: str, dev: bool, direct: bool | None = None) -> Package:
    return Package(
        type="pypi", name=normal_name(name), version=version, path=path, dev=dev, direct=direct, state="locked"
    )
