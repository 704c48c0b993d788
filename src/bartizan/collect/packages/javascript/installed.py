"""Installed JavaScript packages: `package.json` (npm's package.json documentation) in `node_modules`, in Debian's
`/usr/share/nodejs`, and of programs unpacked elsewhere.

{"name": "@angular/core", "version": "17.0.1", "license": "MIT"}
"""

from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json, text_of
from bartizan.model.package import Package

LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The package that lies in the file's folder, if it is one."""
    manifest = read_json(view, path, problems, LIMIT)
    if manifest is not None:
        yield from published(manifest, path, problems)


def published(manifest: Any, path: str, problems: Problems) -> Iterator[Package]:
    """The package of a manifest, where it is one that a registry knows."""
    if not isinstance(manifest, dict):
        if manifest is not None:
            problems.add(path, "is not a JSON object")
        return
    name, version = text_of(manifest.get("name")).strip(), text_of(manifest.get("version")).strip()
    if not name or not version:
        return  # the manifest of an application or a sub-folder's `{"type": "module"}`: nothing that was published
    if _is_foreign(manifest) or ("/node_modules/" not in path and manifest.get("private") is True):
        return
    namespace, base = split_name(name)
    yield Package(type="npm", namespace=namespace, name=base, version=version, path=path, licences=licences(manifest))


def split_name(name: str) -> tuple[str, str]:
    """`@scope/name` as (`@scope`, `name`)."""
    scope, slash, base = name.partition("/")
    return (scope, base) if slash and scope.startswith("@") and base else ("", name)


def licences(manifest: dict[str, Any]) -> tuple[str, ...]:
    """`license` as a string or the older object, or the older list `licenses`."""
    declared = manifest.get("license", manifest.get("licenses", ()))
    out = []
    for item in declared if isinstance(declared, list) else (declared,):
        value = item.get("type") if isinstance(item, dict) else item
        if isinstance(value, str) and value and len(value) <= 200:
            out.append(value)
    return tuple(out)


def is_package_root(path: str) -> bool:
    """Below `node_modules`, only `NAME/package.json` and `@scope/NAME/package.json`: deeper ones are tests, fixtures
    and build variants that carry other packages' names."""
    _, marker, inner = path.rpartition("/node_modules/")
    if not marker:
        return True
    depth = inner.count("/")
    return depth == 2 if inner.startswith("@") else depth == 1


def _is_foreign(manifest: dict[str, Any]) -> bool:
    """Extensions of VS Code and Unity packages have the same file with names of another registry."""
    engines = manifest.get("engines")
    return "unity" in manifest or "contributes" in manifest or (isinstance(engines, dict) and "vscode" in engines)
