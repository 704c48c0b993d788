"""Takes in what sensors send. Every function here blocks and runs in a thread; each message is one transaction."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bartizan.inventory import audit
from bartizan.inventory.accounts import Sensor, enrol_sensor, get_sensor, sensor_seen
from bartizan.inventory.errors import BadInput, NotAllowed, NotFound, SectionsMissing
from bartizan.inventory.ingest import IngestResult, ingest_snapshot, missing_sections
from bartizan.sensors.uplink import protocol, signing
from bartizan.sensors.uplink.protocol import Malformed, Manifest, Sections, TooMuch
from bartizan.server.context import Context
from bartizan.server.problems import Problem

LOG = logging.getLogger("bartizan.server.uplink")
KINDS = frozenset({"agent"})
"""Programs that may enrol."""
AHEAD = timedelta(minutes=5)
"""How far in the future a snapshot may be dated; beyond, the server's own time is written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A sensor that is known; whether its request is also in order is told by `refused`."""

    sensor: Sensor
    key: bytes
    nonce: str
    refused: Problem | None = None


def enrol(context: Context, body: bytes, address: str) -> dict[str, str]:
    """A new sensor's id and key."""
    now = datetime.now(UTC)
    if wait := context.enrolments.wait(address, now.timestamp()):
        raise Problem(
            429, "too-many", "Too many enrolments", remedy="Try again later.",
            headers={"Retry-After": str(int(wait) + 1)},
        )  # fmt: skip
    try:
        message = protocol.read_enrolment(body)
    except Malformed as error:
        raise _malformed(error) from None
    if message.sensor not in KINDS:
        raise Problem(422, "kind", "This kind of sensor cannot enrol", f"sensor: one of {', '.join(sorted(KINDS))}")
    try:
        with context.store.begin() as conn:
            sensor = enrol_sensor(
                conn,
                message.activation_key,
                kind=message.sensor,
                name=message.asset.name,
                version=message.version,
                now=now,
            )
            audit.write(
                conn,
                sensor.org_id,
                actor=f"sensor:{sensor.id}",
                action="sensor.enrol",
                subject=sensor.id,
                detail={"name": message.asset.name, "asset": message.asset.key, "address": address},
                now=now,
            )
    except NotAllowed as error:
        raise Problem(403, "activation-key", "This activation key admits nobody", str(error)) from None
    context.hub.publish(sensor.org_id, "assets")
    LOG.info("sensor enrolled", extra={"sensor": sensor.id, "name_": message.asset.name})
    return {"sensor_id": sensor.id, "key": signing.derive(context.master_key, sensor.id).hex()}


def who(context: Context, header: str, path: str, body: bytes, now: datetime) -> Caller:
    """The sensor that signed a request. Raises `Problem` where there is none, so that no answer can be signed."""
    try:
        stamp = signing.Stamp.read(header)
    except signing.Refused as error:
        raise _refused(error, now) from None
    try:
        with context.store.read() as conn:
            sensor = get_sensor(conn, stamp.sensor)
    except NotFound:
        raise Problem(
            401, "unknown-sensor", "This sensor is not known here", remedy="Enrol it again with an activation key."
        ) from None
    key = signing.derive(context.master_key, sensor.id)
    problem = None
    try:
        signing.verify(key, stamp, "POST", path, body)
        context.replay.admit(stamp, now.timestamp())
    except signing.Refused as error:
        problem = _refused(error, now)
    if problem is None and sensor.revoked:
        problem = Problem(
            403, "revoked", "This sensor's access was taken away", remedy="Enrol it again with an activation key."
        )
    return Caller(sensor=sensor, key=key, nonce=stamp.nonce, refused=problem)


def take_manifest(context: Context, caller: Caller, body: bytes, now: datetime) -> dict[str, Any]:
    """Which contents are missing. Where none is, the snapshot is stored at once."""
    try:
        message = protocol.read_manifest(body)
    except Malformed as error:
        raise _malformed(error) from None
    org = caller.sensor.org_id
    with context.store.read() as conn:
        missing = missing_sections(conn, org, message.sections)
    if not missing:
        _store(context, caller, message, now)
    elif message.spool_dropped != caller.sensor.spool_dropped:
        with context.store.begin() as conn:
            sensor_seen(conn, caller.sensor.id, now, spool_dropped=message.spool_dropped)
    return {"missing": sorted(missing), **_told(context, caller)}


def take_sections(context: Context, caller: Caller, body: bytes, now: datetime) -> dict[str, Any]:
    """Store a snapshot with the contents that were missing."""
    try:
        message = protocol.read_sections(body)
    except Malformed as error:
        raise _malformed(error) from None
    context.metrics.sections.inc(len(message.sections))
    result = _store(context, caller, message, now)
    return {"changed": list(result.changed), **_told(context, caller)}


def _store(context: Context, caller: Caller, message: Manifest | Sections, now: datetime) -> IngestResult:
    sensor = caller.sensor
    manifest = message.sections if isinstance(message, Manifest) else message.manifest
    dropped = message.spool_dropped if isinstance(message, Manifest) else None
    try:
        with context.store.begin() as conn:
            result = ingest_snapshot(
                conn,
                sensor.org_id,
                message.asset,
                source=sensor.kind,
                taken_at=taken_at(message.taken_at, now),
                manifest=manifest,
                sections={} if isinstance(message, Manifest) else message.sections,
                sensor=message.sensor,
            )
            if sensor.asset_id not in (None, result.asset_id):
                # Rolls back: a sensor writes about the one asset that it first wrote about.
                raise Problem(
                    409,
                    "another-asset",
                    "This sensor belongs to another asset",
                    "The machine was cloned, or its identity changed.",
                    remedy="Enrol it again with an activation key.",
                )
            sensor_seen(
                conn,
                sensor.id,
                now,
                version=message.sensor.partition("/")[2],
                asset_id=result.asset_id,
                spool_dropped=dropped,
            )
    except SectionsMissing as error:
        raise Problem(409, "sections-missing", "Sections are missing", str(error)) from None
    except BadInput as error:
        raise Problem(422, "validation", "The message cannot be taken", str(error)) from None
    if result.changed or result.created:
        context.hub.publish(sensor.org_id, "assets")
        context.dispatcher.want(sensor.org_id)
    return result


def taken_at(text: str, now: datetime) -> str:
    """When a snapshot says it was taken; the time now where that lies in the future."""
    at = datetime.fromisoformat(text)
    return text if at <= now + AHEAD else signing.utc(now.timestamp())


def _told(context: Context, caller: Caller) -> dict[str, Any]:
    commands = context.commands.take(caller.sensor.id)
    return {
        "commands": [{"id": command.id, "kind": command.kind} for command in commands],
        "configuration": {"interval": context.settings.sensor_interval},
    }


def _refused(error: signing.Refused, now: datetime) -> Problem:
    if error.code == "busy":
        return Problem(503, "busy", "The server is busy", str(error), headers={"Retry-After": "60"})
    extra: dict[str, Any] = {"server_time": signing.utc(now.timestamp())} if error.code == "clock" else {}
    return Problem(401, error.code, "The signature is not accepted", str(error), **extra)


def _malformed(error: Malformed) -> Problem:
    if isinstance(error, TooMuch):
        return Problem(413, "too-large", "The message is too large", str(error))
    return Problem(422, "validation", "The message cannot be read", str(error))
