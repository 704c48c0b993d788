"""The tar walk agrees with the standard library's on every format, and survives anything."""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.byte_source import ChunkSource, MappedSource
from bartizan.collect.filesystem.tar import (
    BLOCK,
    DIRECTORY,
    FILE,
    HARD_LINK,
    SYMBOLIC_LINK,
    Member,
    TarError,
    members,
    normal,
)

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=120).filter(
    lambda name: name not in (".", "..")
)
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=4).map("/".join), st.binary(max_size=2000), min_size=1, max_size=12
)


def archive_of(files: dict[str, bytes], format: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def walked(data: bytes) -> dict[str, tuple[Member, bytes]]:
    return {
        member.path: (member, data[member.offset : member.offset + member.stored])
        for member in members(MappedSource(data))
    }


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@given(files=TREES)
@settings(max_examples=60, deadline=None)
def test_contents_and_long_names_of_both_formats(format: int, files: dict[str, bytes]) -> None:
    found = walked(archive_of(files, format))
    assert {path: data for path, (_, data) in found.items()} == {normal(path): data for path, data in files.items()}


@given(files=TREES, size=st.integers(1, 3000))
@settings(max_examples=40, deadline=None)
def test_a_stream_in_pieces_gives_what_a_map_gives(files: dict[str, bytes], size: int) -> None:
    data = archive_of(files, tarfile.PAX_FORMAT)
    source = ChunkSource(data[at : at + size] for at in range(0, len(data), size))
    streamed = [(member.path, source.take(member.stored)) for member in members(source)]
    assert streamed == [(path, contents) for path, (_, contents) in walked(data).items()]


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_links_folders_devices_and_modes(format: int) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, kind, link in (
            ("usr", tarfile.DIRTYPE, ""),
            ("bin", tarfile.SYMTYPE, "usr/bin"),
            ("usr/same", tarfile.LNKTYPE, "usr/other"),
            ("dev/null", tarfile.CHRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode, info.uid = kind, link, 0o4755, 3_000_000
            archive.addfile(info)
    found = walked(out.getvalue())
    assert [member.kind for member, _ in found.values()] == [DIRECTORY, SYMBOLIC_LINK, HARD_LINK, b"3"]
    assert found["/bin"][0].link == "usr/bin"
    assert found["/usr"][0].mode == 0o4755
    assert found["/usr"][0].uid == 3_000_000, "numbers over 7 octal digits are base-256 in GNU format, records in pax"


def test_names_that_are_not_utf_8_keep_their_bytes() -> None:
    data = archive_of({"caf\udce9": b"x"}, tarfile.GNU_FORMAT)
    assert list(walked(data)) == ["/caf\udce9"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("./etc/passwd", "/etc/passwd"),
        ("/etc//passwd", "/etc/passwd"),
        ("../../etc/passwd", "/etc/passwd"),
        ("a/../../b", "/b"),
        ("./", "/"),
        ("a/./b/", "/a/b"),
        ("..data/x", "/..data/x"),
    ],
)
def test_no_name_leads_outside_the_root(written: str, meant: str) -> None:
    assert normal(written) == meant


def test_a_truncated_archive_is_told_from_a_whole_one() -> None:
    data = archive_of({"a": b"x" * 5000, "b": b"y" * 5000}, tarfile.GNU_FORMAT)
    for end in (100, BLOCK + 10, BLOCK + 4000, 6 * BLOCK + BLOCK * 7):
        with pytest.raises(TarError, match="ends within"):
            list(members(MappedSource(data[:end])))


def test_a_damaged_header_is_an_error_with_its_place() -> None:
    data = bytearray(archive_of({"a": b"x", "b": b"y"}, tarfile.GNU_FORMAT))
    data[2 * BLOCK + 5] ^= 0xFF
    with pytest.raises(TarError, match="byte 1024: header checksum"):
        list(members(MappedSource(bytes(data))))


def test_a_size_that_is_only_claimed_costs_nothing() -> None:
    info = tarfile.TarInfo("huge")
    info.size = 2 << 30
    with pytest.raises(TarError, match="ends within"):
        list(members(MappedSource(info.tobuf(tarfile.GNU_FORMAT) + b"x" * 600)))


def test_a_long_name_of_a_gigabyte_is_refused() -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = b"L", 1 << 30
    with pytest.raises(TarError, match="extended header claims"):
        list(members(MappedSource(info.tobuf(tarfile.GNU_FORMAT) + b"x" * 600)))


def sparse_archive(table: bytes, contents: bytes, size: int) -> bytes:
    """A file in the format 1.0, whose map comes before the contents; and another file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("GNUSparseFile.0/disk")
        data = table + bytes(-len(table) % BLOCK) + contents
        info.size = len(data)
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.name": "disk", "GNU.sparse.realsize": str(size)}
        archive.addfile(info, io.BytesIO(data))
        after = tarfile.TarInfo("after")
        after.size = 1
        archive.addfile(after, io.BytesIO(b"x"))
    return out.getvalue()


def test_a_sparse_file_tells_its_size_and_what_it_takes() -> None:
    found = walked(sparse_archive(b"1\n1048572\n4\n", b"data", 1 << 20))
    member, stored = found["/disk"]
    assert member.sparse and member.size == 1 << 20 and member.stored == 4 and stored == b"data"
    assert member.whole(stored) == bytes((1 << 20) - 4) + b"data"
    assert found["/after"][1] == b"x"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"1\n1048573\n4\n", "does not fit"),
        (b"1\n0\n5\n", "does not fit"),
        (b"2\n8\n2\n0\n2\n", "overlap"),
        (b"99999999\n", "more than 65536 pieces"),
        (b"40000\n" + b"0\n0\n" * 200, "ends within|not a size|pieces"),
        (b"-1\n", "not a size"),
        (b"x" * 2000, "pieces"),
    ],
)
def test_a_sparse_map_that_cannot_be_is_damage(table: bytes, message: str) -> None:
    with pytest.raises(TarError, match=message):
        walked(sparse_archive(table, b"data", 1 << 20))


@given(data=st.binary(max_size=4096), at=st.integers(0, 4000))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_members_or_a_tar_error(data: bytes, at: int) -> None:
    whole = bytearray(archive_of({"dir/name": b"contents", "x" * 150: b"y"}, tarfile.PAX_FORMAT))
    whole[at : at + len(data) % 64] = data[: len(data) % 64]
    for source in (bytes(whole), data):
        try:
            for member in members(MappedSource(source)):
                assert member.path.startswith("/") and "/../" not in member.path + "/"
                assert member.kind in (FILE, DIRECTORY, SYMBOLIC_LINK, HARD_LINK, b"3")
        except TarError:
            pass
