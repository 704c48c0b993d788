"""Groups of verbs whose modules are imported only when a verb of theirs is run, and the house style of help texts."""

import inspect
import os
import re
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any, TextIO

import typer
from typer.core import TyperCommand, TyperGroup

from bartizan.cli.failure import ExitCode

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
"""Heading to verb to what it does; the module of a verb is `bartizan.cli.<verb>` with a Typer named `app`."""

_HEADING = re.compile(r"^(Usage|[A-Z][a-z]+):", re.MULTILINE)


class _HouseStyle:
    """Help texts: what it is, how it is called, what it takes, examples. Headings are bold on a terminal."""

    epilog: str | None

    def get_help(self, ctx: Any) -> str:
        text: str = super().get_help(ctx)  # type: ignore[misc]
        return _HEADING.sub("\\033[1m\\g<0>\\033[0m", text) if wants_colour(sys.stdout) else text

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write_text(inspect.cleandoc(self.help or ""))  # type: ignore[attr-defined]
        formatter.write_paragraph()
        self.format_usage(ctx, formatter)  # type: ignore[attr-defined]
        self.format_options(ctx, formatter)  # type: ignore[attr-defined]
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(inspect.cleandoc(self.epilog) + "\n")


class Verb(_HouseStyle, TyperCommand):
    """One verb."""


class Group(_HouseStyle, TyperGroup):
    """Verbs below a verb: `scan host`. Without a verb it shows what there is."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit(ExitCode.USAGE)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, _first_sentence(each.help or "")) for name, each in commands if each and not each.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _first_sentence(text: str) -> str:
    """Whole, on as many lines as it takes: typer's own summary ends in the middle of a word."""
    paragraph = " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".")


class LazyGroup(Group):
    """The top: its verbs are named in VERBS and imported when they are run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for verbs in VERBS.values() for name in verbs]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = typer.main.get_command(import_module(f"bartizan.cli.{cmd_name}").app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            ctx.fail(f"there is no verb {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, verbs in VERBS.items():
            with formatter.section(heading):
                formatter.write_dl(list(verbs.items()))


def verbs(text: str, *, cls: type[Group] = Group, examples: str = "") -> typer.Typer:
    """A Typer for verbs below a verb."""
    return typer.Typer(
        cls=cls,
        help=text,
        epilog=examples or None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def wants_colour(stream: TextIO) -> bool:
    """Whether escape sequences belong there: a terminal, and no NO_COLOR (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
