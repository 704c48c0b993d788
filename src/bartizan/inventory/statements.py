"""Statements that both databases understand, in batches.

`INSERT ... ON CONFLICT` is the same on SQLite and PostgreSQL but lives in two dialects of SQLAlchemy; the number of
bound parameters in one statement is limited (SQLite: 32,766; kept well below, so that plans stay small).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

CHUNK = 500
"""Values in one IN list."""

Item = TypeVar("Item")

Insert = postgresql.Insert | sqlite.Insert


def insert(conn: Connection, table: Table) -> Insert:
    """The dialect's INSERT, for `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


def insert_new(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, leaving those alone that exist."""
    if rows:
        conn.execute(insert(conn, table).on_conflict_do_nothing(), list(rows))


def insert_tuples(conn: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many small rows of plain numbers, leaving those alone that exist; twice as fast as `insert_new`, which
    looks at each value."""
    if rows:
        mark = "%s" if conn.dialect.name == "postgresql" else "?"
        values = ", ".join([mark] * len(names))
        told = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608
        conn.exec_driver_sql(told, list(rows))


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Lists of at most `size` items."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def numbers_of(conn: Connection, column: Column[str], org: int, values: Iterable[str]) -> dict[str, int]:
    """Row numbers by a text column that is unique in the organisation; values without a row are absent."""
    table = column.table
    found: dict[str, int] = {}
    for chunk in chunks(values):
        query = select(column, table.c.id).where(table.c.org_id == org, column.in_(chunk))
        found.update((value, number) for value, number in conn.execute(query))
    return found


def storable(text: str, limit: int = 2000) -> str:
    """Text that every database takes: no NUL, no lone surrogates, and of bounded length."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
