"""The agent's command line. What it understood is handed on to the watcher and to each pass as plain arguments."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bartizan import __version__
from bartizan.sensors.agent import exits, watcher
from bartizan.sensors.agent.log import log
from bartizan.sensors.uplink.client import Server, ServerAddress

if TYPE_CHECKING:
    import argparse  # a pass does without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a pass needs to know."""

    state: Path
    server: str
    ca_file: str = ""
    activation_key_file: str = ""
    interval: int = 0
    """Seconds; 0: as the server says."""
    root: str = "/"

    def arguments(self) -> list[str]:
        """The same options as arguments of a pass."""
        named = {
            "--state": str(self.state),
            "--server": self.server,
            "--ca-file": self.ca_file,
            "--activation-key-file": self.activation_key_file,
            "--interval": str(self.interval or ""),
            "--root": self.root,
        }
        return [part for name, value in named.items() if value for part in (name, value)]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "Options":
        """From what `arguments` wrote."""
        named = dict(zip(arguments[::2], arguments[1::2], strict=True))
        return cls(
            state=Path(named["--state"]),
            server=named["--server"],
            ca_file=named.get("--ca-file", ""),
            activation_key_file=named.get("--activation-key-file", ""),
            interval=int(named.get("--interval", "0")),
            root=named["--root"],
        )


def read(parsed: "argparse.Namespace") -> Options:
    return Options(
        state=parsed.state.absolute(),
        server=parsed.server,
        ca_file=parsed.ca_file,
        activation_key_file=parsed.activation_key_file,
        interval=parsed.interval,
        root=parsed.root,
    )


def add_pass_options(parser: "argparse.ArgumentParser") -> None:
    parser.add_argument("--state", type=Path, required=True, help="folder for credential, spool and lock")
    parser.add_argument("--server", required=True, help="https://host[:port] of the Bartizan server")
    parser.add_argument("--ca-file", default="", type=_file, help="PEM file of a private certificate authority")
    parser.add_argument("--activation-key-file", default="", help="file with the activation key, read to enrol")
    parser.add_argument("--interval", type=_interval, default=0, help="seconds between passes (default: as told)")
    parser.add_argument("--root", default="/", type=_folder, help="folder to look at instead of this host")


def main(arguments: Sequence[str]) -> int:  # noqa: RET503 - execv does not come back
    if arguments[:1] == ["show-payload"]:
        from bartizan.sensors.agent.payload import main as show

        return show(arguments[1:])
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m bartizan.sensors.agent",
        description="Watches this host and sends what changed to the server. "
        "`show-payload` prints what would be sent and sends nothing.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    add_pass_options(parser)
    parser.add_argument("--poll", type=_poll, default=watcher.POLL, help="seconds between looks at watched paths")
    parser.add_argument("--once", action="store_true", help="one full pass, then exit")
    parsed = parser.parse_args(arguments)
    options = read(parsed)
    try:
        Server.parse(options.server, options.ca_file)
    except ServerAddress as error:
        parser.error(str(error))
    if not prepare(options.state):
        return exits.NO_STATE
    if parsed.once:
        return _once(options)
    program = str(Path(__file__).with_name("__main__.py"))
    words = [sys.executable, "-I", "-S", program, "watch", str(options.state), str(parsed.poll), *options.arguments()]
    os.execv(sys.executable, words)  # noqa: S606 - our own interpreter and program


def prepare(state: Path) -> bool:
    """Make the state folder, readable by nobody else, and see that it can be written."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = state / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        log("error", "state-folder", path=state, reason=error.strerror or error, remedy="name another with --state")
        return False
    return True


def _once(options: Options) -> int:
    lock = watcher.take_lock(str(options.state / "lock"))
    if lock is None:
        log("error", "occupied", state=options.state, remedy="another agent uses this folder; stop it first")
        return exits.OCCUPIED
    try:
        from bartizan.sensors.agent.collection import run

        code = run("full", options)
        return exits.DONE if code == exits.AGAIN else code
    finally:
        os.close(lock)


def _interval(text: str) -> int:
    value = int(text)
    if not 10 <= value <= 86400:
        raise _unusable("between 10 and 86400 seconds")
    return value


def _poll(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise _unusable("between 0.1 and 3600 seconds")
    return value


def _file(text: str) -> str:
    if text and not Path(text).is_file():
        raise _unusable(f"{text} is not a file")
    return str(Path(text).absolute()) if text else ""


def _folder(text: str) -> str:
    if not Path(text).is_dir():
        raise _unusable(f"{text} is not a folder")
    return str(Path(text).absolute())


def _unusable(reason: str) -> Exception:
    import argparse

    return argparse.ArgumentTypeError(reason)
