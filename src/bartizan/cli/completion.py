"""`bartizan completion`: the script that makes a shell complete verbs, options and values.

The script calls the program itself with `_BARTIZAN_COMPLETE` set, so it never goes stale.
"""

from enum import StrEnum
from typing import Annotated

import typer

from bartizan.cli.group import Verb, verbs

app = verbs("Print the completion script of your shell.")


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command(
    cls=Verb,
    epilog="""
    Examples:
      $ bartizan completion bash >> ~/.bash_completion
      $ bartizan completion zsh > ~/.zfunc/_bartizan
      $ bartizan completion fish > ~/.config/fish/completions/bartizan.fish
    """,
)
def completion(shell: Annotated[Shell, typer.Argument(help="Which shell.")]) -> None:
    """Print a script that completes verbs, options and values."""
    from typer._completion_shared import get_completion_script

    typer.echo(get_completion_script(prog_name="bartizan", complete_var="_BARTIZAN_COMPLETE", shell=shell.value))
