"""What each endpoint asks of its caller. Every handler names one of these; one that names none answers nobody.

A person acts with the role of the account; a token acts with its scopes, which the role of its maker allowed. What
has no scope needs a person: a token can make no tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Role = Literal["reader", "analyst", "admin"]
ROLES: tuple[str, ...] = get_args(Role)
"""From least to most."""

SCOPES: Mapping[str, Role] = {
    "read": "reader",
    "metrics": "reader",
    "triage": "analyst",
    "jobs": "analyst",
    "ingest": "analyst",
    "feeds": "admin",
    "sensors": "admin",
    "audit": "admin",
}
"""Scopes of API tokens, with the role that may hand them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may call."""

    role: Role | None
    """The least role of a person; None: anybody, without signing in."""
    scope: str | None = None
    """The scope that a token needs; None: tokens may not."""
    signed: bool = False
    """By sensors, whose requests are signed; the endpoint itself looks at the signature."""


def _opt(access: Access) -> dict[str, Any]:
    return {"access": access}


PUBLIC = _opt(Access(role=None))
SENSOR = _opt(Access(role=None, signed=True))
SIGNED_IN = _opt(Access(role="reader"))
READ = _opt(Access(role="reader", scope="read"))
TRIAGE = _opt(Access(role="analyst", scope="triage"))
JOBS = _opt(Access(role="analyst", scope="jobs"))
INGEST = _opt(Access(role="analyst", scope="ingest"))
FEEDS = _opt(Access(role="admin", scope="feeds"))
SENSORS = _opt(Access(role="admin", scope="sensors"))
ADMIN = _opt(Access(role="admin"))
"""A person only."""
AUDIT = _opt(Access(role="admin", scope="audit"))


def at_least(role: str, wanted: Role) -> bool:
    return role in ROLES and ROLES.index(role) >= ROLES.index(wanted)


def grantable(role: str) -> list[str]:
    """The scopes that somebody with this role may give to a token."""
    return [scope for scope, wanted in SCOPES.items() if at_least(role, wanted)]
