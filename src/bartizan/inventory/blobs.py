"""Plain JSON values as compressed bytes, for what is stored once and read seldom: sections, evidence, policy outcomes.

Zstandard frames (RFC 8878) of canonical JSON. The frame carries its content size, so reading is bounded before it
starts.
"""

import json
from typing import Any

import msgspec
import zstandard

from bartizan.inventory.errors import NotADatabase
from bartizan.model.wire import canonical

LIMIT = 256 * 1024 * 1024
"""Bytes of JSON that one blob may unpack to."""


def pack(value: Any) -> bytes:
    """Compressed canonical JSON of a plain value or record."""
    return pack_bytes(canonical(value))


def pack_bytes(data: bytes) -> bytes:
    """Compressed bytes of JSON that is canonical already."""
    return zstandard.ZstdCompressor(level=3).compress(data)


def encoded(value: Any) -> bytes:
    """JSON with sorted keys of a plain value: equal values, equal bytes. For digests that never leave this store."""
    try:
        return msgspec.json.encode(value, order="sorted")
    except UnicodeEncodeError:  # lone surrogates, which msgspec refuses
        return canonical(value)


def unpack(data: bytes) -> Any:
    """The plain value again, with U+FFFD for lone surrogates (parts of names that were not UTF-8), to be shown."""
    return _decoded(data, "replace")


def unpack_exactly(data: bytes) -> Any:
    """The plain value again, exactly: what is assessed."""
    return _decoded(data, "surrogatepass")


def _decoded(data: bytes, errors: str) -> Any:
    try:
        size = zstandard.frame_content_size(data)
        if size > LIMIT:
            raise NotADatabase(f"a stored value claims {size} bytes, more than {LIMIT}: the database is damaged")
        text = zstandard.ZstdDecompressor().decompress(data, max_output_size=max(size, 1))
        try:
            return msgspec.json.decode(text)
        except UnicodeDecodeError:
            return json.loads(text.decode("utf-8", errors))
    except (zstandard.ZstdError, ValueError) as error:
        raise NotADatabase(f"a stored value cannot be read: {error}. Restore the database from a backup.") from error
