"""Julia's `Manifest.toml` (Pkg documentation, "Manifest.toml"), formats 1 and 2.

[[deps.JSON]]
uuid = "682c06a0-de6a-54ab-a142-c8b1cf79cde6"
version = "0.20.0"
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_toml, table_of, text_of
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The locked packages; those without a version belong to Julia's standard library."""
    document = table_of(read_toml(view, path, problems))
    tables = table_of(document.get("deps")) if "manifest_format" in document else document
    for name, value in tables.items():
        for item in list_of(value):
            version = text_of(table_of(item).get("version"))
            if version:
                yield Package(type="julia", name=name, version=version, path=path, state="locked")
