"""Organisations: whom every row belongs to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from bartizan.inventory.errors import Conflict, NotFound
from bartizan.inventory.moments import moment
from bartizan.inventory.schema import estate
from bartizan.inventory.statements import storable

_organisation = estate.organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One customer of this installation; most installations have one."""

    id: int
    key: str
    name: str
    two_person: bool
    """Decisions take effect only when somebody other than their requester approves them."""


def create_organisation(conn: Connection, key: str, name: str, now: datetime | str | int) -> Organisation:
    """A new organisation; `Conflict` where the key is taken."""
    if conn.execute(select(_organisation.c.id).where(_organisation.c.key == key)).first():
        raise Conflict(f"there is an organisation {key!r} already")
    conn.execute(_organisation.insert().values(key=storable(key), name=storable(name), created_at=moment(now)))
    return get_organisation(conn, key)


def get_organisation(conn: Connection, key: str) -> Organisation:
    """By its key; `NotFound` where there is none."""
    row = conn.execute(select(_organisation).where(_organisation.c.key == key)).one_or_none()
    if row is None:
        raise NotFound(f"no organisation {key!r}")
    return Organisation(id=row.id, key=row.key, name=row.name, two_person=row.two_person)


def set_two_person(conn: Connection, org: int, required: bool) -> None:
    """Whether decisions need a second person from now on."""
    conn.execute(update(_organisation).where(_organisation.c.id == org).values(two_person=required))
