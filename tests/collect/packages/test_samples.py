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
    told = bool(sample["packages"])
    assert {package.state for package in packages} == ({"locked" if reader.locked else "installed"} if told else set())
    assert {package.path for package in packages} == ({sample["path"]} if told else set())


def test_every_reader_has_a_sample() -> None:
    sampled = {sample["reader"] for sample in SAMPLES}
    assert {reader.name for reader in READERS} == sampled | BINARY_FORMATS


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/srv/version.php", "<?php $version = '4.3.2'; $release = '4.3.2';"),
        ("/srv/wp-includes/version.php", "<?php // $wp_version holds the version\n$wp_db_version = 56657;"),
        ("/srv/core/lib/Drupal.php", "<?php class Drupal { const API = '10.1.5'; }"),
        ("/srv/lib/Version.php", "<?php namespace Vendor; class Version { const VERSION = '5.2.1'; }"),
    ],
)
def test_what_is_near_a_php_application_is_none(path: str, text: str, outcome_of: Callable[[Files], Outcome]) -> None:
    assert outcome_of({path: text}) == ([], [])


def test_readers_have_distinct_names() -> None:
    names = [reader.name for reader in READERS]
    assert len(names) == len(set(names))
