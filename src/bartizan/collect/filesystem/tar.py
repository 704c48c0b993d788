"""Walking tar archives by their 512-byte headers, without unpacking anything.

Formats: POSIX ustar (IEEE Std 1003.1-2017, pax, "ustar Interchange Format"), pax extended headers (same section), GNU
long names (`L`, `K`), GNU and pax sparse files, base-256 numbers. A header block:

    offset  field                    offset  field
    0       name[100]                156     typeflag
    100     mode[8] uid[8] gid[8]    157     linkname[100]
    124     size[12] mtime[12]       257     magic[8]
    148     chksum[8]                345     prefix[155]

The walk reads from a `ByteSource`, so the same code serves a memory map and an inflating stream. Nothing that a header
claims is believed beyond the bytes that are really there: sizes are only ever skipped or read in bounded pieces.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Protocol

from bartizan.model.record import dataclass

BLOCK = 512
_HEADER = Struct("100s8s8s8s12s12s8sc100s6s")
_PREFIX = slice(345, 500)
_MAX_EXTENDED = 1 << 20
"""Longest pax or GNU extension that is read, in bytes: names and attributes, never contents."""

_MAX_PATH = 4096
"""PATH_MAX of Linux; without a bound names can make trees whose paths alone fill the memory."""
_MAX_PIECES = 1 << 16
"""Of one sparse file."""
_NUMBERS_KEPT = 4096

FILE, HARD_LINK, SYMBOLIC_LINK, DIRECTORY, OTHER = b"0", b"1", b"2", b"5", b"3"
_FILE_TYPES = frozenset((b"0", b"\0", b"7"))
_EXTENSIONS = frozenset((b"x", b"g", b"L", b"K"))


class TarError(Exception):
    """The archive is damaged at `offset` bytes from its start."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"byte {offset}: {reason}")
        self.offset = offset
        self.reason = reason


class ByteSource(Protocol):
    """Bytes in order."""

    position: int
    """Bytes consumed so far."""

    def take(self, count: int) -> bytes:
        """Exactly `count` bytes, fewer only at the end."""

    def skip(self, count: int) -> int:
        """Pass over `count` bytes; the number really passed, fewer only at the end."""


@dataclass(slots=True)
class Member:
    """One entry of an archive."""

    path: str
    """Absolute and normal: `/usr/bin/perl`; names that are not UTF-8 keep their bytes by `surrogateescape`."""
    kind: bytes
    """FILE, HARD_LINK, SYMBOLIC_LINK, DIRECTORY or OTHER."""
    mode: int
    uid: int
    gid: int
    size: int
    """Bytes of contents; for a sparse file the size it unpacks to."""
    mtime: int
    link: str
    """Target as written, for links."""
    offset: int
    """Where the contents begin in the archive."""
    stored: int
    """Bytes that the contents take in the archive (less than `size` for a sparse file)."""
    pieces: tuple[tuple[int, int], ...] | None = None
    """Of a sparse file (offset, length) of what is stored, in order; the rest is zeros."""

    @property
    def sparse(self) -> bool:
        """Whether holes of the file are left out of the archive."""
        return self.pieces is not None

    def whole(self, stored: bytes) -> bytes:
        """The file's contents, from what is stored of them."""
        if self.pieces is None:
            return stored
        out = bytearray(self.size)
        at = 0
        for offset, length in self.pieces:
            out[offset : offset + length] = stored[at : at + length]
            at += length
        return bytes(out)


def members(source: ByteSource, *, checksums: bool = True) -> Iterator[Member]:
    """The entries in order of the archive. After each one the caller may take or skip up to `stored` bytes of contents;
    what it leaves is skipped.

    `checksums=False` saves their verification where a digest of the whole archive is verified anyway.
    Raises `TarError` on a damaged header and on an archive that ends within an entry.
    """
    global_pax: dict[str, str] = {}
    pax: dict[str, str] = {}
    long_name = long_link = ""
    unpack, take = _HEADER.unpack_from, source.take
    numbers = _Numbers()
    while True:
        start = source.position
        block = take(BLOCK)
        if len(block) < BLOCK:
            if block.strip(b"\0"):
                raise TarError(start, "the archive ends within a header")
            return
        if not block[0] and not any(block):
            return
        if checksums and not _checksum_holds(block):
            raise TarError(start, "header checksum does not match")
        numbers.start = start
        name, mode, uid, gid, size_field, mtime, _, kind, link, magic = unpack(block)
        size = _number(size_field, start)
        if kind in _EXTENSIONS:
            body = _extension(source, size, start)
            if kind == b"L":
                long_name = _text(body)
            elif kind == b"K":
                long_link = _text(body)
            else:
                records = _pax_records(body, start)
                if kind == b"g":
                    global_pax |= records
                else:
                    pax = records
            continue
        path = long_name or _text(name)
        if not long_name and block[_PREFIX.start] and magic == b"ustar\0":
            path = f"{_text(block[_PREFIX])}/{path}"
        target = long_link or (_text(link) if link[0] else "")
        extended = {**global_pax, **pax} if global_pax or pax else None
        owner, group = numbers[uid], numbers[gid]
        real: int | None = None
        if extended:
            owner = _decimal(extended.get("uid"), owner, start)
            group = _decimal(extended.get("gid"), group, start)
            path = extended.get("GNU.sparse.name") or extended.get("path") or path
            target = extended.get("linkpath") or target
            size = _decimal(extended.get("size"), size, start)
            told = extended.get("GNU.sparse.realsize") or extended.get("GNU.sparse.size")
            real = None if told is None else _decimal(told, 0, start)
        if kind == b"S":
            real = _number(block[483:495], start)
        begin, stored, pieces = source.position, size, None
        if real is not None:
            pieces = _sparse_map(source, block, kind, extended or {}, start)
            if kind == b"S":  # its map is part of the header
                begin = source.position
            stored, size = begin + size - source.position, real
            _check_pieces(pieces, stored, size, start)
        if kind in _FILE_TYPES or kind == b"S":
            kind = DIRECTORY if path.endswith("/") else FILE
        elif kind not in (HARD_LINK, SYMBOLIC_LINK, DIRECTORY):
            kind = OTHER
        if kind != FILE:
            size = 0
            stored = 0 if kind != OTHER else stored
        contents = source.position
        if len(path) > _MAX_PATH:
            raise TarError(start, f"a name of {len(path)} characters, which no system can have")
        yield Member(
            normal(path),
            kind,
            numbers[mode] & 0o7777,
            owner,
            group,
            size,
            numbers[mtime],
            target,
            contents,
            stored,
            pieces if kind == FILE else None,
        )
        if stored or source.position != contents:
            _to_next_header(source, contents, stored)
        if pax or long_name or long_link:
            pax, long_name, long_link = {}, "", ""


def normal(path: str) -> str:
    """An archive's name as an absolute path within the root: `./a//b/../c` is `/a/c`; `..` never leaves the root."""
    if path.startswith("./"):
        path = path[2:]
    if "//" not in path and "/." not in path and not path.startswith("."):
        path = path.strip("/")
        return "/" + path
    out: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if out:
                out.pop()
        elif part not in ("", "."):
            out.append(part)
    return "/" + "/".join(out)


def _to_next_header(source: ByteSource, contents: int, stored: int) -> None:
    end = contents + (stored + BLOCK - 1) // BLOCK * BLOCK
    missing = end - source.position
    if missing > 0 and source.skip(missing) < missing and source.position < contents + stored:
        raise TarError(source.position, "the archive ends within an entry's contents")


def _checksum_holds(block: bytes) -> bool:
    try:
        stated = int(block[148:156].strip(b"\0 ") or b"0", 8)
    except ValueError:
        return False
    return stated == sum(block) - sum(block[148:156]) + 8 * 32


class _Numbers(dict[bytes, int]):
    """Fields of headers to what they say: owners, modes and times are the same in thousands of headers."""

    start = 0
    """Where the header begins, for whoever is told that a field of it is no number."""

    def __missing__(self, field: bytes) -> int:
        number = _number(field, self.start)
        if len(self) >= _NUMBERS_KEPT:
            self.clear()
        self[field] = number
        return number


def _number(field: bytes, start: int) -> int:
    """Octal text, or base-256 where the first bit is set (GNU)."""
    try:
        return int(field[:-1] or b"0", 8)
    except ValueError:
        pass
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") - (0x80 << (8 * (len(field) - 1)))
        if field[0] == 0xFF:
            value = int.from_bytes(field, "big", signed=True)
        return value if value >= 0 else 0
    text = field.split(b"\0", 1)[0].strip()
    if not text:
        return 0
    try:
        return int(text, 8)
    except ValueError:
        raise TarError(start, f"not a number in a header: {field!r}") from None


def _decimal(text: str | None, default: int, start: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise TarError(start, f"not a size in a pax header: {text[:40]!r}")
    return int(text)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _extension(source: ByteSource, size: int, start: int) -> bytes:
    if size > _MAX_EXTENDED:
        raise TarError(start, f"an extended header claims {size} bytes")
    body = source.take(size)
    if len(body) < size:
        raise TarError(start, "the archive ends within an extended header")
    source.skip(-size % BLOCK)
    return body


def _pax_records(body: bytes, start: int) -> dict[str, str]:
    """`27 path=some/long/name\\n` records: length, space, key, equals, value, newline."""
    records: dict[str, str] = {}
    pairs: list[str] = []
    position = 0
    while position < len(body):
        space = body.find(b" ", position, position + 12)
        if space < 0:
            if body[position:].strip(b"\0"):
                raise TarError(start, "a pax record has no length")
            break
        digits = body[position:space]
        if not digits.isdigit():
            raise TarError(start, "a pax record has no length")
        end = position + int(digits)
        if end > len(body) or end <= space:
            raise TarError(start, "a pax record is longer than its header")
        key, equals, value = body[space + 1 : end - 1].partition(b"=")
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            pairs.append(value.decode("latin-1"))  # the only records that are there more than once
        elif equals:
            records[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        position = end
    if pairs:
        records["GNU.sparse.map"] = ",".join(pairs)
    return records


# Sparse files


def _sparse_map(
    source: ByteSource, block: bytes, kind: bytes, extended: dict[str, str], start: int
) -> tuple[tuple[int, int], ...]:
    """Of the four formats (GNU tar manual, "Storing Sparse Files"): in the header and blocks after it, in pax records
    (0.0, 0.1), or before the contents (1.0)."""
    if kind == b"S":
        return _old_map(source, block, start)
    if extended.get("GNU.sparse.major") == "1":
        return _map_before_contents(source, start)
    text = extended.get("GNU.sparse.map", "")
    numbers = [_decimal(each, 0, start) for each in text.split(",")] if text else []
    if len(numbers) % 2:
        raise TarError(start, "a sparse map has no pairs")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _old_map(source: ByteSource, block: bytes, start: int) -> tuple[tuple[int, int], ...]:
    """Pairs of 12 digits, 4 in the header and 21 in each block that follows while a flag is set."""
    area, more = block[386:482], block[482]
    pairs: list[tuple[int, int]] = []
    while True:
        pairs += [
            (_number(area[at : at + 12], start), _number(area[at + 12 : at + 24], start))
            for at in range(0, len(area), 24)
            if area[at]
        ]
        if not more:
            return tuple(pairs)
        if len(pairs) > _MAX_PIECES:
            raise TarError(start, f"a sparse file of more than {_MAX_PIECES} pieces")
        extension = source.take(BLOCK)
        if len(extension) < BLOCK:
            raise TarError(source.position, "the archive ends within a sparse map")
        area, more = extension[:504], extension[504]


def _map_before_contents(source: ByteSource, start: int) -> tuple[tuple[int, int], ...]:
    """Numbers by lines, their count first, in whole blocks."""
    numbers: list[int] = []
    rest = b""
    while not numbers or len(numbers) < 1 + 2 * numbers[0]:
        block = source.take(BLOCK)
        if len(block) < BLOCK:
            raise TarError(source.position, "the archive ends within a sparse map")
        *lines, rest = (rest + block).split(b"\n")
        numbers += [_decimal(line.decode("latin-1"), 0, start) for line in lines]
        if len(rest) > BLOCK or (numbers and numbers[0] > _MAX_PIECES):
            raise TarError(start, f"a sparse file of more than {_MAX_PIECES} pieces")
    pairs = numbers[1 : 1 + 2 * numbers[0]]
    return tuple(zip(pairs[::2], pairs[1::2], strict=True))


def _check_pieces(pieces: tuple[tuple[int, int], ...], stored: int, size: int, start: int) -> None:
    after = total = 0
    for offset, length in pieces:
        if offset < after:
            raise TarError(start, "the pieces of a sparse file overlap")
        after = offset + length
        total += length
    if after > size or total != stored:
        raise TarError(start, "a sparse map does not fit its file")
