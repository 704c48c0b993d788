"""`bartizan completion`: the script that makes a shell complete verbs, options and values.

The script calls the program itself with `_BARTIZAN_COMPLETE` set (`candidates.py`), so it never goes stale.
"""

from enum import StrEnum
from typing import Annotated

from bartizan.cli.group import verb
from bartizan.cli.parameters import Argument
from bartizan.cli.terminal import tell


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


SCRIPTS = {
    Shell.BASH: """\
_bartizan_completion() {
    local IFS=$'\\n'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _BARTIZAN_COMPLETE=complete_bash $1 ) )
}

complete -o default -F _bartizan_completion bartizan""",
    Shell.ZSH: """\
#compdef bartizan

_bartizan_completion() {
    local -a found
    found=("${(@f)$(env COMP_WORDS="${words[1,$CURRENT]}" COMP_CWORD=$((CURRENT - 1)) \\
        _BARTIZAN_COMPLETE=complete_zsh bartizan)}")
    if [[ -n "$found" ]]; then
        _describe bartizan found
    else
        _files
    fi
}

compdef _bartizan_completion bartizan""",
    Shell.FISH: """\
function __bartizan_completion
    set -l found (env COMP_WORDS=(commandline -cp | string collect) COMP_CWORD=(count (commandline -opc)) \\
        _BARTIZAN_COMPLETE=complete_fish bartizan)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end

complete --command bartizan --no-files --arguments "(__bartizan_completion)\"""",
}


@verb(
    epilog="""
    Examples:
      $ bartizan completion bash >> ~/.bash_completion
      $ bartizan completion zsh > ~/.zfunc/_bartizan
      $ bartizan completion fish > ~/.config/fish/completions/bartizan.fish
    """,
)
def completion(shell: Annotated[Shell, Argument(help="Which shell.")]) -> None:
    """Print a script that completes verbs, options and values."""
    tell(SCRIPTS[shell])
