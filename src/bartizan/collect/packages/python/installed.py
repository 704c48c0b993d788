"""Installed Python distributions: `*.dist-info/METADATA` (core metadata, PEP 376 and 566), `*.egg-info/PKG-INFO`,
`*.egg-info` as a file, `EGG-INFO/PKG-INFO` of an unpacked egg, and `*.egg-link` of an editable install.

Metadata-Version: 2.1
Name: requests
Version: 2.34.2
License-Expression: Apache-2.0
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import missing, read_head
from bartizan.model.package import Package

HEAD = 128 << 10
"""Bytes of metadata that are read: the fields stand before the description."""

_SEPARATORS = re.compile(r"[-_.]+")
_NOT_DISTRIBUTIONS = frozenset({"python"})
"""CPython's own `Python-2.7.18-py2.7.egg-info` speaks of the interpreter, not of a package."""


def normal_name(name: str) -> str:
    """PEP 503: `Foo.Bar_baz` is `foo-bar-baz`."""
    return _SEPARATORS.sub("-", name).lower()


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The distribution that the file describes."""
    if path.endswith(".egg-link"):
        _check_link(view, path, problems)
        return
    head = read_head(view, path, problems, HEAD)
    if head is not None:
        asked_for = path.endswith("/METADATA") and not missing(view, path.removesuffix("METADATA") + "REQUESTED")
        yield from distribution(head, path, problems, direct=True if asked_for else None)


def distribution(head: bytes, path: str, problems: Problems, *, direct: bool | None = None) -> Iterator[Package]:
    """The distribution that a metadata file's beginning describes."""
    fields = headers(head.decode("utf-8", "replace"))
    name, version = normal_name(_one(fields, "name")), _one(fields, "version")
    if not name or not version:
        problems.add(path, f"the metadata has no {'version' if name else 'name'}")
        return
    if name in _NOT_DISTRIBUTIONS:
        return
    yield Package(
        type="pypi",
        name=name,
        version=version,
        path=path,
        licences=_licences(fields),
        direct=direct,
    )


def headers(text: str) -> dict[str, list[str]]:
    """Fields of an RFC 822 head by lower-case name, first lines only, up to the first empty line."""
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line:
            break
        name, colon, value = line.partition(":")
        if colon and not name.startswith((" ", "\t")):
            fields.setdefault(name.lower(), []).append(value.strip())
    return fields


def _one(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]


def _licences(fields: dict[str, list[str]]) -> tuple[str, ...]:
    """The licence expression; else the licence classifiers' last parts; else a short licence field."""
    expression = _one(fields, "license-expression")
    if expression:
        return (expression,)
    classified = [
        value.rsplit("::", 1)[1].strip() for value in fields.get("classifier", []) if value.startswith("License :: ")
    ]
    named = [value for value in classified if value != "OSI Approved"]
    if named:
        return tuple(named)
    licence = _one(fields, "license")
    return (licence,) if licence and licence != "UNKNOWN" and len(licence) <= 100 else ()


def _check_link(view: FilesystemView, path: str, problems: Problems) -> None:
    """The link's target carries an egg-info that is found by itself; only a dangling link has to be told."""
    head = read_head(view, path, problems, 4096)
    target = (head or b"").decode("utf-8", "surrogateescape").split("\n", 1)[0].strip()
    if target.startswith("/") and missing(view, target):
        problems.add(path, f"links to {target}, which is not there: the package's version is not known")
