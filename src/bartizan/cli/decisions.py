"""Reading what was decided about findings: VEX documents that are named, and the project's ignore file."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bartizan.cli.failure import ExitCode, Failure
from bartizan.model.record import dataclass

if TYPE_CHECKING:
    from bartizan.cli.scanning import Shown
    from bartizan.pipeline.ignore_file import Ignored
    from bartizan.pipeline.statement import Statement

IGNORE_FILE = ".bartizan.yaml"


@dataclass(frozen=True, slots=True)
class Decisions:
    statements: tuple["Statement", ...] = ()
    ignored: tuple["Ignored", ...] = ()


def read_decisions(shown: "Shown") -> Decisions:
    """Everything that was named, and `.bartizan.yaml` of the working folder where no other file is. What cannot be used
    stops the scan: findings would show up, or stay away, against somebody's decision."""
    path = shown.ignore_file or Path(IGNORE_FILE)
    named = shown.ignore_file is not None or path.is_file()
    return _read(shown.vex, path if named else None) if named or shown.vex else Decisions()


def _read(vex: Iterable[Path], ignore_file: Path | None) -> Decisions:
    from bartizan.content.documents import ContentError
    from bartizan.exchange.vex.document import VexError, read_vex
    from bartizan.pipeline.ignore_file import read_ignore_file

    statements: list[Statement] = []
    try:
        for path in vex:
            statements += read_vex(path.read_bytes(), str(path))
        entries = read_ignore_file(ignore_file.read_bytes(), str(ignore_file)) if ignore_file else ()
    except OSError as error:
        raise Failure(f"cannot read {error.filename}: {error.strerror}", code=ExitCode.USAGE) from error
    except (VexError, ContentError) as error:
        raise Failure(
            str(error),
            meaning="A decision that is not understood is not applied by half, so nothing was scanned.",
            code=ExitCode.USAGE,
        ) from error
    return Decisions(tuple(statements), entries)
