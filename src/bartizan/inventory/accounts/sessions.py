"""Sessions of people in browsers: a random token in a cookie, its digest here, and a token against forged requests."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bartizan.inventory.accounts.secrets import new_secret, secret_digest
from bartizan.inventory.moments import moment, text
from bartizan.inventory.schema import accounts, estate

LIFETIME = 12 * 3_600_000
"""Milliseconds from signing in to signing in again."""
COARSE = 60_000
"""Last use is written at most once in so many milliseconds."""
_session, _user, _organisation = accounts.session, accounts.user_account, estate.organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in."""

    id: int
    user_id: int
    org_id: int
    username: str
    organisation: str
    """The organisation's name."""
    role: str
    expires_at: str
    csrf_token: str


def open_session(
    conn: Connection, user_id: int, now: datetime | str | int, *, lifetime: int = LIFETIME
) -> tuple[str, Session]:
    """The token for the cookie, told this once, and the session, which ends `lifetime` milliseconds from now."""
    at = moment(now)
    token = new_secret()
    conn.execute(delete(_session).where(_session.c.expires_at <= at))
    conn.execute(
        _session.insert().values(
            user_id=user_id,
            digest=secret_digest(token),
            csrf_token=secrets.token_urlsafe(24),
            created_at=at,
            expires_at=at + lifetime,
            last_used=at,
        )
    )
    session = find_session(conn, token, at)
    assert session is not None
    return token, session


def find_session(conn: Connection, token: str, now: datetime | str | int, *, idle: int | None = None) -> Session | None:
    """The session of a token; None where it expired, was closed, or its user was disabled. Only reads.

    `idle`: milliseconds without use after which it has ended as well; give more than `session_used` is coarse.
    """
    query = (
        select(_session, _user.c.username, _user.c.role, _user.c.org_id, _organisation.c.name)
        .join(_user, _user.c.id == _session.c.user_id)
        .join(_organisation, _organisation.c.id == _user.c.org_id)
        .where(_session.c.digest == secret_digest(token), _session.c.expires_at > moment(now), ~_user.c.disabled)
    )
    if idle is not None:
        query = query.where(_session.c.last_used > moment(now) - idle)
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    return Session(
        id=row.id,
        user_id=row.user_id,
        org_id=row.org_id,
        username=row.username,
        organisation=row.name,
        role=row.role,
        expires_at=text(row.expires_at),
        csrf_token=row.csrf_token,
    )


def close_session(conn: Connection, token: str) -> None:
    """Sign out."""
    conn.execute(delete(_session).where(_session.c.digest == secret_digest(token)))


def session_used(conn: Connection, session_id: int, now: datetime | str | int) -> None:
    """Note the use, coarsely: reading a page does not write to the database each time."""
    at = moment(now)
    conn.execute(
        update(_session).where(_session.c.id == session_id, _session.c.last_used < at - COARSE).values(last_used=at)
    )
