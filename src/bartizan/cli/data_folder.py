"""Where Bartizan keeps its data on this machine.

BARTIZAN_DATA                    where it is set: a service's unit file does
$XDG_DATA_HOME/bartizan          else, ~/.local/share/bartizan by default (XDG Base Directory Specification)
/var/lib/bartizan                read by one-shot scans when the user has no advisories of their own
"""

import os
from collections.abc import Mapping
from pathlib import Path

SYSTEM = Path("/var/lib/bartizan")
ADVISORIES = "advisories.db"


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder that verbs read and write."""
    told = environment.get("BARTIZAN_DATA")
    if told:
        return Path(told).expanduser().absolute()
    home = environment.get("XDG_DATA_HOME")
    if home and Path(home).is_absolute():  # the specification says to ignore a relative one
        return Path(home) / "bartizan"
    return Path(environment.get("HOME") or "~").expanduser() / ".local/share/bartizan"


def advisory_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The advisory file that a one-shot scan reads, or None where there is none."""
    folders = [data_folder(environment)]
    if not environment.get("BARTIZAN_DATA"):
        folders.append(SYSTEM)
    return next((folder / ADVISORIES for folder in folders if os.access(folder / ADVISORIES, os.R_OK)), None)
