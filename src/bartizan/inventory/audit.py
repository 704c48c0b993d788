"""The audit log: who did what, in a chain of digests per organisation.

    digest = sha256(canonical JSON of {"sequence", "at", "actor", "action", "subject", "detail", "previous"})

Each entry's digest covers the one before it, so an entry that is changed, removed or slipped in breaks the chain:
`verify` says where. Whoever keeps the last digest elsewhere also notices a log that was cut at its end.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bartizan.inventory.moments import moment, text
from bartizan.inventory.paging import Page, Paging, page_of
from bartizan.inventory.schema import accounts, estate
from bartizan.inventory.statements import storable
from bartizan.model.wire import canonical, digest

_audit = accounts.audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing that somebody did."""

    sequence: int
    at: str
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether the chain holds."""

    entries: int
    head: str
    """Digest of the last entry; empty where there is none. Keep it elsewhere to notice a log that was cut."""
    broken_at: int | None = None
    """Sequence number of the first entry that does not fit."""
    reason: str = ""


def write(
    conn: Connection,
    org: int,
    *,
    actor: str,
    action: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
    now: datetime | str | int,
) -> AuditEntry:
    """Append an entry. The organisation's row is locked, so that two writers cannot follow the same entry."""
    # An update that changes nothing: takes the lock on PostgreSQL; SQLite has one writer anyway.
    lock = update(estate.organisation).where(estate.organisation.c.id == org)
    conn.execute(lock.values(key=estate.organisation.c.key))
    last = conn.execute(
        select(_audit.c.sequence, _audit.c.digest)
        .where(_audit.c.org_id == org)
        .order_by(_audit.c.sequence.desc())
        .limit(1)
    ).one_or_none()
    row: dict[str, Any] = {
        "sequence": last.sequence + 1 if last else 1,
        "at": moment(now),
        "actor": storable(actor),
        "action": storable(action),
        "subject": storable(subject),
        "detail": canonical(detail or {}).decode("utf-8", "replace").replace("\x00", "\ufffd"),
        "previous": last.digest if last else "",
    }
    row["digest"] = _digest(row)
    conn.execute(_audit.insert().values(org_id=org, **row))
    return _entry(row)


def verify(conn: Connection, org: int) -> Verification:
    """Walk the chain from its first entry."""
    previous, count = "", 0
    for row in _rows(conn, org):
        count += 1
        if row["sequence"] != count:
            return Verification(entries=count - 1, head=previous, broken_at=count, reason="an entry is missing")
        if row["previous"] != previous:
            return Verification(
                entries=count - 1, head=previous, broken_at=count, reason="does not follow the one before"
            )
        if _digest(row) != row["digest"]:
            return Verification(entries=count - 1, head=previous, broken_at=count, reason="was changed")
        previous = row["digest"]
    return Verification(entries=count, head=previous)


def list_entries(conn: Connection, org: int, paging: Paging, *, action: str = "", actor: str = "") -> Page[AuditEntry]:
    """Newest first."""
    query = select(_audit).where(_audit.c.org_id == org)
    if action:
        query = query.where(_audit.c.action == action)
    if actor:
        query = query.where(_audit.c.actor == actor)
    return page_of(conn, query, paging, keys=[(_audit.c.sequence, True)], make=lambda row: _entry(row._asdict()))


def _rows(conn: Connection, org: int) -> Iterator[Mapping[str, Any]]:
    query = select(_audit).where(_audit.c.org_id == org).order_by(_audit.c.sequence)
    with conn.execution_options(yield_per=1000).execute(query) as result:
        for row in result:
            yield row._asdict()


def _digest(row: Mapping[str, Any]) -> str:
    names = ("sequence", "at", "actor", "action", "subject", "detail", "previous")
    return digest({name: row[name] for name in names})


def _entry(row: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        sequence=row["sequence"],
        at=text(row["at"]),
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        detail=json.loads(row["detail"]),
        digest=row["digest"],
    )
