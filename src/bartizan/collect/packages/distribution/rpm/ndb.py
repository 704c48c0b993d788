"""Header blobs of an NDB file: `Packages.db` of SUSE (rpm's lib/backend/ndb/rpmpkg.c).

Little-endian. Page 0 begins with a header of 32 bytes (`RpmP`, version, generation, slot pages), followed by slots of
16 bytes (`Slot`, package, block, blocks). Blocks have 16 bytes; a blob begins with `BlbS`, package, generation, length.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from bartizan.collect.packages.distribution.rpm.damage import Damaged

MAGIC = b"RpmP"
_PAGE = 4096
_SLOT = struct.Struct("<4sIII")
_BLOCK = 16
_MAX_SLOT_PAGES = 2048


def blobs(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Every package's blob. Raises `Damaged`."""
    head = file.read(32)
    if len(head) < 32 or head[:4] != MAGIC:
        raise Damaged("does not begin as an NDB file")
    pages = struct.unpack_from("<I", head, 12)[0]
    if pages > _MAX_SLOT_PAGES or pages * _PAGE > size + _PAGE:
        raise Damaged(f"claims {pages} pages of slots")
    file.seek(0)
    slots = file.read(pages * _PAGE)
    budget = 2 * size
    for position in range(32, len(slots) - _SLOT.size + 1, _SLOT.size):
        magic, package, block, blocks = _SLOT.unpack_from(slots, position)
        if magic != b"Slot":
            raise Damaged(f"slot at {position} is not one")
        if block == 0:
            continue
        budget -= blocks * _BLOCK
        if budget < 0:
            raise Damaged("slots claim more than the file holds")
        yield _blob(file, package, block, blocks)


def _blob(file: BinaryIO, package: int, block: int, blocks: int) -> bytes:
    file.seek(block * _BLOCK)
    data = file.read(blocks * _BLOCK)
    if len(data) < 16:
        raise Damaged(f"package {package} lies outside the file")
    magic, owner, _, length = struct.unpack_from("<4sIII", data)
    if magic != b"BlbS" or owner != package or 16 + length > len(data):
        raise Damaged(f"package {package} has a damaged blob")
    return data[16 : 16 + length]
