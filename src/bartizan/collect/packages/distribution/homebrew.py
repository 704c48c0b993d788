"""Homebrew: formulae by `Cellar/NAME/VERSION/INSTALL_RECEIPT.json`, casks by `Caskroom/NAME/VERSION/`.

/home/linuxbrew/.linuxbrew/Cellar/rclone/1.67.0/INSTALL_RECEIPT.json: {"installed_on_request": true, ...}
/opt/homebrew/Caskroom/firefox/.metadata/130.0.1/20240902120000.000/Casks/firefox.rb
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json
from bartizan.collect.packages.interface import Reader
from bartizan.model.package import Package

LIMIT = 4 << 20
_FORMULA = re.compile(r"/Cellar/([^/]+)/([^/]+)/INSTALL_RECEIPT\.json$")
_CASK = re.compile(r"/Caskroom/([^/]+)/\.metadata/([^/]+)/[^/]+/Casks/[^/]+\.rb$")


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The formula or cask whose folder the file lies in: names and versions are folder names."""
    cask = _CASK.search(path)
    if cask:
        yield Package(type="brew", namespace="cask", name=cask[1], version=cask[2], path=path)
        return
    formula = _FORMULA.search(path)
    if not formula:
        return
    receipt = read_json(view, path, problems, LIMIT)
    asked_for = receipt.get("installed_on_request") if isinstance(receipt, dict) else None
    yield Package(
        type="brew",
        name=formula[1],
        version=formula[2],
        direct=asked_for if isinstance(asked_for, bool) else None,
        path=path,
    )


READER = Reader(
    name="homebrew",
    type="brew",
    read=read,
    names=frozenset({"INSTALL_RECEIPT.json"}),
    suffixes=(".rb",),
    matches=lambda path: bool(_FORMULA.search(path) or _CASK.search(path)),
)
