"""What Alembic runs: the revisions, on the connection that `upgrade` hands over, inside its transaction."""

from alembic import context

from bartizan.inventory.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
    compare_type=True,
)
context.run_migrations()
