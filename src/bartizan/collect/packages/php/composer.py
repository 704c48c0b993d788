"""Composer: `composer.lock`, and `vendor/composer/installed.json` for what is installed (getcomposer.org, "Schema").

{"packages": [{"name": "symfony/http-kernel", "version": "v6.3.1", "license": ["MIT"]}], "packages-dev": [...]}
"""

from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_json, read_json_table, table_of, text_of
from bartizan.model.package import Package


def read_lock(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The locked packages."""
    lock = read_json_table(view, path, problems)
    for section, dev in (("packages", False), ("packages-dev", True)):
        for entry in list_of(lock.get(section)):
            yield from _package(entry, path, problems, dev=dev, state="locked")


def read_installed(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Composer 2 writes an object that tells what is for development, Composer 1 a plain list."""
    value = read_json(view, path, problems)
    entries = value if isinstance(value, list) else list_of(table_of(value).get("packages"))
    dev = set(map(text_of, list_of(table_of(value).get("dev-package-names"))))
    for entry in entries:
        named = text_of(table_of(entry).get("name"))
        yield from _package(entry, path, problems, dev=named in dev, state="installed")


def _package(entry: Any, path: str, problems: Problems, *, dev: bool, state: str) -> Iterator[Package]:
    fields = table_of(entry)
    name, version = text_of(fields.get("name")), text_of(fields.get("version"))
    if not name or not version:
        problems.add(path, f"package {name or 'without a name'} has no {'version' if name else 'name'}")
        return
    namespace, _, base = name.rpartition("/")
    branch = version.startswith("dev-") or version.endswith("-dev")  # a branch, which no release tells about
    yield Package(
        type="composer",
        namespace=namespace,
        name=base,
        version="" if branch else version,
        licences=tuple(licence for licence in map(text_of, list_of(fields.get("license"))) if licence),
        path=path,
        dev=dev,
        state=state,
    )
