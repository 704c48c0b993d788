"""Lists as CSV (RFC 4180): `Accept: text/csv` on a list answers the whole query, read page by page as it is sent.

Cells that a spreadsheet would take for a formula are told apart by a quote before them.
"""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.response import Stream

from bartizan.inventory.paging import LIMIT
from bartizan.server.api.records import Page
from bartizan.server.threads import in_thread

Item = TypeVar("Item")
ROWS = 200_000
"""At most; beyond, a last line says so."""


def wants_csv(request: Request[Any, Any, Any]) -> bool:
    return "text/csv" in request.headers.get("accept", "")


async def answer(
    request: Request[Any, Any, Any],
    columns: Sequence[str],
    page: Callable[[int, str | None], Page[Item]],
    limit: int,
    cursor: str | None,
    name: str,
) -> Response[Page[Item]] | Stream:
    """A page as JSON, or all pages as CSV. `page` takes limit and cursor, and blocks."""
    if not wants_csv(request):
        return Response(await in_thread(page, limit, cursor))
    first = await in_thread(page, LIMIT, None)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Stream(_lines(columns, page, first), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(
    columns: Sequence[str], page: Callable[[int, str | None], Page[Item]], first: Page[Item]
) -> AsyncIterator[bytes]:
    yield _rows([columns])
    current, count = first, 0
    while True:
        count += len(current.items)
        yield await in_thread(_rows, [_cells(item, columns) for item in current.items])
        if current.next is None:
            return
        if count >= ROWS:
            yield _rows([[f"more than {ROWS} rows: narrow the query"]])
            return
        current = await in_thread(page, LIMIT, current.next)


def _cells(item: Any, columns: Sequence[str]) -> list[str]:
    plain = msgspec.to_builtins(item)
    return [_cell(_value(plain, column)) for column in columns]


def _value(plain: Any, column: str) -> Any:
    for part in column.split("."):
        plain = plain.get(part) if isinstance(plain, dict) else None
    return plain


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _rows(rows: Sequence[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("utf-8", "replace")
