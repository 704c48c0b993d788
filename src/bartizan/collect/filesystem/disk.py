"""A disk in a file or a device: its partitions, what they hold, and the view of the host that is on it.

    MBR    4 entries at byte 446: type u8 at 4, first sector u32 at 8, sectors u32 at 12; types 5, 15 and 133 hold more
    GPT    sector 1: "EFI PART", entries' sector u64 at 72, their number u32 at 80 and size u32 at 84; each: kind 16,
           own id 16, first sector u64, last sector u64, attributes u64, name 72 in UTF-16 (UEFI specification, 5.3)

The root is the partition with an os-release or a package database. What its fstab(5) mounts from the same disk is shown
in its place; what it mounts from elsewhere, or by a file system that is not read, is reported as unknown.
"""

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bartizan.collect.filesystem.disk_view import DiskView
from bartizan.collect.filesystem.ext4 import Ext4, Ext4Error
from bartizan.collect.filesystem.interface import FilesystemError, exists
from bartizan.collect.filesystem.mounts import unescape

_SECTORS = (512, 4096)
_MAX_PARTITIONS = 256
_EXTENDED = (0x05, 0x0F, 0x85)
_PROTECTIVE = 0xEE
_IMAGES = (
    (0, b"QFI\xfb", "a qcow2 image"),
    (0, b"KDMV", "a VMDK image"),
    (0, b"# Disk Descri", "a VMDK description"),
    (0, b"vhdxfile", "a VHDX image"),
    (0, b"conectix", "a VHD image"),
    (0, b"<<< ", "a VDI image"),
)
_KINDS = (
    (0x438, b"\x53\xef", "ext4"),
    (0, b"XFSB", "XFS"),
    (0x10040, b"_BHRfS_M", "btrfs"),
    (0, b"LUKS\xba\xbe", "LUKS encryption"),
    (512, b"LABELONE", "LVM"),
    (0, b"LABELONE", "LVM"),
    (4096, b"\xfc\x4e\x2b\xa9", "a RAID member"),
    (0xFF6, b"SWAPSPACE2", "swap"),
    (0x52, b"FAT32", "FAT"),
    (0x36, b"FAT1", "FAT"),
    (3, b"NTFS    ", "NTFS"),
    (3, b"-FVE-FS-", "BitLocker encryption"),
    (0, b"hsqs", "squashfs"),
    (0x400, b"\xe2\xe1\xf5\xe0", "erofs"),
    (0x400, b"\x10\x20\xf5\xf2", "f2fs"),
    (0x8001, b"CD001", "ISO 9660"),
)
_UNCLEAN = "the disk was copied while in use: what its journal holds is not read"
_EMPTY = ("swap", "FAT", "")
"""What no host's packages lie on."""
_MARKS = (
    "/etc/os-release",
    "/usr/lib/os-release",
    "/var/lib/dpkg/status",
    "/var/lib/rpm",
    "/usr/lib/sysimage/rpm",
    "/lib/apk/db/installed",
    "/var/lib/pacman/local",
)
_HOLDS_NOTHING = frozenset(("swap", "none", "/boot", "/boot/efi", "/efi", "/proc", "/sys", "/dev"))
_VIRTUAL = frozenset(("tmpfs", "proc", "sysfs", "devpts", "swap", "auto", "iso9660", "udf", "vfat", "none", "overlay"))
_REMOTE = frozenset(("nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "9p", "fuse.sshfs", "afs"))


class DiskError(Exception):
    """The disk cannot be read; the message says what it is."""


class SeveralRoots(DiskError):
    """More than one partition holds a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A part of a disk; the whole of one that is not divided is number 0."""

    number: int
    start: int
    """Bytes."""
    size: int
    """Bytes that are there."""
    kind: str
    """What it holds: `ext4` stands for ext2 and ext3 too; empty where nothing is recognised."""
    uuid: str = ""
    """PARTUUID: of GPT the partition's own, of MBR the disk's signature and the number."""
    name: str = ""
    """PARTLABEL, of GPT."""
    stated: int = 0
    """Bytes that the table gives it."""

    def __str__(self) -> str:
        what = self.kind or "nothing known"
        return f"partition {self.number} ({what})" if self.number else f"the whole disk ({what})"


def is_disk(path: Path) -> bool:
    """Whether a file or device looks like a disk, of whatever kind."""
    try:
        with path.open("rb") as stream:
            head = stream.read(0x10100)
    except OSError:
        return False
    return bool(_image_kind(head) or _kind(memoryview(head)) or head[510:512] == b"\x55\xaa")


def open_disk(path: Path, partition: int | None = None) -> DiskView:
    """The host on a disk; of several, the one in the partition that is named. Raises `DiskError`."""
    data = _mapped(path)
    image = _image_kind(bytes(data[:16]))
    if image:
        raise DiskError(
            f"{path} is {image}, which is not read. Make a raw one: qemu-img convert -O raw {path} disk.img"
        )
    found = list(partitions(data))
    systems, refused = _systems(data, found)
    chosen = _choose(path, found, systems, refused, partition)
    view = DiskView(systems[chosen.number])
    if systems[chosen.number].needs_recovery:
        view.note("/", _UNCLEAN)
    _mount_others(view, chosen, found, systems)
    return view


def partitions(data: memoryview) -> Iterator[Partition]:
    """The parts of a disk in the order of their numbers; one that is not divided is a part itself."""
    whole = _kind(data)
    if whole and not (whole == "FAT" and bytes(data[510:512]) == b"\x55\xaa" and any(_primary(data))):
        yield Partition(number=0, start=0, size=len(data), kind=whole, stated=len(data))
        return
    for sector in _SECTORS:
        if bytes(data[sector : sector + 8]) == b"EFI PART":
            yield from _gpt(data, sector)
            return
    if bytes(data[510:512]) == b"\x55\xaa":
        yield from _mbr(data)


def _mapped(path: Path) -> memoryview:
    try:
        with path.open("rb") as stream:
            size = os.lseek(stream.fileno(), 0, os.SEEK_END)
            return memoryview(mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise DiskError(f"{path}: {getattr(error, 'strerror', None) or 'is empty'}") from None


# Tables


def _primary(data: memoryview, at: int = 446) -> Iterator[tuple[int, int, int]]:
    """(type, first sector, sectors) of the entries of one boot record that are used."""
    for place in range(at, at + 64, 16):
        kind, start, count = data[place + 4], _number(data, place + 8, 4), _number(data, place + 12, 4)
        if kind and count:
            yield kind, start, count


def _mbr(data: memoryview) -> Iterator[Partition]:
    signature = _number(data, 440, 4)
    extended = []
    for number, place in enumerate(range(446, 510, 16), 1):
        kind, start, count = data[place + 4], _number(data, place + 8, 4), _number(data, place + 12, 4)
        if kind in _EXTENDED:
            extended.append(start)
        elif kind and count and kind != _PROTECTIVE:
            yield _partition(data, number, start * 512, count * 512, f"{signature:08x}-{number:02x}")
    number = 5
    for base in extended[:1]:
        at, seen = base, set[int]()
        while at not in seen and len(seen) < _MAX_PARTITIONS and (at + 1) * 512 <= len(data):
            seen.add(at)
            following = 0
            for kind, start, count in _primary(data, at * 512 + 446):
                if kind in _EXTENDED:
                    following = base + start
                else:
                    yield _partition(data, number, (at + start) * 512, count * 512, f"{signature:08x}-{number:02x}")
                    number += 1
            if not following:
                break
            at = following


def _gpt(data: memoryview, sector: int) -> Iterator[Partition]:
    at = _number(data, sector + 72, 8) * sector
    count, size = _number(data, sector + 80, 4), _number(data, sector + 84, 4)
    if size < 128 or size > 4096:
        raise DiskError(f"the partition table's entries are {size} bytes long; it is damaged")
    for number in range(1, min(count, _MAX_PARTITIONS) + 1):
        entry = bytes(data[at : at + size])
        at += size
        if len(entry) < size:
            raise DiskError("the partition table ends beyond the disk; it is truncated")
        if any(entry[:16]):
            first, last = (int.from_bytes(entry[place : place + 8], "little") for place in (32, 40))
            yield _partition(
                data,
                number,
                first * sector,
                (last + 1 - first) * sector,
                uuid=str(UUID(bytes_le=entry[16:32])),
                name=entry[56:128].decode("utf-16-le", "replace").split("\0", 1)[0],
            )


def _partition(data: memoryview, number: int, start: int, size: int, uuid: str = "", name: str = "") -> Partition:
    there = max(0, min(size, len(data) - start))
    kind = _kind(data[start : start + there])
    return Partition(number=number, start=start, size=there, kind=kind, uuid=uuid, name=name, stated=size)


def _image_kind(head: bytes) -> str:
    return next((kind for at, magic, kind in _IMAGES if head[at : at + len(magic)] == magic), "")


def _kind(data: memoryview) -> str:
    return next((kind for at, magic, kind in _KINDS if bytes(data[at : at + len(magic)]) == magic), "")


# The host


def _systems(data: memoryview, found: list[Partition]) -> tuple[dict[int, Ext4], list[str]]:
    """File systems by the numbers of their partitions, and why others are none."""
    systems: dict[int, Ext4] = {}
    refused = []
    for part in found:
        if part.kind in _EMPTY and part.size == part.stated:
            continue
        if part.kind != "ext4":
            truncated = "" if part.size == part.stated else ": the disk ends before it does"
            refused.append(f"{part}{truncated}")
            continue
        try:
            systems[part.number] = Ext4(data[part.start : part.start + part.size])
        except Ext4Error as error:
            refused.append(f"{part}: {error}")
    return systems, refused


def _choose(
    path: Path, found: list[Partition], systems: dict[int, Ext4], refused: list[str], wanted: int | None
) -> Partition:
    if not found:
        raise DiskError(f"{path} holds no partition and no file system that is known")
    if wanted is not None:
        named = next((part for part in found if part.number == wanted), None)
        if named is None or named.number not in systems:
            known = ", ".join(map(str, found))
            raise DiskError(f"{path}: partition {wanted} holds no ext4. There are: {known}")
        return named
    roots = [part for part in found if part.number in systems and _is_root(systems[part.number])]
    if len(roots) > 1:
        raise SeveralRoots(f"{path} holds several hosts. Choose one with --partition: {', '.join(map(str, roots))}")
    if roots:
        return roots[0]
    if refused:
        raise DiskError(f"{path}: no host where it can be read. Not read: {'; '.join(refused)}")
    raise DiskError(f"{path}: no partition holds a host: there is no os-release and no package database")


def _is_root(system: Ext4) -> bool:
    view = DiskView(system)
    try:
        return any(exists(view, mark) for mark in _MARKS)
    except FilesystemError:
        return False


def _mount_others(view: DiskView, root: Partition, found: list[Partition], systems: dict[int, Ext4]) -> None:
    """What fstab puts below the root, the outer folders first."""
    try:
        text = view.read("/etc/fstab", 1 << 20).decode("utf-8", "surrogateescape")
    except FilesystemError:
        return
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for words in sorted((words for words in lines if len(words) >= 3), key=lambda words: words[1]):
        source, point, kind = words[0], unescape(words[1]), words[2]
        options = words[3].split(",") if len(words) > 3 else []
        if point == "/" or point in _HOLDS_NOTHING or kind in _VIRTUAL or kind in _REMOTE:
            continue
        if "bind" in options or "rbind" in options or "noauto" in options:
            continue
        part = next((part for part in found if _is_named(source, part, systems.get(part.number))), None)
        if part is None or part.number not in systems:
            where = f"on {part}" if part else f"on {source}, which no partition here is known by"
            view.note(point, f"lies {where}: it is not read")
        elif part.number != root.number:
            try:
                view.mount(point, systems[part.number])
                if systems[part.number].needs_recovery:
                    view.note(point, _UNCLEAN)
            except FilesystemError as error:
                view.note(point, f"its place on the root cannot be found: {error.reason}")


def _is_named(source: str, part: Partition, system: Ext4 | None) -> bool:
    """Whether a line of fstab means a partition. Device names are given out at each start and tell nothing."""
    key, _, value = source.partition("=")
    value = value.strip('"')
    if source.startswith("/dev/disk/by-"):
        key, _, value = source.removeprefix("/dev/disk/by-").partition("/")
        key = key.upper()
    told = {"PARTUUID": part.uuid, "PARTLABEL": part.name}
    if system is not None:
        told |= {"UUID": str(UUID(system.uuid)), "LABEL": system.label}
    return bool(value) and told.get(key, "").lower() == value.lower()


def _number(data: memoryview, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "little")
