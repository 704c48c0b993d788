"""An organisation's own values for parameters of policies: password length, days until a key is too old.

Whoever judges takes them beside the policies: they are part of the knowledge, so that a change judges anew what is
stored. What a value may be is the policy's to say; here it is any plain JSON.
"""

import json
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, select

from bartizan.inventory.moments import moment, text
from bartizan.inventory.schema import judgement
from bartizan.inventory.statements import insert, storable

_table = judgement.policy_parameter


class OwnValue(Struct, kw_only=True):
    """A value that an organisation set."""

    policy: str
    name: str
    value: Any
    set_by: str
    set_at: str


def own_values(conn: Connection, org: int, policy: str | None = None) -> list[OwnValue]:
    """Everything that was set, of one policy or of all."""
    query = select(_table).where(_table.c.org_id == org).order_by(_table.c.policy, _table.c.name)
    if policy is not None:
        query = query.where(_table.c.policy == policy)
    return [
        OwnValue(
            policy=row.policy, name=row.name, value=json.loads(row.value), set_by=row.set_by, set_at=text(row.set_at)
        )
        for row in conn.execute(query)
    ]


def parameters_of(conn: Connection, org: int) -> dict[str, dict[str, Any]]:
    """Policy to parameter to value, as judging wants them."""
    found: dict[str, dict[str, Any]] = {}
    for own in own_values(conn, org):
        found.setdefault(own.policy, {})[own.name] = own.value
    return found


def set_value(
    conn: Connection, org: int, policy: str, name: str, value: Any, *, by: str, now: datetime | str | int
) -> None:
    """Set one parameter, whatever it was before."""
    row = {
        "org_id": org,
        "policy": storable(policy, 500),
        "name": storable(name, 200),
        "value": json.dumps(value),
        "set_by": storable(by),
        "set_at": moment(now),
    }
    statement = insert(conn, _table).values(**row)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[_table.c.org_id, _table.c.policy, _table.c.name],
            set_={each: statement.excluded[each] for each in ("value", "set_by", "set_at")},
        )
    )


def reset_value(conn: Connection, org: int, policy: str, name: str) -> bool:
    """Back to the policy's default; False where that holds already."""
    same = (_table.c.org_id == org, _table.c.policy == policy, _table.c.name == name)
    return conn.execute(delete(_table).where(*same)).rowcount > 0
