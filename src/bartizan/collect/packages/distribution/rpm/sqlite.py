"""Header blobs of `rpmdb.sqlite` (Fedora, RHEL 9, Amazon Linux 2023): table Packages(hnum INTEGER PRIMARY KEY, blob).

Read page by page (SQLite's "Database File Format", sections 1.3, 1.6, 2.1 and 4), because the file need not lie on this
machine's disk, may be larger than the agent's memory should ever be, and may be hostile. RPM keeps it in WAL mode:
pages that `rpmdb.sqlite-wal` has committed take the place of the file's own.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from bartizan.collect.packages.distribution.rpm.damage import Damaged

MAGIC = b"SQLite format 3\0"
MAX_PAYLOAD = 256 << 20
"""As rpm's limit for a header."""
MAX_DEPTH = 20

_INTERIOR, _LEAF = 5, 13


def blobs(file: BinaryIO, size: int, log: BinaryIO | None) -> Iterator[bytes]:
    """Every row's blob. Raises `Damaged`."""
    pages = _Pages(file, size, log)
    try:
        root = _root_of(pages, b"Packages")
        if root is None:
            raise Damaged("has no table Packages")
        for record in _rows(pages, root, 0):
            columns = _columns(record)
            if len(columns) > 1 and columns[1][0] >= 12:
                yield record[columns[1][1] : columns[1][2]]
    except (struct.error, IndexError) as error:
        raise Damaged(f"a page ends too early: {error}") from error


class _Pages:
    """The pages of the file, with those of the log laid over them. Each may be read once: trees have no circles."""

    def __init__(self, file: BinaryIO, size: int, log: BinaryIO | None) -> None:
        head = file.read(100)
        if len(head) < 100 or head[:16] != MAGIC:
            raise Damaged("does not begin as an SQLite file")
        self.size = struct.unpack_from(">H", head, 16)[0]
        self.size = 65536 if self.size == 1 else self.size
        if self.size < 512 or self.size & (self.size - 1):
            raise Damaged(f"page size {self.size}")
        self.usable = self.size - head[20]
        if self.usable < 480:
            raise Damaged(f"only {self.usable} bytes of a page are used")
        self.file = file
        self.log = log
        self.count = size // self.size
        self.frames = frames(log, self.size) if log else {}
        self.seen: set[int] = set()

    def page(self, number: int) -> bytes:
        if number in self.seen:
            raise Damaged(f"page {number} is referred to twice")
        self.seen.add(number)
        if self.log is not None and number in self.frames:
            self.log.seek(self.frames[number])
            data = self.log.read(self.size)
        elif 1 <= number <= self.count:
            self.file.seek((number - 1) * self.size)
            data = self.file.read(self.size)
        else:
            raise Damaged(f"page {number} lies outside the file")
        if len(data) < self.size:
            raise Damaged(f"page {number} is cut off")
        return data


def frames(log: BinaryIO, size: int) -> dict[int, int]:
    """Page number to the place of its last committed copy in a write-ahead log; empty where the log does not fit."""
    head = log.read(32)
    if len(head) < 32:
        return {}
    magic, _, log_size, _, salt1, salt2, sum1, sum2 = struct.unpack(">8I", head)
    if magic not in (0x377F0682, 0x377F0683) or log_size != size:
        return {}
    order = ">" if magic & 1 else "<"
    if _sums(order, head[:24], 0, 0) != (sum1, sum2):
        return {}
    committed: dict[int, int] = {}
    pending: dict[int, int] = {}
    position = 32
    while True:
        frame = log.read(24 + size)
        if len(frame) < 24 + size:
            return committed
        number, commit, frame1, frame2, want1, want2 = struct.unpack_from(">6I", frame)
        sum1, sum2 = _sums(order, frame[24:], *_sums(order, frame[:8], sum1, sum2))
        if (frame1, frame2, sum1, sum2) != (salt1, salt2, want1, want2):
            return committed  # what follows is left over from before, or torn
        pending[number] = position + 24
        if commit:
            committed.update(pending)
            pending.clear()
        position += 24 + size


def _sums(order: str, data: bytes, first: int, second: int) -> tuple[int, int]:
    for a, b in struct.iter_unpack(order + "II", data):
        first = (first + a + second) & 0xFFFFFFFF
        second = (second + b + first) & 0xFFFFFFFF
    return first, second


def _root_of(pages: _Pages, table: bytes) -> int | None:
    """The first page of a table by the schema, whose rows are (type, name, table, first page, statement)."""
    for record in _rows(pages, 1, 0):
        columns = _columns(record)
        if len(columns) < 4:
            continue
        kind, name, _, root = (record[start:end] for _, start, end in columns[:4])
        if kind == b"table" and name == table:
            return int.from_bytes(root, "big")
    return None


def _rows(pages: _Pages, number: int, depth: int) -> Iterator[bytes]:
    """The records of a table's tree, in the order of their keys."""
    if depth > MAX_DEPTH:
        raise Damaged("its tree is too deep")
    page = pages.page(number)
    start = 100 if number == 1 else 0
    kind, _, count = struct.unpack_from(">BHH", page, start)
    if kind not in (_INTERIOR, _LEAF):
        raise Damaged(f"page {number} is of type {kind} instead of a table's")
    cells = struct.unpack_from(f">{count}H", page, start + (12 if kind == _INTERIOR else 8))
    for cell in cells:
        if kind == _LEAF:
            yield _payload(pages, page, cell)
        else:
            yield from _rows(pages, struct.unpack_from(">I", page, cell)[0], depth + 1)
    if kind == _INTERIOR:
        yield from _rows(pages, struct.unpack_from(">I", page, start + 8)[0], depth + 1)


def _payload(pages: _Pages, page: bytes, at: int) -> bytes:
    """A cell's record, with what lies on overflow pages."""
    size, at = _varint(page, at)
    _, at = _varint(page, at)
    if size > MAX_PAYLOAD:
        raise Damaged(f"a row claims {size} bytes")
    usable = pages.usable
    local = size
    if size > usable - 35:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= usable - 35 else least
    parts = [page[at : at + local]]
    left = size - local
    following = struct.unpack_from(">I", page, at + local)[0] if left else 0
    while left > 0:
        overflow = pages.page(following)
        parts.append(overflow[4 : 4 + min(left, usable - 4)])
        left -= len(parts[-1])
        following = struct.unpack_from(">I", overflow)[0]
    return b"".join(parts)


def _columns(record: bytes) -> list[tuple[int, int, int]]:
    """(serial type, start, end) of each column of a record."""
    end, at = _varint(record, 0)
    out: list[tuple[int, int, int]] = []
    start = end
    while at < min(end, len(record)):
        kind, at = _varint(record, at)
        size = (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]
        out.append((kind, start, start + size))
        start += size
    return out


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = data[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return value << 8 | data[at + 8], at + 9
