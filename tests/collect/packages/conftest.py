"""A folder of files as a view, and what the readers find there."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.packages.discover import read_packages
from bartizan.model.package import UNRESOLVED, Package, package_from
from bartizan.model.snapshot import Section

Files = Mapping[str, str | bytes]


@pytest.fixture
def view_of(tmp_path: Path) -> Callable[[Files], LocalView]:
    """Writes files (absolute path to contents) and gives the view of them."""

    def build(files: Files) -> LocalView:
        for path, contents in files.items():
            target = tmp_path / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents.encode() if isinstance(contents, str) else contents)
        return LocalView(str(tmp_path))

    return build


@pytest.fixture
def sections_of(view_of: Callable[[Files], LocalView]) -> Callable[[Files], dict[str, Section]]:
    """The sections that a view of these files yields."""
    return lambda files: read_packages(view_of(files))


@pytest.fixture
def outcome_of(
    sections_of: Callable[[Files], dict[str, Section]],
) -> Callable[[Files], tuple[list[Package], list[tuple[str, str]]]]:
    """Every package of every section, and every problem as (path, reason)."""

    def read(files: Files) -> tuple[list[Package], list[tuple[str, str]]]:
        sections = sections_of(files).values()
        packages = [package for section in sections for package in packages_in(section)]
        return packages, [(problem.path, problem.reason) for section in sections for problem in section.problems]

    return read


@pytest.fixture
def packages_of(
    outcome_of: Callable[[Files], tuple[list[Package], list[tuple[str, str]]]],
) -> Callable[[Files], list[Package]]:
    """Every package of every section, after checking that nothing was reported as a problem but what is unresolved."""

    def read(files: Files) -> list[Package]:
        packages, problems = outcome_of(files)
        assert [each for each in problems if not each[1].startswith(UNRESOLVED)] == []
        return packages

    return read


def packages_in(section: Section) -> list[Package]:
    return [package_from(facts) for facts in section.facts] if isinstance(section.facts, list) else []
