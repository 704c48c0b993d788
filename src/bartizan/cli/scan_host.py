"""`bartizan scan host`: a Linux host, or the root of one in a folder or on a disk."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure, told_by
from bartizan.cli.scanning import Asked, inspectors_of, scan
from bartizan.exchange.interface import ScanResult
from bartizan.model.snapshot import Snapshot

if TYPE_CHECKING:
    from bartizan.collect.filesystem.interface import FilesystemView
    from bartizan.collect.interface import Inspector


def scan_host(asked: Asked, root: Path, partition: int | None = None) -> ScanResult:
    """Collect and assess the host at `root`."""
    return scan(
        asked,
        "this host" if root == Path("/") else str(root),
        lambda now, step: collect(root, now, step, partition, inspectors_of(asked)),
    )


def collect(
    root: Path,
    now: datetime,
    step: Callable[[str], None],
    partition: int | None = None,
    inspectors: "Sequence[Inspector]" = (),
) -> Snapshot:
    """Every section of the host at `root`, and one for each inspector."""
    from bartizan.collect.host.snapshot import collect_host

    view = _view(root, partition)
    snapshot = collect_host(view, sensor=f"cli/{__version__}", now=now, progress=step)
    if not inspectors:
        return snapshot
    from bartizan.collect.inspection import inspect_files

    step("files")
    return replace(snapshot, sections={**snapshot.sections, **inspect_files(view, inspectors)})


def _view(root: Path, partition: int | None) -> "FilesystemView":
    from bartizan.collect.filesystem.local import LocalView

    if root.is_dir():
        return LocalView(str(root))
    if not root.is_file() and not root.is_block_device():
        raise Failure(
            f"cannot scan {root}: it is neither a folder nor a disk",
            remedy="Name the root of a host: /, a folder that holds its etc, usr and var, or a raw disk.",
            code=ExitCode.USAGE,
        )
    from bartizan.collect.filesystem.disk import DiskError, SeveralRoots, open_disk

    try:
        return open_disk(root, partition)
    except SeveralRoots as error:
        raise told_by(error, code=ExitCode.USAGE) from error
    except DiskError as error:
        raise told_by(error, meaning="Nothing was scanned.", code=ExitCode.INCOMPLETE) from error
