"""Header blobs of a Berkeley DB hash file: `/var/lib/rpm/Packages` up to RPM 4.15 (RHEL 8, SLES 12, Amazon Linux 2).

Formats: Berkeley DB's dbinc/db_page.h. Page 0 describes the file: magic 0x061561 at 12, page size at 20, last page at
32. Hash pages (types 2 and 13) hold offsets of keys and values in turn; a value is inline (type 1) or on a chain of
overflow pages (type 3: first page, total length). Written in the byte order of the machine that made it.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from bartizan.collect.packages.distribution.rpm.damage import Damaged

MAGIC = 0x061561
_HASH_PAGES = (2, 13)
_OVERFLOW = 7
_KEY_DATA, _OFF_PAGE = 1, 3
_PAGE_HEADER = 26
_REREAD = 4
"""Bytes read may exceed the file's size by this factor; more means that chains are shared or cyclic."""


def is_berkeley(head: bytes) -> bool:
    """Whether a file that begins like this is a Berkeley DB hash."""
    return len(head) >= 16 and MAGIC in struct.unpack("<I", head[12:16]) + struct.unpack(">I", head[12:16])


def blobs(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Every value that is longer than a record number. Raises `Damaged`."""
    reader = _Pages(file, size)
    for number in range(1, reader.last + 1):
        page = reader.page(number)
        if page[25] not in _HASH_PAGES:
            continue
        count = min(reader.integer("H", page, 20), (len(page) - _PAGE_HEADER) // 2)
        offsets = [reader.integer("H", page, _PAGE_HEADER + 2 * index) for index in range(count)]
        for index in range(1, count, 2):
            value = reader.value(page, offsets[index], offsets[index - 1])
            if len(value) > 8:  # the first record is a counter of four bytes
                yield value


class _Pages:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        head = file.read(72)
        if len(head) < 72:
            raise Damaged("shorter than a Berkeley DB header")
        self.order = "<" if struct.unpack("<I", head[12:16])[0] == MAGIC else ">"
        self.size = self.integer("I", head, 20)
        if self.size < 512 or self.size > 65536 or self.size & (self.size - 1):
            raise Damaged(f"page size {self.size}")
        self.last = min(self.integer("I", head, 32), size // self.size)
        self.budget = _REREAD * max(size, self.size)

    def integer(self, code: str, data: bytes, offset: int) -> int:
        return int(struct.unpack_from(self.order + code, data, offset)[0])

    def page(self, number: int) -> bytes:
        self.budget -= self.size
        if self.budget < 0:
            raise Damaged("pages refer to each other in circles")
        self.file.seek(number * self.size)
        data = self.file.read(self.size)
        if len(data) < self.size:
            raise Damaged(f"page {number} is cut off")
        return data

    def value(self, page: bytes, offset: int, end: int) -> bytes:
        if offset >= len(page):
            raise Damaged(f"value at {offset} lies outside its page")
        kind = page[offset]
        if kind == _KEY_DATA:
            return page[offset + 1 : end]
        if kind != _OFF_PAGE or offset + 12 > len(page):
            return b""
        return self.chain(self.integer("I", page, offset + 4), self.integer("I", page, offset + 8))

    def chain(self, number: int, length: int) -> bytes:
        parts: list[bytes] = []
        missing = length
        while number and missing > 0:
            page = self.page(number)
            if page[25] != _OVERFLOW:
                raise Damaged(f"page {number} should hold the rest of a header but is of type {page[25]}")
            part = page[_PAGE_HEADER : _PAGE_HEADER + self.integer("H", page, 22)]
            parts.append(part)
            missing -= len(part)
            number = self.integer("I", page, 16)
        if missing > 0:
            raise Damaged(f"a header of {length} bytes is cut off")
        return b"".join(parts)[:length]
