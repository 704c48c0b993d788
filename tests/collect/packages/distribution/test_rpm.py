"""RPM's three stores, built here byte by byte around real header blobs: what they hold, and how they break."""

import sqlite3
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.distribution.rpm.database import owned, read, split_source
from bartizan.model.package import Package

Files = Mapping[str, str | bytes]
Outcome = tuple[list[Package], list[tuple[str, str]]]

FEDORA: dict[str, str | bytes] = {"/etc/os-release": 'ID=fedora\nVERSION_ID="39"\n'}


def header(*tags: tuple[int, int, int, bytes]) -> bytes:
    """A header blob of (tag, type, count, data)."""
    index, data = b"", b""
    for tag, kind, count, value in tags:
        if kind == 4:
            data += bytes(-len(data) % 4)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += value
    return struct.pack(">II", len(tags), len(data)) + index + data


def package(name: str, version: str = "1.0", *, epoch: int | None = None, files: tuple[str, ...] = ()) -> bytes:
    tags = [
        (1000, 6, 1, name.encode() + b"\0"),
        (1001, 6, 1, version.encode() + b"\0"),
        (1002, 6, 1, b"2.fc39\0"),
        (1014, 6, 1, b"MIT\0"),
        (1022, 6, 1, b"x86_64\0"),
        (1044, 6, 1, b"source-pkg-1.0-2.fc39.src.rpm\0"),
        (5096, 6, 1, b"nodejs:18:8080020230718:63b34585\0"),
    ]
    if epoch is not None:
        tags.append((1003, 4, 1, struct.pack(">I", epoch)))
    if files:
        folders = sorted({file.rpartition("/")[0] + "/" for file in files})
        indexes = [folders.index(file.rpartition("/")[0] + "/") for file in files]
        tags.append((1116, 4, len(files), struct.pack(f">{len(files)}I", *indexes)))
        tags.append((1117, 8, len(files), b"".join(file.rpartition("/")[2].encode() + b"\0" for file in files)))
        tags.append((1118, 8, len(folders), b"".join(folder.encode() + b"\0" for folder in folders)))
    return header(*tags)


def sqlite_store(*blobs: bytes, folder: Path, wal: bool = False) -> dict[str, bytes]:
    path = folder / "build.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
    connection.commit()
    if not wal:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    contents = {
        "/var/lib/rpm/rpmdb.sqlite": path.read_bytes(),
        "/var/lib/rpm/rpmdb.sqlite-wal": Path(f"{path}-wal").read_bytes(),
    }
    connection.close()
    return contents


def ndb_store(*blobs: bytes) -> bytes:
    slots = struct.pack("<4sIIII12x", b"RpmP", 0, 1, 1, len(blobs) + 1)
    body = b""
    for number, blob in enumerate(blobs, 1):
        piece = struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        piece += bytes(-len(piece) % 16) + struct.pack("<II4s4x", zlib.adler32(blob), len(blob), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", number, (4096 + len(body)) // 16, len(piece) // 16)
        body += piece
    slots += struct.pack("<4sIII", b"Slot", 0, 0, 0) * ((4096 - len(slots)) // 16)
    return slots + body


def berkeley_store(*blobs: bytes, order: str = "<", size: int = 512) -> bytes:
    """One hash page that refers to a chain of overflow pages for each blob."""
    pages: list[bytes] = []
    entries = [b"\1\0\0\0\0", b"\1" + struct.pack(f"{order}I", len(blobs))]
    for number, blob in enumerate(blobs, 1):
        entries += [
            b"\1" + struct.pack(f"{order}I", number),
            b"\3\0\0\0" + struct.pack(f"{order}II", 2 + len(pages), len(blob)),
        ]
        parts = [blob[at : at + size - 26] for at in range(0, len(blob), size - 26)]
        for index, part in enumerate(parts):
            following = 3 + len(pages) if index + 1 < len(parts) else 0
            head = struct.pack(f"{order}8xIIIHHBB", 2 + len(pages), 0, following, 1, len(part), 0, 7)
            pages.append((head + part).ljust(size, b"\0"))
    offsets, data = [], b""
    for entry in entries:
        data = entry + data
        offsets.append(size - len(data))
    head = struct.pack(f"{order}8xIIIHHBB", 1, 0, 0, len(entries), size - len(data), 0, 13)
    page = (head + struct.pack(f"{order}{len(offsets)}H", *offsets)).ljust(size - len(data), b"\0") + data
    meta = struct.pack(f"{order}8xIIIIBBBxII", 0, 0x061561, 9, size, 0, 8, 0, 0, 1 + len(pages))
    return meta.ljust(size, b"\0") + page + b"".join(pages)


def test_every_field(packages_of: Callable[[Files], list[Package]], tmp_path: Path) -> None:
    (found,) = packages_of({**FEDORA, **sqlite_store(package("npm", "9.5", epoch=1), folder=tmp_path)})
    assert found == Package(
        type="rpm",
        namespace="fedora",
        name="npm",
        version="1:9.5-2.fc39",
        arch="x86_64",
        source="source-pkg",
        source_version="1.0-2.fc39",
        licences=("MIT",),
        modularity="nodejs:18",
        distro="fedora-39",
        path="/var/lib/rpm/rpmdb.sqlite",
    )


def test_what_is_only_in_the_write_ahead_log_counts(
    packages_of: Callable[[Files], list[Package]], tmp_path: Path
) -> None:
    store = sqlite_store(package("a"), package("b"), folder=tmp_path, wal=True)
    assert [found.name for found in packages_of(store)] == ["a", "b"]
    assert packages_of({"/var/lib/rpm/rpmdb.sqlite-wal": b""}) == []


def test_a_torn_log_is_used_up_to_its_last_whole_commit(
    packages_of: Callable[[Files], list[Package]], tmp_path: Path
) -> None:
    store = sqlite_store(package("a"), folder=tmp_path, wal=True)
    log = store["/var/lib/rpm/rpmdb.sqlite-wal"]
    store["/var/lib/rpm/rpmdb.sqlite-wal"] = log + log[32:-100]
    assert [found.name for found in packages_of(store)] == ["a"]


def test_trees_of_many_pages_and_rows_of_every_size(
    packages_of: Callable[[Files], list[Package]], tmp_path: Path
) -> None:
    sizes = [1, 100, 3800, 3900, 4000, 4100, 8200, 100_000]
    store = sqlite_store(*[package(f"p{n}", "1" * sizes[n % 8]) for n in range(400)], folder=tmp_path)
    found = packages_of(store)
    assert {(one.name, len(one.version)) for one in found} == {(f"p{n}", sizes[n % 8] + 7) for n in range(400)}


@pytest.mark.parametrize("order", ["<", ">"])
def test_berkeley_db_of_either_byte_order(packages_of: Callable[[Files], list[Package]], order: str) -> None:
    store = berkeley_store(package("long", "1" * 2000), package("short"), order=order)
    assert [found.name for found in packages_of({"/var/lib/rpm/Packages": store})] == ["long", "short"]


def test_ndb(packages_of: Callable[[Files], list[Package]]) -> None:
    store = {"/usr/lib/sysimage/rpm/Packages.db": ndb_store(package("a", epoch=0), package("gpg-pubkey"), package("b"))}
    assert [(found.name, found.version) for found in packages_of(store)] == [("a", "1.0-2.fc39"), ("b", "1.0-2.fc39")]


def test_a_linked_folder_is_one_database(view_of: Callable[[Files], LocalView], tmp_path: Path) -> None:
    from bartizan.collect.packages.discover import read_packages

    view = view_of({"/usr/lib/sysimage/rpm/Packages.db": ndb_store(package("a")), "/var/lib/x": b""})
    (tmp_path / "var/lib/rpm").symlink_to("../../usr/lib/sysimage/rpm")
    facts = read_packages(view)["packages_rpm"].facts
    assert isinstance(facts, list)
    assert [fact["path"] for fact in facts] == ["/usr/lib/sysimage/rpm/Packages.db"]


def test_files_are_owned_by_their_package(packages_of: Callable[[Files], list[Package]], tmp_path: Path) -> None:
    place = "/usr/lib/python3.12/site-packages/requests-2.28.2.dist-info/METADATA"
    store = sqlite_store(package("python3-requests", files=(place, "/usr/share/doc/x")), folder=tmp_path)
    packages = packages_of({**store, place: "Name: requests\nVersion: 2.28.2\n"})
    assert [found.owner for found in packages if found.type == "pypi"] == ["python3-requests"]


def test_ownership_asks_for_what_is_wanted_only(view_of: Callable[[Files], LocalView]) -> None:
    view = view_of({"/var/lib/rpm/Packages": berkeley_store(package("a", files=("/x/one", "/x/two", "/y/two")))})
    wanted = frozenset({"/x/two", "/z/two"})
    assert owned(view, "/var/lib/rpm/Packages", wanted, Problems()) == {"/x/two": "a"}


@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("openssl-3.0.7-27.el9.src.rpm", ("openssl", "3.0.7-27.el9")),
        ("gcc-c++-12-1.nosrc.rpm", ("gcc-c++", "12-1")),
        ("(none)", ("", "")),
    ],
)
def test_source_package(file: str, parts: tuple[str, str]) -> None:
    assert split_source(file) == parts


def test_manifest_of_distroless_images(packages_of: Callable[[Files], list[Package]]) -> None:
    line = "glibc\t2.35-2.cm2\t1670000000\t1660000000\tMicrosoft\t(none)\t100\tx86_64\t0\tglibc-2.35-2.cm2.src.rpm\n"
    (found,) = packages_of({"/var/lib/rpmmanifest/container-manifest-2": line})
    assert (found.name, found.version, found.arch, found.source) == ("glibc", "2.35-2.cm2", "x86_64", "")


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"not a database", "the RPM database is damaged after 0 packages: it is neither Berkeley DB, NDB nor SQLite"),
        (
            ndb_store(package("a"))[:4110],
            "the RPM database is damaged after 0 packages: package 1 lies outside the file",
        ),
        (
            berkeley_store(package("a", "1" * 2000))[:-700],
            "the RPM database is damaged after 0 packages: page 5 is cut off",
        ),
        (
            ndb_store(b"\0\0\0\1\0\0\xff\xff"),
            "package 1 of the database: header claims 1 entries and 65535 bytes of data but has 8 bytes",
        ),
    ],
)
def test_damage_is_told(outcome_of: Callable[[Files], Outcome], contents: bytes, reason: str) -> None:
    packages, problems = outcome_of({"/var/lib/rpm/Packages": contents})
    assert packages == []
    assert [told for _, told in problems] == [reason]


def test_overflow_pages_in_a_circle_end(outcome_of: Callable[[Files], Outcome]) -> None:
    store = bytearray(berkeley_store(*[package(f"p{number}", "1" * 2000) for number in range(8)]))
    for page in range(2, len(store) // 512):
        struct.pack_into("<I", store, page * 512 + 16, 2)  # every chain goes back to its beginning
        struct.pack_into("<H", store, page * 512 + 22, 1)  # and gives one byte a page
    _, problems = outcome_of({"/var/lib/rpm/Packages": bytes(store)})
    assert "pages refer to each other in circles" in problems[0][1]


def test_a_view_that_answers_instead_of_the_table_is_refused(
    outcome_of: Callable[[Files], Outcome], tmp_path: Path
) -> None:
    path = tmp_path / "hostile.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE VIEW Packages AS "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS blob FROM n"
    )
    connection.commit()
    connection.close()
    _, problems = outcome_of({"/var/lib/rpm/rpmdb.sqlite": path.read_bytes()})
    assert problems[0][1].endswith("has no table Packages")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_stores_end_in_packages_or_problems(tmp_path: Path, data: st.DataObject) -> None:
    stores = [
        ndb_store(package("a"), package("b")),
        berkeley_store(package("a", "1" * 900), package("b")),
        _sqlite_bytes(tmp_path),
    ]
    broken = bytearray(data.draw(st.sampled_from(stores)))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(broken) - 1))
        broken[at : at + data.draw(st.integers(1, 4))] = data.draw(st.binary(max_size=4))
    (tmp_path / "Packages").write_bytes(broken[: data.draw(st.integers(0, len(broken)))])
    problems = Problems()
    for found in read(LocalView(str(tmp_path)), "/Packages", problems):
        assert found.purl


def _sqlite_bytes(folder: Path) -> bytes:
    made = folder / "made.sqlite"
    if not made.exists():
        store = sqlite_store(package("a"), package("b", "1" * 9000), folder=folder)
        made.write_bytes(store["/var/lib/rpm/rpmdb.sqlite"])
    return made.read_bytes()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "count", "one"),
    [
        ("rpmdb/sle15-bci/Packages.db", 35, ("glibc", "2.31-9.3.2")),
        ("rpmdb/libuuid/Packages", 1, ("libuuid", "2.32.1-42.el8_8")),
        ("osdb/rpm/testdata/Packages_epoch", 1, ("hello", "1:0.0.1-rls")),
    ],
)
def test_real_databases(shared: Path, file: str, count: int, one: tuple[str, str]) -> None:
    problems = Problems()
    found = list(read(LocalView(str(shared / "data")), f"/{file}", problems))
    assert problems.found == []
    assert len(found) == count
    assert one in {(package.name, package.version) for package in found}
