"""Disks: every kind of ext2, ext3 and ext4 that mke2fs makes gives what the folder in it holds; forged ones end."""

import os
import random
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.disk import DiskError, SeveralRoots, open_disk, partitions
from bartizan.collect.filesystem.disk_view import DiskView
from bartizan.collect.filesystem.ext4 import Ext4, Ext4Error
from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView, Missing, TooLarge
from bartizan.collect.filesystem.local import LocalView
from disk_images import NoMke2fs, ext4_image, with_gpt, with_mbr

KINDS = {
    "ext2": ("-t", "ext2", "-b", "1024"),
    "ext2 of the first revision": ("-t", "ext2", "-r", "0", "-b", "1024"),
    "ext3": ("-t", "ext3", "-b", "2048"),
    "ext4": ("-t", "ext4"),
    "ext4 without 64 bit": ("-t", "ext4", "-O", "^64bit,^metadata_csum", "-I", "256"),
    "small inodes": ("-t", "ext4", "-I", "128", "-b", "1024"),
    "inline data": ("-t", "ext4", "-O", "inline_data", "-I", "512"),
    "meta block groups": ("-t", "ext4", "-O", "meta_bg,^resize_inode", "-b", "1024", "-g", "1024"),
    "clusters": ("-t", "ext4", "-O", "bigalloc", "-C", "16384"),
    "no kinds in folders": ("-t", "ext2", "-O", "^filetype,^dir_index", "-b", "4096"),
    "sparse superblocks": ("-t", "ext4", "-O", "sparse_super2,^resize_inode", "-b", "1024"),
    "a large block": ("-t", "ext4", "-b", "65536", "-N", "2000"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of thing that a reader can get wrong."""
    root = tmp_path_factory.mktemp("root")
    chance = random.Random(7)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    for size in (0, 1, 59, 60, 61, 150, 1023, 1024, 4095, 4096, 4097, 70_000, 400_000):
        (root / f"file-{size}").write_bytes(chance.randbytes(size))
    many = root / "many"
    many.mkdir()
    for number in range(1200):
        (many / f"name-of-some-length-{number:05}").write_bytes(b"")
    deep = root
    for number in range(40):
        deep = deep / f"d{number}"
        deep.mkdir()
    (deep / "bottom").write_text("here")
    (root / "link").symlink_to("etc/os-release")
    (root / "long-link").symlink_to("/" + "etc/../" * 40 + "etc/os-release")
    (root / "loop").symlink_to("loop")
    (root / "out").symlink_to("../../../etc/os-release")
    (root / "dangling").symlink_to("nowhere")
    os.link(root / "file-4097", root / "again")
    with (root / "sparse").open("wb") as stream:
        stream.write(b"begin")
        stream.seek(3_000_000)
        stream.write(b"middle")
        stream.truncate(5_000_001)
    (root / "mode").write_bytes(b"x")
    (root / "mode").chmod(0o4751)
    (Path(os.fsencode(root).decode()) / os.fsdecode(b"latin-\xe9")).write_bytes(b"name")
    os.mkfifo(root / "pipe")
    os.utime(root / "mode", (86_400, 86_400))
    return root


def seen(view: FilesystemView) -> dict[str, object]:
    out: dict[str, object] = {}
    for entry in view.walk():
        if entry.path == "/lost+found":
            continue
        told = view.lstat(entry.path)
        contents: object = None
        if entry.kind is FileKind.FILE:
            contents = view.read(entry.path)
            with view.open(entry.path) as stream:
                stream.seek(told.size // 2)
                assert stream.read() == contents[told.size // 2 :]
        elif entry.kind is FileKind.LINK:
            contents = view.readlink(entry.path)
        owner = (told.uid, told.gid, told.mode, told.mtime, told.size)
        out[entry.path] = (entry.kind, told.kind, owner, told.links if told.kind is FileKind.FILE else 0, contents)
    return out


@pytest.fixture(scope="module")
def disk(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return image(tmp_path_factory.mktemp("disk") / "disk.img", folder).read_bytes()


def image(path: Path, folder: Path | None, *options: str, megabytes: int = 16) -> Path:
    try:
        return ext4_image(path, folder, *options, megabytes=megabytes)
    except NoMke2fs as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_holds_what_the_folder_held(kind: str, folder: Path, tmp_path: Path) -> None:
    path = image(tmp_path / "disk.img", folder, *KINDS[kind], megabytes=64 if "65536" in KINDS[kind] else 24)
    view = open_disk(path)
    found, expected = seen(view), seen(LocalView(str(folder)))
    if kind == "inline data":  # with it mke2fs 1.47 loses a hole at a file's end
        assert found.pop("/sparse") and expected.pop("/sparse")
    assert found == expected
    assert view.skipped() == []


def test_links_resolve_within_the_disk(folder: Path, disk: bytes) -> None:
    view, local = DiskView(Ext4(memoryview(disk))), LocalView(str(folder))
    for path in ("/link", "/long-link", "/out", "/etc/../link", "/many/../out"):
        assert view.resolve(path) == local.resolve(path) == "/etc/os-release"
        assert view.read(path) == local.read(path)
        assert view.stat(path).size == local.stat(path).size
    for path, error in (("/loop", FilesystemError), ("/dangling", Missing), ("/file-1/x", Missing), ("/no", Missing)):
        with pytest.raises(error):
            view.stat(path)
    with pytest.raises(FilesystemError, match="is not a regular file"):
        view.read("/pipe")
    with pytest.raises(FilesystemError, match="is a folder"):
        view.open("/etc")
    with pytest.raises(TooLarge):
        view.read("/sparse", limit=1000)


def test_extended_attributes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "plain").write_text("")
    (root / "many").write_text("")
    try:
        for number in range(12):
            os.setxattr(root / "many", f"user.number{number}", b"v" * 60)
    except OSError:
        pytest.skip("the folder of temporary files has no extended attributes")
    view = DiskView(Ext4(memoryview(image(tmp_path / "disk.img", root).read_bytes())))
    assert view.attributes("/plain") == frozenset()
    assert view.attributes("/many") == frozenset(f"user.number{number}" for number in range(12))


def test_an_allocated_part_that_was_never_written_is_zeros(tmp_path: Path) -> None:
    path = image(tmp_path / "disk.img", None)
    commands = "fallocate /file 0 9\nset_inode_field /file size 40000\nset_inode_field /file mode 0100644\nquit\n"
    subprocess.run(
        ["debugfs", "-w", str(path)],
        input="write /dev/null file\n" + commands,
        text=True,
        check=True,
        capture_output=True,
    )
    assert DiskView(Ext4(memoryview(path.read_bytes()))).read("/file") == bytes(40_000)


def test_partition_tables(folder: Path, disk: bytes, tmp_path: Path) -> None:
    other = image(tmp_path / "other.img", None, megabytes=8).read_bytes()
    swap = (bytes(0xFF6) + b"SWAPSPACE2").ljust(1 << 20, b"\0")
    disks = [
        with_mbr(tmp_path / "mbr.img", [(0x82, swap), (0x83, disk)]),
        with_mbr(tmp_path / "logical.img", [(0x83, other)], logical=[swap, disk]),
        with_gpt(tmp_path / "gpt.img", [("boot", other), ("root", disk)]),
        with_gpt(tmp_path / "gpt4k.img", [("root", disk)], sector=4096),
    ]
    for path in disks:
        assert seen(open_disk(path)) == seen(LocalView(str(folder)))
    numbers = [[(part.number, part.kind) for part in partitions(memoryview(path.read_bytes()))] for path in disks]
    assert numbers == [
        [(1, "swap"), (2, "ext4")],
        [(1, "ext4"), (5, "swap"), (6, "ext4")],
        [(1, "ext4"), (2, "ext4")],
        [(1, "ext4")],
    ]


def test_of_several_hosts_one_must_be_named(disk: bytes, tmp_path: Path) -> None:
    path = with_gpt(tmp_path / "two.img", [("a", disk), ("b", disk)])
    with pytest.raises(SeveralRoots, match=r"--partition: partition 1 \(ext4\), partition 2 \(ext4\)"):
        open_disk(path)
    assert open_disk(path, 2).read("/etc/os-release").startswith(b"ID=debian")
    with pytest.raises(DiskError, match="partition 3 holds no ext4"):
        open_disk(path, 3)


def test_what_fstab_mounts_from_the_same_disk_is_shown_in_its_place(tmp_path: Path) -> None:
    root, var = tmp_path / "root", tmp_path / "var"
    for folder in (root / "etc", root / "var", root / "srv", root / "opt", var / "lib/dpkg"):
        folder.mkdir(parents=True)
    (root / "etc/os-release").write_text("ID=debian\n")
    (root / "etc/fstab").write_text(
        "# what is where\nUUID=11111111-2222-3333-4444-555555555555 / ext4 defaults 0 1\n"
        "LABEL=state /var ext4 defaults 0 2\nPARTLABEL=old /srv xfs defaults 0 2\n/dev/vg/opt /opt ext4 nofail 0 2\n"
        "UUID=ABCD-1234 /boot/efi vfat umask=0077 0 1\nnas:/home /home nfs defaults 0 0\n/swap none swap sw 0 0\n"
    )
    (var / "lib/dpkg/status").write_text("Package: tar\n")
    path = with_gpt(
        tmp_path / "disk.img",
        [
            ("root", image(tmp_path / "a", root, "-L", "root", megabytes=8).read_bytes()),
            ("state", image(tmp_path / "b", var, "-L", "state", megabytes=8).read_bytes()),
            ("old", b"XFSB".ljust(1 << 20, b"\0")),
        ],
    )
    view = open_disk(path, 1)
    assert view.read("/var/lib/dpkg/status") == b"Package: tar\n"
    assert view.resolve("/var/lib/../../etc") == "/etc"
    assert "/var/lib/dpkg/status" in [entry.path for entry in view.walk()]
    assert [(error.path, error.reason) for error in view.skipped()] == [
        ("/opt", "lies on /dev/vg/opt, which no partition here is known by: it is not read"),
        ("/srv", "lies on partition 3 (XFS): it is not read"),
    ]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "is empty"),
        (b"\0" * 100_000, "no partition and no file system"),
        (b"XFSB".ljust(100_000, b"\0"), r"whole disk \(XFS\)"),
        (bytes(0x10040) + b"_BHRfS_M" + bytes(1000), "btrfs"),
        (b"LUKS\xba\xbe".ljust(100_000, b"\0"), "LUKS encryption"),
        (bytes(512) + b"LABELONE".ljust(10_000, b"\0"), "LVM"),
        (b"QFI\xfb".ljust(100_000, b"\0"), "qcow2 image.*qemu-img convert"),
        (b"KDMV".ljust(100_000, b"\0"), "VMDK"),
        (b"vhdxfile".ljust(100_000, b"\0"), "VHDX"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(contents: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(contents)
    with pytest.raises(DiskError, match=message):
        open_disk(path)


def test_a_truncated_disk_is_refused(disk: bytes, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole.img", with_gpt(tmp_path / "parted.img", [("root", disk)])
    whole.write_bytes(disk[: len(disk) // 2])
    parted.write_bytes(parted.read_bytes()[: len(disk) // 2])
    for path in (whole, parted):
        with pytest.raises(DiskError, match=r"truncated|ends before"):
            open_disk(path)


def test_a_journal_that_was_not_replayed_is_told(disk: bytes, tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    live = bytearray(disk)
    live[1024 + 96] |= 0x4
    path.write_bytes(live)
    view = open_disk(path)
    assert list(view.walk())
    assert [str(error) for error in view.skipped()] == [
        "/: the disk was copied while in use: what its journal holds is not read"
    ]


def test_a_folder_that_holds_itself_is_entered_once(disk: bytes, tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(disk)
    subprocess.run(["debugfs", "-w", "-R", "link /etc /etc/again", str(path)], check=True, capture_output=True)
    view = DiskView(Ext4(memoryview(path.read_bytes())))
    assert [entry.path for entry in view.walk("/etc")] == ["/etc/again", "/etc/os-release"]
    assert [str(error) for error in view.skipped()] == ["/etc/again: is a folder that has another name already"]
    assert view.read("/etc/again/again/os-release").startswith(b"ID")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Little file systems to damage."""
    root = tmp_path_factory.mktemp("small")
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text("ID=debian\n")
    (root / "big").write_bytes(b"x" * 60_000)
    (root / "link").symlink_to("etc/" + "./" * 60 + "os-release")
    out = tmp_path_factory.mktemp("images")
    return {
        kind: image(out / str(number), root, *KINDS[kind], "-N", "16", megabytes=1).read_bytes()
        for number, kind in enumerate(("ext2", "ext4", "inline data"))
    }


@pytest.mark.parametrize("kind", ["ext2", "ext4", "inline data"])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_disk_gives_errors_of_its_own_and_ends(
    kind: str, small: dict[str, bytes], data: st.DataObject
) -> None:
    image = bytearray(small[kind])
    used = [at for at in range(1024, len(image), 64) if any(image[at : at + 64])]
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.sampled_from(used)) + data.draw(st.integers(0, 63))
        value = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
        image[at] = value
    try:
        view = DiskView(Ext4(memoryview(bytes(image))))
    except Ext4Error:
        return
    try:
        for entry in view.walk():
            try:
                told = view.lstat(entry.path)
                if entry.kind is FileKind.LINK:
                    view.readlink(entry.path)
                view.attributes(entry.path)
                if told.kind is FileKind.FILE:
                    view.read(entry.path, 1 << 20)
            except FilesystemError:
                continue
    except FilesystemError:
        return


def test_permissions_are_those_of_the_disk(disk: bytes) -> None:
    told = DiskView(Ext4(memoryview(disk))).stat("/mode")
    assert (told.mode, told.mtime) == (stat.S_ISUID | 0o751, 86_400)
