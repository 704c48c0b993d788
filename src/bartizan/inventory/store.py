"""The database: how it is opened, migrated and used.

    store = Store.open("sqlite:////var/lib/bartizan/bartizan.db")     # or postgresql://user@host/bartizan
    store.migrate()
    with store.begin() as conn:      # writes; committed as a whole or not at all
        ingest_snapshot(conn, org, ...)
    with store.read() as conn:       # one consistent view, never blocked by a writer
        ...

SQLite runs with a write-ahead log, so readers and the one writer do not wait for each other. A writer takes its lock
when it begins: two writers queue up instead of failing half-way.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from bartizan.inventory.errors import NotADatabase, StoreError, StoreNotWritable

BUSY_SECONDS = 30
"""How long a writer waits for another one."""


@dataclass(frozen=True, slots=True)
class Store:
    """One database, open."""

    url: str
    """As given, without a password."""
    engine: Engine

    @classmethod
    def open(cls, url: str) -> "Store":
        """Connect. A missing SQLite file is made; a file or folder that cannot be written is an error with the
        remedy."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise StoreError(f"{url!r} is not a database URL such as sqlite:////path/bartizan.db") from error
        shown = parsed.render_as_string(hide_password=True)
        try:
            if parsed.get_backend_name() == "sqlite":
                engine = _sqlite(parsed)
            elif parsed.get_backend_name() == "postgresql":
                engine = _postgresql(parsed)
            else:
                raise StoreError(f"{shown}: only sqlite and postgresql databases are supported")
        except NoSuchModuleError as error:
            raise StoreError(f"{shown}: only sqlite and postgresql databases are supported") from error
        store = cls(shown, engine)
        store._check()
        return store

    @property
    def is_sqlite(self) -> bool:
        """Which of the two it is."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write."""
        with self.engine.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, with one consistent view of the data."""
        with self.engine.connect() as fresh:
            conn = fresh.execution_options(**_READING[self.engine.dialect.name])
            with conn.begin():
                yield conn

    def migrate(self) -> None:
        """Bring the schema up to date; see `migrations`."""
        from bartizan.inventory.migrations.upgrade import upgrade

        upgrade(self)

    def check_schema(self) -> None:
        """Raise unless the schema is exactly the one that this program knows."""
        from bartizan.inventory.migrations.upgrade import check

        check(self)

    def tidy(self) -> None:
        """Let the database refresh what its planner knows. Cheap; for after bulk work and for housekeeping."""
        with self.begin() as conn:
            conn.execute(text("ANALYZE"))

    def size(self) -> int:
        """Bytes on disk."""
        query = (
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            if self.is_sqlite
            else "SELECT pg_database_size(current_database())"
        )
        with self.read() as conn:
            return int(conn.execute(text(query)).scalar_one())

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def _check(self) -> None:
        try:
            with self.read() as conn:
                conn.execute(text("SELECT 1"))
        except OperationalError as error:
            raise StoreError(
                f"{self.url}: {_first_line(error)}. Is the database server up, and the URL right?"
            ) from error
        except DatabaseError as error:
            raise NotADatabase(
                f"{self.url}: {_first_line(error)}. Move the file away to start anew, or restore it from a backup."
            ) from error


_READING: dict[str, dict[str, Any]] = {
    "sqlite": {"begin": "DEFERRED"},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        _check_writable(Path(url.database))
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"), connect_args={"timeout": BUSY_SECONDS, "cached_statements": 512}
    )

    @event.listens_for(engine, "connect")
    def connected(dbapi: sqlite3.Connection, _record: object) -> None:
        dbapi.isolation_level = None  # transactions are begun below, not by the driver's guess
        cursor = dbapi.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")  # safe with WAL: a crash may lose the last commits, never order
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute("PRAGMA cache_size = -65536")  # KiB
        cursor.execute("PRAGMA mmap_size = 268435456")
        cursor.execute("PRAGMA trusted_schema = OFF")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN " + conn.get_execution_options().get("begin", "IMMEDIATE"))

    return engine


def _check_writable(path: Path) -> None:
    """Say before the first write what a write would run into."""
    try:
        _look_at(path, path.parent)
    except PermissionError as error:
        raise StoreNotWritable(
            f"{path} cannot be reached by user id {os.geteuid()}: a folder above it forbids that. "
            "Change the folder's mode, or set another data folder."
        ) from error


def _look_at(path: Path, folder: Path) -> None:
    if path.is_dir():
        raise NotADatabase(f"{path} is a folder, not a database file. Name a file in it.")
    if not folder.is_dir():
        raise StoreNotWritable(f"{folder}: no such folder. Create it, or set another data folder.")
    for target in (path, folder):  # the write-ahead log lives beside the file
        if target.exists() and not os.access(target, os.W_OK):
            raise StoreNotWritable(
                f"{target} is not writable for user id {os.geteuid()}. "
                "Change its owner or mode, or set another data folder."
            )


def _postgresql(url: URL) -> Engine:
    """Without just-in-time compilation: it takes longer than our queries do."""
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=30s -c jit=off", "application_name": "bartizan"},
    )


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0].rstrip(".") if str(cause).strip() else type(cause).__name__
