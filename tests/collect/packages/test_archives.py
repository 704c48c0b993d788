"""Wheels, eggs and extensions as zip files; stores of folders; what a Python without Zstandard says."""

import io
import os
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.packages.discover import read_packages
from bartizan.model.package import Package, package_from

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]


def archive(members: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in members.items():
            file.writestr(name, contents)
    return out.getvalue()


def test_wheels_and_eggs(packages_of: Callable[[Files], list[Package]]) -> None:
    metadata = "Metadata-Version: 2.1\nName: Monotonic\nVersion: 1.6\n"
    wheel = archive({"monotonic.py": "", "monotonic-1.6.dist-info/METADATA": metadata, "a/b.dist-info/METADATA": "no"})
    egg = archive({"EGG-INFO/PKG-INFO": metadata})
    packages = packages_of({"/usr/share/wheels/monotonic-1.6-py3-none-any.whl": wheel, "/srv/monotonic-1.6.egg": egg})
    assert [(package.purl, package.path) for package in packages] == [
        ("pkg:pypi/monotonic@1.6", "/srv/monotonic-1.6.egg"),
        ("pkg:pypi/monotonic@1.6", "/usr/share/wheels/monotonic-1.6-py3-none-any.whl"),
    ]


def test_an_egg_without_metadata_is_told(outcome_of: Callable[[Files], Outcome]) -> None:
    assert outcome_of({"/srv/x.egg": archive({"x.py": ""})}) == (
        [],
        [("/srv/x.egg", "has no metadata of a Python distribution")],
    )


def test_extensions_bring_their_node_modules(outcome_of: Callable[[Files], Outcome]) -> None:
    extension = archive(
        {
            "extension/package.json": '{"name": "ext", "version": "1.0.0", "engines": {"vscode": "^1"}}',
            "extension/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.21"}',
            "extension/node_modules/lodash/test/package.json": '{"name": "fixture", "version": "1.0.0"}',
            "extension/node_modules/broken/package.json": "{",
        }
    )
    packages, problems = outcome_of({"/srv/ext.vsix": extension})
    assert [(package.purl, package.path) for package in packages] == [
        ("pkg:npm/lodash@4.17.21", "/srv/ext.vsix!/extension/node_modules/lodash/package.json")
    ]
    assert [path for path, _ in problems] == ["/srv/ext.vsix!/extension/node_modules/broken/package.json:1"]


def test_nix_store_folders_are_names_and_versions(tmp_path: Path) -> None:
    store = tmp_path / "nix/store"
    for name in ("openssl-3.0.14", "openssl-3.0.14-bin", "python3.11-requests-2.31.0", "source", "unit-script-start"):
        os.makedirs(store / f"3fd6z7jm1zq1jrhy8rh8mrkxhyhpbx3q-{name}")
    facts = read_packages(LocalView(str(tmp_path)))["packages_nix"].facts
    assert isinstance(facts, list)
    assert [package_from(fact).purl for fact in facts] == [
        "pkg:nix/openssl@3.0.14",
        "pkg:nix/python3.11-requests@2.31.0",
    ]


def test_casks_are_folders(tmp_path: Path) -> None:
    os.makedirs(tmp_path / "opt/homebrew/Caskroom/firefox/130.0.1")
    os.makedirs(tmp_path / "opt/homebrew/Caskroom/firefox/.metadata")
    facts = read_packages(LocalView(str(tmp_path)))["packages_brew"].facts
    assert isinstance(facts, list)
    assert [package_from(fact).purl for fact in facts] == ["pkg:brew/cask/firefox@130.0.1"]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads Zstandard")
def test_a_chisel_manifest_that_cannot_be_unpacked_is_told(outcome_of: Callable[[Files], Outcome]) -> None:
    packages, problems = outcome_of({"/var/lib/chisel/manifest.wall": b"\x28\xb5\x2f\xfd..."})
    assert packages == []
    assert problems[0][1].endswith("packages are not known")


@pytest.mark.parametrize(
    ("database", "owner"),
    [
        ({"/lib/apk/db/installed": "P:py3-x\nV:1-r0\nF:usr/lib/x\nR:x.egg-info\n"}, "py3-x"),
        (
            {
                "/var/lib/pacman/local/python-x-1-1/desc": "%NAME%\npython-x\n\n%VERSION%\n1-1\n",
                "/var/lib/pacman/local/python-x-1-1/files": "%FILES%\nusr/\nusr/lib/x/x.egg-info\n",
            },
            "python-x",
        ),
        (
            {
                "/var/db/pkg/dev-python/x-1.0/PF": "x-1.0\n",
                "/var/db/pkg/dev-python/x-1.0/CONTENTS": "dir /usr\nobj /usr/lib/x/x.egg-info 0a 1\n",
            },
            "x",
        ),
        (
            {
                "/usr/lib/opkg/status": "Package: python-x\nVersion: 1\n",
                "/usr/lib/opkg/info/python-x.list": "/usr/lib/x/x.egg-info\n",
            },
            "python-x",
        ),
    ],
    ids=["apk", "pacman", "portage", "opkg"],
)
def test_every_distribution_says_what_it_owns(
    packages_of: Callable[[Files], list[Package]], database: Files, owner: str
) -> None:
    packages = packages_of({**database, "/usr/lib/x/x.egg-info": "Name: x\nVersion: 1\n"})
    assert [package.owner for package in packages if package.type == "pypi"] == [owner]
