"""Pages of lists that are short enough to be read whole: sensors, jobs. A page goes on behind the last entry's key."""

from collections.abc import Callable
from typing import TypeVar

from bartizan.inventory.paging import fingerprint, read_cursor, write_cursor
from bartizan.server.api.records import Page

Item = TypeVar("Item")


def page_of_list(
    items: list[Item], limit: int, cursor: str | None, *, key: Callable[[Item], tuple[str, str]]
) -> Page[Item]:
    """`items` are sorted by `key`, which is unique."""
    mark = fingerprint("whole list")
    rest = items
    if cursor:
        first, second = read_cursor(cursor, mark, (str, str))
        rest = [item for item in items if key(item) > (first or "", second or "")]
    shown = rest[:limit]
    more = len(rest) > limit
    return Page(items=shown, next=write_cursor(mark, key(shown[-1])) if more else None, total=len(items))
