"""Slows down whoever guesses passwords: so many attempts from one address, so many at once.

The account itself also waits after wrong passwords; that is kept in the store. This is the part that costs an attacker
time before any password is hashed, and that keeps hashing from occupying the server.
"""

import threading
from collections import OrderedDict

BURST = 10
"""Attempts that one address may make at once."""
REFILL = 6.0
"""Seconds until it may make another."""
ADDRESSES = 10_000
"""Addresses remembered; the one unseen for longest is forgotten first."""


class Throttle:
    """A token bucket per key. Thread-safe."""

    def __init__(self, burst: int = BURST, refill: float = REFILL) -> None:
        self._burst = burst
        self._refill = refill
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """0 and one attempt counted, or the seconds to wait."""
        with self._lock:
            left, since = self._buckets.pop(key, (float(self._burst), now))
            left = min(float(self._burst), left + (now - since) / self._refill)
            allowed = left >= 1.0
            self._buckets[key] = (left - 1.0 if allowed else left, now)
            while len(self._buckets) > ADDRESSES:
                self._buckets.popitem(last=False)
            return 0.0 if allowed else (1.0 - left) * self._refill

    def forgive(self, key: str) -> None:
        """A success: the attempts before it are forgotten."""
        with self._lock:
            self._buckets.pop(key, None)
