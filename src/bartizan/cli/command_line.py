"""The words behind a verb, read as values: `--name value`, `--name=value`, `-n value`, `-nvalue`, `--` before the last.

POSIX Utility Conventions (guidelines 3 to 10), with long options as in GNU; options and other words may be mixed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bartizan.cli.failure import UsageError
from bartizan.cli.parameters import Option, Parameter

HELP = ("-h", "--help")


class HelpWanted(Exception):
    """Somebody asked what the verb takes."""


def read_words(parameters: Sequence[Parameter], words: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """A value for each parameter. Raises `UsageError`, and `HelpWanted` at `--help`."""
    options = {name: each for each in parameters for name in (*each.on, *each.off)}
    given: dict[str, list[Any]] = {}
    places: list[str] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--":
            places += reversed(rest)
            break
        if word == "-" or not word.startswith("-"):
            places.append(word)
            continue
        name, value = _split(word)
        if name in HELP:
            raise HelpWanted
        option = options.get(name)
        if option is None:
            raise UsageError(f"there is no option {name}{_nearest(name, options)}")
        if option.is_switch:
            if value is not None:
                raise UsageError(f"{name} takes no value")
            given.setdefault(option.name, []).append(name in option.on)
            continue
        if value is None:
            if not rest or rest[-1].partition("=")[0] in options or rest[-1] in HELP:
                raise UsageError(f"{name} needs a value: {name} {option.metavar}")
            value = rest.pop()
        given.setdefault(option.name, []).append(option.convert(value))
    _place(parameters, places, given)
    return {each.name: _value(each, given.get(each.name), environment) for each in parameters}


def _split(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    return word[:2], word[2:] or None


def _nearest(name: str, options: Mapping[str, Parameter]) -> str:
    from difflib import get_close_matches  # only who mistypes waits for it

    near = get_close_matches(name, options, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _place(parameters: Sequence[Parameter], places: Sequence[str], given: dict[str, list[Any]]) -> None:
    rest = list(places)
    for each in parameters:
        if each.on:
            continue
        taken = rest if each.many else rest[:1]
        rest = rest[len(taken) :]
        if taken:
            given[each.name] = [each.convert(word) for word in taken]
    if rest:
        raise UsageError(f"nothing takes {' '.join(rest)}")


def _value(parameter: Parameter, given: list[Any] | None, environment: Mapping[str, str]) -> Any:
    if given is None and isinstance(parameter.told, Option) and environment.get(parameter.told.envvar):
        given = [parameter.convert(environment[parameter.told.envvar])]
    if given is None:
        if parameter.required:
            raise UsageError(f"{parameter.shown} is missing")
        return parameter.default
    return given if parameter.many else given[-1]
