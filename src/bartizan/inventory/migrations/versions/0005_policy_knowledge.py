"""What sets of policies consist of, so that after a change only the policies that changed are judged anew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "policy_knowledge",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("prints", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_policy_knowledge")),
    )
