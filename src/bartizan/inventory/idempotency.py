"""Idempotency keys: a request that is sent twice, because its answer was lost, is carried out once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from bartizan.inventory.errors import Conflict
from bartizan.inventory.moments import DAY, moment
from bartizan.inventory.schema import accounts
from bartizan.inventory.statements import insert_new

KEEP = DAY
"""Milliseconds that answers are kept."""
_idempotency = accounts.idempotency


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: bytes


def recall(conn: Connection, org: int, key: str, fingerprint: str) -> Answer | None:
    """The earlier answer; `Conflict` where the key was used for another request."""
    row = conn.execute(
        select(_idempotency).where(_idempotency.c.org_id == org, _idempotency.c.key == key)
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Conflict("this idempotency key was used for another request. Use a new key for each request.")
    return Answer(status=row.status, body=row.body)


def remember(conn: Connection, org: int, key: str, fingerprint: str, answer: Answer, now: datetime | str | int) -> None:
    """Keep an answer."""
    row = {"org_id": org, "key": key, "fingerprint": fingerprint, "created_at": moment(now)}
    insert_new(conn, _idempotency, [row | {"status": answer.status, "body": answer.body}])


def forget_old(conn: Connection, now: datetime | str | int) -> int:
    """Delete what is older than `KEEP`. Returns how many."""
    return conn.execute(delete(_idempotency).where(_idempotency.c.created_at < moment(now) - KEEP)).rowcount
