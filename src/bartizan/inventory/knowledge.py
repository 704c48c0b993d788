"""What the server knew when: one row per advisory file that was put into use, the newest is current; and what the sets
of policies consist of by which something stored was judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from bartizan.inventory.blobs import pack, unpack
from bartizan.inventory.moments import moment, text
from bartizan.inventory.schema import accounts, judgement
from bartizan.inventory.statements import insert_new

_knowledge, _policies = accounts.knowledge, accounts.policy_knowledge


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


def put_prints(conn: Connection, digest: str, prints: Mapping[str, Mapping[str, str]]) -> None:
    """Note what the policies consist of that an assessment's `knowledge` names."""
    known = select(_policies.c.digest).where(_policies.c.digest == digest)
    if conn.execute(known).one_or_none() is None:
        insert_new(conn, _policies, [{"digest": digest, "prints": pack(prints)}])


def prints_of(conn: Connection, digest: str) -> dict[str, dict[str, str]] | None:
    """What the policies consisted of; None where that was not noted."""
    row = conn.execute(select(_policies.c.prints).where(_policies.c.digest == digest)).one_or_none()
    return None if row is None else dict(unpack(row.prints))


def forget_prints(conn: Connection) -> int:
    """Of policies by which nothing stored was judged. Returns how many."""
    used = select(judgement.assessment.c.knowledge).distinct()
    return conn.execute(delete(_policies).where(_policies.c.digest.not_in(used))).rowcount
