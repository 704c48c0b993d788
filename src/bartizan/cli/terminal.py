"""What is written for a person: results and answers on standard output, everything else on standard error."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


def tell(text: str) -> None:
    """A line of what was asked for."""
    sys.stdout.write(f"{text}\n")


def say(text: str) -> None:
    """A line for the person at the terminal, not for whoever reads the result."""
    sys.stdout.flush()  # what was told before comes before, where both are one terminal
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def warn(what: str, *, meaning: str = "", remedy: str = "") -> None:
    """Something that the person should know although the verb goes on."""
    mark = emphasised("warning:", "33;1") if sys.stderr.isatty() else "warning:"
    say("\n".join([f"{mark} {what}", *(f"  {line}" for line in (meaning, remedy) if line)]))


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done until it is done; the yielded function says what comes next. Terminals only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(text, spinner="dots") as status:
        yield lambda step: status.update(f"{text} [dim]{step}[/dim]")


def emphasised(text: str, attributes: str = "1") -> str:
    """With the SGR attributes of ECMA-48: 1 is bold, 33 yellow."""
    return f"\x1b[{attributes}m{text}\x1b[0m"


def wants_colour(stream: TextIO) -> bool:
    """Whether escape sequences belong there: a terminal, and no NO_COLOR (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
