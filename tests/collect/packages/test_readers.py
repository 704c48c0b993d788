"""The table of readers: what its rows name exists, says the same of file names, and is not imported with the table."""

import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest

from bartizan.collect.packages import readers
from bartizan.collect.packages.distribution import copyright as copyrights
from bartizan.collect.packages.distribution import dpkg, homebrew
from bartizan.collect.packages.distribution import readers as distribution_readers
from bartizan.collect.packages.distribution.rpm import database as rpm
from bartizan.collect.packages.dotnet import project
from bartizan.collect.packages.java import archive
from bartizan.collect.packages.later import Later
from bartizan.collect.packages.php import applications
from bartizan.collect.packages.readers import READERS

BY_NAME = {reader.name: reader for reader in READERS}
PARAMETERS = {"read": 3, "owned": 4, "completed": 3, "matches": 1, "part": 1}


def named() -> Iterator[tuple[str, Later, int]]:
    """(reader and field, function that it names, parameters that it is called with)."""
    for reader in READERS:
        for field, count in PARAMETERS.items():
            value = getattr(reader.beside if field == "part" else reader, field, None)
            if isinstance(value, Later):
                yield f"{reader.name} {field}", value, count
    for module in (readers, distribution_readers):
        for name, value in vars(module).items():
            if isinstance(value, Later) and name.startswith("_is_"):
                yield name, value, 1


@pytest.mark.parametrize(("later", "count"), [each[1:] for each in named()], ids=[each[0] for each in named()])
def test_what_a_row_names_can_be_called_as_it_will_be(later: Later, count: int) -> None:
    function = getattr(import_module(later.module), later.name)
    assert len(inspect.signature(function).parameters) == count


def test_every_reader_is_imported_when_it_is_needed() -> None:
    assert all(isinstance(reader.read, Later) for reader in READERS)
    program = "import sys, bartizan.collect.packages.readers\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    modules = {reader.read.module for reader in READERS if isinstance(reader.read, Later)}
    assert modules & set(loaded) == set()


def test_modules_and_rows_agree_on_names() -> None:
    assert BY_NAME["java-archive"].suffixes == archive.SUFFIXES
    assert BY_NAME["homebrew"].paths == homebrew.CASKROOMS
    assert rpm.MANIFEST in BY_NAME["rpm"].paths
    assert BY_NAME["dpkg"].paths == (dpkg.STATUS,)
    assert project.CENTRAL in BY_NAME["dotnet-project"].names
    php = {application.file.rpartition("/")[2] for application in applications.APPLICATIONS}
    assert BY_NAME["php-application"].names == php
    for name in ("dpkg", "chisel"):
        beside = BY_NAME[name].beside
        assert beside is not None
        assert (beside.folder, beside.name, beside.limit) == (copyrights.FOLDER, copyrights.NAME, copyrights.LIMIT)
