"""Every real package file beside the checkout is read, is told to be unreadable, or is of a format that is left out.

`real_files.toml` has a row for each file. A new file in the folders fails until somebody has looked at it.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.readers import READERS

TABLE: dict[str, Any] = tomllib.loads((Path(__file__).parent / "real_files.toml").read_text())
NOT_READ: dict[str, str] = TABLE.pop("not_read")
BY_NAME = {reader.name: reader for reader in READERS}

pytestmark = pytest.mark.real_data


def reader_for(folder: str, file: str) -> str:
    return "python-archive" if file.endswith((".whl", ".egg")) else str(TABLE[folder]["reader"])


def place(root: Path, folder: str, file: str) -> Path:
    direct = root / folder / file
    return direct if direct.is_file() else root / folder / "testdata" / file


@pytest.mark.parametrize("folder", TABLE)
def test_every_file_of_a_folder(shared: Path, folder: str) -> None:
    root = shared / "data"
    view = LocalView(str(root))
    outcome = {}
    for file in TABLE[folder]["files"]:
        problems = Problems()
        path = "/" + str(place(root, folder, file).relative_to(root))
        packages = list(BY_NAME[reader_for(folder, file)].read(view, path, problems))
        assert all(package.name for package in packages)
        assert all(problem.path and problem.reason for problem in problems.found)
        outcome[file] = [len(packages), len(problems.found)]
    assert outcome == TABLE[folder]["files"]


def test_no_file_is_forgotten(shared: Path) -> None:
    root = shared / "data"
    known = {place(root, folder, file) for folder in TABLE for file in TABLE[folder]["files"]}
    files = {path for top in ("lockfiles", "osdb", "rpmdb") for path in (root / top).rglob("*") if path.is_file()}
    left = {str(path.relative_to(root)) for path in files - known}
    assert {file for file in left if not file.startswith(tuple(NOT_READ))} == set()
    assert all(reason for reason in NOT_READ.values())
