"""How old knowledge is. Some sources date records in the future by mistake: those say nothing about age."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

SLACK = timedelta(days=1)
"""Clocks and time zones differ; further ahead than this is a mistake."""


def moment(text: str) -> datetime | None:
    """An RFC 3339 moment, or None where it is empty or not one."""
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)


def newest_until(moments: Iterable[str], now: datetime) -> str:
    """The newest of some moments that are not in the future; empty where there is none."""
    past = [(then, text) for text in moments if (then := moment(text)) is not None and then <= now + SLACK]
    return max(past, default=(now, ""))[1]


def age_in_days(text: str, now: datetime) -> float | None:
    """Days since a moment; None where it is not known."""
    then = moment(text)
    return None if then is None else max(0.0, (now - then) / timedelta(days=1))
