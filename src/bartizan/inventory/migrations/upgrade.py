"""Runs the revisions, all in one transaction: a step that fails leaves the database as it was.

Revision ids are `0001`, `0002`, ...: an id that this program does not have was written by a newer one.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from bartizan.inventory.errors import SchemaMissing, SchemaTooNew, StoreNotWritable

if TYPE_CHECKING:
    from bartizan.inventory.store import Store

_LOCK = 0x6261727469  # "barti": one migration at a time on a shared PostgreSQL


def configuration(conn: Connection | None = None) -> Config:
    """Alembic's settings; there is no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config


def upgrade(store: "Store") -> None:
    """Up to the newest revision; a newer database is an error and is not touched."""
    try:
        with store.begin() as conn:
            if conn.dialect.name == "postgresql":
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if _current(store, conn) != newest():
                command.upgrade(configuration(conn), "head")
    except OperationalError as error:
        if "readonly" in str(error):
            raise StoreNotWritable(
                f"{store.url} cannot be written: {error.orig}. Change its owner or mode, or set another data folder."
            ) from error
        raise


def check(store: "Store") -> None:
    """Raise unless the database stands at the newest revision."""
    with store.read() as conn:
        current = _current(store, conn)
    if current != newest():
        raise SchemaMissing(f"{store.url}: schema {current or 'none'}, needed {newest()}. Run: bartizan db migrate")


def newest() -> str:
    """The newest revision that this program knows."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def _current(store: "Store", conn: Connection) -> str | None:
    current = MigrationContext.configure(conn).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaTooNew(store.url, current, newest())
    return current
