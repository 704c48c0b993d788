"""Decides when a job starts by itself: after facts came in, after knowledge changed, and now and then.

Facts of many hosts arrive together, so assessing waits until it is quiet for a moment, but never long; while it runs,
what comes in meanwhile is one more run after it.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

LOG = logging.getLogger("bartizan.server.jobs")
Result = TypeVar("Result")
QUIET = 0.4
"""Seconds without new facts after which they are assessed."""
PATIENCE = 2.0
"""Seconds after which they are assessed although more keep coming."""
LOOK = 3.0
"""Seconds between looks at the advisory file."""
REGISTRIES = 30.0
"""Seconds between looks at which registry is due."""


class Debounce:
    """Which organisations are due, decided from times that are passed in."""

    def __init__(self) -> None:
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}

    def want(self, org: int, now: float) -> None:
        self._first.setdefault(org, now)
        self._last[org] = now

    def due(self, now: float, busy: Callable[[int], bool]) -> list[int]:
        """Take those that are due and not busy."""
        out = []
        for org, first in list(self._first.items()):
            ripe = now - self._last[org] >= QUIET or now - first >= PATIENCE
            if ripe and not busy(org):
                del self._first[org], self._last[org]
                out.append(org)
        return out

    def waiting(self) -> bool:
        return bool(self._first)


class Dispatcher:
    """A thread that asks the debounce, the advisory file and the clock."""

    def __init__(
        self,
        *,
        assess: Callable[[int], None],
        assessing: Callable[[int], bool],
        knowledge_changed: Callable[[], bool],
        everybody: Callable[[], list[int]],
        keep_house: Callable[[], None],
        housekeeping_every: float,
        look_at_registries: Callable[[], None] = lambda: None,
    ) -> None:
        self._assess = assess
        self._assessing = assessing
        self._knowledge_changed = knowledge_changed
        self._everybody = everybody
        self._keep_house = keep_house
        self._every = housekeeping_every
        self._look_at_registries = look_at_registries
        self._debounce = Debounce()
        self._wake = threading.Condition()
        self._stopping = False
        self._look = 0.0
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(10)

    def want(self, org: int) -> None:
        """Facts of this organisation came in."""
        with self._wake:
            self._debounce.want(org, time.monotonic())
            self._wake.notify()

    def look_now(self) -> None:
        """The advisory file may be another one."""
        with self._wake:
            self._look = 0.0
            self._wake.notify()

    def _run(self) -> None:
        house = registries = time.monotonic()
        for org in self._guarded(self._everybody) or []:
            self.want(org)  # what a kill left unassessed
        while True:
            with self._wake:
                self._wake.wait(0.1 if self._debounce.waiting() else LOOK)
                if self._stopping:
                    return
                now = time.monotonic()
                due = self._debounce.due(now, self._assessing)
            for org in due:
                self._guarded(lambda org=org: self._assess(org))  # type: ignore[misc]
            if now >= self._look:
                self._look = now + LOOK
                if self._guarded(self._knowledge_changed):
                    for org in self._guarded(self._everybody) or []:
                        self.want(org)
            if now >= registries:
                registries = now + REGISTRIES
                self._guarded(self._look_at_registries)
            if now >= house:
                house = now + self._every
                self._guarded(self._keep_house)

    def _guarded(self, call: Callable[[], Result]) -> Result | None:
        """One that fails is logged and tried again in its turn: the dispatcher must outlive a busy database."""
        try:
            return call()
        except Exception:
            LOG.exception("the dispatcher met an error")
            return None
