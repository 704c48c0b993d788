"""`bartizan db`: the store's schema and its backups."""

from pathlib import Path
from typing import Annotated

from bartizan.cli.group import Group
from bartizan.cli.parameters import Argument, Option

db = Group("Migrate, back up and verify the store.")

Url = Annotated[
    str | None,
    Option(
        "--database",
        metavar="URL",
        envvar="BARTIZAN_DATABASE",
        help="postgresql://user@host/name; by default SQLite in the data folder.",
    ),
]
Data = Annotated[
    Path | None, Option("--data", metavar="DIR", help="Data folder; by default $BARTIZAN_DATA or below XDG's.")
]


@db.verb()
def migrate(data: Data = None, database: Url = None) -> int:
    """Bring the schema up to date, in one transaction; a newer schema is left alone."""
    from bartizan.cli.store import migrate as run

    return run(data, database)


@db.verb()
def status(data: Data = None, database: Url = None) -> int:
    """Where the store is, its schema, its size and what it holds."""
    from bartizan.cli.store import show_status

    return show_status(data, database)


@db.verb(
    epilog="""
    Examples:
      $ bartizan db backup /backups/bartizan-$(date +%F).db

    PostgreSQL has its own: pg_dump --format=custom. Keep the folder `keys` of the data folder with either.
    """,
)
def backup(
    file: Annotated[Path, Argument(metavar="FILE", help="Where to; must not exist.")],
    data: Data = None,
    database: Url = None,
) -> int:
    """Copy a SQLite store to a file, consistently, while the server runs."""
    from bartizan.cli.store import backup as run

    return run(file, data, database)


@db.verb()
def verify(data: Data = None, database: Url = None) -> int:
    """Check the database, every stored section against its digest, and the audit log's chain."""
    from bartizan.cli.store import verify as run

    return run(data, database)
