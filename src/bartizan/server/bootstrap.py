"""What a new installation needs before anybody can sign in: schema, organisation, administrator, the local agent's key.

Each function may be called again; what is there already is left alone.
"""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from bartizan.inventory import audit
from bartizan.inventory.accounts import (
    create_activation_key,
    create_organisation,
    create_user,
    get_organisation,
    list_activation_keys,
    list_users,
    revoke_activation_key,
    set_password,
)
from bartizan.inventory.errors import NotFound
from bartizan.inventory.store import Store
from bartizan.server.settings import Settings, prepare

ORGANISATION = "default"
ADMINISTRATOR = "admin"
LOCAL_KEY = "this host"
_WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """What was found or made."""

    username: str
    password: str | None
    """Of the administrator, where one was just made; it is told nowhere else and never again."""


def bootstrap(settings: Settings, *, organisation: str = "My organisation") -> Bootstrap:
    """Schema, organisation and administrator."""
    prepare(settings)
    store = Store.open(settings.store_url)
    try:
        store.migrate()
        with store.begin() as conn:
            return _administrator(conn, _organisation(conn, organisation))
    finally:
        store.close()


def new_password(settings: Settings, username: str = ADMINISTRATOR) -> str:
    """A fresh password for somebody who lost theirs; every session of theirs ends."""
    store = Store.open(settings.store_url)
    try:
        with store.begin() as conn:
            org = get_organisation(conn, ORGANISATION).id
            password = generate_password()
            set_password(conn, org, username, password)
            audit.write(
                conn, org, actor="command line", action="user.password", subject=username, now=datetime.now(UTC)
            )
    finally:
        store.close()
    return password


def local_activation_key(settings: Settings) -> Path:
    """A file (mode 0600) with an activation key for one enrolment from this machine; a key made before is revoked."""
    now = datetime.now(UTC)
    store = Store.open(settings.store_url)
    try:
        with store.begin() as conn:
            org = get_organisation(conn, ORGANISATION).id
            for key in list_activation_keys(conn, org):
                if key.name == LOCAL_KEY and not key.revoked:
                    revoke_activation_key(conn, org, key.id, now)
            secret, made = create_activation_key(conn, org, LOCAL_KEY, created_by="command line", now=now, max_uses=1)
            audit.write(conn, org, actor="command line", action="activation-key.create", subject=str(made.id), now=now)
    finally:
        store.close()
    settings.agent_state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.agent_state / "activation.key"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    return path


def agent_is_enrolled(settings: Settings) -> bool:
    """Whether the local agent has a credential already."""
    return (settings.agent_state / "credential.json").is_file()


def generate_password() -> str:
    """Four groups of five letters and digits that are not mistaken for one another: 99 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(_WORDS))


def _organisation(conn: Connection, name: str) -> int:
    try:
        return get_organisation(conn, ORGANISATION).id
    except NotFound:
        return create_organisation(conn, ORGANISATION, name, datetime.now(UTC)).id


def _administrator(conn: Connection, org: int) -> Bootstrap:
    for user in list_users(conn, org):
        if user.role == "admin" and not user.disabled:
            return Bootstrap(username=user.username, password=None)
    now = datetime.now(UTC)
    password = generate_password()
    create_user(conn, org, ADMINISTRATOR, password, "admin", now)
    audit.write(conn, org, actor="command line", action="user.create", subject=ADMINISTRATOR, now=now)
    return Bootstrap(username=ADMINISTRATOR, password=password)
