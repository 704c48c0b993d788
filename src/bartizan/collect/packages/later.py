"""Functions that are named instead of imported: the module of a format is loaded when a file of that format is met.

    read = Later("java.archive", "read")
    read(view, "/srv/app.jar", problems)    # now `bartizan.collect.packages.java.archive` is there

There are readers for dozens of formats, and few images and hosts hold files of more than a handful.
"""

from importlib import import_module
from typing import Any

_HERE = __name__.rpartition(".")[0]


class Later:
    """A function of a module below this package; called with what the function takes."""

    __slots__ = ("_found", "module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = f"{_HERE}.{module}"
        self.name = name
        self._found: Any = None

    def __call__(self, *arguments: Any) -> Any:
        if self._found is None:
            self._found = getattr(import_module(self.module), self.name)
        return self._found(*arguments)

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"
