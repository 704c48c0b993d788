"""Pages by key, not by number: a page goes on behind the last row of the one before, whatever was inserted meanwhile.

A cursor is base64url of JSON: a fingerprint of the list (its sort and query) and the sort values of the last row. It is
opaque to callers; one that was made up, or taken from another list, is an error and not an empty page.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, func, or_, select

from bartizan.inventory.errors import BadCursor, BadInput

LIMIT = 500
"""Rows on one page at most."""
COUNT_LIMIT = 10_000
"""Rows that are counted one by one; beyond, a total is told as at least so many."""

Item = TypeVar("Item")
Key = tuple[ColumnElement[Any], bool]
"""A column to sort by, and whether downwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page is wanted."""

    limit: int = 50
    cursor: str | None = None
    sort: str = ""
    """Name of a column; a minus before it turns the order round. Empty: the list's own order."""

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= LIMIT:
            raise BadInput(f"limit is {self.limit}; a page has 1 to {LIMIT} rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Rows, and where to go on."""

    items: list[Item]
    next: str | None = None
    total: int = 0
    total_at_least: bool = False
    """There are more than `total`; they were not counted."""


def fingerprint(*parts: object) -> str:
    """What ties a cursor to its list."""
    return sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:12]


def write_cursor(mark: str, values: Sequence[Any]) -> str:
    """The cursor behind a row with these sort values."""
    return base64.urlsafe_b64encode(msgspec.json.encode([mark, *values])).decode().rstrip("=")


def read_cursor(cursor: str, mark: str, types: Sequence[type]) -> list[Any]:
    """The sort values again. `types`: int, float or str, one per sort column; None is allowed in any."""
    try:
        data = msgspec.json.decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise BadCursor("this cursor was not made by this list. Ask for the first page again.") from error
    if not isinstance(data, list) or len(data) != len(types) + 1 or data[0] != mark:
        raise BadCursor("this cursor belongs to another list, sort or query. Ask for the first page again.")
    for value, wanted in zip(data[1:], types, strict=True):
        fits = isinstance(value, (int, float) if wanted is float else wanted) and not isinstance(value, bool)
        in_range = not isinstance(value, int) or -(2**63) <= value < 2**63
        if value is not None and not (fits and in_range):
            raise BadCursor("this cursor is damaged. Ask for the first page again.")
    return data[1:]


def after(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows behind the given sort values: (a > x) or (a = x and b > y) or ... None sorts as the smallest."""
    alternatives: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (column, down), value in zip(keys, values, strict=True):
        alternatives.append(and_(*equal, _beyond(column, value, down)))
        equal.append(column.is_(None) if value is None else column == value)
    return or_(*alternatives)


def order(keys: Sequence[Key]) -> list[ColumnElement[Any]]:
    """ORDER BY for keys."""
    return [column.desc() if down else column.asc() for column, down in keys]


def _beyond(column: ColumnElement[Any], value: Any, down: bool) -> ColumnElement[bool]:
    if value is None:
        return false() if down else column.is_not(None)
    if down:
        return or_(column < value, column.is_(None))
    later: ColumnElement[bool] = column > value
    return later


def page_of(
    conn: Connection,
    query: Select[Any],
    paging: Paging,
    *,
    keys: Sequence[Key],
    make: Callable[[Row[Any]], Item],
    mark: str = "",
) -> Page[Item]:
    """A page of a query. The sort columns must be unique together, and not null."""
    types: list[type] = [_python_type(column) for column, _ in keys]
    columns = [column.label(f"sort_{number}") for number, (column, _) in enumerate(keys)]
    rest = query
    if paging.cursor is not None:
        rest = query.where(after(keys, read_cursor(paging.cursor, mark, types)))
    rows = conn.execute(rest.add_columns(*columns).order_by(*order(keys)).limit(paging.limit + 1)).all()
    shown = rows[: paging.limit]
    total, at_least = count(conn, query)
    more = len(rows) > paging.limit
    values = [getattr(shown[-1], f"sort_{number}") for number in range(len(keys))] if more else []
    return Page(
        items=[make(row) for row in shown],
        next=write_cursor(mark, values) if more else None,
        total=total,
        total_at_least=at_least,
    )


def count(conn: Connection, query: Select[Any], limit: int = COUNT_LIMIT) -> tuple[int, bool]:
    """Number of rows, and whether there are more than that."""
    bounded = query.order_by(None).limit(limit + 1).subquery()
    number = conn.execute(select(func.count()).select_from(bounded)).scalar_one()
    return min(number, limit), number > limit


def _python_type(column: ColumnElement[Any]) -> type:
    found = column.type.python_type
    return found if found in (int, float, str) else int
