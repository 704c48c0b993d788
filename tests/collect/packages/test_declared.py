"""What is declared and resolved by nothing is told once a file; where a lock file, an installation or the distribution
answers, it is not."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.image import Platform
from bartizan.collect.containers.snapshot import collect_image
from bartizan.model.package import UNRESOLVED
from bartizan.model.snapshot import Section
from image_files import image_files, layer_tar, write_docker_archive

Files = Mapping[str, str | bytes]
Sections = Callable[[Files], dict[str, Section]]
MANIFEST = '{"name": "app", "dependencies": {"lodash": "^4", "axios": "^1"}}'
LOCK = '{"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.4"}}}'


def unresolved(sections: dict[str, Section]) -> dict[str, str]:
    """File to the names that nothing resolves."""
    return {
        problem.path: problem.reason.removeprefix(f"{UNRESOLVED}: ").partition(";")[0]
        for section in sections.values()
        for problem in section.problems
        if problem.reason.startswith(UNRESOLVED)
    }


def installed(name: str) -> str:
    return f'{{"name": "{name}", "version": "1.0.0"}}'


@pytest.mark.parametrize("lock", ["/srv/app/package-lock.json", "/srv/package-lock.json", "/srv/app/yarn.lock"])
def test_a_lock_file_beside_it_or_above_resolves_it(sections_of: Sections, lock: str) -> None:
    files = {"/srv/app/package.json": MANIFEST, lock: LOCK if lock.endswith(".json") else "# yarn lockfile v1\n"}
    assert unresolved(sections_of(files)) == {}


def test_a_lock_file_of_another_project_does_not(sections_of: Sections) -> None:
    files = {"/srv/app/package.json": MANIFEST, "/srv/other/package-lock.json": LOCK}
    assert unresolved(sections_of(files)) == {"/srv/app/package.json": "axios, lodash"}


def test_what_is_installed_is_resolved(sections_of: Sections) -> None:
    files = {"/srv/app/package.json": MANIFEST, "/srv/app/node_modules/lodash/package.json": installed("lodash")}
    assert unresolved(sections_of(files)) == {"/srv/app/package.json": "axios"}
    whole = files | {"/usr/lib/node_modules/axios/package.json": installed("axios")}
    assert unresolved(sections_of(whole)) == {}


def test_what_came_along_with_a_dependency_is_not_asked(sections_of: Sections) -> None:
    assert unresolved(sections_of({"/srv/app/node_modules/own/package.json": MANIFEST})) == {}


def test_what_the_distribution_owns_is_its_own(sections_of: Sections) -> None:
    status = "Package: node-app\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n"
    files = {
        "/etc/os-release": "ID=debian\n",
        "/var/lib/dpkg/status": status,
        "/var/lib/dpkg/info/node-app.list": "/usr/share/nodejs/app/package.json\n",
        "/usr/share/nodejs/app/package.json": MANIFEST,
    }
    assert unresolved(sections_of(files)) == {}
    assert unresolved(sections_of(files | {"/var/lib/dpkg/info/node-app.list": ""})) != {}


def test_no_section_comes_of_a_file_that_asks_for_nothing(sections_of: Sections) -> None:
    sections = sections_of({"/srv/pyproject.toml": "[tool.ruff]\nline-length = 120\n", "/srv/Cargo.toml": ""})
    assert "packages_pypi" not in sections
    assert "packages_cargo" not in sections


def test_many_names_are_counted(sections_of: Sections) -> None:
    wanted = "\n".join(f'gem "g{number:02}"' for number in range(30))
    assert unresolved(sections_of({"/srv/Gemfile": wanted})) == {"/srv/Gemfile": "g00, g01, g02, g03, g04 and 25 more"}


@pytest.mark.parametrize("go", ["go 1.17", "go 1.21.4"])
def test_module_files_since_go_1_17_are_whole(sections_of: Sections, go: str) -> None:
    assert unresolved(sections_of({"/srv/go.mod": f"module x\n{go}\nrequire golang.org/x/net v0.17.0\n"})) == {}


def test_checksums_resolve_older_module_files(sections_of: Sections) -> None:
    files = {"/srv/go.mod": "module x\ngo 1.16\nrequire golang.org/x/net v0.17.0\n", "/srv/go.sum": ""}
    assert unresolved(sections_of(files)) == {}


def test_an_image_is_asked_as_a_folder_is(tmp_path: Path) -> None:
    """The lock file came in another layer than the manifest that it resolves; of the other manifest it was removed."""
    lower = layer_tar({"srv/app/package-lock.json": LOCK.encode(), "srv/gone/yarn.lock": b"# yarn lockfile v1\n"})
    upper = layer_tar(
        {
            "srv/app/package.json": MANIFEST.encode(),
            "srv/gone/package.json": MANIFEST.encode(),
            "srv/gone/.wh.yarn.lock": b"",
        }
    )
    archive = write_docker_archive(tmp_path / "image.tar", image_files([lower, upper]))
    shot = collect_image(open_archive(archive, Platform()), sensor="test/1", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert unresolved(dict(shot.sections)) == {"/srv/gone/package.json": "axios, lodash"}
