"""What a verb takes, as the signature of its function tells it.

    def run(
        server: Annotated[str, Option(metavar="URL", help="The server.")],
        once: Annotated[bool, Option("--once", help="Report once, then leave.")] = False,
    ) -> int: ...

An option is named by its argument (`--server`) unless names are given; `--agent/--no-agent` names both ways of a
switch. A list is an option that may be repeated, or all remaining words. Read here rather than by a library: those take
longer to import than an image takes to scan (docs/decisions/0030-the-start-of-the-program.md).
"""

from collections.abc import Callable
from enum import Enum
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from bartizan.cli.failure import UsageError


class Option:
    """A value behind a name. `envvar` is asked where the name is not given; `least` and `most` bound a number."""

    def __init__(
        self,
        *names: str,
        help: str = "",
        metavar: str = "",
        envvar: str = "",
        least: int | None = None,
        most: int | None = None,
    ) -> None:
        self.names = names
        self.help = help
        self.metavar = metavar
        self.envvar = envvar
        self.least = least
        self.most = most


class Argument:
    """A value by its place."""

    def __init__(self, *, help: str = "", metavar: str = "") -> None:
        self.help = help
        self.metavar = metavar


class Parameter(NamedTuple):
    """One parameter of a verb."""

    name: str
    """Of the function's argument."""
    told: Option | Argument
    kind: type
    """bool, int, str, Path or an enumeration."""
    many: bool
    required: bool
    default: Any
    on: tuple[str, ...]
    """Names of an option, as they are written: `--format`, `-f`."""
    off: tuple[str, ...]
    """Names that turn a switch off."""

    @property
    def is_switch(self) -> bool:
        return self.kind is bool

    @property
    def shown(self) -> str:
        """How a message names it."""
        return " / ".join(self.on) if self.on else self.metavar

    @property
    def metavar(self) -> str:
        if self.told.metavar or self.is_switch:
            return self.told.metavar
        choices = self.choices
        if choices:
            return f"<{'|'.join(choices)}>"
        if self.kind is str or not self.on:
            return self.name.rstrip("_").upper()
        return f"<{'number' if self.kind is int else 'path'}>"

    @property
    def choices(self) -> list[str]:
        return [str(each.value) for each in self.kind] if issubclass(self.kind, Enum) else []

    def convert(self, text: str) -> Any:
        """The value that a word stands for. Raises `UsageError`."""
        if self.kind is int:
            return self._number(text)
        choices = self.choices
        if choices and text not in choices:
            raise UsageError(f"{self.shown}: there is no {text!r}; choose from {', '.join(choices)}")
        return self.kind(text)

    def _number(self, text: str) -> int:
        least, most = (self.told.least, self.told.most) if isinstance(self.told, Option) else (None, None)
        try:
            number = int(text)
        except ValueError:
            raise UsageError(f"{self.shown}: {text!r} is not a number") from None
        if (least is not None and number < least) or (most is not None and number > most):
            raise UsageError(f"{self.shown}: {number} is not within {least} and {most}")
        return number


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a verb, in the order of its function's arguments."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    given = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    return [_parameter(name, function.__annotations__[name], given) for name in names]


def _parameter(name: str, annotation: Any, given: dict[str, Any]) -> Parameter:
    if get_origin(annotation) is not Annotated:
        raise TypeError(f"{name}: annotate it with an Option or an Argument")
    inner, told = get_args(annotation)[:2]
    kinds = [each for each in get_args(inner) if each is not NoneType] if NoneType in get_args(inner) else [inner]
    many = get_origin(kinds[0]) is list
    kind = get_args(kinds[0])[0] if many else kinds[0]
    on, off = _names(name, told)
    return Parameter(name, told, kind, many, name not in given, given.get(name), on, off)


def _names(name: str, told: Option | Argument) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(told, Argument):
        return (), ()
    pairs = [each.partition("/") for each in told.names]
    on = tuple(positive for positive, _, _ in pairs) or (f"--{name.rstrip('_').replace('_', '-')}",)
    return on, tuple(negative for _, _, negative in pairs if negative)
