"""What a person is told besides the result: on standard error, so that standard output holds the result alone."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done until it is done; the yielded function says what comes next. Terminals only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(text, spinner="dots") as status:
        yield lambda step: status.update(f"{text} [dim]{step}[/dim]")


def say(text: str) -> None:
    """A line for the person at the terminal, not for whoever reads the result."""
    typer.echo(text, err=True)


def warn(what: str, *, meaning: str = "", remedy: str = "") -> None:
    """Something that the person should know although the verb goes on."""
    mark = typer.style("warning:", fg="yellow", bold=True) if sys.stderr.isatty() else "warning:"
    say("\n".join([f"{mark} {what}", *(f"  {line}" for line in (meaning, remedy) if line)]))
