"""RPM headers as a database stores them (rpm's docs, "RPM V4 header format"): big-endian

    uint32 entries, uint32 bytes of data, entries x {tag, type, offset, count}, data

without the magic number that a package file has in front. Types: 2 to 5 integers of 1, 2, 4 and 8 bytes, 6 a string, 7
bytes, 8 an array of strings, 9 translated strings. Strings end with NUL.
"""

import struct
from dataclasses import dataclass

NAME, VERSION, RELEASE, EPOCH = 1000, 1001, 1002, 1003
LICENCE, ARCH, SOURCE_RPM = 1014, 1022, 1044
OLD_FILE_NAMES = 1027
DIR_INDEXES, BASE_NAMES, DIR_NAMES = 1116, 1117, 1118
MODULARITY_LABEL = 5096

MAX_ENTRIES = 1 << 16
MAX_DATA = 1 << 28
"""rpm's own limits (`hdrchkTags`, `hdrchkData`)."""

_ENTRY = struct.Struct(">IIII")
_INTEGERS = {2: "B", 3: "H", 4: "I", 5: "Q"}
_STRINGS = (6, 8, 9)


class BadHeader(ValueError):
    """The bytes are no header; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """An index over the blob; values are decoded when they are asked for."""

    index: dict[int, tuple[int, int, int]]
    """Tag to (type, offset in data, count)."""
    data: bytes

    def text(self, tag: int) -> str:
        """A string, or the first of several; empty where the tag is absent."""
        values = self.texts(tag, 1)
        return values[0] if values else ""

    def texts(self, tag: int, limit: int = MAX_DATA) -> list[str]:
        """Strings of the tag, at most `limit`."""
        kind, offset, count = self.index.get(tag, (0, 0, 0))
        if kind not in _STRINGS:
            return []
        count = 1 if kind == 6 else min(count, limit)
        parts = self.data[offset:].split(b"\0", count) if count > 1 else [self._one(offset)]
        return [part.decode("utf-8", "surrogateescape") for part in parts[:count]]

    def integers(self, tag: int) -> tuple[int, ...]:
        """Integers of the tag."""
        kind, offset, count = self.index.get(tag, (0, 0, 0))
        code = _INTEGERS.get(kind)
        if code is None:
            return ()
        size = struct.calcsize(code)
        count = min(count, (len(self.data) - offset) // size)
        return struct.unpack_from(f">{count}{code}", self.data, offset)

    def _one(self, offset: int) -> bytes:
        end = self.data.find(b"\0", offset)
        return self.data[offset : end if end >= 0 else len(self.data)]


def parse_header(blob: bytes) -> Header:
    """The header of a blob. Raises `BadHeader`."""
    if len(blob) < 8:
        raise BadHeader(f"header of {len(blob)} bytes is too short")
    entries, size = struct.unpack_from(">II", blob)
    start = 8 + 16 * entries
    if entries > MAX_ENTRIES or size > MAX_DATA or start + size > len(blob):
        raise BadHeader(f"header claims {entries} entries and {size} bytes of data but has {len(blob)} bytes")
    index: dict[int, tuple[int, int, int]] = {}
    for position in range(8, start, 16):
        tag, kind, offset, count = _ENTRY.unpack_from(blob, position)
        if offset < size:  # regions' own entries carry negative offsets and are not values
            index.setdefault(tag, (kind, offset, count))
    return Header(index=index, data=blob[start : start + size])
