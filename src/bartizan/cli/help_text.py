"""Help in the house style: what it is, how it is called, what it takes, examples. Headings are bold on a terminal.

Print a script that completes verbs, options and values.

Usage: bartizan completion [OPTIONS] SHELL

Arguments:
  <bash|zsh|fish>  Which shell.  [required]
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from bartizan.cli.command_line import HELP
from bartizan.cli.parameters import Option, Parameter
from bartizan.cli.terminal import emphasised, wants_colour

_WIDEST = 100
_NARROWEST = 50
_COLUMN = 30
"""A name that is longer has its text on the next line."""

Rows = Sequence[tuple[str, str]]


def help_text(
    text: str, usage: str, sections: Mapping[str, Rows], epilog: str = "", *, width: int | None = None
) -> str:
    """The whole text. `sections` have rows of a name and what it means, by heading."""
    width = width or _width()
    parts = [
        "\n\n".join(_wrapped(" ".join(each.split()), width) for each in dedent(text).split("\n\n")),
        "\n".join(_wrapped(f"Usage: {usage}", width, indent=7).splitlines()),
        *(f"{heading}:\n{_table(rows, width)}" for heading, rows in sections.items() if rows),
    ]
    if epilog:
        parts.append(dedent(epilog))
    return _with_headings("\n\n".join(part for part in parts if part)) + "\n"


def usage_of(path: str, parameters: Iterable[Parameter]) -> str:
    """How a verb is called."""
    places = []
    for each in parameters:
        if not each.on:
            name = each.metavar + ("..." if each.many and not each.metavar.endswith("...") else "")
            places.append(name if each.required or name.startswith("[") else f"[{name}]")
    return " ".join([path, "[OPTIONS]", *places])


def parameter_rows(parameters: Iterable[Parameter]) -> dict[str, Rows]:
    """Arguments and options, as `help_text` takes them."""
    rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for each in parameters:
        if each.on:
            rows["Options"].append((_option(each), f"{each.told.help}{_notes(each)}"))
        else:
            rows["Arguments"].append((each.metavar, f"{each.told.help}{_notes(each)}"))
    rows["Options"].append((", ".join(HELP), "Show this message and leave."))
    return dict(rows)


def dedent(text: str) -> str:
    """A docstring without the indentation of the code around it; its first line may begin right behind the quotes."""
    first, _, rest = text.partition("\n")
    lines = rest.split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join([first.strip(), *(line[margin:].rstrip() for line in lines)]).strip("\n")


def summary(text: str) -> str:
    """The first sentence of a docstring, for a list of verbs."""
    return " ".join(text.strip().partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def _option(parameter: Parameter) -> str:
    names = ", ".join(sorted(parameter.on, key=len))
    if parameter.off:
        return f"{names} / {', '.join(parameter.off)}"
    return f"{names} {parameter.metavar}".rstrip()


def _notes(parameter: Parameter) -> str:
    notes = []
    told = parameter.told
    if isinstance(told, Option) and told.envvar:
        notes.append(f"env var: {told.envvar}")
    default = parameter.default
    if parameter.off:
        notes.append(f"default: {(parameter.on if default else parameter.off)[0].removeprefix('--')}")
    elif default not in (None, False, "", []):
        notes.append(f"default: {getattr(default, 'value', default)}")
    if isinstance(told, Option) and told.least is not None:
        notes.append(f"{told.least} to {told.most}")
    if parameter.required:
        notes.append("required")
    return f"  [{'; '.join(notes)}]" if notes else ""


def _table(rows: Rows, width: int) -> str:
    column = max([len(name) for name, _ in rows if len(name) <= _COLUMN], default=0) + 4
    lines = []
    for name, text in rows:
        wrapped = _wrapped(text, width - column).replace("\n", "\n" + " " * column)
        gap = " " * (column - len(name) - 2) if len(name) <= column - 4 else "\n" + " " * column
        lines.append(f"  {name}{gap}{wrapped}".rstrip())
    return "\n".join(lines)


def _wrapped(text: str, width: int, indent: int = 0) -> str:
    lines: list[str] = []
    line = ""
    for word in text.replace("  [", " \0[").split(" "):
        longer = f"{line} {word}" if line else word
        if line and len(longer) > width:
            lines.append(line)
            longer = " " * indent + word
        line = longer
    return "\n".join([*lines, line]).replace(" \0", "  ").replace("\0", "")


def _with_headings(text: str) -> str:
    if not wants_colour(sys.stdout):
        return text
    return "\n".join(_heading(line) for line in text.split("\n"))


def _heading(line: str) -> str:
    word, colon, rest = line.partition(":")
    known = word.isalpha() and word[0].isupper() and (word == "Usage" or not rest)
    return f"{emphasised(word + colon)}{rest}" if colon and known else line


def _width() -> int:
    try:
        columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        columns = 80
    return max(min(columns, _WIDEST) - 2, _NARROWEST)
