"""ext2, ext3 and ext4 as they lie on a disk, read only, from bytes that nobody vouches for.

Format: the kernel's Documentation/filesystems/ext4. Numbers are little-endian. Blocks are counted from the start of the
partition; the superblock is at byte 1024 whatever their size is:

    offset  superblock                        offset  inode
    0       inodes u32, blocks u32            0       mode u16, uid u16, size u32
    20      first data block, log block size  16      mtime u32
    56      magic 0xEF53                      26      links u16, blocks u32, flags u32
    88      inode size u16                    40      60 bytes: extents, block numbers, a link's target or data
    96      incompatible features u32         128     extra size u16; extended attributes behind it

A contents' map is a list of runs: first block in the file, number of blocks, first block on the disk (0 is a hole, as
is what was allocated and never written). Every number that a disk states is checked against what is there, and every
structure that could lead in circles has a bound. Checksums of metadata are not verified: they find accidents, and
whoever makes a disk makes them fit.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = 2
"""Number of the root folder's inode."""
FOLDER, FILE, LINK = 0x4000, 0x8000, 0xA000
"""Kinds of an inode: the upper bits of its mode."""

_SUPERBLOCK = 1024
_MAGIC = 0xEF53
_HAS_JOURNAL, _SPARSE_SUPER_2 = 0x4, 0x200
_SPARSE_SUPER = 0x1
_INCOMPATIBLE = {
    0x1: "compression",
    0x2: "",  # kinds in folders
    0x4: "",  # the journal was not replayed
    0x8: "an external journal",
    0x10: "",  # meta block groups
    0x40: "",  # extents
    0x80: "",  # 64 bit
    0x100: "",  # multiple mount protection
    0x200: "",  # flexible block groups
    0x400: "",  # large extended attributes
    0x1000: "data in folders",
    0x2000: "",  # checksum seed
    0x4000: "",  # large folders
    0x8000: "",  # inline data
    0x10000: "",  # encryption: of single folders
    0x20000: "",  # folders that ignore case
}
_KINDS, _DIRTY, _META_GROUPS, _WIDE = 0x2, 0x4, 0x10, 0x80
_ENCRYPTED, _EXTENTS, _INLINE = 0x800, 0x80000, 0x10000000
_EXTENT_MAGIC, _ATTRIBUTE_MAGIC = 0xF30A, 0xEA020000
_EXTENT_DEPTH = 5
_LONGEST_RUN = 32768
"""Blocks of an extent; more mean that it was allocated and never written."""
_MAX_RUNS = 1 << 18
_MAX_MAP_BLOCKS = 1 << 16
_MAX_FOLDER = 1 << 28
_MAX_NAMES = 2_000_000
_PREFIXES = {
    1: "user.",
    2: "system.posix_acl_access",
    3: "system.posix_acl_default",
    4: "trusted.",
    6: "security.",
    7: "system.",
    8: "system.richacl",
}
_INODE = struct.Struct("<HHIIIIIHHIII")
_EXTENT = struct.Struct("<IHHI")
_NAME = struct.Struct("<IHBB")
_ATTRIBUTE = struct.Struct("<BBHIII")

Run = tuple[int, int, int]
"""First block in the file, number of blocks, first block on the disk or 0."""


class Ext4Error(Exception):
    """The file system, or a part of it, is damaged or of a kind that is not read."""


@dataclass(frozen=True, slots=True)
class Inode:
    """A file, folder or link without its name."""

    number: int
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    links: int
    flags: int
    map: bytes
    attributes: bytes
    """What the inode holds behind its fields."""
    attribute_block: int

    @property
    def kind(self) -> int:
        """FOLDER, FILE, LINK or what else there is."""
        return self.mode & 0xF000


class Ext4:
    """One file system; raises `Ext4Error` where it cannot be read at all."""

    def __init__(self, data: memoryview) -> None:
        head = bytes(data[_SUPERBLOCK : _SUPERBLOCK + 1024])
        if len(head) < 1024 or _u16(head, 56) != _MAGIC:
            raise Ext4Error("no ext2, ext3 or ext4 file system")
        self._data = data
        self._inodes, blocks, self._first_block, log_size = (_u32(head, at) for at in (0, 4, 20, 24))
        if log_size > 6:
            raise Ext4Error(f"a block size of 1024 << {log_size} bytes")
        self.block_size = 1024 << log_size
        self._blocks_in_group, self._inodes_in_group = _u32(head, 32), _u32(head, 40)
        self._inode_size = _u16(head, 88) if _u32(head, 76) else 128
        self._compatible, self._incompatible, self._read_only = (_u32(head, at) for at in (92, 96, 100))
        if self._incompatible & _WIDE:
            blocks |= _u32(head, 336) << 32
        self._descriptor_size = max(_u16(head, 254), 32) if self._incompatible & _WIDE else 32
        self._first_meta_group = _u32(head, 260)
        self._backups = (_u32(head, 588), _u32(head, 592))
        self.uuid = head[104:120].hex()
        self.label = head[120:136].split(b"\0", 1)[0].decode("utf-8", "replace")
        self._check(blocks)
        self._groups = -(-(blocks - self._first_block) // self._blocks_in_group)

    def _check(self, blocks: int) -> None:
        refused = [
            _INCOMPATIBLE.get(1 << bit, f"feature {1 << bit:#x}") for bit in range(32) if self._incompatible >> bit & 1
        ]
        if any(refused):
            raise Ext4Error("uses " + ", ".join(filter(None, refused)) + ", which is not read")
        if not 128 <= self._inode_size <= self.block_size or self._inode_size & (self._inode_size - 1):
            raise Ext4Error(f"an inode size of {self._inode_size} bytes")
        if not 32 <= self._descriptor_size <= self.block_size:
            raise Ext4Error(f"a group descriptor size of {self._descriptor_size} bytes")
        if not self._blocks_in_group or not self._inodes_in_group or blocks <= self._first_block:
            raise Ext4Error("a superblock without blocks or inodes")
        if blocks * self.block_size > len(self._data):
            raise Ext4Error(f"{blocks * self.block_size} bytes are stated and {len(self._data)} are there; truncated")

    @property
    def needs_recovery(self) -> bool:
        """Whether the journal holds what was written last: the system was not shut down before the disk was copied."""
        return bool(self._compatible & _HAS_JOURNAL and self._incompatible & _DIRTY)

    # Inodes

    def inode(self, number: int) -> Inode:
        """The inode of a number."""
        if not 0 < number <= self._inodes:
            raise Ext4Error(f"there is no inode {number}")
        group, index = divmod(number - 1, self._inodes_in_group)
        raw = self._bytes(self._inode_table(group) * self.block_size + index * self._inode_size, self._inode_size)
        mode, uid, low, _, _, mtime, _, gid, links, _, flags, _ = _INODE.unpack_from(raw)
        mtime = mtime - (1 << 32) if mtime & 0x80000000 else mtime
        extra = _u16(raw, 128) if self._inode_size > 128 else 0
        if extra >= 12 and len(raw) >= 140:
            mtime += (_u32(raw, 136) & 3) << 32
        return Inode(
            number,
            mode,
            uid | _u16(raw, 120) << 16,
            gid | _u16(raw, 122) << 16,
            low | (_u32(raw, 108) << 32 if mode & 0xF000 in (FILE, FOLDER) else 0),
            mtime,
            links,
            flags,
            raw[40:100],
            raw[128 + extra :] if self._inode_size > 128 else b"",
            _u32(raw, 104) | _u16(raw, 118) << 32,
        )

    def _inode_table(self, group: int) -> int:
        if group >= self._groups:
            raise Ext4Error(f"there is no block group {group}")
        in_block = self.block_size // self._descriptor_size
        meta, index = divmod(group, in_block)
        if self._incompatible & _META_GROUPS and meta >= self._first_meta_group:
            first = meta * in_block
            block = self._first_block + first * self._blocks_in_group + self._has_superblock(first)
            if not first and not self._first_block and self.block_size == _SUPERBLOCK:
                block += 1  # clusters are counted from 0 even where the superblock is block 1
        else:
            block = _SUPERBLOCK // self.block_size + 1 + meta
        at = block * self.block_size + index * self._descriptor_size
        descriptor = self._bytes(at, self._descriptor_size)
        high = _u32(descriptor, 40) << 32 if self._descriptor_size >= 64 else 0
        return _u32(descriptor, 8) | high

    def _has_superblock(self, group: int) -> bool:
        if self._compatible & _SPARSE_SUPER_2:
            return group == 0 or group in self._backups
        if not self._read_only & _SPARSE_SUPER or group <= 1:
            return True
        return any(_is_power(group, base) for base in (3, 5, 7))

    # Contents

    def runs(self, inode: Inode) -> list[Run]:
        """Where the contents lie, in order; what no run covers is a hole."""
        if inode.flags & _ENCRYPTED:
            raise Ext4Error("is encrypted")
        out: list[Run] = []
        blocks = -(-inode.size // self.block_size)
        found = self._extents(inode.map) if inode.flags & _EXTENTS else self._pointers(inode.map, blocks)
        after = 0
        for logical, count, physical in found:
            if logical < after:
                raise Ext4Error("parts of a file overlap")
            after = logical + count
            if out and physical and out[-1][2] and out[-1][0] + out[-1][1] == logical and _follows(out[-1], physical):
                out[-1] = (out[-1][0], out[-1][1] + count, out[-1][2])
                continue
            if len(out) >= _MAX_RUNS:
                raise Ext4Error(f"a file of more than {_MAX_RUNS} parts")
            out.append((logical, count, physical))
        return out

    def _extents(self, root: bytes) -> Iterator[Run]:
        budget = _MAX_MAP_BLOCKS
        stack: list[tuple[int, int]] = []
        node, expected = root, -1
        while True:
            magic, entries, _, level = struct.unpack_from("<HHHH", node)
            if magic != _EXTENT_MAGIC or level > _EXTENT_DEPTH or expected not in (-1, level):
                raise Ext4Error("an extent tree is damaged")
            if 12 + entries * 12 > len(node):
                raise Ext4Error("an extent tree claims more entries than fit")
            places = range(12, 12 + entries * 12, 12)
            if level:
                below = [(_u32(node, at + 4) | _u16(node, at + 8) << 32, level - 1) for at in places]
                stack += reversed(below)
            else:
                yield from _leaf(node, places)
            if not stack:
                return
            budget -= 1
            if not budget:
                raise Ext4Error(f"an extent tree of more than {_MAX_MAP_BLOCKS} blocks")
            number, expected = stack.pop()
            node = self.block(number)

    def _pointers(self, numbers: bytes, blocks: int) -> Iterator[Run]:
        budget = _MAX_MAP_BLOCKS
        in_block = self.block_size // 4
        for index, number in enumerate(struct.unpack("<12I", numbers[:48])):
            if number and index < blocks:
                yield index, 1, number
        stack: list[tuple[int, int, int]] = []
        first = 12
        for level in (1, 2, 3):
            stack.append((_u32(numbers, 44 + 4 * level), level, first))
            first += in_block**level
        stack.reverse()
        while stack:
            number, level, first = stack.pop()
            if not number or first >= blocks:
                continue
            budget -= 1
            if not budget:
                raise Ext4Error(f"a file of more than {_MAX_MAP_BLOCKS} blocks of block numbers")
            table = self.block(number)
            if not any(table):
                continue
            pointers = struct.unpack(f"<{in_block}I", table)
            if level == 1:
                for index, pointer in enumerate(pointers):
                    if pointer and first + index < blocks:
                        yield first + index, 1, pointer
            else:
                step = in_block ** (level - 1)
                below = [
                    (pointer, level - 1, first + index * step) for index, pointer in enumerate(pointers) if pointer
                ]
                stack += reversed(below)

    def inline(self, inode: Inode) -> bytes | None:
        """The contents of a file or link that is kept in its inode; None for others."""
        if not inode.flags & _INLINE:
            return None
        data = inode.map + self._inline_rest(inode)
        if len(data) < inode.size:
            raise Ext4Error("data in an inode ends early")
        return data[: inode.size]

    def _inline_rest(self, inode: Inode) -> bytes:
        for index, name, value in self._in_inode(inode):
            if index == 7 and name == b"data":
                return value
        return b""

    def piece(self, run: Run, start: int, end: int) -> bytes:
        """The bytes of a run from `start` to `end`, counted from the run's own start."""
        if not run[2]:
            return bytes(end - start)
        return self._bytes(run[2] * self.block_size + start, end - start)

    def target(self, inode: Inode) -> bytes:
        """Where a symbolic link leads."""
        if inode.flags & _ENCRYPTED:
            raise Ext4Error("is encrypted")
        if inode.size > 4096:
            raise Ext4Error(f"a link of {inode.size} bytes")
        inline = self.inline(inode)
        if inline is not None:
            return inline
        if inode.size < 60 and not inode.flags & _EXTENTS:
            return inode.map[: inode.size]
        return self._whole(inode)[: inode.size]

    def names(self, inode: Inode) -> dict[bytes, tuple[int, int]]:
        """What a folder holds: name to inode number and kind (1 file, 2 folder, 7 link, 0 unknown). Indexed folders are
        read like others: their index looks like unused entries."""
        if inode.flags & _ENCRYPTED:
            raise Ext4Error("is encrypted")
        if inode.size > _MAX_FOLDER:
            raise Ext4Error(f"a folder of {inode.size} bytes")
        out: dict[bytes, tuple[int, int]] = {}
        if inode.flags & _INLINE:  # 4 bytes name the parent, and each of both parts is filled with entries
            self._entries(inode.map[4:], out)
            self._entries(self._inline_rest(inode), out)
            return out
        for logical, count, physical in self.runs(inode):
            if physical:
                for number in range(physical, physical + min(count, -(-inode.size // self.block_size) - logical)):
                    self._entries(self.block(number), out)
        return out

    def _entries(self, block: bytes, out: dict[bytes, tuple[int, int]]) -> None:
        at = 0
        while at + 8 <= len(block):
            number, length, name_length, kind = _NAME.unpack_from(block, at)
            if length in (0, 65535) and len(block) == 65536:
                length = 65536
            if not self._incompatible & _KINDS:
                name_length, kind = name_length | kind << 8, 0
            if length < 8 or length % 4 or at + length > len(block) or (number and 8 + name_length > length):
                raise Ext4Error("a folder's entries are damaged")
            if number:
                name = block[at + 8 : at + 8 + name_length]
                if name not in (b".", b".."):
                    if not name or b"/" in name or b"\0" in name:
                        raise Ext4Error("a folder holds a name that cannot be one")
                    out[name] = (number, kind)
                    if len(out) > _MAX_NAMES:
                        raise Ext4Error(f"a folder of more than {_MAX_NAMES} names")
            at += length

    def attribute_names(self, inode: Inode) -> frozenset[str]:
        """Names of the extended attributes, as xattr(7) writes them."""
        found = [(index, name) for index, name, _ in self._in_inode(inode)]
        if inode.attribute_block:
            block = self.block(inode.attribute_block)
            if _u32(block, 0) != _ATTRIBUTE_MAGIC:
                raise Ext4Error("a block of extended attributes is damaged")
            found += [(index, name) for index, name, _ in _attributes(block, 32, 0)]
        return frozenset(
            _PREFIXES[index] + name.decode("utf-8", "surrogateescape")
            for index, name in found
            if index in _PREFIXES and (index, name) != (7, b"data")
        )

    def _in_inode(self, inode: Inode) -> Iterator[tuple[int, bytes, bytes]]:
        if len(inode.attributes) >= 8 and _u32(inode.attributes, 0) == _ATTRIBUTE_MAGIC:
            yield from _attributes(inode.attributes, 4, 4)

    # Bytes

    def block(self, number: int) -> bytes:
        """A whole block."""
        return self._bytes(number * self.block_size, self.block_size)

    def _whole(self, inode: Inode) -> bytes:
        """The contents of something small."""
        out = bytearray(inode.size)
        for run in self.runs(inode):
            start = run[0] * self.block_size
            if start < inode.size:
                piece = self.piece(run, 0, min(run[1] * self.block_size, inode.size - start))
                out[start : start + len(piece)] = piece
        return bytes(out)

    def _bytes(self, start: int, count: int) -> bytes:
        if start + count > len(self._data):
            raise Ext4Error("leads beyond the end of the file system")
        return bytes(self._data[start : start + count])


def _leaf(node: bytes, places: range) -> Iterator[Run]:
    for at in places:
        first, length, high, low = _EXTENT.unpack_from(node, at)
        if length > _LONGEST_RUN:
            yield first, length - _LONGEST_RUN, 0
        elif length:
            yield first, length, low | high << 32


def _attributes(area: bytes, at: int, base: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Entries from `at`; values are counted from `base`."""
    while at + 16 <= len(area) and _u32(area, at):
        length, index, offset, elsewhere, size, _ = _ATTRIBUTE.unpack_from(area, at)
        name = area[at + 16 : at + 16 + length]
        value = b"" if elsewhere else area[base + offset : base + offset + size]
        yield index, name, value
        at += (16 + length + 3) & ~3


def _follows(run: Run, physical: int) -> bool:
    return run[2] + run[1] == physical


def _is_power(number: int, base: int) -> bool:
    while number % base == 0:
        number //= base
    return number == 1


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
