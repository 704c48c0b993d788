"""What the shell may complete a half-written command line to.

The scripts of `bartizan completion` call the program with the words so far in the environment:

    _BARTIZAN_COMPLETE=complete_bash COMP_WORDS="bartizan scan h" COMP_CWORD=2 bartizan
"""

from collections.abc import Iterator, Mapping

from bartizan.cli.command_line import HELP
from bartizan.cli.group import VERBS, Group, Top, Verb
from bartizan.cli.help_text import summary
from bartizan.cli.parameters import Parameter


def answer(top: Top, environment: Mapping[str, str]) -> str:
    """One candidate a line, as the asking shell wants it; nothing where file names are the better guess."""
    shell = environment.get("_BARTIZAN_COMPLETE", "").removeprefix("complete_")
    words = environment.get("COMP_WORDS", "").split()
    place = int(environment["COMP_CWORD"]) if environment.get("COMP_CWORD", "").isdigit() else len(words)
    started = words[place] if place < len(words) else ""
    found = [(word, text) for word, text in candidates(top, words[1:place]) if word.startswith(started)]
    return "".join(f"{_written(shell, word, text)}\n" for word, text in found)


def candidates(top: Top, words: list[str]) -> Iterator[tuple[str, str]]:
    """(word, what it means) of everything that can follow."""
    command: Verb | Group | None = top
    rest = list(reversed(words))
    while rest and isinstance(command, Group):
        command = command.find(rest.pop())
    if isinstance(command, Group):
        yield from _verbs(command)
    elif command is not None:
        yield from _words_of(command, list(reversed(rest)))


def _verbs(group: Group) -> Iterator[tuple[str, str]]:
    if isinstance(group, Top):
        for verbs in VERBS.values():
            yield from verbs.items()
    else:
        yield from ((name, summary(each.text)) for name, each in group.verbs.items())


def _words_of(verb: Verb, words: list[str]) -> Iterator[tuple[str, str]]:
    parameters = verb.parameters
    options = {name: each for each in parameters for name in (*each.on, *each.off)}
    before = options.get(words[-1]) if words else None
    if before is not None and not before.is_switch:
        yield from _values(before)
        return
    for each in parameters:
        if not each.on:
            yield from _values(each)
    yield from ((name, each.told.help) for name, each in options.items() if name.startswith("--"))
    yield HELP[-1], "Show this message and leave."


def _values(parameter: Parameter) -> Iterator[tuple[str, str]]:
    yield from ((choice, "") for choice in parameter.choices)


def _written(shell: str, word: str, text: str) -> str:
    if shell == "zsh":
        return f"{word}:{text}" if text else word
    if shell == "fish":
        return f"{word}\t{text}" if text else word
    return word
