"""`bartizan sensor`: the agent that reports this host to a server. The agent itself is `bartizan.sensors.agent`."""

from pathlib import Path
from typing import Annotated

from bartizan.cli.group import Group
from bartizan.cli.parameters import Option

sensor = Group("Enrol and run the agent that reports a host to a server.")

State = Annotated[
    Path | None,
    Option("--state", metavar="DIR", help="Credential and spool; by default `agent` in the data folder."),
]


@sensor.verb(
    epilog="""
    Examples:
      $ bartizan sensor enrol --server https://bartizan.example --activation-key-file key.txt
      $ bartizan sensor run

    An activation key is made in the browser (Fleet) or by the API.
    """,
)
def enrol(
    server: Annotated[str, Option(metavar="URL", help="https://host[:port] of the Bartizan server.")],
    activation_key_file: Annotated[Path, Option(metavar="FILE", help="File with the activation key.")],
    ca_file: Annotated[Path | None, Option(metavar="FILE", help="PEM file of a private certificate authority.")] = None,
    state: State = None,
) -> int:
    """Enrol this host, send a first full report, and remember the server for `sensor run`."""
    from bartizan.cli.agent import enrol as start

    return start(server, activation_key_file, ca_file, state)


@sensor.verb()
def run(
    server: Annotated[
        str | None, Option(metavar="URL", help="By default the server that this host is enrolled at.")
    ] = None,
    state: State = None,
    once: Annotated[bool, Option("--once", help="Report once, then leave.")] = False,
) -> int:
    """Watch this host and report what changes, until stopped."""
    from bartizan.cli.agent import watch

    return watch(server, state, once=once)


@sensor.verb()
def status(state: State = None, as_json: Annotated[bool, Option("--json", help="Write JSON.")] = False) -> int:
    """Where this host is enrolled, and what waits to be sent."""
    from bartizan.cli.agent import show_status

    return show_status(state, as_json=as_json)


@sensor.verb(
    "show-payload",
    epilog="""
    Examples:
      $ sudo bartizan sensor show-payload --section users
    """,
)
def show_payload(
    root: Annotated[Path, Option(metavar="DIR", help="A folder to look at instead of this host.")] = Path("/"),
    section: Annotated[list[str] | None, Option(metavar="NAME", help="Only this section.")] = None,
) -> int:
    """Print exactly what would be sent, and send nothing."""
    from bartizan.sensors.agent.payload import main

    return main(["--root", str(root), *(part for name in section or [] for part in ("--section", name))])
