"""Opening, migrating and using the database; what is said when that cannot be done."""

import os
import re
import sqlite3
import tempfile
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from bartizan.inventory.accounts import create_organisation, create_user
from bartizan.inventory.blobs import pack
from bartizan.inventory.errors import NotADatabase, SchemaMissing, SchemaTooNew, StoreError, StoreNotWritable
from bartizan.inventory.migrations.upgrade import configuration, newest
from bartizan.inventory.schema import METADATA, estate, judgement
from bartizan.inventory.store import Store
from inventory.conftest import create_database, database_url

NOW = 1_795_000_000_000


def test_migrations_build_exactly_the_schema_that_the_program_uses(store: Store) -> None:
    with store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    store.migrate()
    store.check_schema()


def test_a_newer_schema_is_left_alone_and_told(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (store.migrate, store.check_schema):
        with pytest.raises(SchemaTooNew, match=r"schema 9999.*up to.*Install the newer release"):
            attempt()
    with store.read() as conn:
        assert conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_an_empty_database_is_told_to_migrate(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(SchemaMissing, match=rf"schema none, needed {newest()}.*bartizan db migrate"):
        store.check_schema()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "bartizan.db"
    path.write_bytes(b"this is a letter to my aunt" * 100)
    with pytest.raises(NotADatabase, match=r"bartizan\.db: file is not a database.*restore it from a backup"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreNotWritable, match=r"nowhere: no such folder\. Create it"):
        Store.open(f"sqlite:///{tmp_path}/nowhere/bartizan.db")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(NotADatabase, match="is a folder"):
        Store.open(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    ("mode", "told"), [(0o555, "is not writable for user id"), (0o700, "cannot be reached by user id|not writable")]
)
def test_a_folder_that_cannot_be_written(mode: int, told: str) -> None:
    """Seen by a user of no rights, since root may write anywhere."""
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(mode)
        said = _said_to_nobody(f"sqlite:///{folder}/bartizan.db")
        assert re.search(told, said), said
        assert "Change " in said
        assert list(folder.iterdir()) == []
    finally:
        folder.chmod(0o700)
        folder.rmdir()


def _said_to_nobody(url: str) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            Store.open(url)
            os.write(writing, b"nothing")
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode()


@pytest.mark.parametrize("url", ["not a url", "mysql://root@localhost/db", "nonsense://x"])
def test_urls_of_other_databases(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite"):
        Store.open(url)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(StoreError) as raised:
        Store.open("postgresql://user:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in str(raised.value)
    assert "Is the database server up" in str(raised.value)


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as conn:
        create_organisation(conn, "half", "Half", NOW)
        raise ZeroDivisionError
    with store.read() as conn:
        assert conn.execute(select(estate.organisation)).all() == []


def test_references_are_enforced(store: Store) -> None:
    with pytest.raises(IntegrityError), store.begin() as conn:
        create_user(conn, 4711, "nobody", None, "reader", NOW)


def test_readers_keep_their_view_while_somebody_writes(store: Store) -> None:
    count = select(estate.organisation.c.key)
    with store.read() as reader:
        assert reader.execute(count).all() == []
        with store.begin() as writer:
            create_organisation(writer, "main", "Main", NOW)
        assert reader.execute(count).all() == []
    with store.read() as reader:
        assert len(reader.execute(count).all()) == 1


def test_sqlite_is_set_up_to_be_safe(tmp_path: Path) -> None:
    path = tmp_path / "bartizan.db"
    store = Store.open(f"sqlite:///{path}")
    store.migrate()
    with store.read() as conn:
        pragmas = {name: conn.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("foreign_keys", "journal_mode")}
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal"}
    assert store.size() > 0
    store.close()
    plain = sqlite3.connect(path)
    assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()


def test_a_database_of_the_release_before_is_brought_up_to_date_with_its_data(
    request: pytest.FixtureRequest, store: Store
) -> None:
    """Revision 0002 as it was released, with an image's finding and a decision in it."""
    url = _fresh(request, store)
    old = Store.open(url)
    with old.begin() as conn:
        command.upgrade(configuration(conn), "0002")
        body = pack({"evidence": {"origin": ORIGIN}, "fix_text": "", "layer": ORIGIN["layer"]})
        conn.execute(text("INSERT INTO organisation (id, key, name, created_at) VALUES (1, 'main', 'Main', 0)"))
        conn.execute(
            text(
                "INSERT INTO finding_key (id, org_id, kind, rule, locator) VALUES (1, 1, 'vulnerability', 'CVE-1', '')"
            )
        )
        conn.execute(
            text(
                "INSERT INTO finding_detail (id, org_id, key_id, digest, kind, rule, severity, score, unknown, title,"
                " package, installed, fix_state, fix_version, kev, body)"
                " VALUES (1, 1, 1, 'd', 'vulnerability', 'CVE-1', 4, 70, false, 't',"
                " 'bash', '5', 'fixed', '6', false, :b)"
            ),
            {"b": body},
        )
        conn.execute(
            text(
                "INSERT INTO decision (id, org_id, verdict, rule, reason, requested_by,"
                " created_at, expires_when_fixable)"
                " VALUES (1, 1, 'accepted', 'CVE-1', 'r', 'ann', 0, false)"
            )
        )
        for statement in (
            "INSERT INTO asset (id, org_id, kind, key, name, first_seen) VALUES (1, 1, 'host', 'k', 'a', 0)",
            "INSERT INTO finding_set (id, org_id, digest, keys_digest, size) VALUES (3, 1, 's', 'k', 0)",
            "INSERT INTO assessment (id, org_id, assessor, input_digest, sections, blind, unread, knowledge, set_id)"
            " VALUES (2, 1, 'policy', 'i', '', false, '', 'k', 3)",
            "INSERT INTO asset_assessment (asset_id, source, assessor, org_id, assessment_id, dirty, gone)"
            " VALUES (1, 'agent', 'policy', 1, 2, false, false), (1, 'agent', 'secret', 1, 2, true, false)",
        ):
            conn.execute(text(statement))
    old.migrate()
    old.check_schema()
    with old.read() as conn:
        link = judgement.asset_assessment
        attached = select(link.c.assessor, link.c.attached_id, link.c.attached_set_id).order_by(link.c.assessor)
        assert [tuple(row) for row in conn.execute(attached)] == [("policy", 2, 3), ("secret", None, None)]
        detail = conn.execute(select(judgement.finding_detail)).one()
        decision = conn.execute(select(judgement.decision)).one()
    assert (detail.layer, detail.part, detail.origin, detail.base) == ("sha256:aa", "base", "operating-system", "")
    assert (decision.rule, decision.query, decision.scoped) == ("CVE-1", None, False)
    old.close()


ORIGIN = {"layer": "sha256:aa", "index": 0, "step": "ADD", "part": "base", "kind": "operating-system"}


def _fresh(request: pytest.FixtureRequest, store: Store) -> str:
    """URL of an empty database of the same kind as the store."""
    if store.is_sqlite:
        return f"sqlite:///{request.getfixturevalue('tmp_path')}/old.db"
    server = request.getfixturevalue("postgres_server")
    name = f"old{next(request.getfixturevalue('numbers'))}"
    create_database(server, name)
    return database_url(server, name)
