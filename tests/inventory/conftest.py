"""Every test that asks for `store` runs on SQLite and on PostgreSQL."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, make_url

from bartizan.inventory.store import Store
from inventory.postgres_server import NoPostgres, running_postgres
from inventory.simulated import Estate


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    store = Store.open(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server for the session, with a migrated database called `empty`."""
    try:
        with running_postgres() as url:
            create_database(url, "empty")
            store = Store.open(database_url(url, "empty"))
            store.migrate()
            store.close()
            yield url
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Names for databases."""
    return itertools.count(1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.component)])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path, numbers: Iterator[int]
) -> Iterator[Store]:
    """A migrated, empty store."""
    if request.param == "sqlite":
        path = tmp_path / "bartizan.db"
        shutil.copy(migrated_sqlite, path)
        opened = Store.open(f"sqlite:///{path}")
    else:
        server = request.getfixturevalue("postgres_server")
        name = f"test{next(numbers)}"
        create_database(server, name, template="empty")
        opened = Store.open(database_url(server, name))
    yield opened
    opened.close()


@pytest.fixture
def estate(store: Store) -> Estate:
    """An organisation in an empty store."""
    return Estate(store)


class Written:
    """Rows that were inserted, updated or deleted."""

    rows = 0


@contextmanager
def counting_writes(store: Store) -> Iterator[Written]:
    """Counts rows written within."""
    written = Written()

    def executed(_conn: Connection, cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.rows += max(getattr(cursor, "rowcount", 0), 0)

    event.listen(store.engine, "after_cursor_execute", executed)
    try:
        yield written
    finally:
        event.remove(store.engine, "after_cursor_execute", executed)


def database_url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def create_database(server: str, name: str, template: str = "template1") -> None:
    admin = Store.open(server)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    admin.close()
