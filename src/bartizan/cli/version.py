"""`bartizan version`: what a bug report should start with."""

import platform
import sys

import typer

from bartizan import __version__
from bartizan.cli.group import Verb, verbs

app = verbs("Print versions, for a bug report.")


@app.command(cls=Verb)
def version() -> None:
    """Print the versions of Bartizan, Python and the system."""
    typer.echo(f"bartizan {__version__}")
    typer.echo(f"python {platform.python_version()} ({sys.executable})")
    typer.echo(f"system {platform.platform(aliased=True)}")
