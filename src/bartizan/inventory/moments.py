"""Moments in the store: whole milliseconds since 1970-01-01T00:00:00Z, as integers that every database sorts alike.

2026-11-23T10:37:00Z  <->  1795430220000
"""

from datetime import UTC, date, datetime

from bartizan.inventory.errors import BadInput

DAY = 86_400_000
"""Milliseconds in a day."""


def moment(value: datetime | str | int) -> int:
    """Milliseconds of an aware datetime or RFC 3339 text; integers pass."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise BadInput(f"{value!r} is not an RFC 3339 time such as 2026-11-23T10:37:00Z") from error
    if value.tzinfo is None:
        raise BadInput(f"{value.isoformat()} has no time zone; times are RFC 3339 in UTC")
    return round(value.timestamp() * 1000)


def text(value: int) -> str:
    """RFC 3339 in UTC, seconds."""
    return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_or_none(value: int | None) -> str | None:
    """As `text`; None stays None."""
    return None if value is None else text(value)


def day(value: int) -> str:
    """The UTC day of a moment: `2026-11-23`."""
    return datetime.fromtimestamp(value / 1000, UTC).date().isoformat()


def day_start(value: str) -> int:
    """The first moment of a UTC day."""
    at = date.fromisoformat(value)
    return moment(datetime(at.year, at.month, at.day, tzinfo=UTC))
