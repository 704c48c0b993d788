"""Bytes in order for the tar walk: from a memory map, or inflated from a stream while digests are taken beside it.

gzip is RFC 1952 (members may follow one another), zstd is RFC 8878 (frames may follow one another).
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Any, Protocol
from weakref import finalize

_CHUNK = 256 << 10
"""Bytes that are read at once. What they inflate to fits memory that is used again and again: with pieces of 4 MiB a
fifth of the time goes into pages that the system gives, clears and takes back."""
_ZSTD_INPUT = 2048
"""A block of 4 bytes can stand for 128 KiB (RFC 8878, 3.1.1.2.2), so input goes in small slices to bound the output."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class DamagedError(Exception):
    """Compressed data that cannot be inflated, ends early, or does not have the digest it should have."""


class MappedSource:
    """A `ByteSource` over bytes that are all there."""

    def __init__(self, data: memoryview | bytes) -> None:
        self._data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        piece = bytes(self._data[self.position : self.position + count])
        self.position += len(piece)
        return piece

    def skip(self, count: int) -> int:
        count = min(count, len(self._data) - self.position)
        self.position += count
        return count


class ChunkSource:
    """A `ByteSource` over chunks that arrive one after the other."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._at = 0
        self.position = 0

    def take(self, count: int) -> bytes:
        at = self._at
        end = at + count
        if end <= len(self._chunk):
            self._at = end
            self.position += count
            return self._chunk[at:end]
        pieces = []
        missing = count
        while missing:
            if self._at == len(self._chunk) and not self._advance():
                break
            piece = self._chunk[self._at : self._at + missing]
            self._at += len(piece)
            missing -= len(piece)
            pieces.append(piece)
        self.position += count - missing
        return b"".join(pieces)

    def skip(self, count: int) -> int:
        missing = count
        while missing:
            step = min(missing, len(self._chunk) - self._at)
            self._at += step
            missing -= step
            if missing and not self._advance():
                break
        self.position += count - missing
        return count - missing

    def _advance(self) -> bool:
        for chunk in self._chunks:
            if chunk:
                self._chunk = chunk
                self._at = 0
                return True
        return False


_Piece = tuple[bytes | memoryview, bool]
"""A part of what is digested, and whether it takes one of the places of what may wait."""


class Digest:
    """SHA-256 beside the reading: one worker, at most a few chunks behind, so hashing and inflating share two cores."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._waiting: SimpleQueue[_Piece | None] = SimpleQueue()
        self._places = Semaphore(4)
        self._worker: Thread | None = None
        # A reading that is given up forgets its digest, and the worker goes with it.
        self._end = finalize(self, self._waiting.put, None)

    def add(self, data: bytes | memoryview) -> None:
        """Take more; waits while the worker is far behind, so that memory stays bounded."""
        self._start()
        self._places.acquire()
        self._waiting.put((data, True))

    def add_all(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Take pieces that cost no memory, such as parts of a mapped file, without waiting."""
        self._start()
        for piece in pieces:
            self._waiting.put((piece, False))

    def value(self) -> str:
        """`sha256:<hex>` of all that was added; ends the worker."""
        self._end()
        if self._worker is not None:
            self._worker.join()
        return "sha256:" + self._hash.hexdigest()

    def _start(self) -> None:
        if self._worker is None:
            self._worker = Thread(target=_digest, args=(self._hash, self._waiting, self._places), daemon=True)
            self._worker.start()


def _digest(total: Any, waiting: "SimpleQueue[_Piece | None]", places: Semaphore) -> None:
    while (piece := waiting.get()) is not None:
        total.update(piece[0])
        if piece[1]:
            places.release()


class ReadStream(Protocol):
    """What is needed of an open file."""

    def read(self, size: int = -1, /) -> bytes: ...
    def close(self) -> None: ...


def read_chunks(stream: ReadStream, size: int = _CHUNK) -> Iterator[bytes]:
    """The stream in pieces, to its end."""
    while chunk := stream.read(size):
        yield chunk


def inflated(chunks: Iterator[bytes], seen: Callable[[bytes], None] | None = None) -> Iterator[bytes]:
    """The chunks, inflated by what their first bytes say they are (gzip, zstd, or plain).

    Raises `DamagedError` where the data is damaged or ends within a compressed frame. Output comes in bounded pieces,
    however much a small input inflates to.
    """
    first = next(chunks, b"")
    while 0 < len(first) < 4:
        more = next(chunks, b"")
        if not more:
            break
        first += more
    whole = _chained(first, chunks)
    if first.startswith(_GZIP):
        out = _gunzip(whole)
    elif first.startswith(_ZSTD):
        out = _unzstd(whole)
    else:
        out = whole
    for piece in out:
        if seen:
            seen(piece)
        yield piece


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _inflater() -> Any:
    try:
        from isal import isal_zlib
    except ImportError:  # no wheel for this processor: the standard library inflates the same at half the speed
        return zlib
    return isal_zlib


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    inflate = _inflater()
    machine = inflate.decompressobj(31)
    fresh = True
    for chunk in chunks:
        data = chunk
        while data:
            try:
                piece = machine.decompress(data, 4 * _CHUNK)
            except (zlib.error, getattr(inflate, "error", zlib.error)) as error:
                raise DamagedError(f"gzip data is damaged: {error}") from None
            fresh = False
            if piece:
                yield piece
            if machine.eof:
                data = machine.unused_data
                machine = inflate.decompressobj(31)
                fresh = True
                if data and not data.startswith(_GZIP[: len(data)]):
                    return  # padding after the last member, as gzip(1) allows
            else:
                data = machine.unconsumed_tail
                if not piece and not data:
                    break
    if not fresh:
        yield machine.flush()
        if not machine.eof:
            raise DamagedError("gzip data ends early")


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    context = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    machine = context.decompressobj()
    fresh = True
    gathered: list[bytes] = []
    size = 0
    for chunk in chunks:
        for start in range(0, len(chunk), _ZSTD_INPUT):
            data = chunk[start : start + _ZSTD_INPUT]
            while data:
                try:
                    piece = machine.decompress(data)
                except zstandard.ZstdError as error:
                    raise DamagedError(f"zstd data is damaged: {error}") from None
                fresh = machine.eof
                data = machine.unused_data if fresh else b""
                if fresh:
                    machine = context.decompressobj()
                gathered.append(piece)
                size += len(piece)
                if size >= _CHUNK:
                    yield b"".join(gathered)
                    gathered.clear()
                    size = 0
    yield b"".join(gathered)
    if not fresh:
        raise DamagedError("zstd data ends early")
