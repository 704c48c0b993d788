"""Reading what was decided about findings: VEX documents that are named, and the project's ignore file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bartizan.cli.failure import ExitCode, Failure
from bartizan.pipeline.ignore_file import NAME, Ignored, read_ignore_file
from bartizan.pipeline.statement import Statement

if TYPE_CHECKING:
    from bartizan.cli.scanning import Shown


@dataclass(frozen=True, slots=True)
class Decisions:
    statements: tuple[Statement, ...] = ()
    ignored: tuple[Ignored, ...] = ()


def read_decisions(shown: "Shown") -> Decisions:
    """Everything that was named, and `.bartizan.yaml` of the working folder where no other file is. What cannot be used
    stops the scan: findings would show up, or stay away, against somebody's decision."""
    from bartizan.content.documents import ContentError
    from bartizan.exchange.vex.document import VexError, read_vex

    statements: list[Statement] = []
    try:
        for path in shown.vex:
            statements += read_vex(path.read_bytes(), str(path))
        path = shown.ignore_file or Path(NAME)
        entries = read_ignore_file(path.read_bytes(), str(path)) if shown.ignore_file or path.is_file() else ()
    except OSError as error:
        raise Failure(f"cannot read {error.filename}: {error.strerror}", code=ExitCode.USAGE) from error
    except (VexError, ContentError) as error:
        raise Failure(
            str(error),
            meaning="A decision that is not understood is not applied by half, so nothing was scanned.",
            code=ExitCode.USAGE,
        ) from error
    return Decisions(tuple(statements), entries)
