"""`/sensors` and `/activation-keys`: who reports, and how new ones enrol."""

from datetime import UTC, datetime, timedelta

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from bartizan.inventory import audit
from bartizan.inventory.accounts import (
    ActivationKey,
    Sensor,
    create_activation_key,
    list_activation_keys,
    list_sensors,
    revoke_activation_key,
    revoke_sensor,
)
from bartizan.server.api.parameters import Cursor, GivenContext, GivenPrincipal, Limit, future, number
from bartizan.server.api.records import ActivationKeyView, Page, SensorView
from bartizan.server.api.whole_lists import page_of_list
from bartizan.server.auth.access import READ, SENSORS
from bartizan.server.context import Context
from bartizan.server.problems import invalid, not_found

SILENT_AFTER = 3
"""Intervals without a word after which a sensor counts as silent."""


class SensorController(Controller):
    path = "/sensors"
    tags = ("sensors",)

    @get(opt=READ, sync_to_thread=True, summary="List sensors")
    def list_all(
        self, context: GivenContext, principal: GivenPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[SensorView]:
        """By name, with when each was last heard."""
        with context.store.read() as conn:
            sensors = list_sensors(conn, principal.organisation)
        views = [view_of(context, sensor) for sensor in sensors]
        return page_of_list(views, limit, cursor, key=lambda view: (view.name, view.id))

    @post("/{sensor_id:str}/revoke", opt=SENSORS, status_code=200, sync_to_thread=True, summary="Revoke a sensor")
    def revoke(self, sensor_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> SensorView:
        """Its messages are refused from now on; what it reported stays."""
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            revoke_sensor(conn, principal.organisation, sensor_id[:64], now)
            audit.write(
                conn, principal.organisation, actor=principal.actor, action="sensor.revoke", subject=sensor_id, now=now
            )
            return view_of(context, _own(list_sensors(conn, principal.organisation), sensor_id))

    @post(
        "/{sensor_id:str}/collect",
        opt=SENSORS,
        status_code=202,
        sync_to_thread=True,
        summary="Ask a sensor for a full pass",
    )
    def collect(self, sensor_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> SensorView:
        """Told to it with the answer to its next message."""
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            sensor = _own(list_sensors(conn, principal.organisation), sensor_id)
            audit.write(
                conn, principal.organisation, actor=principal.actor, action="sensor.collect", subject=sensor_id, now=now
            )
        context.commands.ask(sensor.id, "collect")
        return view_of(context, sensor)


class NewActivationKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    expires_at: datetime | None = None
    max_uses: int | None = None


class ActivationKeyController(Controller):
    path = "/activation-keys"
    tags = ("sensors",)

    @get(opt=SENSORS, sync_to_thread=True, summary="List activation keys")
    def list_all(self, context: GivenContext, principal: GivenPrincipal) -> list[ActivationKeyView]:
        """Newest first; the keys themselves are not shown."""
        with context.store.read() as conn:
            return [_key_view(key) for key in list_activation_keys(conn, principal.organisation)]

    @post(opt=SENSORS, sync_to_thread=True, summary="Make an activation key")
    def create(
        self, data: JSONBody[NewActivationKey], context: GivenContext, principal: GivenPrincipal
    ) -> ActivationKeyView:
        """Whoever has it can enrol sensors. The answer holds the key itself, this once."""
        if not data.name.strip() or len(data.name) > 200:
            raise invalid("name", "an activation key needs a name of at most 200 characters")
        if data.max_uses is not None and not 1 <= data.max_uses <= 1_000_000:
            raise invalid("max_uses", "between 1 and 1,000,000")
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            secret, key = create_activation_key(
                conn,
                principal.organisation,
                data.name.strip(),
                created_by=principal.actor,
                now=now,
                expires_at=future(data.expires_at, "expires_at"),
                max_uses=data.max_uses,
            )
            audit.write(
                conn,
                principal.organisation,
                actor=principal.actor,
                action="activation-key.create",
                subject=str(key.id),
                detail={"name": key.name, "expires_at": key.expires_at, "max_uses": key.max_uses},
                now=now,
            )
        view = _key_view(key)
        view.key = secret
        return view

    @post("/{key_id:str}/revoke", opt=SENSORS, status_code=200, sync_to_thread=True, summary="Revoke an activation key")
    def revoke(self, key_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> ActivationKeyView:
        """Nobody enrols with it any more; sensors that did stay."""
        wanted = number(key_id, "activation key")
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            revoke_activation_key(conn, principal.organisation, wanted, now)
            audit.write(
                conn,
                principal.organisation,
                actor=principal.actor,
                action="activation-key.revoke",
                subject=key_id,
                now=now,
            )
            keys = list_activation_keys(conn, principal.organisation)
        return _key_view(next(key for key in keys if key.id == wanted))


def view_of(context: Context, sensor: Sensor) -> SensorView:
    silence = timedelta(seconds=SILENT_AFTER * context.settings.sensor_interval)
    heard = datetime.fromisoformat(sensor.last_seen) if sensor.last_seen else None
    return SensorView(
        id=sensor.id,
        kind=sensor.kind,
        name=sensor.name,
        version=sensor.version,
        asset_id=str(sensor.asset_id) if sensor.asset_id is not None else None,
        enrolled_at=sensor.enrolled_at,
        last_seen=sensor.last_seen,
        online=not sensor.revoked and heard is not None and datetime.now(UTC) - heard < silence,
        revoked=sensor.revoked,
        spool_dropped=sensor.spool_dropped,
    )


def _own(sensors: list[Sensor], sensor_id: str) -> Sensor:
    for sensor in sensors:
        if sensor.id == sensor_id:
            return sensor
    raise not_found(f"sensor {sensor_id[:80]}")


def _key_view(key: ActivationKey) -> ActivationKeyView:
    return ActivationKeyView(
        id=str(key.id),
        name=key.name,
        created_at=key.created_at,
        expires_at=key.expires_at,
        uses=key.uses,
        max_uses=key.max_uses,
        revoked=key.revoked,
    )
