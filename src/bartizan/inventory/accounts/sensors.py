"""Sensors: programs that enrolled. The server derives a sensor's key from its id and a secret of its own; none is
stored."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from bartizan.inventory.accounts.activation import use_activation_key
from bartizan.inventory.errors import NotAllowed, NotFound
from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.schema import accounts
from bartizan.inventory.statements import storable

COARSE = 15_000
"""Last contact is written at most once in so many milliseconds."""
_sensor = accounts.sensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One enrolled program."""

    id: str
    org_id: int
    kind: str
    name: str
    version: str
    asset_id: int | None
    enrolled_at: str
    last_seen: str | None
    revoked: bool
    spool_dropped: int


def enrol_sensor(
    conn: Connection, activation_key: str, *, kind: str, name: str, version: str, now: datetime | str | int
) -> Sensor:
    """A new sensor in the organisation of the activation key; `NotAllowed` where the key does not admit one."""
    key = use_activation_key(conn, activation_key, now)
    if key is None:
        raise NotAllowed("this activation key is unknown, expired, revoked or used up. Create a new one under Fleet.")
    sensor_id = secrets.token_hex(16)
    conn.execute(
        _sensor.insert().values(
            id=sensor_id,
            org_id=key.org_id,
            kind=storable(kind, 100),
            name=storable(name, 300),
            version=storable(version, 100),
            activation_key_id=key.id,
            enrolled_at=moment(now),
        )
    )
    return get_sensor(conn, sensor_id)


def get_sensor(conn: Connection, sensor_id: str) -> Sensor:
    """By id, in whatever organisation: this is how a signed request finds its own. `NotFound` where there is none."""
    row = conn.execute(select(_sensor).where(_sensor.c.id == sensor_id)).one_or_none()
    if row is None:
        raise NotFound("no such sensor. It may have been removed: enrol it again with an activation key.")
    return _made(row)


def sensor_seen(
    conn: Connection,
    sensor_id: str,
    now: datetime | str | int,
    *,
    version: str = "",
    asset_id: int | None = None,
    spool_dropped: int | None = None,
) -> None:
    """Note contact, coarsely; what changed besides is written at once."""
    at = moment(now)
    values: dict[str, Any] = {}
    if version:
        values["version"] = storable(version, 100)
    if asset_id is not None:
        values["asset_id"] = asset_id
    if spool_dropped is not None:
        values["spool_dropped"] = spool_dropped
    differs = [_sensor.c[name].is_distinct_from(value) for name, value in values.items()]
    stale = or_(_sensor.c.last_seen.is_(None), _sensor.c.last_seen < at - COARSE, *differs)
    conn.execute(update(_sensor).where(_sensor.c.id == sensor_id, stale).values(last_seen=at, **values))


def list_sensors(conn: Connection, org: int) -> list[Sensor]:
    """By name."""
    query = select(_sensor).where(_sensor.c.org_id == org).order_by(_sensor.c.name, _sensor.c.id)
    return [_made(row) for row in conn.execute(query)]


def revoke_sensor(conn: Connection, org: int, sensor_id: str, now: datetime | str | int) -> None:
    """Its requests are not accepted any more; what it reported stays."""
    statement = update(_sensor).where(
        _sensor.c.org_id == org, _sensor.c.id == sensor_id, _sensor.c.revoked_at.is_(None)
    )
    if not conn.execute(statement.values(revoked_at=moment(now))).rowcount:
        raise NotFound(f"no sensor {sensor_id} that could be revoked")


def _made(row: Row[Any]) -> Sensor:
    return Sensor(
        id=row.id,
        org_id=row.org_id,
        kind=row.kind,
        name=row.name,
        version=row.version,
        asset_id=row.asset_id,
        enrolled_at=text(row.enrolled_at),
        last_seen=text_or_none(row.last_seen),
        revoked=row.revoked_at is not None,
        spool_dropped=row.spool_dropped,
    )
