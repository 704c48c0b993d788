"""Section `updates_apt`: what the security pocket offers, from lists in each form that apt keeps them in."""

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.host.updates_apt import lz4
from bartizan.collect.host.updates_apt.package_list import offers, parse_release
from bartizan.collect.host.updates_apt.section import COLLECTOR
from host_folder import Host, Seen

ProblemsOf = Callable[[Seen], dict[str, str]]

STATUS = """Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.15-1~deb12u1

Package: libssl3
Status: hold ok installed
Architecture: amd64
Source: openssl
Version: 3.0.15-1~deb12u1
Description: text
 Version: 9

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: current
Status: install ok installed
Architecture: all
Version: 2:1.0-1
"""
PACKAGES = """Package: openssl
Architecture: amd64
Version: 3.0.16-1~deb12u1
Description: x

Package: openssl
Architecture: amd64
Version: 3.0.17-1~deb12u3

Package: openssl
Architecture: arm64
Version: 9.0

Package: libssl3
Source: openssl (3.0.17-1~deb12u2)
Version: 3.0.17-1~deb12u2
Architecture: amd64

Package: gone
Architecture: amd64
Version: 2

Package: current
Architecture: all
Version: 1:9.9-1

Package: broken
Architecture: amd64
"""
RELEASE = (
    "-----BEGIN PGP SIGNED MESSAGE-----\n\n"
    "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\nDate: Sat, 1\n"
)
PREFIX = "/var/lib/apt/lists/deb.example_dists_bookworm-security_"
OTHER = "/var/lib/apt/lists/deb.example_dists_bookworm_"


def stored(data: bytes) -> bytes:
    """An LZ4 frame of uncompressed blocks."""
    blocks = [data[i : i + 65536] for i in range(0, len(data), 65536)]
    body = b"".join(struct.pack("<I", len(block) | 1 << 31) + block for block in blocks)
    return b"\x04\x22\x4d\x18\x60\x40\x82" + body + bytes(4)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".lz4": stored,
}


@pytest.mark.parametrize("suffix", PACK)
def test_newer_versions_of_what_is_installed(host: Host, suffix: str) -> None:
    facts = host.facts(
        COLLECTOR,
        {
            "/var/lib/dpkg/status": STATUS,
            PREFIX + "InRelease": RELEASE,
            PREFIX + "main_binary-amd64_Packages" + suffix: PACK[suffix](PACKAGES.encode()),
            OTHER + "InRelease": "Suite: stable\nLabel: Debian\n",
            OTHER + "main_binary-amd64_Packages": "Package: openssl\nVersion: 99\n",
        },
    )
    assert [(u["name"], u["installed"], u["candidate"], u["source"]) for u in facts["updates"]] == [
        ("libssl3", "3.0.15-1~deb12u1", "3.0.17-1~deb12u2", "openssl"),
        ("openssl", "3.0.15-1~deb12u1", "3.0.17-1~deb12u3", ""),
    ]
    assert facts["updates"][0]["source_version"] == "3.0.17-1~deb12u2"
    assert facts["held"] == ["libssl3"]
    assert [(entry["suite"], entry["arch"]) for entry in facts["lists"]] == [("stable-security", "amd64")]


def test_without_a_security_list_updates_are_unknown(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(COLLECTOR, {"/var/lib/dpkg/status": STATUS, "/usr/bin/apt-get": ""})
    assert "apt-get update" in problems_of(section)["@updates"]
    assert section.facts["present"] is True


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2", ".lz4"])
def test_a_list_that_is_cut_off_makes_updates_unknown(host: Host, problems_of: ProblemsOf, suffix: str) -> None:
    packed = PACK[suffix](PACKAGES.encode())
    section = host.section(
        COLLECTOR,
        {
            "/var/lib/dpkg/status": STATUS,
            PREFIX + "InRelease": RELEASE,
            PREFIX + "main_binary-amd64_Packages" + suffix: packed[: len(packed) // 2],
        },
    )
    assert "cannot be unpacked" in problems_of(section)["@updates"]
    assert section.facts["updates"] == []


def test_a_host_without_dpkg(host: Host) -> None:
    assert host.facts(COLLECTOR, {"/etc/x": ""})["present"] is False


@pytest.mark.parametrize(
    ("text", "security"),
    [
        ("Label: Debian-Security\n", True),
        ("Suite: noble-security\n", True),
        ("Codename: bookworm-security\n", True),
        ("Suite: noble-updates\n", False),
        ("", False),
    ],
)
def test_which_suite_is_a_security_pocket(text: str, security: bool) -> None:
    assert parse_release(text).security is security


def test_an_lz4_block_with_matches() -> None:
    # 4 literals "abcd", a match of 8 at offset 4, then the last literals "xyz"
    block = b"\x44abcd\x04\x00" + b"\x30xyz"
    frame = b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(block)) + block + bytes(4)
    assert lz4.decompress(frame, 100) == b"abcdabcdabcdxyz"
    assert lz4.decompress(frame + b"\x50\x2a\x4d\x18\x02\x00\x00\x00zz" + frame, 100) == b"abcdabcdabcdxyz" * 2
    with pytest.raises(lz4.Lz4Error, match="larger"):
        lz4.decompress(frame, 10)
    for length in range(1, len(frame) - 1):
        with pytest.raises(lz4.Lz4Error):
            lz4.decompress(frame[:length], 100)


def test_an_lz4_match_before_the_beginning_is_refused() -> None:
    block = b"\x10a\x09\x00"
    frame = b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(block)) + block + bytes(4)
    with pytest.raises(lz4.Lz4Error, match="before the beginning"):
        lz4.decompress(frame, 100)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    for frame in (data, b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(data)) + data + bytes(4)):
        try:
            assert len(lz4.decompress(frame, 10_000)) <= 10_000
        except lz4.Lz4Error:
            continue
    list(offers(data, frozenset({b"a"})))
