"""dpkg's status file, status.d of distroless images, removed packages, damaged databases."""

from collections.abc import Callable, Mapping

from bartizan.model.package import Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]

OS = {"/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'}


def test_source_package_with_its_own_version(packages_of: Callable[[Files], list[Package]]) -> None:
    status = """\
Package: libgcc-s1
Status: install ok installed
Priority: optional
Architecture: amd64
Multi-Arch: same
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+deb12u1
Description: GCC support library
 Shared version of the support library.
Homepage: http://gcc.gnu.org/
"""
    (package,) = packages_of(OS | {"/var/lib/dpkg/status": status})
    assert package == Package(
        type="deb",
        namespace="debian",
        name="libgcc-s1",
        version="12.2.0-14+deb12u1",
        arch="amd64",
        source="gcc-12",
        source_version="12.2.0-14",
        distro="debian-12",
        path="/var/lib/dpkg/status",
    )
    assert package.purl == "pkg:deb/debian/libgcc-s1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12"


def test_what_is_removed_and_what_remains(packages_of: Callable[[Files], list[Package]]) -> None:
    states = {
        "whole": "install ok installed",
        "held": "hold ok installed",
        "half": "install reinstreq half-installed",
        "waiting": "install ok triggers-awaited",
        "residue": "deinstall ok config-files",
        "purged": "purge ok not-installed",
    }
    status = "\n".join(f"Package: {name}\nStatus: {state}\nVersion: 1\n" for name, state in states.items())
    assert {package.name: package.state for package in packages_of({"/var/lib/dpkg/status": status})} == {
        "whole": "installed",
        "held": "installed",
        "half": "installed",
        "waiting": "installed",
        "residue": "config-files",
    }


def test_distroless_has_one_file_per_package(packages_of: Callable[[Files], list[Package]]) -> None:
    folder = "/var/lib/dpkg/status.d"
    packages = packages_of(
        OS
        | {
            f"{folder}/libssl3": "Package: libssl3\nSource: openssl\nVersion: 3.0.15-1~deb12u1\nArchitecture: amd64\n",
            f"{folder}/libssl3.md5sums": "d41d8cd98f00b204e9800998ecf8427e  usr/share/app/package.json\n",
            "/usr/share/app/package.json": '{"name": "app", "version": "1.0.0"}',
        }
    )
    assert [(package.name, package.source_name, package.path, package.owner) for package in packages] == [
        ("libssl3", "openssl", f"{folder}/libssl3", ""),
        ("app", "app", "/usr/share/app/package.json", "libssl3"),
    ]


def test_release_without_a_number_goes_by_its_code_name(packages_of: Callable[[Files], list[Package]]) -> None:
    files = {
        "/usr/lib/os-release": "ID=debian\nVERSION_CODENAME=trixie\n",
        "/var/lib/dpkg/status": "Package: a\nVersion: 1\n",
    }
    assert [package.distro for package in packages_of(files)] == ["debian-trixie"]


def test_damage_is_told_with_its_line_and_the_rest_is_read(outcome_of: Callable[[Files], Outcome]) -> None:
    status = b"Package: a\nVersion: 1\n\nPackage: b\n\xff\xfe garbage\n\nPackage: c\nVersion: 2"
    packages, problems = outcome_of({"/var/lib/dpkg/status": status})
    assert [package.name for package in packages] == ["a", "c"]
    assert problems == [
        ("/var/lib/dpkg/status:4", "package b has no version"),
        ("/var/lib/dpkg/status:5", "line is neither a field nor a continuation"),
    ]
