"""What a sensor saw and did not hand over yet: one SQLite file in the sensor's state folder, mode 0600.

A snapshot is written here before anything is sent and leaves only when the server took it, so that neither a kill nor a
server that is away loses one. Sections are stored once by digest; the newest snapshot stays after its delivery, because
it is what the next one is compared with.

When the file's contents grow over the limit, whole snapshots are given up and counted: never the newest (what is true
now) and of the others the youngest first, so that the oldest telemetry, the beginning of the story, is dropped last.
"""

import contextlib
import json
import os
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time_ns
from typing import Any

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section, Snapshot
from bartizan.model.wire import canonical
from bartizan.sensors.uplink.protocol import Malformed, read_section

LIMIT = 64 << 20
"""Bytes of compressed sections that wait."""

_SCHEMA = """
create table if not exists section (digest text primary key, size integer not null, body blob not null) without rowid;
create table if not exists snapshot (
  seq integer primary key autoincrement, asset text not null, taken_at text not null, sensor text not null,
  manifest text not null, waiting integer not null
);
create table if not exists counter (name text primary key, value integer not null) without rowid;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One snapshot in the spool."""

    seq: int
    asset: AssetRef
    taken_at: str
    sensor: str
    manifest: Mapping[str, str]


class Spool:
    """Opens or makes the file; use as a context manager. One process at a time: the caller holds a lock."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit
        self.set_aside: Path | None = None
        """Where a damaged spool was moved to, if the one found could not be read."""
        self._db = self._open()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @property
    def dropped(self) -> int:
        """Snapshots given up since the spool was made."""
        row = self._db.execute("select value from counter where name = 'dropped'").fetchone()
        return int(row[0]) if row else 0

    def put(self, snapshot: Snapshot) -> bool:
        """Keep a snapshot; False where it says the same as the newest one, which then needs no place of its own.

        Only the contents of sections that are not here yet are looked at: others may be carried along by their digest.
        """
        newest = self.newest()
        manifest = snapshot.manifest()
        if newest and newest.manifest == manifest and newest.asset == snapshot.asset and self.has(manifest):
            return False
        with self._db:
            here = self.sizes(manifest)
            for section in snapshot.sections.values():
                if section.digest not in here:
                    body = canonical({"facts": section.facts, "problems": section.problems})
                    row = (section.digest, len(body), zlib.compress(body, 6))
                    self._db.execute("insert or ignore into section values (?, ?, ?)", row)
            self._db.execute(
                "insert into snapshot (asset, taken_at, sensor, manifest, waiting) values (?, ?, ?, ?, 1)",
                (
                    canonical(snapshot.asset).decode(),
                    snapshot.taken_at,
                    snapshot.sensor,
                    json.dumps(manifest, sort_keys=True),
                ),
            )
            self._shrink()
        return True

    def waiting(self) -> list[Entry]:
        """What is not delivered yet, oldest first."""
        return self._entries("where waiting = 1 order by seq")

    def newest(self) -> Entry | None:
        """The snapshot that was seen last, delivered or not."""
        found = self._entries("order by seq desc limit 1")
        return found[0] if found else None

    def sections(self, entry: Entry, names: list[str]) -> dict[str, Section]:
        """Sections of an entry. One whose contents are damaged is left out and forgotten, so that it is stored anew."""
        out: dict[str, Section] = {}
        for name in names:
            digest = entry.manifest[name]
            row = self._db.execute("select body from section where digest = ?", (digest,)).fetchone()
            if row is None:
                continue
            section = _section(name, row[0])
            if section is not None and section.digest == digest:
                out[name] = section
            else:
                with self._db:
                    self._db.execute("delete from section where digest = ?", (digest,))
        return out

    def delivered(self, entry: Entry) -> None:
        """The server has it."""
        with self._db:
            self._db.execute("update snapshot set waiting = 0 where seq = ?", (entry.seq,))
            self._forget()

    def give_up(self, entry: Entry) -> None:
        """It will never be taken; counted."""
        with self._db:
            self._drop(entry.seq)
            self._forget()

    def sizes(self, manifest: Mapping[str, str]) -> dict[str, int]:
        """Digest to bytes of canonical JSON, of those sections whose contents are here."""
        wanted = tuple(set(manifest.values()))
        marks = ",".join("?" * len(wanted))
        query = f"select digest, size from section where digest in ({marks})"  # noqa: S608 - question marks only
        return dict(self._db.execute(query, wanted).fetchall())

    def has(self, manifest: Mapping[str, str]) -> bool:
        """Whether the contents of all sections are here."""
        return self.sizes(manifest).keys() == set(manifest.values())

    def _drop(self, seq: int) -> None:
        self._db.execute("update snapshot set waiting = 0 where seq = ?", (seq,))
        self._db.execute("insert into counter values ('dropped', 1) on conflict (name) do update set value = value + 1")

    def _shrink(self) -> None:
        while self._size() > self._limit:
            # Every statement here runs in the caller's transaction: a kill leaves the state of before.
            row = self._db.execute(
                "select seq from snapshot where waiting = 1 and seq < (select max(seq) from snapshot) "
                "order by seq desc limit 1"
            ).fetchone()
            if row is None:
                return
            self._drop(row[0])
            self._forget()

    def _size(self) -> int:
        return int(self._db.execute("select coalesce(sum(length(body)), 0) from section").fetchone()[0])

    def _forget(self) -> None:
        """Delivered snapshots but the newest, and the sections that nobody names any more."""
        self._db.execute("delete from snapshot where waiting = 0 and seq < (select max(seq) from snapshot)")
        self._db.execute(
            "delete from section where digest not in "
            "(select entry.value from snapshot, json_each(snapshot.manifest) as entry)"
        )

    def _entries(self, clause: str) -> list[Entry]:
        rows = self._db.execute(f"select seq, asset, taken_at, sensor, manifest from snapshot {clause}")  # noqa: S608
        return [_entry(row) for row in rows]

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise  # a full disk, a folder without permission: nothing is wrong with the file
        except sqlite3.DatabaseError:
            self.set_aside = self._path.with_name(f"{self._path.name}.damaged-{time_ns() // 1_000_000}")
            self._path.rename(self.set_aside)
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self._path.with_name(self._path.name + suffix).unlink()
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path, timeout=10)
        try:
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = full")
            db.executescript(_SCHEMA)
            db.execute("select count(*) from snapshot").fetchone()
        except BaseException:
            db.close()
            raise
        return db


def _section(name: str, body: bytes) -> Section | None:
    try:
        value = json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass"))
        return read_section(name, {"facts": value["facts"], "problems": value["problems"]}, name)
    except (zlib.error, ValueError, KeyError, TypeError, Malformed):
        return None


def _entry(row: tuple[Any, ...]) -> Entry:
    asset = json.loads(row[1])
    return Entry(
        seq=row[0],
        asset=AssetRef(kind=AssetKind(asset["kind"]), key=asset["key"], name=asset["name"]),
        taken_at=row[2],
        sensor=row[3],
        manifest=json.loads(row[4]),
    )
