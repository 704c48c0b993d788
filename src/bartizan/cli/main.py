"""The program `bartizan`: finds the verb, runs it, and turns whatever went wrong into a message and an exit code."""

import os
import sys
from typing import Annotated

import typer

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.group import LazyGroup, verbs

app = verbs(
    "One watch over a hybrid estate: hosts, images, clouds, code, web applications and their logs.",
    cls=LazyGroup,
    examples="""
    Examples:
      $ bartizan scan host                     what to fix first on this machine, in this terminal
      $ bartizan scan host --fail-on high      the same for a pipeline: exit code 1 on high or worse
      $ bartizan up                            everything, in a browser, assessed continuously

    Every verb answers to --help.
    """,
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bartizan {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Only for `--version`: the text of the group's help stands above."""


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        # A file name that is not UTF-8 is shown with escapes (which JSON reads back) instead of ending the program.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if "_BARTIZAN_COMPLETE" in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one verb; the exit code."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="bartizan", standalone_mode=False)
        sys.stdout.flush()
    except Failure as failure:
        typer.echo(failure.text(), err=True)
        return failure.code
    except typer.TyperException as usage:
        return _usage(usage)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CLEAN
    except Exception as error:
        if "BARTIZAN_DEBUG" in os.environ:
            raise
        typer.echo(_defect(error).text(), err=True)
        return ExitCode.INCOMPLETE
    return code if isinstance(code, int) else ExitCode.CLEAN


def _defect(error: Exception) -> Failure:
    """Nobody foresaw it: not the user's fault, and nothing that was printed so far is complete."""
    return Failure(
        f"unexpected {type(error).__name__}: {error}",
        meaning="This is a defect of Bartizan; whatever it was doing is not complete.",
        remedy="Please report it with what the same command prints when BARTIZAN_DEBUG=1 is set.",
    )


def _usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "bartizan"
    typer.echo(Failure(error.format_message(), remedy=f"See what it takes: {path} --help").text(), err=True)
    return ExitCode.USAGE


if __name__ == "__main__":
    run()
