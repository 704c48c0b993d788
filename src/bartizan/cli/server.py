"""`bartizan server`: the server alone, for a service manager."""

from pathlib import Path
from typing import Annotated

from bartizan.cli.group import Group
from bartizan.cli.parameters import Argument, Option

server = Group(
    "Run the server alone, for a service manager.",
    epilog="""
    Examples:
      $ bartizan server setup --data /var/lib/bartizan
      $ bartizan server run --data /var/lib/bartizan --public-url https://bartizan.example

    Logs are JSON lines on standard error. Behind a proxy, tell the address that browsers use with --public-url.
    """,
)

Data = Annotated[
    Path | None, Option("--data", metavar="DIR", help="Data folder; by default $BARTIZAN_DATA or below XDG's.")
]
Url = Annotated[
    str | None,
    Option("--database", metavar="URL", envvar="BARTIZAN_DATABASE", help="postgresql://...; by default SQLite."),
]


@server.verb()
def run(
    data: Data = None,
    database: Url = None,
    host: Annotated[str, Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, Option(least=1, most=65535, help="Where to listen.")] = 8480,
    public_url: Annotated[str, Option(metavar="URL", help="How browsers reach it, behind a proxy.")] = "",
    tls_certificate: Annotated[Path | None, Option(metavar="FILE", help="PEM, with its chain.")] = None,
    tls_key: Annotated[Path | None, Option(metavar="FILE", help="PEM.")] = None,
    feeds: Annotated[
        Path | None, Option(metavar="DIR", help="Take advisories from here, not from the official sources.")
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
) -> int:
    """Serve until SIGTERM or SIGINT, which both finish what was asked and leave with code 0."""
    from bartizan.cli.data_folder import data_folder
    from bartizan.cli.platform import serve
    from bartizan.server.settings import Settings

    return serve(
        Settings(
            data_dir=(data or data_folder()).absolute(),
            database_url=database or "",
            host=host,
            port=port,
            public_url=public_url,
            tls_certificate=tls_certificate,
            tls_key=tls_key,
            policy_folders=tuple(policies or ()),
            malware_folders=tuple(malware_rules or ()),
            licence_policy=licence_policy,
            feeds_dir=feeds.absolute() if feeds else None,
        )
    )


@server.verb()
def setup(data: Data = None, database: Url = None) -> int:
    """Make the data folder, the schema and an administrator whose password is shown once. Safe to repeat."""
    from bartizan.cli.platform import set_up

    return set_up(data, database)


@server.verb()
def password(
    username: Annotated[str, Argument(help="Whose.")] = "admin", data: Data = None, database: Url = None
) -> int:
    """Give somebody a new password, shown once; every session of theirs ends."""
    from bartizan.cli.platform import reset_password

    return reset_password(username, data, database)
