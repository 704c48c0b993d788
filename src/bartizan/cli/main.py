"""The program `bartizan`: finds the verb, runs it, and turns whatever went wrong into a message and an exit code."""

import gc
import os
import sys

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.group import Top

NEW_OBJECTS = 200_000
"""Container objects that are made between two collections of garbage. Modules and facts are not garbage: with Python's
own 700 an eighth of a small scan's time goes into looking at them again and again."""

TOP = Top(
    "One watch over a hybrid estate: hosts, images, clouds, code, web applications and their logs.",
    epilog="""
    Examples:
      $ bartizan scan host                     what to fix first on this machine, in this terminal
      $ bartizan scan host --fail-on high      the same for a pipeline: exit code 1 on high or worse
      $ bartizan up                            everything, in a browser, assessed continuously

    Every verb answers to --help.
    """,
)


def run() -> None:
    """The console script."""
    gc.set_threshold(NEW_OBJECTS, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        # A file name that is not UTF-8 is shown with escapes (which JSON reads back) instead of ending the program.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if "_BARTIZAN_COMPLETE" in os.environ:
        from bartizan.cli.candidates import answer

        sys.stdout.write(answer(TOP, os.environ))
        sys.exit(ExitCode.CLEAN)
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one verb; the exit code."""
    try:
        if arguments[:1] == ["--version"]:
            sys.stdout.write(f"bartizan {__version__}\n")
            return ExitCode.CLEAN
        code = TOP.run("bartizan", arguments)
        sys.stdout.flush()
    except Failure as failure:
        _complain(failure)
        return failure.code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CLEAN
    except Exception as error:
        if "BARTIZAN_DEBUG" in os.environ:
            raise
        _complain(_defect(error))
        return ExitCode.INCOMPLETE
    return ExitCode.CLEAN if code is None else code


def _complain(failure: Failure) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{failure.text()}\n")


def _defect(error: Exception) -> Failure:
    """Nobody foresaw it: not the user's fault, and nothing that was printed so far is complete."""
    return Failure(
        f"unexpected {type(error).__name__}: {error}",
        meaning="This is a defect of Bartizan; whatever it was doing is not complete.",
        remedy="Please report it with what the same command prints when BARTIZAN_DEBUG=1 is set.",
    )


if __name__ == "__main__":
    run()
