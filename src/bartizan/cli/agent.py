"""What `bartizan sensor` does. The server that a host is enrolled at is kept beside its credential:

agent/connection.json   {"server": "https://bartizan.example", "ca_file": ""}
"""

import json
from dataclasses import dataclass
from pathlib import Path

from bartizan.cli.data_folder import data_folder
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.terminal import tell, working
from bartizan.sensors.agent import credential, exits
from bartizan.sensors.uplink.spool import Spool

CONNECTION = "connection.json"
SPOOL = "spool.db"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the agent reports to."""

    server: str
    ca_file: str

    def arguments(self, state: Path) -> list[str]:
        """As arguments of the agent."""
        own_ca = ["--ca-file", self.ca_file] if self.ca_file else []
        return ["--state", str(state), "--server", self.server, *own_ca]


def state_folder(told: Path | None) -> Path:
    return (told or data_folder() / "agent").absolute()


def enrol(server: str, key_file: Path, ca_file: Path | None, state: Path | None) -> int:
    """One full pass, which enrols first; then remember the server."""
    from bartizan.sensors.agent.options import main

    if not key_file.is_file():
        raise Failure(
            f"there is no file {key_file}",
            remedy="Put the activation key into a file that only you can read, and name it.",
            code=ExitCode.USAGE,
        )
    folder = state_folder(state)
    connection = Connection(server, str(ca_file.absolute()) if ca_file else "")
    with working(f"Enrolling at {server}"):
        code = main([*connection.arguments(folder), "--activation-key-file", str(key_file.absolute()), "--once"])
    if code != exits.DONE:
        return code  # the agent has said what happened and what to do
    save(folder, connection)
    stored = credential.load(folder)
    tell(f"enrolled at {server} as {stored.credential.sensor_id if stored else 'a sensor'}")
    return ExitCode.CLEAN


def save(folder: Path, connection: Connection) -> None:
    """Remember where this host is enrolled."""
    fresh = folder / f".{CONNECTION}"
    fresh.write_text(json.dumps({"server": connection.server, "ca_file": connection.ca_file}))
    fresh.replace(folder / CONNECTION)


def connection_of(folder: Path) -> Connection | None:
    """Where this host is enrolled; None where it is not."""
    try:
        told = json.loads((folder / CONNECTION).read_text())
        return Connection(str(told["server"]), str(told.get("ca_file", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def watch(server: str | None, state: Path | None, *, once: bool) -> int:
    """Become the agent: this process is replaced by its watcher."""
    from bartizan.sensors.agent.options import main

    folder = state_folder(state)
    connection = Connection(server, "") if server else connection_of(folder)
    if connection is None:
        raise Failure(
            f"this host is not enrolled: {folder} knows no server",
            remedy="Enrol it: bartizan sensor enrol --server URL --activation-key-file FILE",
            code=ExitCode.USAGE,
        )
    return main([*connection.arguments(folder), *(["--once"] if once else [])])


def show_status(state: Path | None, *, as_json: bool) -> int:
    """Enrolment, and what waits in the spool."""
    folder = state_folder(state)
    stored, connection = credential.load(folder), connection_of(folder)
    waiting, dropped = 0, 0
    if (folder / SPOOL).is_file():
        with Spool(folder / SPOOL) as spool:
            waiting, dropped = len(spool.waiting()), spool.dropped
    told = {
        "state": str(folder),
        "enrolled": stored is not None,
        "sensor_id": stored.credential.sensor_id if stored else None,
        "server": connection.server if connection else None,
        "waiting": waiting,
        "dropped": dropped,
    }
    if as_json:
        tell(json.dumps(told, indent=2))
    elif stored is None:
        tell(f"not enrolled ({folder})")
    else:
        tell(f"enrolled at {told['server'] or 'a server that was named by hand'} as {told['sensor_id']}")
        tell(f"{waiting} waiting to be sent, {dropped} dropped for want of room")
    return ExitCode.CLEAN if stored else ExitCode.INCOMPLETE
