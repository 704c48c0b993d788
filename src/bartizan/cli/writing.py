"""Writing a result: to standard output, or whole to a file so that a reader never meets half of one."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from bartizan.cli.failure import ExitCode, Failure
from bartizan.exchange.formats import exporter
from bartizan.exchange.interface import ScanResult


def write(result: ScanResult, format_: str, output: Path | None) -> None:
    """Write in a format; the file, where one is named, appears when it is complete."""
    export = exporter(format_).write
    write_by(lambda stream: export(result, stream), output)


def write_by(export: Callable[[TextIO], object], output: Path | None) -> None:
    """Call `export` with standard output or with the file, whole or not at all."""
    if output is None or str(output) == "-":
        export(sys.stdout)
        return
    if not output.is_file() and (output.exists() or output.is_symlink()):  # a pipe, /dev/stderr
        with output.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            export(stream)
        return
    import tempfile

    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.parent)
    except OSError as error:
        raise Failure(
            f"cannot write {output}: {error.strerror}",
            meaning="The host was assessed, but its result could not be kept.",
            remedy="Name a file in a folder that you may write to.",
            code=ExitCode.USAGE,
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            export(stream)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(output)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now
