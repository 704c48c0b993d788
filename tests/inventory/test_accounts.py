"""Users, sessions, tokens, activation keys, sensors, the audit log and idempotency keys."""

import pytest
from sqlalchemy import select, update

from bartizan.inventory import accounts, audit
from bartizan.inventory.errors import BadInput, Conflict, NotAllowed, NotFound
from bartizan.inventory.idempotency import Answer, forget_old, recall, remember
from bartizan.inventory.knowledge import get_knowledge, put_knowledge
from bartizan.inventory.moments import DAY
from bartizan.inventory.paging import Paging
from bartizan.inventory.schema import accounts as tables
from inventory.simulated import START, Estate

PASSWORD = "correct horse battery"


def test_signing_in_and_out(estate: Estate) -> None:
    with estate.store.begin() as conn:
        user = accounts.create_user(conn, estate.org, "ann", PASSWORD, "analyst", START)
        assert accounts.authenticate(conn, "ann", "wrong password", START) is None
        assert accounts.authenticate(conn, "nobody", PASSWORD, START) is None
        assert accounts.authenticate(conn, "ann", PASSWORD, START) is not None
        token, session = accounts.open_session(conn, user.id, START)
        assert (session.username, session.organisation, session.role) == ("ann", "Main", "analyst")
        assert accounts.find_session(conn, token, START + 1) == session
        assert accounts.find_session(conn, token, START + DAY) is None
        assert accounts.find_session(conn, token + "x", START) is None
        accounts.close_session(conn, token)
        assert accounts.find_session(conn, token, START) is None


def test_passwords_and_tokens_are_not_in_the_database(estate: Estate) -> None:
    with estate.store.begin() as conn:
        user = accounts.create_user(conn, estate.org, "ann", PASSWORD, "admin", START)
        token, _ = accounts.open_session(conn, user.id, START)
        secret, _ = accounts.create_token(conn, estate.org, "ci", ["read"], created_by="ann", now=START)
        key, _ = accounts.create_activation_key(conn, estate.org, "k", created_by="ann", now=START)
        rows = [
            str(tuple(row))
            for table in (tables.user_account, tables.session, tables.api_token, tables.activation_key)
            for row in conn.execute(select(table))
        ]
    assert rows[0].count("$argon2id$") == 1
    assert not any(hidden in row for row in rows for hidden in (PASSWORD, token, secret, key))


def test_guessing_makes_the_account_wait(estate: Estate) -> None:
    with estate.store.begin() as conn:
        accounts.create_user(conn, estate.org, "ann", PASSWORD, "reader", START)
        for _ in range(5):
            assert accounts.authenticate(conn, "ann", "guess", START) is None
        assert accounts.authenticate(conn, "ann", PASSWORD, START) is None
        assert accounts.authenticate(conn, "ann", PASSWORD, START + 31_000) is not None


def test_a_new_password_and_a_disabled_user_end_sessions(estate: Estate) -> None:
    with estate.store.begin() as conn:
        user = accounts.create_user(conn, estate.org, "ann", PASSWORD, "reader", START)
        token, _ = accounts.open_session(conn, user.id, START)
        accounts.set_password(conn, estate.org, "ann", "another long password")
        assert accounts.find_session(conn, token, START) is None
        assert accounts.authenticate(conn, "ann", PASSWORD, START) is None
        token, _ = accounts.open_session(conn, user.id, START)
        accounts.disable_user(conn, estate.org, "ann")
        assert accounts.find_session(conn, token, START) is None
        assert accounts.authenticate(conn, "ann", "another long password", START) is None


def test_users_that_cannot_be(estate: Estate) -> None:
    with estate.store.begin() as conn:
        accounts.create_user(conn, estate.org, "ann", PASSWORD, "reader", START)
        with pytest.raises(Conflict):
            accounts.create_user(conn, estate.org, "ann", PASSWORD, "reader", START)
        for name, password, role in (("bob", "short", "reader"), ("bob", PASSWORD, "king"), ("", PASSWORD, "reader")):
            with pytest.raises(BadInput):
                accounts.create_user(conn, estate.org, name, password, role, START)


def test_api_tokens(estate: Estate) -> None:
    with estate.store.begin() as conn:
        secret, token = accounts.create_token(
            conn, estate.org, "ci", ["write", "read"], created_by="ann", now=START, expires_at=START + DAY
        )
        assert secret.startswith("brt_")
        assert token.scopes == ("read", "write")
        assert accounts.find_token(conn, secret, START) == token
        assert accounts.find_token(conn, secret, START + DAY) is None
        accounts.revoke_token(conn, estate.org, token.id, START)
        assert accounts.find_token(conn, secret, START) is None
        with pytest.raises(NotFound):
            accounts.revoke_token(conn, estate.org, token.id, START)
        with pytest.raises(BadInput):
            accounts.create_token(conn, estate.org, "ci", [], created_by="ann", now=START)


def test_sensors_enrol_as_often_as_their_key_allows(estate: Estate) -> None:
    with estate.store.begin() as conn:
        secret, key = accounts.create_activation_key(
            conn, estate.org, "web", created_by="ann", now=START, expires_at=START + DAY, max_uses=1
        )
        sensor = accounts.enrol_sensor(conn, secret, kind="agent", name="web-1", version="1", now=START)
        assert (sensor.org_id, sensor.last_seen) == (estate.org, None)
        with pytest.raises(NotAllowed, match="unknown, expired, revoked or used up"):
            accounts.enrol_sensor(conn, secret, kind="agent", name="web-2", version="1", now=START)
        accounts.sensor_seen(conn, sensor.id, START, version="2")
        assert accounts.get_sensor(conn, sensor.id).version == "2"
        accounts.revoke_sensor(conn, estate.org, sensor.id, START)
        assert accounts.get_sensor(conn, sensor.id).revoked
        assert accounts.list_activation_keys(conn, estate.org)[0].uses == 1
        accounts.revoke_activation_key(conn, estate.org, key.id, START)


def test_the_audit_log_is_a_chain(estate: Estate) -> None:
    with estate.store.begin() as conn:
        for number in range(5):
            audit.write(conn, estate.org, actor="ann", action="token.create", subject=str(number), now=START + number)
        whole = audit.verify(conn, estate.org)
        assert (whole.entries, whole.broken_at) == (5, None)
        page = audit.list_entries(conn, estate.org, Paging(limit=2))
        assert [entry.sequence for entry in page.items] == [5, 4]
        assert page.items[0].digest == whole.head
        following = audit.list_entries(conn, estate.org, Paging(limit=10, cursor=page.next))
        assert [entry.sequence for entry in following.items] == [3, 2, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (update(tables.audit).where(tables.audit.c.sequence == 3).values(subject="other"), "was changed"),
        (update(tables.audit).where(tables.audit.c.sequence == 3).values(previous="0"), "does not follow"),
        (tables.audit.delete().where(tables.audit.c.sequence == 3), "missing"),
    ],
)
def test_tampering_with_the_audit_log_shows(estate: Estate, change: object, told: str) -> None:
    with estate.store.begin() as conn:
        for number in range(5):
            audit.write(conn, estate.org, actor="ann", action="a", subject=str(number), now=START)
        conn.execute(change)  # type: ignore[call-overload]
        found = audit.verify(conn, estate.org)
    assert found.broken_at == 3
    assert told in found.reason


def test_a_request_that_comes_twice_is_answered_once(estate: Estate) -> None:
    with estate.store.begin() as conn:
        assert recall(conn, estate.org, "k", "body-1") is None
        remember(conn, estate.org, "k", "body-1", Answer(status=201, body=b"{}"), START)
        assert recall(conn, estate.org, "k", "body-1") == Answer(status=201, body=b"{}")
        with pytest.raises(Conflict, match="used for another request"):
            recall(conn, estate.org, "k", "body-2")
        assert forget_old(conn, START + 2 * DAY) == 1


def test_knowledge_is_noted_once_per_file(estate: Estate) -> None:
    feeds = [{"source": "osv/Debian", "records": 3, "newest": None}]
    with estate.store.begin() as conn:
        assert get_knowledge(conn) is None
        put_knowledge(conn, "f1", newest="2026-11-01T00:00:00Z", feeds=feeds, now=START)
        put_knowledge(conn, "f1", newest="2026-11-01T00:00:00Z", feeds=feeds, now=START + DAY)
        known = get_knowledge(conn)
    assert known is not None
    assert (known.file_id, known.feeds, known.imported_at[:10]) == ("f1", feeds, "2026-11-18")
