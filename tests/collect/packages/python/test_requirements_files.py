"""Requirements files that refer to each other."""

from collections.abc import Callable, Mapping

import pytest

from bartizan.collect.packages.readers import READERS
from bartizan.model.package import Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]


def named(packages: list[Package]) -> list[str]:
    return [f"{package.name}=={package.version} {package.path}" for package in packages]


def test_constraints_pin_what_is_left_open(packages_of: Callable[[Files], list[Package]]) -> None:
    files = {"/srv/requirements.txt": "-c pins.txt\nflask\njinja2>=3\n", "/srv/pins.txt": "Flask==3.0.0\nunused==1\n"}
    assert named(packages_of(files)) == ["flask==3.0.0 /srv/requirements.txt", "jinja2== /srv/requirements.txt"]


def test_an_included_file_counts_under_its_own_path_and_once(packages_of: Callable[[Files], list[Package]]) -> None:
    files = {
        "/srv/requirements.txt": "-r deps/prod.in\n--requirement=requirements-dev.txt\n",
        "/srv/deps/prod.in": "flask==3.0.0\n-r ../requirements.txt\n",
        "/srv/requirements-dev.txt": "pytest==8.0.0\n",
    }
    packages = packages_of(files)
    assert named(packages) == ["flask==3.0.0 /srv/deps/prod.in", "pytest==8.0.0 /srv/requirements-dev.txt"]
    assert [package.dev for package in packages] == [False, True]


def test_files_outside_the_view_are_told(outcome_of: Callable[[Files], Outcome]) -> None:
    _, problems = outcome_of({"/srv/requirements.txt": "-r ../../../../etc/nothing.in\n"})
    assert [path for path, _ in problems] == ["/etc/nothing.in"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/srv/requirements.txt", True),
        ("/srv/requirements-dev.txt", True),
        ("/srv/test_requirements.txt", True),
        ("/srv/requirements/base.txt", True),
        ("/srv/mod_vendor_redundant_requirement.txt", False),
        ("/srv/notes.txt", False),
    ],
)
def test_which_files_are_requirements(path: str, wanted: bool) -> None:
    (reader,) = [reader for reader in READERS if reader.name == "python-requirements"]
    assert reader.matches is not None
    assert reader.matches(path) is wanted
