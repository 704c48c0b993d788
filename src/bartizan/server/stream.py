"""Live refresh: who listens, and what to tell them; the server-sent events of `GET /api/v1/stream`.

    id: 4f2a-17
    data: {"kind": "findings"}

Events say that something of a kind changed, not what: the browser asks again. A listener that comes back with
`Last-Event-ID` gets what it missed, or one event of every kind where that is not known any more.
"""

import asyncio
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["findings", "assets", "jobs", "feeds"]
KINDS: tuple[Kind, ...] = ("findings", "assets", "jobs", "feeds")
KEPT = 512
HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps the connection open through proxies."""
GATHER = 0.15
"""Seconds for which events are gathered, so that a burst is one refresh."""
LISTENERS = 500
"""At once; over that a newcomer is told to come back."""


@dataclass(frozen=True, slots=True)
class Event:
    """`organisation` None: everybody's."""

    number: int
    organisation: int | None
    kind: Kind


class TooManyListeners(Exception):
    """No place for another listener now."""


class Hub:
    """One per server. `publish` may be called from any thread."""

    def __init__(self) -> None:
        self._boot = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._number = 0
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: dict[int, asyncio.Event] = {}
        self._listeners = 0
        self._closed = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    @property
    def listeners(self) -> int:
        return len(self._wake)

    def publish(self, organisation: int | None, *kinds: Kind) -> None:
        with self._lock:
            for kind in kinds:
                self._number += 1
                self._kept.append(Event(self._number, organisation, kind))
        self._rouse()

    def close(self) -> None:
        """End every stream, so that a server can stop."""
        self._closed = True
        self._rouse()

    def listen(self, organisation: int, last_seen: str = "") -> AsyncIterator[bytes]:
        """The stream of one listener, as bytes of `text/event-stream`."""
        if len(self._wake) >= LISTENERS:
            raise TooManyListeners
        return self._listen(organisation, last_seen)

    async def _listen(self, organisation: int, last_seen: str) -> AsyncIterator[bytes]:
        position, missed = self._position(last_seen)
        wake = asyncio.Event()
        self._listeners += 1
        me = self._listeners
        self._wake[me] = wake
        try:
            yield b"retry: 2000\n\n"
            if missed:
                yield self._frame(position, KINDS)
            while not self._closed:
                number, kinds = self._since(organisation, position)
                if kinds:
                    yield self._frame(number, kinds)
                position = number
                try:
                    await asyncio.wait_for(wake.wait(), HEARTBEAT)
                except TimeoutError:
                    yield b": still here\n\n"
                else:
                    await asyncio.sleep(0 if self._closed else GATHER)
                    wake.clear()
        finally:
            del self._wake[me]

    def _position(self, last_seen: str) -> tuple[int, bool]:
        """Where to begin, and whether something may have been missed for good."""
        boot, _, text = last_seen.partition("-")
        with self._lock:
            if not last_seen:
                return self._number, False
            if boot == self._boot and text.isdecimal() and len(text) < 16:
                number = int(text)
                oldest = self._kept[0].number if self._kept else self._number + 1
                if oldest - 1 <= number <= self._number:
                    return number, False
            return self._number, True

    def _since(self, organisation: int, position: int) -> tuple[int, list[Kind]]:
        kinds: dict[Kind, None] = {}
        with self._lock:
            for event in reversed(self._kept):
                if event.number <= position:
                    break
                if event.organisation in (None, organisation):
                    kinds[event.kind] = None
            return self._number, [kind for kind in KINDS if kind in kinds]

    def _frame(self, number: int, kinds: tuple[Kind, ...] | list[Kind]) -> bytes:
        return b"".join(
            b'id: %s-%d\ndata: {"kind": "%s"}\n\n' % (self._boot.encode(), number, kind.encode()) for kind in kinds
        )

    def _rouse(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._rouse_here)

    def _rouse_here(self) -> None:
        for wake in self._wake.values():
            wake.set()
