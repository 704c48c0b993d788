"""API tokens: for scripts. Random, scoped, with an expiry, revocable; only a digest is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from bartizan.inventory.accounts.secrets import new_secret, secret_digest
from bartizan.inventory.errors import BadInput, NotFound
from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.schema import accounts
from bartizan.inventory.statements import storable

COARSE = 3_600_000
"""Last use is written at most once in so many milliseconds."""
_token = accounts.api_token


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What is known of a token besides its secret."""

    id: int
    org_id: int
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: str
    expires_at: str | None
    last_used: str | None
    revoked: bool


def create_token(
    conn: Connection,
    org: int,
    name: str,
    scopes: Sequence[str],
    *,
    created_by: str,
    now: datetime | str | int,
    expires_at: datetime | str | int | None = None,
) -> tuple[str, ApiToken]:
    """The secret, told this once, and the token."""
    if not name or not scopes or any(not scope or any(c.isspace() for c in scope) for scope in scopes):
        raise BadInput("an API token needs a name and at least one scope; scopes have no spaces")
    secret = new_secret("brt_")
    conn.execute(
        _token.insert().values(
            org_id=org,
            name=storable(name, 200),
            digest=secret_digest(secret),
            scopes=" ".join(sorted(set(scopes))),
            created_by=storable(created_by),
            created_at=moment(now),
            expires_at=None if expires_at is None else moment(expires_at),
        )
    )
    row = conn.execute(select(_token).where(_token.c.digest == secret_digest(secret))).one()
    return secret, _made(row)


def find_token(conn: Connection, secret: str, now: datetime | str | int) -> ApiToken | None:
    """The token that a secret belongs to; None where it expired or was revoked. Only reads."""
    valid = or_(_token.c.expires_at.is_(None), _token.c.expires_at > moment(now))
    query = select(_token).where(_token.c.digest == secret_digest(secret), _token.c.revoked_at.is_(None), valid)
    row = conn.execute(query).one_or_none()
    return None if row is None else _made(row)


def token_used(conn: Connection, token_id: int, now: datetime | str | int) -> None:
    """Note the use, coarsely."""
    at = moment(now)
    stale = or_(_token.c.last_used.is_(None), _token.c.last_used < at - COARSE)
    conn.execute(update(_token).where(_token.c.id == token_id, stale).values(last_used=at))


def list_tokens(conn: Connection, org: int) -> list[ApiToken]:
    """Newest first."""
    return [
        _made(row) for row in conn.execute(select(_token).where(_token.c.org_id == org).order_by(_token.c.id.desc()))
    ]


def revoke_token(conn: Connection, org: int, token_id: int, now: datetime | str | int) -> None:
    """It is not accepted any more."""
    statement = update(_token).where(_token.c.org_id == org, _token.c.id == token_id, _token.c.revoked_at.is_(None))
    if not conn.execute(statement.values(revoked_at=moment(now))).rowcount:
        raise NotFound(f"no API token {token_id} that could be revoked")


def _made(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        org_id=row.org_id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        created_by=row.created_by,
        created_at=text(row.created_at),
        expires_at=text_or_none(row.expires_at),
        last_used=text_or_none(row.last_used),
        revoked=row.revoked_at is not None,
    )
