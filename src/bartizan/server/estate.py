"""What the inventory holds, as gauges for Prometheus; worked out at most every half minute, however often it is
asked."""

import threading
import time
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select

from bartizan.inventory.overview import overview
from bartizan.inventory.schema import estate
from bartizan.inventory.store import Store

EVERY = 30.0
"""Seconds."""

Gauges = dict[tuple[str, str], float]
"""(organisation, name) to value."""


class Estate:
    """One per server; thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._told: Gauges = {}
        self._at = -EVERY

    def gauges(self) -> Gauges:
        with self._lock:
            if time.monotonic() - self._at >= EVERY:
                self._told = self._work_out()
                self._at = time.monotonic()
            return self._told

    def _work_out(self) -> Gauges:
        out: Gauges = {}
        with self._store.read() as conn:
            for org, key in conn.execute(select(estate.organisation.c.id, estate.organisation.c.key)).all():
                found = overview(conn, org, datetime.now(UTC))
                out[key, "assets"] = found.assets
                out[key, "risk"] = found.risk
                out[key, "open_known_exploited"] = found.kev_open
                out[key, "sensors_online"] = found.sensors_online
                out[key, "sensors_silent"] = found.sensors_silent
                for severity, count in msgspec.structs.asdict(found.open).items():
                    out[key, f"open_{severity}"] = count
        return out
