"""What the server knew when: one row per advisory file that was put into use, the newest is current."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bartizan.inventory.blobs import pack, unpack
from bartizan.inventory.moments import moment, text
from bartizan.inventory.schema import accounts

_knowledge = accounts.knowledge


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeState:
    """One advisory file."""

    file_id: str
    imported_at: str
    newest: str | None
    """When the newest record was modified, RFC 3339."""
    feeds: list[dict[str, Any]]
    """[{"source", "records", "newest"}]"""


def put_knowledge(
    conn: Connection,
    file_id: str,
    *,
    newest: str | None,
    feeds: Sequence[Mapping[str, Any]],
    now: datetime | str | int,
) -> None:
    """Note that an advisory file is in use from now on; the same one again changes nothing."""
    current = get_knowledge(conn)
    if current is not None and current.file_id == file_id:
        return
    row = {"file_id": file_id, "imported_at": moment(now), "newest": newest}
    conn.execute(_knowledge.insert().values(**row, feeds=pack([dict(feed) for feed in feeds])))


def get_knowledge(conn: Connection) -> KnowledgeState | None:
    """What is in use; None where nothing was imported yet."""
    row = conn.execute(select(_knowledge).order_by(_knowledge.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return KnowledgeState(
        file_id=row.file_id, imported_at=text(row.imported_at), newest=row.newest, feeds=unpack(row.feeds)
    )
