"""Hostile input: whatever a file holds, its reader ends, in packages or problems, within bounds."""

import os
import random
import tomllib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from bartizan.collect.filesystem.interface import Entry, FileKind, FileStat, FilesystemError, Missing, TooLarge
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.discover import read_packages
from bartizan.collect.packages.readers import READERS
from bartizan.model.package import Package
from bartizan.model.wire import canonical

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]

SAMPLES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "samples.toml").read_text())["sample"]
IDS = [f"{sample['reader']}:{sample['path'].split('/')[2]}" for sample in SAMPLES]
BY_NAME = {reader.name: reader for reader in READERS}


class OneFile:
    """A view with one file in it, for many quick reads."""

    live = False

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    def open(self, path: str) -> BinaryIO:
        self.stat(path)
        return BytesIO(self.data)

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        self.stat(path)
        if len(self.data) > limit:
            raise TooLarge(path, "too large")
        return self.data

    def stat(self, path: str) -> FileStat:
        if path != self.path:
            raise Missing(path, "does not exist")
        return FileStat(kind=FileKind.FILE, mode=0o644, uid=0, gid=0, size=len(self.data), mtime=0)

    lstat = stat

    def readlink(self, path: str) -> str:
        raise FilesystemError(path, "is not a link")

    def resolve(self, path: str) -> str:
        return path

    def list(self, path: str) -> list[Entry]:
        raise Missing(path, "does not exist")

    def walk(self, top: str = "/", prune: object = None) -> Any:
        return iter(())

    def skipped(self) -> tuple[FilesystemError, ...]:
        return ()


def mutated(data: bytes, seed: int) -> bytes:
    """Real bytes with a few things done to them that break parsers."""
    choice = random.Random(seed)
    out = bytearray(data)
    for _ in range(choice.randint(1, 6)):
        at = choice.randrange(len(out) + 1)
        end = min(len(out), at + choice.randint(1, 30))
        match choice.randrange(7):
            case 0:
                del out[at:]
            case 1:
                del out[at:end]
            case 2:
                out[at:at] = out[at:end] * choice.randint(1, 50)
            case 3:
                out[at:end] = choice.randbytes(end - at)
            case 4:
                out[at:at] = choice.choice(
                    [b"\0", b"\xff", b"[", b"{", b'"', b"'", b"\n", b": ", b"- ", b"<", b"${", b"\\u"]
                )
            case 5:
                out[at:end] = choice.choice(
                    [b"null", b"1e999", b"[]", b"{}", b"-1", b'""', b"9" * 5000, b"\xed\xa0\x80"]
                )
            case _:
                other = choice.randrange(len(out) + 1)
                out[at:end] = out[other : other + 40]
    return bytes(out)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_two_hundred_megabytes_are_refused(
    sample: dict[str, Any], view_of: Callable[[Files], LocalView], tmp_path: Path
) -> None:
    view = view_of({sample["path"]: sample["text"]})
    os.truncate(tmp_path / sample["path"].lstrip("/"), 200 << 20)
    problems = Problems()
    packages = list(BY_NAME[sample["reader"]].read(view, sample["path"], problems))
    assert packages == [] or sample["reader"] in {
        "python-installed",
        "homebrew",
        "php-application",
    }  # these read a beginning, or only names
    assert problems.found or packages


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/srv/package-lock.json", "[" * 200_000),
        ("/srv/package-lock.json", '{"a":' * 200_000),
        ("/srv/poetry.lock", "a = " + "[" * 20_000),
        ("/srv/pnpm-lock.yaml", "a: " + "[" * 200_000),
        ("/srv/pnpm-lock.yaml", "- " * 100_000),
        ("/srv/pom.xml", "<a>" * 100_000),
        ("/srv/requirements.txt", "a" * 1_000_000 + "=="),
        ("/srv/requirements.txt", "a[" * 100_000),
        ("/srv/yarn.lock", '__metadata:\n"' + "a" * 500_000),
        ("/srv/bun.lock", '"' + "/" * 500_000),
        ("/srv/bun.lock", "," + " " * 30_000 + "," + " " * 30_000),
        ("/srv/cabal.project.freeze", "-" * 200_000),
        ("/srv/mix.lock", '%{\n"' + "a" * 300_000),
        ("/srv/rebar.lock", '{<<"' * 50_000),
        ("/srv/gradle.lockfile", "a:" * 100_000),
        ("/srv/Gemfile.lock", "GEM\n    " + "a" * 300_000 + " ("),
        ("/srv/specifications/x.gemspec", "s.name" + " " * 100_000 + "= x"),
        ("/srv/package-lock.json", '{"packages": {"node_modules/a": {"version": ' + "9" * 10_000 + "}}}"),
        ("/srv/go.mod", "go 1." + "9" * 5000),
        ("/srv/go.mod", "require a v" + "9" * 5000),
    ],
    ids=range(20),
)
def test_what_makes_parsers_slow_or_deep_ends(outcome_of: Callable[[Files], Outcome], path: str, text: str) -> None:
    outcome_of({path: text})


def test_names_that_are_not_utf8_are_written_out(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/srv/\xff\xfe"
    os.makedirs(folder)
    with open(folder + b"/package-lock.json", "wb") as file:
        file.write(b'{"packages": {"node_modules/\\ud800\\u0000x": {"version": "1"}}}')
    with open(folder + b"/poetry.lock", "wb") as file:
        file.write(b"\xff\xff")
    sections = read_packages(LocalView(str(tmp_path)))
    assert sections["packages_npm"].facts == [
        {
            "type": "npm",
            "name": "\\ud800\\x00x",
            "version": "1",
            "path": "/srv/\\udcff\\udcfe/package-lock.json",
            "state": "locked",
        }
    ]
    for section in sections.values():
        canonical(section.facts).decode("utf-8")
        canonical(section.problems).decode("utf-8")


def test_a_lock_file_that_cannot_be_read_is_told(
    outcome_of: Callable[[Files], Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: LocalView, path: str, limit: int = 16 << 20) -> bytes:
        raise FilesystemError(path, "permission denied")

    monkeypatch.setattr(LocalView, "read", refuse)
    _, problems = outcome_of({"/srv/Cargo.lock": ""})
    assert problems == [("/srv/Cargo.lock", "permission denied")]


def test_pipes_and_links_in_a_circle_do_not_hang(tmp_path: Path) -> None:
    os.makedirs(tmp_path / "srv")
    os.mkfifo(tmp_path / "srv/package-lock.json")
    os.symlink("yarn.lock", tmp_path / "srv/yarn.lock")
    os.symlink(".", tmp_path / "srv/loop")
    assert list(read_packages(LocalView(str(tmp_path)))) == ["packages"]


def test_problems_are_limited(view_of: Callable[[Files], LocalView]) -> None:
    view = view_of({"/srv/requirements.txt": "not a requirement\n" * 5000})
    problems = read_packages(view)["packages_pypi"].problems
    assert len(problems) == 1001
    assert problems[-1].reason == "4000 more problems are not listed"
