"""Registries that are watched, and what was seen in them: which tag led to which digest, and what came of it."""

from sqlalchemy import Column, Integer, Table, Text, UniqueConstraint

from bartizan.inventory.schema.columns import METADATA, Blob, Moment, Words, number, org, reference

registry = Table(
    "registry",
    METADATA,
    number(),
    org(),
    Column("host", Words, nullable=False),
    Column("repositories", Text, nullable=False),  # patterns, one a line
    Column("username", Words, nullable=False),
    Column("sealed", Blob),  # the password, encrypted with a key that is in no database
    Column("every", Integer, nullable=False),  # seconds between two looks
    Column("created_by", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_run", Moment),
    Column("last_error", Text, nullable=False, server_default=""),
    UniqueConstraint("org_id", "host"),
)

registry_image = Table(
    "registry_image",
    METADATA,
    reference("registry_id", "registry.id", primary_key=True),
    Column("repository", Words, primary_key=True),
    Column("tag", Words, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),  # why it could not be scanned
)
