"""The sentence that says why findings opened, closed or came back, from what `causes` noted.

asset       changed on the asset: packages_deb
knowledge   new advisories: 472b3803e061, the newest of 2026-11-20
policy      the policy's parameters changed
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from bartizan.inventory.causes import ASSET, EITHER, FIRST, GONE, KNOWLEDGE
from bartizan.inventory.moments import day
from bartizan.inventory.schema import accounts
from bartizan.inventory.statements import chunks

SHOWN = 12
"""Characters of an identity."""
_MOST = 6
"""Sections that are named."""

_PARTS = {
    "advisories": "new advisories",
    "support": "the support of releases began or ended",
    "revision": "the program judges otherwise since its upgrade",
    "policies": "the policies changed",
    "parameters": "the organisation's parameters of policies changed",
    "rules": "the rules changed",
}


def advisory_files(conn: Connection, identities: Iterable[str]) -> dict[str, str]:
    """Identity of an advisory file to the words for it: its short identity and the day of its newest record."""
    table = accounts.knowledge
    found: dict[str, str] = {}
    for chunk in chunks({identity for identity in identities if identity}):
        query = select(table.c.file_id, table.c.newest, table.c.imported_at).where(table.c.file_id.in_(chunk))
        for row in conn.execute(query):
            found[row.file_id] = f"{_short(row.file_id)}, the newest of {(row.newest or day(row.imported_at))[:10]}"
    return found


def cause_told(cause: str, family: str) -> str:
    """The cause as it is told: what changed policies is not what changed advisories."""
    return "policy" if cause == KNOWLEDGE and family == "policy" else cause


def because(cause: str, family: str, changed: str, knowledge: str, files: Mapping[str, str], source: str = "") -> str:
    """One clause, without a full stop; empty where nothing was noted."""
    who = source or "the source"
    match cause:
        case _ if cause == FIRST:
            return f"{who} looked for the first time" if source else "first assessment"
        case _ if cause == ASSET:
            return _facts(changed)
        case _ if cause == GONE:
            return f"{who} no longer reports {_names(changed) or 'it'}"
        case _ if cause == KNOWLEDGE:
            return _known(family, changed, knowledge, files)
        case _ if cause == EITHER:
            part = {"vulnerability": "advisories", "policy": "policies"}.get(family, "rules")
            return f"{_facts(changed)}; at the same time {_known(family, part, knowledge, files)}"
    return ""


def _facts(changed: str) -> str:
    return f"changed on the asset: {_names(changed)}" if changed else "the facts of the asset changed"


def _names(changed: str) -> str:
    names = [name for name in changed.split(",") if name]
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _known(family: str, changed: str, knowledge: str, files: Mapping[str, str]) -> str:
    told = []
    for part in changed.split(","):
        words = _PARTS.get(part, "what is known changed")
        if part == "rules" and family:
            words = f"the rules for {_RULES.get(family, family)} changed"
        if part == "advisories" and knowledge:
            words += f": {files.get(knowledge, _short(knowledge))}"
        told.append(words)
    return "; ".join(dict.fromkeys(told))


_RULES = {"secret": "secrets", "malware": "malware", "licence": "licences"}


def _short(identity: str) -> str:
    return identity.removeprefix("sha256:")[:SHOWN]
