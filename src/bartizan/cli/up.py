"""`bartizan up`: the whole platform on this machine, one command."""

from pathlib import Path
from typing import Annotated

from bartizan.cli.group import verb
from bartizan.cli.parameters import Option


@verb(
    epilog="""
    Examples:
      $ bartizan up
      $ bartizan up --feeds /mnt/usb/feeds           advisories from a folder, without a network
      $ sudo bartizan up --data /var/lib/bartizan    sees what only root may read

    Stop it with ctrl-C; everything is kept, and the next `bartizan up` goes on from there.
    """,
)
def up(
    data: Annotated[
        Path | None, Option(metavar="DIR", help="Data folder; by default $BARTIZAN_DATA or below XDG's.")
    ] = None,
    feeds: Annotated[
        Path | None,
        Option(metavar="DIR", help="Import advisories from here; by default from the official sources."),
    ] = None,
    host: Annotated[str, Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, Option(least=1, most=65535, help="Where to listen.")] = 8480,
    database: Annotated[
        str | None,
        Option(metavar="URL", envvar="BARTIZAN_DATABASE", help="postgresql://...; by default SQLite."),
    ] = None,
    policies: Annotated[
        list[Path] | None, Option(metavar="DIR", help="A folder of your own policies, beside the built-in ones.")
    ] = None,
    malware_rules: Annotated[
        list[Path] | None,
        Option(metavar="DIR", help="A folder of your own rules for malware, beside the built-in ones."),
    ] = None,
    licence_policy: Annotated[
        Path | None, Option(metavar="FILE", help="What licences are allowed, instead of the built-in policy.")
    ] = None,
    agent: Annotated[bool, Option("--agent/--no-agent", help="Assess this machine, or not.")] = True,
) -> int:
    """Make the data folder and an administrator, start the server, enrol this machine, import advisories.

    The administrator's password is shown once, when it is made. Findings appear in the browser as they come.
    """
    from bartizan.cli.data_folder import data_folder
    from bartizan.cli.platform import start
    from bartizan.server.settings import Settings

    settings = Settings(
        data_dir=(data or data_folder()).absolute(),
        database_url=database or "",
        host=host,
        port=port,
        policy_folders=tuple(policies or ()),
        malware_folders=tuple(malware_rules or ()),
        licence_policy=licence_policy,
        feeds_dir=feeds.absolute() if feeds else None,
    )
    return start(settings, with_agent=agent)
