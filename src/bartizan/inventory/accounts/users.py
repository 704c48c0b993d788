"""Users and their passwords: argon2id with the library's current parameters (RFC 9106), rehashed when those grow.

A wrong password and an unknown user take the same time and give the same answer. After five wrong passwords in a row an
account waits 30 seconds, doubling up to 15 minutes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, select, update

from bartizan.inventory.errors import BadInput, Conflict, NotFound
from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.schema import accounts
from bartizan.inventory.statements import storable

ROLES = ("admin", "analyst", "reader")
PASSWORD_MINIMUM = 12
PASSWORD_MAXIMUM = 1024
_FREE_FAILURES = 5
_FIRST_WAIT = 30_000
_LONGEST_WAIT = 900_000
_user = accounts.user_account


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who signs in."""

    id: int
    org_id: int
    username: str
    role: str
    created_at: str
    last_login: str | None
    disabled: bool


def create_user(
    conn: Connection, org: int, username: str, password: str | None, role: str, now: datetime | str | int
) -> User:
    """A new user. `password` None: signs in through an identity provider only."""
    if role not in ROLES:
        raise BadInput(f"role {role!r} is none of {', '.join(ROLES)}")
    if not username or storable(username, 200) != username:
        raise BadInput("a user name has 1 to 200 printable characters")
    if conn.execute(select(_user.c.id).where(_user.c.username == username)).first():
        raise Conflict(f"there is a user {username!r} already")
    row = {"org_id": org, "username": username, "role": role, "created_at": moment(now)}
    conn.execute(_user.insert().values(**row, password_hash=None if password is None else _hash(password)))
    return get_user(conn, org, username)


def authenticate(conn: Connection, username: str, password: str, now: datetime | str | int) -> User | None:
    """The user where name and password fit; None otherwise, whatever the reason."""
    at = moment(now)
    row = conn.execute(select(_user).where(_user.c.username == storable(username, 200))).one_or_none()
    hasher = PasswordHasher()
    fits = len(password) <= PASSWORD_MAXIMUM
    if row is None or row.password_hash is None or row.disabled or not fits:
        hasher.hash("the same work as for a user who exists")
        return None
    if row.locked_until is not None and row.locked_until > at:
        return None
    try:
        hasher.verify(row.password_hash, password)
    except (VerificationError, InvalidHashError):
        failures = row.failures + 1
        over = failures - _FREE_FAILURES
        wait = None if over < 0 else at + min(_FIRST_WAIT << min(over, 10), _LONGEST_WAIT)
        conn.execute(update(_user).where(_user.c.id == row.id).values(failures=failures, locked_until=wait))
        return None
    values: dict[str, Any] = {"failures": 0, "locked_until": None, "last_login": at}
    if hasher.check_needs_rehash(row.password_hash):
        values["password_hash"] = hasher.hash(password)
    conn.execute(update(_user).where(_user.c.id == row.id).values(**values))
    return _made(row)


def get_user(conn: Connection, org: int, username: str) -> User:
    """By name; `NotFound` where there is none in this organisation."""
    row = conn.execute(select(_user).where(_user.c.org_id == org, _user.c.username == username)).one_or_none()
    if row is None:
        raise NotFound(f"no user {username!r}")
    return _made(row)


def list_users(conn: Connection, org: int) -> list[User]:
    """By name."""
    return [_made(row) for row in conn.execute(select(_user).where(_user.c.org_id == org).order_by(_user.c.username))]


def set_password(conn: Connection, org: int, username: str, password: str) -> None:
    """A new password; every session of the user ends."""
    user = get_user(conn, org, username)
    values = {"password_hash": _hash(password), "failures": 0, "locked_until": None}
    conn.execute(update(_user).where(_user.c.id == user.id).values(**values))
    conn.execute(delete(accounts.session).where(accounts.session.c.user_id == user.id))


def disable_user(conn: Connection, org: int, username: str, disabled: bool = True) -> None:
    """Nobody signs in as this user any more, and who is signed in is not."""
    user = get_user(conn, org, username)
    conn.execute(update(_user).where(_user.c.id == user.id).values(disabled=disabled))
    if disabled:
        conn.execute(delete(accounts.session).where(accounts.session.c.user_id == user.id))


def _hash(password: str) -> str:
    if not PASSWORD_MINIMUM <= len(password) <= PASSWORD_MAXIMUM:
        raise BadInput(f"a password has {PASSWORD_MINIMUM} to {PASSWORD_MAXIMUM} characters")
    return PasswordHasher().hash(password)


def _made(row: Row[Any]) -> User:
    return User(
        id=row.id,
        org_id=row.org_id,
        username=row.username,
        role=row.role,
        created_at=text(row.created_at),
        last_login=text_or_none(row.last_login),
        disabled=row.disabled,
    )
