"""opam's `.opam-switch/switch-state` of each switch (opam manual, "File hierarchies").

installed: ["base.v0.16.3" "dune.3.7.2" "ocaml.4.14.1"]
roots: ["dune.3.7.2"]
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_text
from bartizan.model.package import Package

LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The installed packages."""
    text = read_text(view, path, problems, LIMIT)
    if text is None:
        return
    roots = set(_field(text, "roots"))
    installed = _field(text, "installed")
    if not installed and not re.search(r"^installed:", text, re.MULTILINE):
        problems.add(path, "has no field installed")
    for item in installed:
        name, dot, version = item.partition(".")
        if dot and version:
            yield Package(type="opam", name=name, version=version, path=path, direct=item in roots)
        else:
            problems.add(path, f"{item!r} is not a name and a version")


def _field(text: str, name: str) -> list[str]:
    match = re.search(rf"^{name}:\s*\[([^\]]*)\]", text, re.MULTILINE)
    return re.findall(r'"([^"\s]+)"', match[1]) if match else []
