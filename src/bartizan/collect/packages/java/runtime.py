"""Java runtimes that were unpacked by hand: the file `release` of their folder.

IMPLEMENTOR="Eclipse Adoptium"
JAVA_VERSION="17.0.9"
JAVA_RUNTIME_VERSION="17.0.9+9"
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import missing, read_head
from bartizan.model.package import Package

_FIELD = re.compile(rb'^(JAVA_VERSION|JAVA_RUNTIME_VERSION|IMPLEMENTOR)="([^"\n]*)"', re.MULTILINE)


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The runtime beside whose folders `bin` and `lib` the file lies."""
    if missing(view, path.removesuffix("release") + "bin/java"):
        return
    head = read_head(view, path, problems, 64 << 10)
    fields = {name.decode(): value.decode("utf-8", "replace") for name, value in _FIELD.findall(head or b"")}
    version = fields.get("JAVA_RUNTIME_VERSION") or fields.get("JAVA_VERSION", "")
    if version:
        oracle = "oracle" in fields.get("IMPLEMENTOR", "").lower()
        yield Package(type="generic", name="jdk" if oracle else "openjdk", version=version, path=path)
