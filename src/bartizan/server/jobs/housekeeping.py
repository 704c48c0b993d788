"""What has to be done now and then: forget what expired, let decisions lapse, keep the database's planner informed."""

from datetime import UTC, datetime

from bartizan.inventory.idempotency import forget_old
from bartizan.inventory.store import Store

EVERY = 3600.0
"""Seconds."""


def keep_house(store: Store) -> dict[str, int]:
    """Returns what was done, by name."""
    now = datetime.now(UTC)
    with store.begin() as conn:
        forgotten = forget_old(conn, now)
    store.tidy()
    return {"answers_forgotten": forgotten}
