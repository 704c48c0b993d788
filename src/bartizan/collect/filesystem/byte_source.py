"""Bytes in order for the tar walk: from a memory map, or inflated from a stream ahead of the walk. Digests are taken
beside it.

gzip is RFC 1952 (members may follow one another), zstd is RFC 8878 (frames may follow one another).
"""

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event, Lock, Semaphore, Thread
from typing import Any, Protocol

_CHUNK = 256 << 10
"""Bytes that are read at once. What they inflate to fits memory that is used again and again: with pieces of 4 MiB a
fifth of the time goes into pages that the system gives, clears and takes back."""
_STEP = 8 << 20
"""Bytes of a mapped file between two looks whether their digest is still wanted."""
_AHEAD = 6
"""Pieces that are ready before they are asked for."""
_SWITCH = 0.0005
"""Seconds after which a thread that computes lets another one go on; with Python's own 0.005 the one that inflates
waits longer for its turn than it works."""
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


class Digest:
    """SHA-256 of bytes that are all there, taken by a thread beside whatever else is done with them."""

    def __init__(self, data: memoryview) -> None:
        self._hash = hashlib.sha256()
        self._given_up = Event()
        self._worker = Thread(target=_digest, args=(self._hash, data, self._given_up), name="digest", daemon=True)
        self._worker.start()

    def value(self) -> str:
        """`sha256:<hex>`; waits for the thread."""
        self._worker.join()
        return "sha256:" + self._hash.hexdigest()

    def close(self) -> None:
        """End the thread; returns when it reads no more."""
        self._given_up.set()
        self._worker.join()


def _digest(total: Any, data: memoryview, given_up: Event) -> None:
    for start in range(0, len(data), _STEP):
        if given_up.is_set():
            return
        total.update(data[start : start + _STEP])


class _Turns:
    """Threads let one another go on sooner while any of them inflates; afterwards as before."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = 0.0

    def begin(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(_SWITCH, self._before))
            self._users += 1

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                sys.setswitchinterval(self._before)


_TURNS = _Turns()


class Ahead:
    """What an iterator yields, made by a thread that is a few pieces ahead: a layer is inflated on one core while it is
    walked on another. Close it before what the iterator reads from is closed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._waiting: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        self._places = Semaphore(_AHEAD)
        self._given_up = Event()
        self._worker = Thread(
            target=_make, args=(pieces, self._waiting, self._places, self._given_up), name="inflating", daemon=True
        )
        _TURNS.begin()
        self._worker.start()

    def __iter__(self) -> Iterator[bytes]:
        """The pieces in order; raises what the iterator raised."""
        while (piece := self._waiting.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            self._places.release()
            yield piece

    def close(self) -> None:
        """End the thread; returns when it reads no more."""
        self._given_up.set()
        self._places.release()
        self._worker.join()
        _TURNS.end()


def _make(
    pieces: Iterator[bytes], waiting: "SimpleQueue[bytes | Exception | None]", places: Semaphore, given_up: Event
) -> None:
    try:
        for piece in pieces:
            places.acquire()
            if given_up.is_set():
                return
            waiting.put(piece)
        waiting.put(None)
    except Exception as error:  # whoever waits for the next piece gets it
        waiting.put(error)


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
