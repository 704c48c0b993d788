"""Every reader on damaged bytes: what a file holds may be anything, its reader ends in packages or problems.

Seeds are the samples of the text formats and the files under `corpus/`, one folder a reader: small whole files of the
binary formats, and damaged ones that once made a reader fail. Each case that is found goes there.
"""

import importlib.util
import random
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.interface import FilesystemError
from bartizan.collect.interface import Problems
from bartizan.collect.packages.interface import Reader
from bartizan.collect.packages.readers import READERS
from bartizan.model.package import Package

HERE = Path(__file__).parent
FOLDERS = {"rpm": "/var/lib/rpm/", "dpkg": "/var/lib/dpkg/status.d/"}
"""Where a reader's files lie, if that means something to it."""
WITHOUT_CONTENTS = {
    "nix": "reads names of folders",
    "chisel": "is packed with Zstandard, which Python 3.14 unpacks; its tests write one where that is there",
}


def neighbour(name: str) -> ModuleType:
    """Another module of this folder: test files are no package."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE = neighbour("test_hostile")


def seeds() -> dict[str, list[tuple[str, bytes]]]:
    """(path, contents) by reader."""
    out: dict[str, list[tuple[str, bytes]]] = {}
    for sample in tomllib.loads((HERE / "samples.toml").read_text())["sample"]:
        out.setdefault(sample["reader"], []).append((sample["path"], sample["text"].encode()))
    for file in sorted((HERE / "corpus").glob("*/*")):
        reader = file.parent.name
        out.setdefault(reader, []).append((FOLDERS.get(reader, "/srv/") + file.name, file.read_bytes()))
    return out


SEEDS = seeds()
NUMBERS = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x01\0\0\0", b"\0\0\0\x01"]
"""What a length or an offset that lies looks like, in either byte order."""


def damaged(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    out = bytearray(HOSTILE.mutated(data, seed) if chance.random() < 0.7 else data)
    for _ in range(chance.randint(0, 4)):
        if len(out) > 4:
            at = chance.randrange(min(len(out), chance.choice([64, 512, len(out)])))
            out[at : at + 4] = chance.choice(NUMBERS)
    return bytes(out)


def read(reader: Reader, path: str, data: bytes) -> list[Package]:
    """Raises whatever the reader raises, but for the one error that readers may raise."""
    view, problems = HOSTILE.OneFile(path, data), Problems()
    packages: list[Package] = []
    try:
        packages += reader.read(view, path, problems)
        if reader.owned is not None:
            reader.owned(view, path, frozenset({"/usr/bin/a"}), problems)
    except FilesystemError as error:
        problems.caught(error)
    assert all(package.purl for package in packages)
    assert all(problem.path and problem.reason for problem in problems.found)
    return packages


@pytest.mark.parametrize("reader", [reader for reader in READERS if reader.name in SEEDS], ids=lambda one: one.name)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), noise=st.binary(max_size=200))
def test_damaged_files(reader: Reader, seed: int, noise: bytes) -> None:
    path, data = SEEDS[reader.name][seed % len(SEEDS[reader.name])]
    read(reader, path, damaged(data, seed))
    read(reader, path, data[: seed % 64] + noise)


@pytest.mark.parametrize("reader", [reader for reader in READERS if reader.name in SEEDS], ids=lambda one: one.name)
def test_cases_that_were_found_end(reader: Reader) -> None:
    for path, data in SEEDS[reader.name]:
        read(reader, path, data)


def test_every_reader_has_seeds() -> None:
    assert {reader.name for reader in READERS} == SEEDS.keys() | WITHOUT_CONTENTS.keys()
    assert not SEEDS.keys() & WITHOUT_CONTENTS.keys()


def test_whole_seeds_of_binary_formats_hold_packages() -> None:
    by_name = {reader.name: reader for reader in READERS}
    for name in ("rpm", "java-archive", "python-archive", "vscode-extension", "programs"):
        found = {path: len(read(by_name[name], path, data)) for path, data in SEEDS[name] if "negative" not in path}
        assert all(found.values()), found
