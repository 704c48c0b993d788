"""Nix: the folders of `/nix/store`, each `HASH-NAME-VERSION` (Nix manual, "Store Path").

/nix/store/3fd6z7jm1zq1jrhy8rh8mrkxhyhpbx3q-openssl-3.0.14
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FileKind, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.model.package import Package

_STORE_PATH = re.compile(
    r"^[0-9a-df-np-sv-z]{32}-(?P<name>.+?)-(?P<version>[0-9][^-]*(?:-[0-9][^-]*)*)"
    r"(?:-(?P<output>bin|dev|lib|out|man|doc|info|debug|static|data|env))?$"
)
"""The version is what follows the first dash before a digit (Nix's `parseDrvName`)."""


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """One package for each name and version in the store, whatever its number of outputs."""
    for entry in view.list(path):
        match = _STORE_PATH.match(entry.name)
        if match and entry.kind is FileKind.DIRECTORY:
            yield Package(type="nix", name=match["name"], version=match["version"], path=path)
