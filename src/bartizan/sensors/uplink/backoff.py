"""How long to wait before trying again: exponential with full jitter, so that a fleet does not return all at once."""

from collections.abc import Callable

FIRST = 5.0
"""Seconds at most before the first retry."""
LONGEST = 900.0
"""Seconds at most before any retry."""


def delay(failures: int, chance: Callable[[], float], retry_after: int = 0) -> float:
    """Seconds to wait after `failures` failures in a row; `chance` yields 0 to 1. Never less than the server asked."""
    ceiling = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 16))
    return retry_after + ceiling * (0.5 + 0.5 * chance())
