"""Where an image's findings come from, decisions by query, organisations' parameters of policies, which image is built
upon which, and what of the knowledge an assessment hangs on.

Findings that are there already get their layer and part from the evidence that they were stored with.
"""

import sqlalchemy as sa
from alembic import op

from bartizan.inventory.blobs import unpack

revision = "0003"
down_revision = "0002"

BATCH = 1000
"""Findings whose evidence is read at once."""


def upgrade() -> None:
    op.create_table(
        "decision_scope",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decisions", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_decision_scope_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_scope")),
        sa.UniqueConstraint("org_id", "decisions", name=op.f("uq_decision_scope_org_id_decisions")),
    )
    op.create_table(
        "policy_parameter",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_policy_parameter_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "policy", "name", name=op.f("pk_policy_parameter")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "asset_scope",
        sa.Column(
            "asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_asset_scope_asset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_asset_scope_org_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scope_id"], ["decision_scope.id"], name=op.f("fk_asset_scope_scope_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_asset_scope")),
    )
    op.create_index(op.f("ix_asset_scope_org_id_scope_id"), "asset_scope", ["org_id", "scope_id"], unique=False)
    op.create_index(op.f("ix_asset_scope_scope_id_asset_id"), "asset_scope", ["scope_id", "asset_id"], unique=False)
    op.create_table(
        "image_prefix",
        sa.Column("asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("depth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_image_prefix_asset_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset_id", "depth", name=op.f("pk_image_prefix")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_image_prefix_chain"), "image_prefix", ["chain"], unique=False)
    op.create_table(
        "image_stack",
        sa.Column(
            "asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("base_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("base_section_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_image_stack_asset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["base_id"], ["asset.id"], name=op.f("fk_image_stack_base_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["base_section_id"], ["section.id"], name=op.f("fk_image_stack_base_section_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_image_stack_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_image_stack")),
    )
    op.create_index(op.f("ix_image_stack_base_id"), "image_stack", ["base_id"], unique=False)
    op.create_index(op.f("ix_image_stack_org_id_chain"), "image_stack", ["org_id", "chain"], unique=False)
    op.create_table(
        "decision_finding",
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("detail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_decision_finding_decision_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["detail_id"], ["finding_detail.id"], name=op.f("fk_decision_finding_detail_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("decision_id", "detail_id", name=op.f("pk_decision_finding")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_decision_finding_detail_id_decision_id"),
        "decision_finding",
        ["detail_id", "decision_id"],
        unique=False,
    )
    op.create_table(
        "decision_scope_member",
        sa.Column("scope_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_decision_scope_member_decision_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scope_id"], ["decision_scope.id"], name=op.f("fk_decision_scope_member_scope_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scope_id", "decision_id", name=op.f("pk_decision_scope_member")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_decision_scope_member_decision_id"), "decision_scope_member", ["decision_id"], unique=False
    )
    op.add_column("assessment", sa.Column("depends", sa.LargeBinary(), nullable=True))
    op.add_column(
        "decision", sa.Column("query", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True)
    )
    op.add_column("decision", sa.Column("scoped", sa.Boolean(), server_default="0", nullable=False))
    op.create_index(
        "ix_decision_query",
        "decision",
        ["org_id"],
        unique=False,
        sqlite_where=sa.text("query IS NOT NULL"),
        postgresql_where=sa.text("query IS NOT NULL"),
    )
    op.add_column("finding_detail", sa.Column("layer", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "finding_detail",
        sa.Column(
            "part", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), server_default="", nullable=False
        ),
    )
    op.add_column(
        "finding_detail",
        sa.Column(
            "origin", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), server_default="", nullable=False
        ),
    )
    op.add_column(
        "finding_detail",
        sa.Column(
            "base", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), server_default="", nullable=False
        ),
    )

    _place_findings(op.get_bind())


def _place_findings(conn: sa.Connection) -> None:
    detail = sa.table(
        "finding_detail",
        *(sa.column(name) for name in ("id", "body", "layer", "part", "origin", "base")),
    )
    fill = (
        sa.update(detail)
        .where(detail.c.id == sa.bindparam("which"))
        .values({name: sa.bindparam(f"new_{name}") for name in ("layer", "part", "origin", "base")})
    )
    last = 0
    while True:
        rows = conn.execute(
            sa.select(detail.c.id, detail.c.body).where(detail.c.id > last).order_by(detail.c.id).limit(BATCH)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        placed = [{"which": row.id, **place} for row in rows if (place := _place(unpack(row.body))) is not None]
        if placed:
            conn.execute(fill, placed)


def _place(body: dict[str, object]) -> dict[str, str] | None:
    evidence = body.get("evidence")
    origin = evidence.get("origin") if isinstance(evidence, dict) else None
    if not isinstance(origin, dict):
        return None
    names = {"layer": "layer", "part": "part", "origin": "kind", "base": "base"}
    return {f"new_{name}": str(origin.get(key) or "")[:2000] for name, key in names.items()}
