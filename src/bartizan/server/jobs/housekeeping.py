"""What has to be done now and then, whole in one go for each organisation; see `inventory.housekeeping`."""

from dataclasses import asdict
from datetime import UTC, datetime

from bartizan.inventory.housekeeping import tidy_up
from bartizan.inventory.store import Store

EVERY = 3600.0
"""Seconds."""


def keep_house(store: Store, org: int) -> dict[str, int]:
    """Returns what was done, by name."""
    with store.begin() as conn:
        tidied = tidy_up(conn, org, datetime.now(UTC))
    store.tidy()
    return asdict(tidied)
