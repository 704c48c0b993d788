"""Why findings opened and closed: the asset changed, or what is known of it.

What happened before stays without a cause.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in ("attestation", "asset_change", "transition"):
        for name in ("cause", "changed", "knowledge"):
            op.add_column(table, sa.Column(name, WORDS, server_default="", nullable=False))
    for table in ("asset_change", "transition"):
        op.add_column(table, sa.Column("family", WORDS, server_default="", nullable=False))
    op.add_column("assessment", sa.Column("replaced", sa.Text(), server_default="", nullable=False))
    op.add_column("asset_assessment", sa.Column("attached_id", NUMBER, nullable=True))
    op.add_column("asset_assessment", sa.Column("attached_set_id", NUMBER, nullable=True))
    _note_what_is_attached()


def _note_what_is_attached() -> None:
    link = sa.table("asset_assessment", *map(sa.column, ("assessment_id", "dirty", "attached_id", "attached_set_id")))
    judged = sa.table("assessment", sa.column("id"), sa.column("set_id"))
    set_id = sa.select(judged.c.set_id).where(judged.c.id == link.c.assessment_id).scalar_subquery()
    op.execute(
        sa.update(link)
        .where(link.c.dirty.is_(sa.false()))
        .values(attached_id=link.c.assessment_id, attached_set_id=set_id)
    )
