"""Activation keys: what a sensor shows to enrol. Limited in time and in number of uses, revocable."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from bartizan.inventory.accounts.secrets import new_secret, secret_digest
from bartizan.inventory.errors import BadInput, NotFound
from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.schema import accounts
from bartizan.inventory.statements import storable

_key = accounts.activation_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationKey:
    """What is known of a key besides its secret."""

    id: int
    org_id: int
    name: str
    created_by: str
    created_at: str
    expires_at: str | None
    uses: int
    max_uses: int | None
    revoked: bool


def create_activation_key(
    conn: Connection,
    org: int,
    name: str,
    *,
    created_by: str,
    now: datetime | str | int,
    expires_at: datetime | str | int | None = None,
    max_uses: int | None = None,
) -> tuple[str, ActivationKey]:
    """The secret, told this once, and the key."""
    if not name or (max_uses is not None and max_uses < 1):
        raise BadInput("an activation key needs a name, and at least one use where its uses are limited")
    secret = new_secret("bak_")
    conn.execute(
        _key.insert().values(
            org_id=org,
            name=storable(name, 200),
            digest=secret_digest(secret),
            created_by=storable(created_by),
            created_at=moment(now),
            expires_at=None if expires_at is None else moment(expires_at),
            max_uses=max_uses,
        )
    )
    return secret, _made(conn.execute(select(_key).where(_key.c.digest == secret_digest(secret))).one())


def use_activation_key(conn: Connection, secret: str, now: datetime | str | int) -> ActivationKey | None:
    """Count one use; None where the key is unknown, expired, revoked or used up.

    One statement, so that two sensors cannot share the last use.
    """
    statement = (
        update(_key)
        .where(
            _key.c.digest == secret_digest(secret),
            _key.c.revoked_at.is_(None),
            or_(_key.c.expires_at.is_(None), _key.c.expires_at > moment(now)),
            or_(_key.c.max_uses.is_(None), _key.c.uses < _key.c.max_uses),
        )
        .values(uses=_key.c.uses + 1)
        .returning(_key)
    )
    row = conn.execute(statement).one_or_none()
    return None if row is None else _made(row)


def list_activation_keys(conn: Connection, org: int) -> list[ActivationKey]:
    """Newest first."""
    return [_made(row) for row in conn.execute(select(_key).where(_key.c.org_id == org).order_by(_key.c.id.desc()))]


def revoke_activation_key(conn: Connection, org: int, key_id: int, now: datetime | str | int) -> None:
    """Nobody enrols with it any more; sensors that did stay."""
    statement = update(_key).where(_key.c.org_id == org, _key.c.id == key_id, _key.c.revoked_at.is_(None))
    if not conn.execute(statement.values(revoked_at=moment(now))).rowcount:
        raise NotFound(f"no activation key {key_id} that could be revoked")


def _made(row: Row[Any]) -> ActivationKey:
    return ActivationKey(
        id=row.id,
        org_id=row.org_id,
        name=row.name,
        created_by=row.created_by,
        created_at=text(row.created_at),
        expires_at=text_or_none(row.expires_at),
        uses=row.uses,
        max_uses=row.max_uses,
        revoked=row.revoked_at is not None,
    )
