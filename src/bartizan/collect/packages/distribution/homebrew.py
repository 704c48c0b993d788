"""Homebrew: formulae by `Cellar/NAME/VERSION/INSTALL_RECEIPT.json`, casks by the folders `Caskroom/NAME/VERSION`.

/home/linuxbrew/.linuxbrew/Cellar/rclone/1.67.0/INSTALL_RECEIPT.json: {"installed_on_request": true, ...}
/opt/homebrew/Caskroom/firefox/130.0.1/
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FileKind, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json
from bartizan.model.package import Package

LIMIT = 4 << 20
CASKROOMS = ("/opt/homebrew/Caskroom", "/usr/local/Caskroom", "/home/linuxbrew/.linuxbrew/Caskroom")
_FORMULA = re.compile(r"/Cellar/([^/]+)/([^/]+)/INSTALL_RECEIPT\.json$")


def is_formula(path: str) -> bool:
    """Whether the receipt is one of an installed formula."""
    return _FORMULA.search(path) is not None


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The formula whose folder the receipt lies in, or the casks of a Caskroom: folders have the names and versions."""
    formula = _FORMULA.search(path)
    if formula:
        receipt = read_json(view, path, problems, LIMIT)
        asked_for = receipt.get("installed_on_request") if isinstance(receipt, dict) else None
        direct = asked_for if isinstance(asked_for, bool) else None
        yield Package(type="brew", name=formula[1], version=formula[2], direct=direct, path=path)
    elif path in CASKROOMS:
        for name in _folders(view, path):
            for version in _folders(view, f"{path}/{name}"):
                yield Package(type="brew", namespace="cask", name=name, version=version, path=f"{path}/{name}")


def _folders(view: FilesystemView, path: str) -> list[str]:
    return [
        entry.name for entry in view.list(path) if entry.kind is FileKind.DIRECTORY and not entry.name.startswith(".")
    ]
