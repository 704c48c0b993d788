"""LZ4 frames, read with the standard library alone: apt keeps its lists in them.

LZ4 Frame Format 1.6: magic 04 22 4D 18, descriptor, blocks of (size, data), an end mark of zero. A block is sequences
of (token, literals, offset, match length), LZ4 Block Format. Checksums are passed over: apt has verified the
file's hash before it stored it, and XXH32 in Python costs more than the decompression.
"""

_MAGIC = b"\x04\x22\x4d\x18"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)


class Lz4Error(ValueError):
    """The data is not an LZ4 frame, is cut off, or grows over the limit."""


def decompress(data: bytes, limit: int) -> bytes:
    """All frames of a file; raises Lz4Error."""
    out = bytearray()
    position = 0
    try:
        while position < len(data):
            if data[position : position + 4] == _MAGIC:
                position = _frame(data, position + 4, out, limit)
            elif int.from_bytes(data[position : position + 4], "little") in _SKIPPABLE:
                position += 8 + int.from_bytes(data[position + 4 : position + 8], "little")
            else:
                raise Lz4Error(f"no LZ4 frame at byte {position}")
    except IndexError:
        raise Lz4Error("the data is cut off") from None
    return bytes(out)


def _frame(data: bytes, position: int, out: bytearray, limit: int) -> int:
    flags = data[position]
    if flags >> 6 != 1:
        raise Lz4Error(f"LZ4 frame version {flags >> 6} is not known")
    position += 2 + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0) + 1
    start = len(out)
    while True:
        header = data[position : position + 4]
        if len(header) < 4:
            raise Lz4Error("the data is cut off")
        size = int.from_bytes(header, "little")
        position += 4
        if size == 0:
            return position + (4 if flags & 0x04 else 0)
        length = size & 0x7FFFFFFF
        block = data[position : position + length]
        if len(block) < length:
            raise Lz4Error("the data is cut off")
        if size >> 31:
            out += block
        else:
            _block(block, out, start, limit)
        if len(out) > limit:
            raise Lz4Error(f"is larger than {limit} bytes")
        position += length + (4 if flags & 0x10 else 0)


def _block(block: bytes, out: bytearray, start: int, limit: int) -> None:
    """Appends one block; matches reach back at most 64 KiB and not before `start`, the frame's own beginning."""
    position, end = 0, len(block)
    while position < end:
        token = block[position]
        position += 1
        literals = token >> 4
        if literals == 15:
            while True:
                more = block[position]
                position += 1
                literals += more
                if more != 255:
                    break
        if literals:
            if position + literals > end:
                raise Lz4Error("literals go past the end of their block")
            out += block[position : position + literals]
            position += literals
        if position >= end:
            return
        offset = block[position] | block[position + 1] << 8
        position += 2
        length = (token & 15) + 4
        if length == 19:
            while True:
                more = block[position]
                position += 1
                length += more
                if more != 255:
                    break
        source = len(out) - offset
        if not offset or source < start:
            raise Lz4Error("a match reaches before the beginning")
        if len(out) + length > limit:
            raise Lz4Error(f"is larger than {limit} bytes")
        if offset >= length:
            out += out[source : source + length]
        else:
            pattern = bytes(out[source:])
            out += (pattern * (length // offset + 1))[:length]
