"""`bartizan scan`: collect, assess, print. No server, no store, no network."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bartizan.cli.group import Verb, verbs

app = verbs("Assess something once: no server, no store, no network.")


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    HTML = "html"
    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"


class Least(StrEnum):
    """A severity to start at. Unrated findings count as `medium` would: nobody said that they are harmless."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Only(StrEnum):
    VULNERABILITY = "vulnerability"
    POLICY = "policy"


@app.callback()
def scan() -> None:
    pass


@app.command(
    cls=Verb,
    epilog="""
    Exit codes:
      0  clean: nothing at or over --fail-on, and everything that might have been could be judged
      1  findings at or over --fail-on
      2  the command line is wrong
      3  incomplete: no such finding, but something could not be judged: no advisories, unreadable files

    Examples:
      $ bartizan scan host
      $ bartizan scan host --fail-on high --format sarif --output host.sarif
      $ bartizan scan host --root /mnt/disk --only vulnerability
      $ bartizan scan host --format cyclonedx --output host.cdx.json
    """,
)
def host(
    root: Annotated[
        Path, typer.Option(metavar="DIR", help="The root of the host: / is this machine, a folder a mounted one.")
    ] = Path("/"),
    format_: Annotated[Format, typer.Option("--format", "-f", help="How to write the result.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead.")] = None,
    fail_on: Annotated[Least | None, typer.Option(help="Leave with code 1 on findings this severe or worse.")] = None,
    min_severity: Annotated[Least | None, typer.Option(help="List findings this severe or worse; count all.")] = None,
    only: Annotated[Only | None, typer.Option(help="Judge packages only, or configuration only.")] = None,
    feeds: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Advisory file; by default the one in the data folder.")
    ] = None,
    policies: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A folder of your own policies, beside the built-in ones.")
    ] = None,
) -> int:
    """Assess a Linux host: its packages against advisories, its configuration against policies.

    Reads files only; starts no process, opens no connection, changes nothing. As root it sees everything; as another
    user what it may not read is reported as unknown, never as fine.
    """
    from bartizan.cli.scan_host import Asked, exit_code, scan_host
    from bartizan.cli.writing import write
    from bartizan.model.severity import Severity

    asked = Asked(
        root=root,
        feeds=feeds,
        policy_folders=tuple(policies or ()),
        vulnerabilities=only is not Only.POLICY,
        policies=only is not Only.VULNERABILITY,
        threshold=Severity(fail_on.value) if fail_on else None,
        least=Severity(min_severity.value) if min_severity else Severity.INFO,
    )
    result = scan_host(asked)
    write(result, format_.value, output)
    return exit_code(result, asked.threshold)
