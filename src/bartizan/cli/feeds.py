"""`bartizan feeds`: the advisories that packages are judged by."""

from pathlib import Path
from typing import Annotated

from bartizan.cli.group import Group
from bartizan.cli.parameters import Argument, Option

feeds = Group("Import, fetch and look up advisories.")

Into = Annotated[
    Path | None,
    Option("--data", metavar="DIR", help="Data folder; by default $BARTIZAN_DATA, else below your XDG data home."),
]


@feeds.verb(
    "import",
    epilog="""
    Examples:
      $ bartizan feeds import /mnt/usb/feeds        a copy carried to a machine without a network
      $ bartizan feeds import feeds --keep-going    although one of its files is damaged
    """,
)
def import_(
    folder: Annotated[Path, Argument(metavar="DIR", help="Holds osv/<Ecosystem>/all.zip, kev/ and epss/.")],
    data: Into = None,
    keep_going: Annotated[
        bool, Option("--keep-going", help="Leave damaged files out; their ecosystems then count as not covered.")
    ] = False,
) -> int:
    """Compile a folder of feeds into the advisory file, which takes the old one's place when it is whole."""
    from bartizan.cli.knowledge import compile_into

    return compile_into(folder, data, keep_going=keep_going)


@feeds.verb(
    epilog="""
    Examples:
      $ bartizan feeds sync
      $ bartizan feeds sync --mirror https://mirror.example/feeds
      $ bartizan feeds sync --ecosystem Debian --ecosystem PyPI

    Behind a proxy: set HTTPS_PROXY, as for any other program.
    """,
)
def sync(
    data: Into = None,
    mirror: Annotated[
        str | None, Option(metavar="URL", help="Fetch from a copy of the feeds folder instead of the sources.")
    ] = None,
    ecosystem: Annotated[
        list[str] | None, Option(metavar="NAME", help="Only these; by default all that can be judged.")
    ] = None,
) -> int:
    """Fetch what changed (osv.dev, CISA KEV, FIRST EPSS) and compile it into the advisory file."""
    from bartizan.cli.knowledge import fetch_and_compile

    return fetch_and_compile(data, mirror, ecosystem or [])


@feeds.verb()
def status(
    data: Into = None,
    as_json: Annotated[bool, Option("--json", help="Write JSON.")] = False,
) -> int:
    """What is known, how old it is, and for which ecosystems."""
    from bartizan.cli.knowledge import show_status

    return show_status(data, as_json=as_json)


@feeds.verb(
    epilog="""
    Examples:
      $ bartizan feeds show CVE-2024-6387
      $ bartizan feeds show GHSA-jfh8-c2jp-5v3q --json
    """,
)
def show(
    id_: Annotated[str, Argument(metavar="ID", help="A CVE, or any other id of an advisory.")],
    data: Into = None,
    as_json: Annotated[bool, Option("--json", help="Write JSON.")] = False,
) -> int:
    """What the advisory file says about one vulnerability: severity, exploitation, and who is affected."""
    from bartizan.cli.knowledge import show_advisory

    return show_advisory(id_, data, as_json=as_json)
