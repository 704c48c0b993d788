"""Debian's copyright files: the machine-readable format, prose, links, hostile bytes."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.discover import read_packages
from bartizan.collect.packages.distribution.copyright import NAME_LENGTH, NAMES, essence, licences, spdx
from bartizan.collect.packages.readers import READERS
from bartizan.model.package import Package, package_from

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
TOOL = f"""\
{FORMAT}Upstream-Name: tool
Upstream-Contact: Ann Author <ann@example.org>
License: not-that-of-a-stanza

Files: *
Copyright: 2001-2020, Ann Author
           2005, Bob Writer
License: GPL-2+

Files: lib/*.c
       lib/*.h
Copyright: 2011, Carol Coder
License: Expat
 Permission is hereby granted, free of charge, to any person.
 .
 Files: of this kind
 License: is a word of the text

Files: debian/*
Copyright: 2015, Dan Maintainer
Comment: as upstream
License: GPL-2+

Files: doc/*
Copyright: none
License: public-domain

License: GPL-2+
 On Debian systems the text is in /usr/share/common-licenses/GPL-2.

License: LGPL-3+
 A text that no stanza of files refers to.
"""
PROSE = """\
This package was put together by Ann Author on Fri, 17 Jan 2003 14:57:28 +0900.

License: GPL-2+

Files: *
License: GPL-2+
"""


TOLD = ("GPL-2.0-or-later", "MIT", "public-domain")


def status(*names: str, state: str = "install ok installed") -> str:
    return "\n".join(f"Package: {name}\nStatus: {state}\nVersion: 1\n" for name in names)


def test_short_names_of_the_stanzas_of_files(packages_of: Callable[[Files], list[Package]]) -> None:
    files = {"/var/lib/dpkg/status": status("tool", "bare"), "/usr/share/doc/tool/copyright": TOOL}
    assert {package.name: package.licences for package in packages_of(files)} == {
        "tool": TOLD,
        "bare": (),
    }


def test_distroless_images_have_it_too(packages_of: Callable[[Files], list[Package]]) -> None:
    files = {"/var/lib/dpkg/status.d/tool": "Package: tool\nVersion: 1\n", "/usr/share/doc/tool/copyright": TOOL}
    assert [package.licences for package in packages_of(files)] == [TOLD]


def test_prose_is_not_guessed_at(packages_of: Callable[[Files], list[Package]]) -> None:
    files = {"/var/lib/dpkg/status": status("tool"), "/usr/share/doc/tool/copyright": PROSE}
    assert [package.licences for package in packages_of(files)] == [()]


def test_what_was_removed_has_no_licences(packages_of: Callable[[Files], list[Package]]) -> None:
    removed = status("tool", state="deinstall ok config-files")
    files = {"/var/lib/dpkg/status": removed, "/usr/share/doc/tool/copyright": TOOL}
    assert [(package.state, package.licences) for package in packages_of(files)] == [("config-files", ())]


def test_links_are_followed_within_the_view(
    view_of: Callable[[Files], LocalView], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "copyright"
    outside.write_text(f"{FORMAT}\nFiles: *\nLicense: ISC\n")
    view = view_of({"/var/lib/dpkg/status": status("libtool1", "leak", "tool"), "/usr/share/doc/tool/copyright": TOOL})
    documents = tmp_path / "usr/share/doc"
    (documents / "libtool1").symlink_to("tool")
    (documents / "leak").symlink_to(outside.parent)
    facts = read_packages(view)["packages_deb"].facts
    assert isinstance(facts, list)
    told = {package.name: package.licences for package in map(package_from, facts)}
    assert told == {"libtool1": TOLD, "leak": (), "tool": TOLD}


def test_a_file_that_is_too_large_is_a_problem_and_no_guess(outcome_of: Callable[[Files], Outcome]) -> None:
    large = TOOL.encode() + b" " * (4 << 20)
    packages, problems = outcome_of({"/var/lib/dpkg/status": status("tool"), "/usr/share/doc/tool/copyright": large})
    assert [package.licences for package in packages] == [()]
    assert [path for path, _ in problems] == ["/usr/share/doc/tool/copyright"]


def test_bytes_that_are_not_text_can_be_stored(packages_of: Callable[[Files], list[Package]]) -> None:
    odd = FORMAT.encode() + b"\nFiles: *\nLicense: caf\xe9-\x00\n"
    files: Files = {"/var/lib/dpkg/status": status("tool"), "/usr/share/doc/tool/copyright": odd}
    assert [package.licences for package in packages_of(files)] == [("caf\\udce9-\\x00",)]


@pytest.mark.parametrize(
    ("stanzas", "told"),
    [
        ("Files: *\nLicense:\n Do as you please.\n", ("NOASSERTION",)),
        ("Files: *\nCopyright: 2001, Ann\n\nFiles: b\nLicense: ISC\n", ("NOASSERTION", "ISC")),
        ("Files: *\nCopyright: 2001, Ann\n\nLicense: ISC\n Text.\n", ("ISC",)),
        ("files: *\nLICENSE: ISC\n\nfiles: b\nlicense: Expat\n", ("ISC", "MIT")),
        ("Files: *\r\nLicense: ISC\r\n\r\nFiles: b\r\nLicense: Expat\r\n", ("ISC", "MIT")),
        ("Files: *\nLicense: ISC", ("ISC",)),
        ("Files: *\nLicense: " + "x" * (NAME_LENGTH + 1) + "\n", ("NOASSERTION",)),
        ("License: ISC\n Text.\n", ()),
    ],
)
def test_stanzas_as_people_write_them(stanzas: str, told: tuple[str, ...]) -> None:
    assert licences(f"{FORMAT}\n{stanzas}".encode()) == told


@pytest.mark.parametrize(
    "header",
    [
        "Format: http://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
        "Upstream-Name: tool\nformat: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0",
        "\ufeffFormat: http://dep.debian.net/deps/dep5/",
    ],
)
def test_headers_that_name_the_format(header: str) -> None:
    assert licences(f"{header}\n\nFiles: *\nLicense: ISC\n".encode()) == ("ISC",)


@pytest.mark.parametrize("header", ["Format: 3.0 (quilt)", "Formatted: copyright-format", "Source: copyright-format"])
def test_headers_that_do_not(header: str) -> None:
    assert licences(f"{header}\n\nFiles: *\nLicense: ISC\n".encode()) == ()


def test_more_names_than_are_kept_are_not_taken_for_the_whole() -> None:
    stanzas = "".join(f"\nFiles: {number}\nLicense: own-{number}\n" for number in range(NAMES + 5))
    told = licences((FORMAT + stanzas).encode())
    assert told == (*(f"own-{number}" for number in range(NAMES)), "NOASSERTION")


@pytest.mark.parametrize(
    ("written", "expression"),
    [
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("AGPL-3+", "AGPL-3.0-or-later"),
        ("GFDL-1.2", "GFDL-1.2-only"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("Expat", "MIT"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("apache-2.0", "Apache-2.0"),
        ("MPL-1.1", "MPL-1.1"),
        ("GPL-1+ or Artistic", "GPL-1.0-or-later OR Artistic"),
        ("GPL-2+ or Artistic-2.0, and BSD-3-clause", "(GPL-2.0-or-later OR Artistic-2.0) AND BSD-3-Clause"),
        ("ISC, or Expat and Zlib", "ISC OR (MIT AND Zlib)"),
        ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
        ("Apache-2.0 with LLVM exception or Expat", "Apache-2.0 WITH LLVM-exception OR MIT"),
    ],
)
def test_what_has_a_counterpart_in_spdx(written: str, expression: str) -> None:
    assert spdx(written) == expression


@pytest.mark.parametrize(
    "written",
    [
        "GPL",
        "GPL-2.1",
        "GPL-4+",
        "LGPL-1",
        "Artistic",
        "Python",
        "public-domain",
        "permissive, without warranty",
        "GPL-2+ with OpenSSL exception",
        "GPL-2+, MIT and ISC",
        "GPL-2+ and",
        "or Expat",
        "Expat, and ISC, or Zlib",
        "Expat,",
        "",
    ],
)
def test_what_has_none_stays_as_written(written: str) -> None:
    assert spdx(written) == written


PIECES = st.sampled_from(
    [b"\n", b"\n\n", b"\n \n", b"Files:", b"files: *", b"License:", b"LICENSE: ", b" GPL-2+", b" or ", b", and ", b"\r"]
)


@given(st.lists(PIECES | st.binary(max_size=12), max_size=60).map(b"".join))
def test_whatever_a_file_holds_its_essence_tells_the_same(body: bytes) -> None:
    data = FORMAT.encode() + b"\n" + body
    kept = essence(data)
    assert licences(kept) == licences(data)
    assert essence(kept) == kept and len(kept) < NAMES * (NAME_LENGTH + 30)
    assert len(licences(data)) <= NAMES + 1


@pytest.mark.parametrize(
    ("stanza", "told"),
    [
        (b"\nFiles: a\nlicense: x", ("x",)),
        (b"\nFiles:", ("NOASSERTION",)),
        (b"\nFiles: a\n\n", ("NOASSERTION",)),
        (b"\nFiles: a\n \nLicense: x", ("x",)),
    ],
)
def test_no_field_is_looked_for_to_the_end_again_and_again(stanza: bytes, told: tuple[str, ...]) -> None:
    """Three megabytes of it: were each stanza a search of the rest, this would not end."""
    assert licences(FORMAT.encode() + b"\n" + stanza * (3_000_000 // len(stanza))) == told


@given(st.text(alphabet=st.sampled_from("GPL-2+ andorwith,ExptISC"), max_size=60))
def test_an_expression_never_loses_a_name(name: str) -> None:
    told = spdx(name)
    assert told == name or told.count(" AND ") + told.count(" OR ") <= len(name.split()) // 2 + name.count(",")


def test_earlier_states_of_the_database_open_nothing_else() -> None:
    """Which packages an image's lower layers had is asked of the database alone."""
    (dpkg,) = [reader for reader in READERS if reader.name == "dpkg"]
    view = MemoryView({"/var/lib/dpkg/status": status("tool").encode(), "/usr/share/doc/tool/copyright": TOOL.encode()})
    assert [package.licences for package in dpkg.read(view, "/var/lib/dpkg/status", Problems())] == [()]
