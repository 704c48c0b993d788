"""`bartizan diff`: two results of one asset compared."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.group import verb
from bartizan.cli.parameters import Argument, Option
from bartizan.cli.scan import FailOnOption, OutputOption
from bartizan.cli.terminal import say


class DiffFormat(StrEnum):
    TABLE = "table"
    JSON = "json"


@verb(
    epilog="""
    Exit codes:
      0  nothing new at or over --fail-on (without it: always, where both can be read)
      1  new findings at or over --fail-on

    Examples:
      $ bartizan diff yesterday.json today.json
      $ bartizan diff main.json branch.json --fail-on high
    """,
)
def diff(
    old: Annotated[Path, Argument(metavar="OLD", help="A result in the JSON format.")],
    new: Annotated[Path, Argument(metavar="NEW", help="A later one.")],
    format_: Annotated[DiffFormat, Option("--format", "-f", help="How to write it.")] = DiffFormat.TABLE,
    output: OutputOption = None,
    fail_on: FailOnOption = None,
) -> int:
    """Compare two results: what is new, fixed or changed, and whether the asset or the knowledge made it so."""
    from bartizan.cli.writing import write_by
    from bartizan.exchange.comparison_text import document, table
    from bartizan.model.severity import Severity
    from bartizan.pipeline.comparison import compare

    comparison = compare(_read(old), _read(new))
    if not comparison.same_asset:
        say("warning: the two results are of different assets")
    if format_ is DiffFormat.JSON:
        text = json.dumps(document(comparison), indent=2, ensure_ascii=False) + "\n"
    else:
        text = table(comparison)
    write_by(lambda stream: stream.write(text), output)
    if fail_on is not None:
        least = Severity(fail_on.value).rank
        for each in comparison.new:
            failed = each.finding.get("verdict") == "fail"
            if failed and Severity(str(each.finding.get("severity"))).rank >= least:
                return ExitCode.FINDINGS
    return ExitCode.CLEAN


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", code=ExitCode.USAGE) from error
    except (ValueError, RecursionError) as error:
        raise Failure(f"{path}: not JSON: {error}", code=ExitCode.USAGE) from error
    if not isinstance(found, dict) or not str(found.get("schema", "")).startswith("bartizan/scan/1"):
        raise Failure(
            f"{path}: not a result of a scan",
            remedy="Results are written by: bartizan scan ... --format json --output FILE",
            code=ExitCode.USAGE,
        )
    return found
