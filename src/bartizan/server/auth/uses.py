"""When the use of a session or token was last written down: reading a page must not write to the database each time."""

import threading
from collections import OrderedDict

EVERY = 120.0
"""Seconds between two notes of the same."""
KEPT = 50_000

Key = tuple[str, int]


class Uses:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: OrderedDict[Key, float] = OrderedDict()

    def due(self, key: Key, now: float) -> bool:
        """Whether to write it down now; it is then taken as written."""
        with self._lock:
            if now - self._noted.get(key, 0.0) < EVERY:
                return False
            self._noted[key] = now
            self._noted.move_to_end(key)
            while len(self._noted) > KEPT:
                self._noted.popitem(last=False)
            return True
