"""Verbs and groups of verbs. The module of a verb is imported when the verb is run, and no other.

scan = Group("Assess something once.")

@scan.verb(epilog="Examples: ...")
def host(root: Annotated[Path, Option(metavar="DIR", help="Where.")] = Path("/")) -> int:
    \"\"\"Assess a Linux host.\"\"\"
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from bartizan.cli.command_line import HELP, HelpWanted, read_words
from bartizan.cli.failure import ExitCode, UsageError
from bartizan.cli.help_text import help_text, parameter_rows, summary, usage_of
from bartizan.cli.parameters import Parameter, parameters_of

VERBS: dict[str, dict[str, str]] = {
    "Assess": {
        "scan": "Assess a host, an image, a bill of materials or templates once: no server, no network",
        "diff": "Compare two results: what is new, and whether the asset or the knowledge changed",
        "policy": "Explain, test and write the policies that everything is judged by",
    },
    "Watch": {
        "up": "Start everything on this machine and assess it continuously",
        "server": "Run the server alone, for a service manager",
        "sensor": "Enrol and run the agent that reports a host to a server",
    },
    "Keep": {
        "feeds": "Import, fetch and look up advisories",
        "db": "Migrate, back up and verify the store",
    },
    "More": {
        "completion": "Print the completion script of your shell",
        "version": "Print versions, for a bug report",
    },
}
"""Heading to verb to what it does; the verb is the object of that name in the module `bartizan.cli.<verb>`."""


class Verb:
    """One verb: a function whose signature tells what it takes and whose docstring says what it does."""

    def __init__(self, function: Callable[..., int | None], *, epilog: str = "") -> None:
        self.function = function
        self.text = function.__doc__ or ""
        self.epilog = epilog

    @property
    def parameters(self) -> list[Parameter]:
        return parameters_of(self.function)

    def run(self, path: str, words: Sequence[str]) -> int | None:
        """Run it; the exit code. `path` is how it was called: `bartizan scan host`."""
        try:
            values = read_words(self.parameters, words, os.environ)
        except UsageError as error:
            raise error.of(path) from None
        except HelpWanted:
            sys.stdout.write(self.help(path))
            return ExitCode.CLEAN
        return self.function(**values)

    def help(self, path: str) -> str:
        parameters = self.parameters
        return help_text(self.text, usage_of(path, parameters), parameter_rows(parameters), self.epilog)


class Group:
    """Verbs below a verb: `scan host`. Without a verb it shows what there is."""

    def __init__(self, text: str, *, epilog: str = "") -> None:
        self.text = text
        self.epilog = epilog
        self.verbs: dict[str, Verb] = {}

    def verb(self, name: str = "", *, epilog: str = "") -> Callable[[Callable[..., int | None]], Verb]:
        """Make a function a verb of this group, by its own name or another."""

        def add(function: Callable[..., int | None]) -> Verb:
            made = Verb(function, epilog=epilog)
            self.verbs[name or function.__name__] = made
            return made

        return add

    def names(self) -> list[str]:
        return list(self.verbs)

    def find(self, name: str) -> "Verb | Group | None":
        return self.verbs.get(name)

    def run(self, path: str, words: Sequence[str]) -> int | None:
        if not words or words[0] in HELP:
            sys.stdout.write(self.help(path))
            return ExitCode.CLEAN if words else ExitCode.USAGE
        name = words[0]
        found = self.find(name)
        if found is None:
            kind = "option" if name.startswith("-") else "verb"
            raise UsageError(f"there is no {kind} {name!r}{self._nearest(name)}").of(path)
        return found.run(f"{path} {name}", words[1:])

    def help(self, path: str) -> str:
        sections = {**parameter_rows(()), "Commands": [(name, summary(each.text)) for name, each in self.verbs.items()]}
        return help_text(self.text, f"{path} [OPTIONS] COMMAND [ARGS]...", sections, self.epilog)

    def _nearest(self, name: str) -> str:
        from difflib import get_close_matches  # only who mistypes waits for it

        near = get_close_matches(name, self.names(), n=1)
        return f"; did you mean {near[0]!r}?" if near else ""


class Top(Group):
    """The program: its verbs are named in VERBS and imported when they are run."""

    def names(self) -> list[str]:
        return [name for verbs in VERBS.values() for name in verbs]

    def find(self, name: str) -> Verb | Group | None:
        if name not in self.names():
            return None
        found = getattr(import_module(f"bartizan.cli.{name}"), name)
        assert isinstance(found, Verb | Group), name
        return found

    def help(self, path: str) -> str:
        options = [("--version", "Print the version and leave."), *parameter_rows(())["Options"]]
        sections = {"Options": options, **{heading: list(verbs.items()) for heading, verbs in VERBS.items()}}
        return help_text(self.text, f"{path} [OPTIONS] COMMAND [ARGS]...", sections, self.epilog)


def verb(*, epilog: str = "") -> Callable[[Callable[..., int | None]], Verb]:
    """Make a function a verb of the program itself."""
    return lambda function: Verb(function, epilog=epilog)
