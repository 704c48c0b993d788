"""What is done now and then so that the store stays small and its sums true. Safe to run at any time, and twice.

with store.begin() as conn:
    tidy_up(conn, org, now)
store.tidy()
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, or_, select

from bartizan.inventory.assessments import forget_unused
from bartizan.inventory.decisions import expire
from bartizan.inventory.exceptions import forget_scopes
from bartizan.inventory.idempotency import forget_old
from bartizan.inventory.knowledge import forget_prints
from bartizan.inventory.moments import DAY, moment
from bartizan.inventory.schema import accounts, estate, images, judgement
from bartizan.inventory.statistics import add_to_day

HISTORY = 400 * DAY
"""Milliseconds that closed spans are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What was done."""

    expired_decisions: int
    assessments: int
    sets: int
    details: int
    sections: int


def tidy_up(conn: Connection, org: int, now: datetime | str | int, *, keep: int = HISTORY) -> Tidied:
    """Expire decisions, drop history past its time and content that nothing refers to, note the day's numbers."""
    at = moment(now)
    expired = expire(conn, org, at)
    _drop_history(conn, org, at - keep)
    assessments = forget_unused(conn, org)
    tidied = Tidied(
        expired_decisions=expired,
        assessments=assessments,
        sets=_unused_sets(conn, org),
        details=_unused_details(conn, org),
        sections=_unused_sections(conn, org),
    )
    conn.execute(delete(accounts.session).where(accounts.session.c.expires_at <= at))
    forget_old(conn, at)
    forget_prints(conn)
    forget_scopes(conn, org)
    add_to_day(conn, org, at, {}, {})
    return tidied


def _drop_history(conn: Connection, org: int, before: int) -> None:
    assets = select(estate.asset.c.id).where(estate.asset.c.org_id == org)
    for table in (estate.asset_section, judgement.attestation):
        conn.execute(delete(table).where(table.c.asset_id.in_(assets), table.c.valid_to < before))
    change = judgement.asset_change
    conn.execute(delete(change).where(change.c.org_id == org, change.c.at < before))


def _unused_sets(conn: Connection, org: int) -> int:
    table = judgement.finding_set
    users = (judgement.asset_findings, judgement.attestation, judgement.assessment)
    used = or_(*(select(user.c.set_id).where(user.c.set_id == table.c.id).exists() for user in users))
    return conn.execute(delete(table).where(table.c.org_id == org, ~used)).rowcount


def _unused_details(conn: Connection, org: int) -> int:
    table = judgement.finding_detail
    users = (judgement.finding_set_member, judgement.finding_state)
    used = or_(*(select(user.c.detail_id).where(user.c.detail_id == table.c.id).exists() for user in users))
    return conn.execute(delete(table).where(table.c.org_id == org, ~used)).rowcount


def _unused_sections(conn: Connection, org: int) -> int:
    table, held = estate.section, estate.asset_section
    stack = images.image_stack
    used = or_(
        select(held.c.section_id).where(held.c.section_id == table.c.id).exists(),
        select(stack.c.asset_id).where(stack.c.base_section_id == table.c.id).exists(),
    )
    return conn.execute(delete(table).where(table.c.org_id == org, ~used)).rowcount
