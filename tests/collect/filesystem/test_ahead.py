"""Reading ahead: the same pieces in the same order, errors at their place, and no thread that outlives the reading."""

import gzip
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from bartizan.collect.filesystem.byte_source import Ahead, ChunkSource, DamagedError, Digest, inflated
from bartizan.collect.filesystem.interface import LayerError
from bartizan.collect.filesystem.layer import walk_layer


def running() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & {"inflating", "digest"}


def pieces(count: int, made: list[int]) -> Iterator[bytes]:
    for number in range(count):
        made.append(number)
        yield b"%d" % number


def test_pieces_come_in_order() -> None:
    with closing(Ahead(pieces(1000, []))) as ahead:
        assert list(ahead) == [b"%d" % number for number in range(1000)]
    assert running() == set()


def test_what_is_ahead_is_bounded() -> None:
    made: list[int] = []
    with closing(Ahead(pieces(1_000_000, made))) as ahead:
        each = iter(ahead)
        assert next(each) == b"0"
    assert len(made) < 20
    assert running() == set()


def test_several_at_once_leave_the_turns_of_threads_as_they_were() -> None:
    before = sys.getswitchinterval()
    first, second = Ahead(pieces(10, [])), Ahead(pieces(10, []))
    assert sys.getswitchinterval() < before
    first.close()
    assert sys.getswitchinterval() < before
    second.close()
    assert sys.getswitchinterval() == before


def test_an_error_comes_after_the_pieces_before_it() -> None:
    whole = gzip.compress(bytes(range(256)) * 40_000, 1)

    def cut() -> Iterator[bytes]:
        yield whole[: len(whole) // 2]

    with closing(Ahead(inflated(cut()))) as ahead:
        source = ChunkSource(iter(ahead))
        assert source.take(256) == bytes(range(256))
        with pytest.raises(DamagedError, match="ends early"):
            source.skip(1 << 30)
    assert running() == set()


def test_a_digest_that_nobody_waits_for_ends() -> None:
    digest = Digest(memoryview(bytes(64 << 20)))
    digest.close()
    assert running() == set()


class Broken:
    """A layer whose second read fails."""

    digest = diff_id = ""

    def __init__(self) -> None:
        self.closed_while_read = False
        self._reads = 0

    def open(self) -> "Broken":
        return self

    def mapped(self) -> None:
        return None

    def read(self, size: int = -1, /) -> bytes:
        self._reads += 1
        if self._reads > 1:
            raise OSError(5, "Input/output error")
        return bytes([1]) * 512

    def close(self) -> None:
        self.closed_while_read = bool(running())


def test_the_thread_has_ended_when_the_stream_is_closed() -> None:
    blob = Broken()
    with pytest.raises(LayerError, match=r"checksum|Input/output"):
        walk_layer(blob)
    assert not blob.closed_while_read
