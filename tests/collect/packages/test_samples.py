"""Each reader by a small file of its format: found by its path, read into the packages that the file names."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bartizan.collect.packages.readers import READERS
from bartizan.model.package import Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]

SAMPLES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "samples.toml").read_text())["sample"]

BINARY_FORMATS = {
    "rpm",
    "chisel",
    "nix",
    "python-archive",
    "vscode-extension",
    "java-archive",
    "java-runtime",
    "programs",
}
"""Their files are not text: they have tests of their own."""


def described(package: Package) -> str:
    """The package as the table writes it."""
    words = [package.purl]
    words += ["dev"] * package.dev
    words += [] if package.direct is None else ["direct" if package.direct else "indirect"]
    words += [f"source={package.source}"] if package.source else []
    words += [f"licence={licence}" for licence in package.licences]
    return " ".join(words)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["reader"] + ":" + sample["path"].split("/")[2])
def test_sample(sample: dict[str, Any], outcome_of: Callable[[Files], Outcome]) -> None:
    packages, problems = outcome_of({sample["path"]: sample["text"]})
    assert sorted(map(described, packages)) == sorted(sample["packages"])
    told = sorted(f"{path.removeprefix(sample['path'])}: {reason}" for path, reason in problems)
    expected = sorted(sample.get("problems", []))
    assert [line[: len(part)] for line, part in zip(told, expected, strict=True)] == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["reader"] + ":" + sample["path"].split("/")[2])
def test_what_lock_files_name_is_locked(sample: dict[str, Any], outcome_of: Callable[[Files], Outcome]) -> None:
    reader = next(reader for reader in READERS if reader.name == sample["reader"])
    packages, _ = outcome_of({sample["path"]: sample["text"]})
    assert {package.state for package in packages} == {"locked" if reader.locked else "installed"}
    assert {package.path for package in packages} == {sample["path"]}


def test_every_reader_has_a_sample() -> None:
    sampled = {sample["reader"] for sample in SAMPLES}
    assert {reader.name for reader in READERS} == sampled | BINARY_FORMATS


def test_readers_have_distinct_names() -> None:
    names = [reader.name for reader in READERS]
    assert len(names) == len(set(names))
