"""`bartizan scan host`: a Linux host, or the root of one in a folder."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scanning import Asked, scan
from bartizan.exchange.interface import ScanResult
from bartizan.model.snapshot import Snapshot


def scan_host(asked: Asked, root: Path) -> ScanResult:
    """Collect and assess the host at `root`."""
    return scan(
        asked,
        "this host" if root == Path("/") else str(root),
        lambda now, step: collect(root, now, step),
    )


def collect(root: Path, now: datetime, step: Callable[[str], None]) -> Snapshot:
    """Every section of the host at `root`."""
    from bartizan.collect.filesystem.local import LocalView
    from bartizan.collect.host.snapshot import collect_host

    if not root.is_dir():
        raise Failure(
            f"cannot scan {root}: it is not a folder",
            remedy="Name the root of a host: / or a folder that holds its etc, usr and var.",
            code=ExitCode.USAGE,
        )
    return collect_host(LocalView(str(root)), sensor=f"cli/{__version__}", now=now, progress=step)
