"""Layers: verified while they stream, kept within bounds, and added up as the engines do."""

import io
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.byte_source import DamagedError, inflated
from bartizan.collect.filesystem.interface import FileKind, FilesystemError, LayerError, Missing, TooLarge
from bartizan.collect.filesystem.layer import (
    Layer,
    LayerLimits,
    Want,
    walk_layer,
)
from bartizan.collect.filesystem.layered import LayeredView
from image_files import Compression, compressed, digest, layer_tar


class Blob:
    def __init__(self, data: bytes, *, digest: str = "", diff_id: str = "") -> None:
        self.data, self.digest, self.diff_id = data, digest, diff_id
        self.opened = 0

    def open(self) -> io.BytesIO:
        self.opened += 1
        return io.BytesIO(self.data)

    def mapped(self) -> memoryview | None:
        return None


def layer(
    files: Mapping[str, bytes | None],
    *,
    links: Mapping[str, str] | None = None,
    hard_links: Mapping[str, str] | None = None,
) -> Layer:
    return walk_layer(Blob(layer_tar(files, links=links, hard_links=hard_links)), wanted=lambda _: Want.KEEP)


def files_of(view: LayeredView) -> dict[str, bytes]:
    return {entry.path: view.read(entry.path) for entry in view.walk() if entry.kind is FileKind.FILE}


@pytest.mark.parametrize("how", ["none", "gzip", "zstd"])
def test_every_compression_gives_the_same_layer(how: Compression) -> None:
    tar = layer_tar({"etc": None, "etc/passwd": b"root:x:0:0::/:/bin/sh\n", "big": b"\0" * 3_000_000})
    data = compressed(tar, how)
    walked = walk_layer(Blob(data, digest=digest(data), diff_id=digest(tar)), wanted=lambda _: Want.KEEP)
    assert walked.digest == digest(tar) and walked.size == len(tar)
    assert LayeredView([walked]).read("/etc/passwd") == b"root:x:0:0::/:/bin/sh\n"


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_wrong_digest_is_never_accepted(how: Compression) -> None:
    tar = layer_tar({"a": b"x"})
    data = compressed(tar, how)
    with pytest.raises(LayerError, match="the manifest says"):
        walk_layer(Blob(data, digest=digest(b"other"), diff_id=digest(tar)))
    with pytest.raises(LayerError, match="configuration says"):
        walk_layer(Blob(data, digest=digest(data), diff_id=digest(b"other")))


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_truncated_data_is_damaged_and_not_a_smaller_image(how: Compression, keep: float) -> None:
    tar = layer_tar({f"f{number}": bytes(str(number), "ascii") * 2000 for number in range(300)})
    data = compressed(tar, how)
    with pytest.raises(LayerError):
        walk_layer(Blob(data[: int(len(data) * keep)], diff_id=digest(tar)))


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = compressed(b"\0" * 50_000_000, "zstd")
    with pytest.raises(LayerError, match="inflates to more"):
        walk_layer(Blob(bomb), limits=LayerLimits(inflated=10_000_000))


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_inflated_pieces_stay_small_whatever_they_come_from(how: Compression) -> None:
    bomb = compressed(b"\0" * 400_000_000, how)
    assert max(len(piece) for piece in inflated(iter([bomb]))) <= 96 << 20


def test_members_of_one_compressed_file_follow_one_another() -> None:
    for how in ("gzip", "zstd"):
        data = compressed(b"one", how) + compressed(b"two", how)
        assert b"".join(inflated(iter([data]))) == b"onetwo"


def test_a_file_over_the_limit_is_named_with_the_reason() -> None:
    walked = walk_layer(
        Blob(layer_tar({"big": b"x" * 5000, "small": b"y"})),
        wanted=lambda _: Want.KEEP,
        limits=LayerLimits(file=1000),
    )
    view = LayeredView([walked])
    assert [entry.path for entry in view.walk()] == ["/big", "/small"]
    assert [(error.path, error.reason) for error in view.skipped()] == [
        ("/big", "5000 bytes are over the limit of 1000")
    ]


def test_a_file_that_was_passed_over_is_fetched_by_another_walk() -> None:
    blob = Blob(layer_tar({"a": b"one", "b": b"two"}))
    view = LayeredView([walk_layer(blob)])
    assert view.read("/b") == b"two" and blob.opened == 2
    assert view.read("/b") == b"two" and blob.opened == 2


def test_upper_layers_replace_white_out_and_hide() -> None:
    view = LayeredView(
        [
            layer({"etc": None, "etc/a": b"1", "etc/b": b"2", "var/x/1": b"", "var/x/2": b"", "d": None, "d/f": b""}),
            layer({"etc/a": b"new", "etc/.wh.b": b"", "var/x/.wh..wh..opq": b"", "var/x/3": b"3", "d": b"a file now"}),
        ]
    )
    assert files_of(view) == {"/etc/a": b"new", "/var/x/3": b"3", "/d": b"a file now"}
    assert view.layer_of("/etc/a") == 1
    with pytest.raises(Missing):
        view.stat("/etc/b")


def test_an_opaque_folder_keeps_what_its_own_layer_brings_in_any_order() -> None:
    below = layer({"opt/old": b""})
    assert files_of(LayeredView([below, layer({"opt/new": b"n", "opt/.wh..wh..opq": b""})])) == {"/opt/new": b"n"}


def test_links_never_leave_the_view_and_loops_end() -> None:
    view = LayeredView(
        [
            layer(
                {"etc/passwd": b"inside", "usr/bin/sh": b"sh"},
                links={"bin": "usr/bin", "out": "../../../etc/passwd", "a": "b", "b": "a", "abs": "/etc"},
            )
        ]
    )
    assert view.read("/bin/sh") == b"sh" and view.resolve("/bin/sh") == "/usr/bin/sh"
    assert view.read("/out") == b"inside"
    assert view.read("/abs/passwd") == b"inside"
    with pytest.raises(FilesystemError, match="too many symbolic links"):
        view.read("/a")


def test_what_a_later_layer_replaced_is_no_longer_missed() -> None:
    limits = LayerLimits(file=1000)
    big = walk_layer(Blob(layer_tar({"a": b"x" * 5000, "b": b"x" * 5000})), wanted=lambda _: Want.KEEP, limits=limits)
    links = layer({}, hard_links={"c": "nowhere", "d": "nowhere"})
    view = LayeredView([big, links, layer({"a": b"small", ".wh.b": b"", "c": b"a file"})])
    assert [entry.path for entry in view.walk()] == ["/a", "/c"]
    assert [str(error) for error in view.skipped()] == ["/d: is a hard link to nowhere, which is not there"]


def test_a_walk_goes_no_deeper_than_on_a_disk() -> None:
    view = LayeredView([layer({"a/" * 300 + "file": b"x", "b": b"y"})])
    assert len(list(view.walk())) == 257
    assert [error.reason for error in view.skipped()] == ["more than 256 folders deep"]
    assert view.read("/" + "a/" * 300 + "file") == b"x"


def test_a_hard_link_has_the_contents_of_its_target_also_across_layers() -> None:
    view = LayeredView([layer({"one": b"data"}, hard_links={"two": "one"}), layer({}, hard_links={"three": "one"})])
    assert view.read("/two") == view.read("/three") == b"data"


def test_an_entry_below_a_linked_folder_lands_where_the_link_leads() -> None:
    view = LayeredView([layer({"usr/lib/a": b"1"}, links={"lib": "usr/lib"}), layer({"lib/b": b"2"})])
    assert view.read("/usr/lib/b") == b"2"
    assert view.lstat("/lib").kind is FileKind.LINK


def test_reading_is_bounded() -> None:
    view = LayeredView([layer({"big": b"x" * 100})])
    with pytest.raises(TooLarge):
        view.read("/big", limit=10)


def test_the_states_that_a_file_had_after_each_layer() -> None:
    view = LayeredView(
        [layer({"db": b"1"}), layer({"other": b""}), layer({"db": b"2"}), layer({".wh.db": b""})],
        keep_versions_of=frozenset(["/db"]),
    )
    assert view.as_of("/db") == [(0, b"1"), (2, b"2"), (3, b"")]


PATHS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)
STEPS = st.lists(
    st.lists(st.tuples(st.sampled_from(["file", "folder", "white-out", "opaque"]), PATHS), max_size=5), max_size=5
)


def reference(steps: list[list[tuple[str, str]]]) -> dict[str, bytes | None]:
    """The same rules on a flat dictionary: slow and plain."""
    tree: dict[str, bytes | None] = {}

    def remove(path: str, *, keep_itself: bool = False) -> None:
        for known in list(tree):
            if known.startswith(path + "/") or (known == path and not keep_itself):
                del tree[known]

    def parents_of(path: str) -> None:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if tree.get(parent, b"") is not None:
                remove(parent)
                tree[parent] = None

    for number, entries in enumerate(steps):
        for kind, path in entries:
            if kind == "white-out":
                remove(path)
            elif kind == "opaque":
                remove(path, keep_itself=True)
        for kind, path in entries:
            if kind in ("file", "folder"):
                parents_of(path)
                if kind == "file":
                    remove(path)
                    tree[path] = str(number).encode()
                elif tree.get(path, b"") is not None:
                    tree[path] = None
    return tree


@given(steps=STEPS)
@settings(max_examples=150, deadline=None)
def test_any_layers_add_up_to_what_the_plain_rules_say(steps: list[list[tuple[str, str]]]) -> None:
    import tarfile

    layers = []
    for number, entries in enumerate(steps):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for kind, path in entries:
                folder, _, name = path.rpartition("/")
                written = {
                    "white-out": f"{folder}/.wh.{name}".lstrip("/"),
                    "opaque": f"{path}/.wh..wh..opq",
                }.get(kind, path)
                info = tarfile.TarInfo(written)
                data = str(number).encode() if kind == "file" else b""
                info.type = tarfile.DIRTYPE if kind == "folder" else tarfile.REGTYPE
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        layers.append(walk_layer(Blob(out.getvalue()), wanted=lambda _: Want.KEEP))
    view = LayeredView(layers)
    found = {
        entry.path.lstrip("/"): view.read(entry.path) if entry.kind is FileKind.FILE else None for entry in view.walk()
    }
    assert found == reference(steps)


SPARSE = ("gnu", "posix --sparse-version=0.0", "posix --sparse-version=0.1", "posix --sparse-version=1.0")


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("how", SPARSE)
def test_sparse_files_are_read_with_zeros_in_their_holes(how: str, mapped: bool, tmp_path: Path) -> None:
    """As GNU tar writes them, in each of its four ways."""
    contents = {
        "many": b"".join(bytes(8192) + bytes([number]) * 4096 for number in range(1, 60)),
        "end": b"begin" + bytes(2_000_000),
        "hole": bytes(1_000_000),
        "dense": b"dense" * 5000,
        "after": b"what follows is found",
    }
    for name, data in contents.items():
        with (tmp_path / name).open("wb") as stream:
            for at in range(0, len(data), 4096):
                if any(data[at : at + 4096]):
                    stream.seek(at)
                    stream.write(data[at : at + 4096])
            stream.truncate(len(data))
    tar = tmp_path / "layer.tar"
    command = ["tar", "--create", "--sparse", *f"--format={how}".split(), "--file", tar, "--directory", tmp_path]
    subprocess.run([*map(str, command), *contents], check=True)
    blob = Blob(tar.read_bytes())
    assert len(blob.data) < 600_000
    if mapped:
        blob.mapped = lambda: memoryview(blob.data)  # type: ignore[method-assign]
    visited: dict[str, bytes] = {}
    walked = walk_layer(
        blob, wanted=lambda _: Want.BOTH, visit=lambda member, data: visited.update({member.path[1:]: data})
    )
    assert files_of(LayeredView([walked])) == {f"/{name}": data for name, data in contents.items()}
    assert visited == contents and walked.refused == []


def test_a_sparse_file_counts_by_its_size_not_by_what_is_stored(tmp_path: Path) -> None:
    with (tmp_path / "claims").open("wb") as stream:
        stream.truncate(300 << 20)
    subprocess.run(
        ["tar", "--create", "--sparse", "--file", str(tmp_path / "t"), "--directory", str(tmp_path), "claims"],
        check=True,
    )
    blob = Blob((tmp_path / "t").read_bytes())
    walked = walk_layer(blob, wanted=lambda _: Want.KEEP)
    assert walked.refused == [("/claims", "314572800 bytes are over the limit of 268435456")]
    blob.mapped = lambda: memoryview(blob.data)  # type: ignore[method-assign]
    with pytest.raises(FilesystemError, match="over the limit"):
        LayeredView([walk_layer(blob)]).open("/claims")


def test_damaged_gzip_is_named() -> None:
    data = bytearray(compressed(b"x" * 10_000, "gzip"))
    data[20] ^= 0xFF
    with pytest.raises(DamagedError):
        list(inflated(iter([bytes(data)])))
