"""Programs: Go's build information, auditable Rust, and signatures with what must match and what must not."""

import io
import json
import os
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.binaries import signatures
from bartizan.collect.packages.binaries.programs import read
from bartizan.collect.packages.discover import read_packages
from bartizan.model.package import Package, package_from
from program_files import elf, go_info

Files = Mapping[str, str | bytes]

MODULES = (
    "path\texample.com/tool\n"
    "mod\texample.com/tool\t(devel)\t\n"
    "dep\tgolang.org/x/net\tv0.17.0\th1:abc=\n"
    "dep\texample.com/old\tv1.0.0\n"
    "=>\texample.com/fork\tv1.1.0\th1:def=\n"
    'build\t-ldflags="-X main.version=1.2.3"\n'
)


@pytest.fixture
def programs_of(view_of: Callable[[Files], LocalView], tmp_path: Path) -> Callable[[Files], list[Package]]:
    """What is found in executable files of these contents."""

    def read(files: Files) -> list[Package]:
        view = view_of(files)
        for path in files:
            os.chmod(tmp_path / path.lstrip("/"), 0o755)
        sections = read_packages(view).values()
        assert [problem for section in sections for problem in section.problems] == []
        facts = [fact for section in sections if isinstance(section.facts, list) for fact in section.facts]
        return [package_from(fact) for fact in facts]

    return read


def purls(packages: list[Package]) -> list[str]:
    return [package.purl for package in packages]


def test_go_modules_with_replacement_and_the_version_from_linker_flags(
    programs_of: Callable[[Files], list[Package]],
) -> None:
    assert purls(programs_of({"/usr/local/bin/tool": elf({".go.buildinfo": go_info("go1.21.4", MODULES)})})) == [
        "pkg:golang/example.com/fork@v1.1.0",
        "pkg:golang/golang.org/x/net@v0.17.0",
        "pkg:golang/stdlib@1.21.4",
        "pkg:golang/example.com/tool@v1.2.3",
    ]


def test_devel_is_no_version(programs_of: Callable[[Files], list[Package]]) -> None:
    info = go_info("go1.21rc2 X:boringcrypto", "mod\texample.com/tool\t(devel)\t\n")
    assert purls(programs_of({"/usr/local/bin/tool": elf({".go.buildinfo": info})})) == [
        "pkg:golang/stdlib@1.21rc2",
        "pkg:golang/example.com/tool",
    ]


def test_the_commands_of_go_itself_are_its_toolchain(programs_of: Callable[[Files], list[Package]]) -> None:
    info = go_info("go1.21.4", "path\tcmd/go\nbuild\t-compiler=gc\n")
    assert purls(programs_of({"/usr/local/go/bin/go": elf({".go.buildinfo": info})})) == [
        "pkg:golang/stdlib@1.21.4",
        "pkg:golang/toolchain@1.21.4",
    ]


@pytest.mark.parametrize(
    ("flag", "version"),
    [
        ("-X example.com/tool/internal/version.fullVersion=1.15.2", "v1.15.2"),
        ("-X=example.com/tool/pkg/version.Version=v3.0.0-rc5", "v3.0.0-rc5"),
        ("-X 'main.AppVersion=2.1'", "v2.1"),
        ("-X example.com/tool/version.GoVersion=1.21.4", ""),
        ("-X example.com/other/version.Version=9.9.9", ""),
        ("-X example.com/tool/api.MinVersion=1.0.0", ""),
    ],
)
def test_which_linker_flags_tell_the_version(
    flag: str, version: str, programs_of: Callable[[Files], list[Package]]
) -> None:
    info = go_info("go1.21.4", f'mod\texample.com/tool\t(devel)\t\nbuild\t-ldflags="-s {flag}"\n')
    packages = programs_of({"/usr/local/bin/tool": elf({".go.buildinfo": info})})
    assert [package.version for package in packages if package.name == "tool"] == [version]


def test_pointers_of_go_before_1_18(programs_of: Callable[[Files], list[Package]]) -> None:
    at = 0x400000 + 128  # where the section comes to lie
    version, modules = b"go1.16.5", b"0" * 16 + b"dep\tgolang.org/x/net\tv0.1.0\n" + b"1" * 16
    strings = struct.pack("<QQQQ", at + 64, len(version), at + 64 + len(version), len(modules)) + version + modules
    info = b"\xff Go buildinf:\x08\x00" + struct.pack("<QQ", at + 32, at + 48) + strings
    assert purls(programs_of({"/usr/local/bin/tool": elf({".go.buildinfo": info})})) == [
        "pkg:golang/golang.org/x/net@v0.1.0",
        "pkg:golang/stdlib@1.16.5",
    ]


def test_auditable_rust(programs_of: Callable[[Files], list[Package]]) -> None:
    crates = [
        {"name": "tool", "version": "0.1.0", "root": True, "dependencies": [1]},
        {"name": "serde", "version": "1.0.193", "dependencies": [2]},
        {"name": "cc", "version": "1.0.83", "kind": "build"},
    ]
    section = zlib.compress(json.dumps({"packages": crates}).encode())
    packages = programs_of({"/usr/local/bin/tool": elf({".dep-v0": section})})
    assert [(package.purl, package.dev, package.direct) for package in packages] == [
        ("pkg:cargo/cc@1.0.83", True, False),
        ("pkg:cargo/serde@1.0.193", False, True),
        ("pkg:cargo/tool@0.1.0", False, True),
    ]


def test_a_program_that_a_distribution_owns_is_not_read(programs_of: Callable[[Files], list[Package]]) -> None:
    program = elf({".go.buildinfo": go_info("go1.21.4", "")})
    packages = programs_of(
        {
            "/var/lib/dpkg/status": "Package: tool\nVersion: 1\n",
            "/var/lib/dpkg/info/tool.list": "/bin/tool\n",
            "/usr/bin/tool": program,
        }
    )
    assert purls(packages) == ["pkg:deb/debian/tool@1"]


def test_files_that_cannot_run_are_not_read(view_of: Callable[[Files], LocalView]) -> None:
    view = view_of({"/srv/data": elf({".go.buildinfo": go_info("go1.21.4", "")})})
    assert list(read_packages(view)) == ["packages"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_programs_end_in_packages_or_problems(tmp_path: Path, data: st.DataObject) -> None:
    crates = zlib.compress(b'{"packages": [{"name": "a", "version": "1"}]}')
    whole = elf({".go.buildinfo": go_info("go1.21.4", MODULES), ".dep-v0": crates})
    broken = bytearray(whole)
    places = st.integers(0, 1200) | st.integers(len(whole) - 400, len(whole) - 1)
    for _ in range(data.draw(st.integers(1, 5))):
        broken[data.draw(places)] = data.draw(st.integers(0, 255))
    magic = data.draw(st.sampled_from([b"", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xce"]))
    broken[: len(magic)] = magic
    (tmp_path / "x").write_bytes(broken[: data.draw(st.integers(0, len(broken)))])
    for package in read(LocalView(str(tmp_path)), "/x", Problems()):
        assert package.purl


MATCHES = [
    ("python", "libpython3.11.so.1.0", b"lib/python3.11\0\0v3.40.1\0\0\x003.11.7\0"),
    ("python", "python3.12", b"\x003.12.1+\0"),
    ("node", "node", b"\0node.js/v20.10.0 linux\0"),
    ("openssl", "libcrypto.so.1.1", b"\0OpenSSL 1.1.1w  11 Sep 2023\0"),
    ("openssl", "openssl", b"\0OpenSSL 3.0.11 19 Sep 2023\0"),
    ("nginx", "nginx", b"\0nginx version: nginx/1.25.3\0"),
    ("busybox", "busybox", b"\0BusyBox v1.36.1 (2023-06-12)\0"),
    ("bash", "bash", b"@(#)Bash version 5.2.15(1) release GNU\0"),
    ("php", "php8.2", b"\0X-Powered-By: PHP/8.2.36\0"),
    ("ruby", "libruby.so.3.2.2", b"\0ruby 3.2.2 (2023-03-30 revision e51014f9c0)\0"),
    ("perl", "perl", b"\0/usr/local/lib/perl5/5.36.0/x86_64\0"),
    ("postgresql", "postgres", b"\0PostgreSQL 15.5 on x86_64-pc-linux-gnu\0"),
    ("mariadb", "mariadbd", b"\x0010.11.6-MariaDB\0"),
    ("mysql", "mysqld", b"\0/build/mysql-8.0.35/sql/mysqld.cc\0"),
    ("httpd", "httpd", b"\0Apache/2.4.58 (Unix)\0"),
    ("redis", "redis-server", b"\x007.2.4\0x\x007.2.4buildhost-1704790000000000000\0"),
    ("haproxy", "haproxy", b"\0will become a hard error in HAProxy version 2.5.\0\x002.9.1-f72603c\0"),
    ("memcached", "memcached", b"\0memcached 1.6.22\0"),
    ("curl", "libcurl.so.4.8.0", b"\0libcurl/8.5.0\0"),
    ("zlib", "libz.so.1.3", b" deflate 1.3 Copyright 1995-2023 Jean-loup Gailly and Mark Adler "),
    ("sqlite", "libsqlite3.so.0", b"\x003.44.2\0"),
    ("git", "git", b"\0git/2.43.0\0"),
    ("lua", "lua5.4", b"$LuaVersion: Lua 5.4.6  Copyright (C) 1994-2023 Lua.org, PUC-Rio $"),
    ("dropbear", "dropbear", b"\0SSH-2.0-dropbear_2022.83\r\n\0"),
    ("valkey", "valkey-server", b"\x008.0.1\0x\x008.0.1buildhost-1704790000000000000\0"),
    ("varnish", "varnishd", b"\0varnish-7.4.2 revision cd1d10ab53a6f6115b2b4f3b2a1da94c1f749f80\0"),
    ("openldap", "slapd", b"@(#) $OpenLDAP: slapd 2.5.13+dfsg-5 (Feb  8 2023) $\0"),
    ("pgbouncer", "pgbouncer", b"\0PgBouncer 1.21.0\0"),
    ("consul", "consul", b"\0CONSUL_VERSION: 1.17.1\0"),
    ("erlang", "beam.smp", b"\0/buildroot/otp/otp_src_26.2.1/erts/emulator/beam/beam_emu.c\0"),
    ("rust", "librustc_driver-2a1f8f2d3b.so", b"\0clang LLVM (rustc version 1.73.0 (cc66ad468 2023-10-03))\0"),
    ("gcc", "x86_64-linux-gnu-gcc-12", b"\0GCC: (Debian 12.2.0-14) 12.2.0\0"),
    ("openssh", "sshd", b"\0OpenSSH_9.5p1 \0"),
]
NEAR_MISSES = [
    ("python3.11", b"\x003.40.1\0\x003.111.7\0\x0013.11.7.1\0python3.10"),
    ("python", b"\x003.11.7\0"),
    ("node", b"node.js/v20\0node.js version 20.10.0"),
    ("openssl", b"OpenSSL version OpenSSL 3 OpenSSL 1.1.1-dev"),
    ("nginx", b"nginx/1.25.3 http server\0"),
    ("busybox", b"busybox httpd/1.35.0\0"),
    ("redis-server", b"\x006.0.0\0\x002.8.7\0"),
    ("haproxy", b"HAProxy version 2.5.\0"),
    ("mysqld", b"mysql-8.0.35 is not supported"),
    ("postgres", b"PostgreSQL 9\0"),
    ("curl", b"curl/libcurl\0"),
    ("git", b"\0https://git.example/git/2.43.0\0"),
    ("valkey-server", b"\x006.0.0\0\x002.8.7\0"),
    ("varnishd", b"\0varnish-cache 7.4.2\0"),
    ("slapd", b"\0OpenLDAP 2.5.13\0"),
    ("pgbouncer", b"\0libpq for PgBouncer\0"),
    ("consul", b"\0consul 1.17.1 or later\0"),
    ("erlexec", b"\0Erlang/OTP 26\0"),
    ("rustc", b"\0rustc version nightly\0"),
    ("gcc", b"\0GCC 12.2.0\0"),
    ("readme", b"node.js/v20.10.0 OpenSSL 3.0.11 "),
]


@pytest.mark.parametrize(("name", "file", "contents"), MATCHES, ids=[f"{row[0]}-{row[1]}" for row in MATCHES])
def test_signatures_that_match(name: str, file: str, contents: bytes) -> None:
    padded = b"\x7fELF" + bytes(1000) + contents + bytes(1000)
    ((found, version),) = signatures.find(io.BytesIO(padded), file)
    assert found == name
    assert version.encode() in contents


@pytest.mark.parametrize(("file", "contents"), NEAR_MISSES, ids=[row[0] for row in NEAR_MISSES])
def test_signatures_that_must_not_match(file: str, contents: bytes) -> None:
    assert list(signatures.find(io.BytesIO(b"\x7fELF" + bytes(100) + contents), file)) == []


def test_every_signature_has_a_sample_that_it_matches() -> None:
    assert {row[0] for row in MATCHES} == {signature.name for signature in signatures.SIGNATURES}


def test_a_version_across_the_border_of_two_reads_is_found() -> None:
    contents = bytes((1 << 20) - 5) + b"node.js/v20.10.0" + bytes(100)
    assert list(signatures.find(io.BytesIO(contents), "node")) == [("node", "20.10.0")]
