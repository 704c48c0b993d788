"""What `bartizan db` does."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from bartizan.cli.data_folder import data_folder
from bartizan.cli.failure import ExitCode, Failure, told_by
from bartizan.cli.terminal import say, tell, working
from bartizan.inventory.audit import verify as verify_audit
from bartizan.inventory.blobs import unpack
from bartizan.inventory.errors import InventoryError, SchemaMissing, StoreError
from bartizan.inventory.migrations.upgrade import newest
from bartizan.inventory.schema import METADATA
from bartizan.inventory.store import Store
from bartizan.model.wire import digest

COUNTED = ("organisation", "asset", "section", "finding", "assessment", "audit")


def database_file(data: Path | None) -> Path:
    return (data or data_folder()).absolute() / "bartizan.db"


@contextmanager
def opened(data: Path | None, database: str | None, *, new: bool = False) -> Iterator[Store]:
    """The store; its own words where it cannot be used."""
    path = database_file(data)
    if not database and not new and not path.exists():
        raise Failure(
            f"there is no store {path}",
            remedy="Start the server once (bartizan up), or name another folder with --data.",
            code=ExitCode.USAGE,
        )
    try:
        if new and not database:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = Store.open(database or f"sqlite:///{path}")
    except (StoreError, OSError) as error:
        raise told_by(error, code=ExitCode.USAGE) from error
    try:
        yield store
    except InventoryError as error:
        raise told_by(error) from error
    finally:
        store.close()


def migrate(data: Path | None, database: str | None) -> int:
    with opened(data, database, new=True) as store:
        before = _revision(store)
        store.migrate()
        after = _revision(store)
    tell(f"{store.url}: schema {after}" + (", was there already" if before == after else f", was {before}"))
    return ExitCode.CLEAN


def _revision(store: Store) -> str:
    from alembic.migration import MigrationContext

    with store.read() as conn:
        return MigrationContext.configure(conn).get_current_revision() or "none"


def show_status(data: Path | None, database: str | None) -> int:
    with opened(data, database) as store:
        found, known = _revision(store), newest()
        tell(store.url)
        tell(f"  {'schema':<14}{found}" + ("" if found == known else f" (this program knows {known})"))
        tell(f"  {'size':<14}{store.size() / 1e6:.1f} MB")
        try:
            store.check_schema()
        except SchemaMissing as error:
            raise told_by(error) from error
        with store.read() as conn:
            for name in COUNTED:
                if name in METADATA.tables:
                    number = conn.execute(select(func.count()).select_from(METADATA.tables[name])).scalar_one()
                    tell(f"  {name:<14}{number:,}")
    return ExitCode.CLEAN


def backup(file: Path, data: Path | None, database: str | None) -> int:
    """SQLite's online backup: pages are copied while others write, and the copy is checked before it gets its name."""
    if database and not database.startswith("sqlite"):
        raise Failure(
            "this copies SQLite stores only",
            remedy="PostgreSQL brings its own: pg_dump --format=custom --file=FILE URL",
            code=ExitCode.USAGE,
        )
    source = Path(database.removeprefix("sqlite:///")) if database else database_file(data)
    if not source.exists():
        raise Failure(f"there is no store {source}", remedy="Name its folder with --data.", code=ExitCode.USAGE)
    if file.exists():
        raise Failure(f"{file} exists", remedy="Name a new file; a backup never overwrites.", code=ExitCode.USAGE)
    fresh = file.with_name(f".{file.name}.part")
    try:
        with (
            working(f"Copying {source}"),
            closing(_read_only(source)) as store,
            closing(sqlite3.connect(fresh)) as copy,
        ):
            store.backup(copy, pages=4096)
            problem = copy.execute("PRAGMA quick_check").fetchone()[0]
        if problem != "ok":
            raise Failure(f"the copy of {source} is damaged: {problem}", remedy="Check the store: bartizan db verify")
        fresh.chmod(0o600)
        fresh.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise Failure(f"cannot copy {source} to {file}: {error}", meaning="The store is untouched.") from error
    finally:
        fresh.unlink(missing_ok=True)
    tell(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
    say(f"Keep {source.parent / 'keys'} with it: sensors' credentials derive from it.")
    return ExitCode.CLEAN


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def verify(data: Path | None, database: str | None) -> int:
    """Every check runs; each finding is a line."""
    with opened(data, database) as store:
        store.check_schema()
        with working("Verifying"), store.read() as conn:
            wrong = [*_database(conn, store), *_sections(conn), *_audit(conn)]
    for line in wrong:
        say(f"error: {line}")
    if wrong:
        raise Failure(
            f"{store.url}: {len(wrong)} problems",
            meaning="What the store says can no longer be trusted as a whole.",
            remedy="Restore the latest backup that verifies: bartizan db verify --data FOLDER",
        )
    tell(f"{store.url}: the database, its sections and the audit log are whole")
    return ExitCode.CLEAN


def _database(conn: Connection, store: Store) -> Iterator[str]:
    if store.is_sqlite:
        for (line,) in conn.execute(text("PRAGMA integrity_check")):
            if line != "ok":
                yield line
        for table, row, parent, _ in conn.execute(text("PRAGMA foreign_key_check")):
            yield f"{table} row {row} refers to a row of {parent} that does not exist"


def _sections(conn: Connection) -> Iterator[str]:
    section = METADATA.tables["section"]
    query = select(section.c.id, section.c.digest, section.c.body).execution_options(yield_per=100)
    for id_, wanted, body in conn.execute(query):
        try:
            found = digest(unpack(body))
        except InventoryError as error:
            yield f"section {id_}: {error}"
            continue
        if found != wanted:
            yield f"section {id_} has digest {found}, recorded as {wanted}"


def _audit(conn: Connection) -> Iterator[str]:
    organisation = METADATA.tables["organisation"]
    for id_, key in conn.execute(select(organisation.c.id, organisation.c.key)).all():
        result = verify_audit(conn, id_)
        if result.broken_at is not None:
            yield f"audit log of {key}, entry {result.broken_at}: {result.reason}"
