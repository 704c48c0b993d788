"""Zip files within bounds (PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16): jars, wheels, eggs.

The list of members is walked once, and only members that are asked for become objects: a jar of thousands of classes
costs little. Neither the number of members, nor what they claim, nor what they really unpack to can exhaust memory; a
zip bomb ends in a problem. Nothing is written to disk. What stands in front of the archive (the start script of an
executable jar) is skipped.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_CUR, SEEK_END, RawIOBase
from typing import BinaryIO, cast

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.interface import Problems

MAX_LISTING = 96 << 20
"""Bytes of the list of members: about a million of them."""

_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_TAIL = 65_557
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_STORED, _DEFLATED = 0, 8
_CHUNK = 1 << 18


class BadArchive(ValueError):
    """Not a zip archive, or a damaged one; the message says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the archive."""

    name: str
    method: int
    flags: int
    packed: int
    size: int
    """As the archive claims."""
    offset: int


class Budget:
    """Bytes that may be unpacked from one file altogether, however its archives are nested."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise BadArchive("unpacks to more than is read from one file; the rest is left out")


class Archive:
    """An archive in a seekable stream. Raises `BadArchive` and what the stream raises."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, SEEK_END)
        self._listing, self._shift = self._find()

    def members(self, wanted: Callable[[str], bool]) -> Iterator[Member]:
        """The members whose names are wanted, in the order of the list."""
        data, at = self._listing, 0
        while at + 46 <= len(data):
            if data[at : at + 4] != b"PK\x01\x02":
                raise BadArchive(f"its list of members is damaged at byte {at}")
            entry = _ENTRY.unpack_from(data, at)
            flags, method, packed, size = entry[5], entry[6], entry[10], entry[11]
            name_length, extra_length, comment_length, offset = entry[12], entry[13], entry[14], entry[18]
            raw = data[at + 46 : at + 46 + name_length]
            name = raw.decode("utf-8", "surrogateescape")
            if wanted(name):
                if 0xFFFFFFFF in (packed, size, offset):
                    extra = data[at + 46 + name_length : at + 46 + name_length + extra_length]
                    size, packed, offset = _wide(extra, size, packed, offset)
                yield Member(name, method, flags, packed, size, offset + self._shift)
            at += 46 + name_length + extra_length + comment_length

    def read(self, member: Member, limit: int, budget: Budget | None = None) -> bytes:
        """At most `limit` bytes of a member."""
        start = self._start(member)
        self.file.seek(start)
        if member.method == _STORED:
            out = self.file.read(min(member.packed, limit))
        else:
            out = self._inflate(member, limit, budget)
        if budget:
            budget.spend(len(out))
        return out

    def window(self, member: Member) -> BinaryIO | None:
        """A stored member as a stream that costs no memory; None for a compressed one."""
        if member.method != _STORED:
            return None
        return cast(BinaryIO, _Window(self.file, self._start(member), member.packed))

    def _inflate(self, member: Member, limit: int, budget: Budget | None) -> bytes:
        unpack = zlib.decompressobj(-15)
        out = bytearray()
        left = member.packed
        allowed = limit if budget is None else min(limit, budget.left + 1)
        while left > 0 and not unpack.eof and len(out) < allowed:
            chunk = self.file.read(min(_CHUNK, left))
            if not chunk:
                break
            left -= len(chunk)
            try:
                out += unpack.decompress(chunk, allowed - len(out))
                while unpack.unconsumed_tail and len(out) < allowed:
                    out += unpack.decompress(unpack.unconsumed_tail, allowed - len(out))
            except zlib.error as error:
                raise BadArchive(f"is damaged: {error}") from error
        if not unpack.eof and len(out) < allowed:
            raise BadArchive("is cut off")
        return bytes(out)

    def _start(self, member: Member) -> int:
        if member.flags & 1:
            raise BadArchive("is encrypted")
        if member.method not in (_STORED, _DEFLATED):
            raise BadArchive(f"is packed by method {member.method}, which is not read")
        if member.offset < 0:
            raise BadArchive("is not where the list of members says")
        self.file.seek(member.offset)
        head = self.file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
            raise BadArchive("is not where the list of members says")
        local = _LOCAL.unpack(head)
        return member.offset + _LOCAL.size + int(local[10]) + int(local[11])

    def _find(self) -> tuple[bytes, int]:
        """(the list of members, by how much offsets are shifted)."""
        start = max(0, self.size - _TAIL)
        self.file.seek(start)
        tail = self.file.read(_TAIL)
        at = tail.rfind(_END)
        if at < 0 or at + 22 > len(tail):
            raise BadArchive("has no end of a zip archive")
        length, offset = struct.unpack_from("<2L", tail, at + 12)
        listing_end = start + at
        if 0xFFFFFFFF in (length, offset) and tail[at - 20 : at - 16] == b"PK\x06\x07":
            self.file.seek(max(0, listing_end - 20 - 56))
            record = self.file.read(56)
            if record[:4] != _END64 or len(record) < 56:
                raise BadArchive("has a damaged end of a large zip archive")
            length, offset = struct.unpack_from("<2Q", record, 40)
            listing_end -= 76
        if length > min(listing_end, MAX_LISTING):
            raise BadArchive(f"claims a list of members of {length} bytes")
        begin = listing_end - length
        self.file.seek(begin)
        return self.file.read(length), begin - offset


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes of Zip64's extra field (4.5.3), which holds only those that did not fit."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1 and at + 4 + length <= len(extra):
            values = iter(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            wide = [next(values, value) if value == 0xFFFFFFFF else value for value in (size, packed, offset)]
            return wide[0], wide[1], wide[2]
        at += 4 + length
    return size, packed, offset


class _Window(RawIOBase):
    """A part of a stream as a stream."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self.file = file
        self.start = start
        self.length = size
        self.at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        origin = self.length if whence == SEEK_END else self.at if whence == SEEK_CUR else 0
        self.at = max(0, origin + offset)
        return self.at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self.length - self.at)
        self.file.seek(self.start + self.at)
        data = self.file.read(left if size < 0 else min(size, left))
        self.at += len(data)
        return data


@contextmanager
def open_archive(view: FilesystemView, path: str, problems: Problems) -> Iterator[Archive | None]:
    """The archive at a path, or None with the problem noted."""
    try:
        file = view.open(path)
    except FilesystemError as error:
        problems.caught(error)
        yield None
        return
    with file:
        yield archive_of(file, path, problems)


def archive_of(file: BinaryIO, path: str, problems: Problems) -> Archive | None:
    """The archive in a stream, or None with the problem noted."""
    try:
        return Archive(file)
    except (BadArchive, OSError, FilesystemError) as error:
        problems.add(path, f"not a zip archive that can be read: {error}")
    return None


def wanted_members(archive: Archive, wanted: Callable[[str], bool], path: str, problems: Problems) -> list[Member]:
    """The wanted members as far as the list can be read; damage is noted."""
    found: list[Member] = []
    try:
        found.extend(archive.members(wanted))
    except (BadArchive, struct.error) as error:
        problems.add(path, str(error))
    return found


def read_member(
    archive: Archive, member: Member, path: str, problems: Problems, limit: int, budget: Budget | None = None
) -> bytes | None:
    """The whole member; None, with the problem noted, where it is larger than `limit` or cannot be unpacked."""
    where = f"{path}!/{member.name}"
    try:
        data = archive.read(member, limit + 1, budget)
    except (BadArchive, OSError, FilesystemError) as error:
        problems.add(where, str(error))
        return None
    if len(data) > limit:
        problems.add(where, f"unpacks to more than {limit} bytes, which are not read")
        return None
    return data
