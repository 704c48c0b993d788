"""What sensors are to be told with the reply to their next message; kept in memory, because nothing here may go stale.

`collect` asks for a full pass. A command is handed out once; a sensor that misses it is asked again by whoever asked.
"""

import secrets
import threading

from bartizan.sensors.uplink.protocol import Command


class Commands:
    """Waiting commands by sensor. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[str, Command]] = {}

    def ask(self, sensor: str, kind: str) -> Command:
        """One of a kind waits at most."""
        with self._lock:
            waiting = self._waiting.setdefault(sensor, {})
            return waiting.setdefault(kind, Command(id="c_" + secrets.token_hex(6), kind=kind))

    def take(self, sensor: str) -> list[Command]:
        with self._lock:
            return list(self._waiting.pop(sensor, {}).values())
