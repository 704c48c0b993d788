"""Header blobs of `rpmdb.sqlite` (Fedora, RHEL 9, Amazon Linux 2023): table Packages(hnum, blob).

The file is read as bytes and opened in memory, so that it need not lie on this machine's disk. RPM keeps it in WAL
mode: what `rpmdb.sqlite-wal` has committed on top is laid over the pages first (SQLite's "WAL-mode File Format").
"""

import sqlite3
import struct
from collections.abc import Iterator

from bartizan.collect.packages.distribution.rpm.damage import Damaged

MAGIC = b"SQLite format 3\0"
_STEPS = 50_000_000
"""Virtual machine steps that the queries may take together: a hostile schema does not run for ever."""


def blobs(database: bytes, log: bytes) -> Iterator[bytes]:
    """Every row's blob. Raises `Damaged`."""
    if len(database) < 100:
        raise Damaged("shorter than an SQLite header")
    pages = with_log(database, log)
    pages[18:20] = b"\x01\x01"  # in memory there is no log to keep: say that it is in rollback mode
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(bytes(pages))
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        left = [_STEPS // 1000]

        def tick() -> int:
            left[0] -= 1
            return int(left[0] < 0)

        connection.set_progress_handler(tick, 1000)
        kind = connection.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchone()
        if kind != ("table",):
            raise Damaged("has no table Packages")
        for (blob,) in connection.execute("SELECT blob FROM Packages"):
            if isinstance(blob, bytes):
                yield blob
    except sqlite3.Error as error:
        raise Damaged(f"SQLite says: {error}") from error
    finally:
        connection.close()


def with_log(database: bytes, log: bytes) -> bytearray:
    """The database with the log's committed frames in place; a log that does not fit is not used."""
    pages = bytearray(database)
    if len(log) < 32:
        return pages
    magic, _, size, _, salt1, salt2, sum1, sum2 = struct.unpack_from(">8I", log)
    if magic not in (0x377F0682, 0x377F0683) or size < 512 or size & (size - 1):
        return pages
    order = ">" if magic & 1 else "<"
    if _sums(order, log[:24], 0, 0) != (sum1, sum2):
        return pages
    pending: dict[int, int] = {}
    position = 32
    while position + 24 + size <= len(log):
        number, committed, frame1, frame2, want1, want2 = struct.unpack_from(">6I", log, position)
        sum1, sum2 = _sums(order, log[position : position + 8], sum1, sum2)
        sum1, sum2 = _sums(order, log[position + 24 : position + 24 + size], sum1, sum2)
        if (frame1, frame2) != (salt1, salt2) or (sum1, sum2) != (want1, want2) or number == 0:
            break
        pending[number] = position + 24
        if committed:
            _lay(pages, log, pending, size, committed)
            pending = {}
        position += 24 + size
    return pages


def _lay(pages: bytearray, log: bytes, frames: dict[int, int], size: int, count: int) -> None:
    if count * size > len(pages) + len(log):
        return
    pages.extend(bytes(max(0, count * size - len(pages))))
    del pages[count * size :]
    for number, start in frames.items():
        if number <= count:
            pages[(number - 1) * size : number * size] = log[start : start + size]


def _sums(order: str, data: bytes, first: int, second: int) -> tuple[int, int]:
    for a, b in struct.iter_unpack(order + "II", data[: len(data) & ~7]):
        first = (first + a + second) & 0xFFFFFFFF
        second = (second + b + first) & 0xFFFFFFFF
    return first, second
