"""Which scanned images are built upon which: an image whose layers begin with all layers of another.

A chain is a digest over the first so many layers (diff ids) in order, so that "begins with all layers of" is one equal
text. The index is made from `image` sections and can be made again from them.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from bartizan.inventory.schema.columns import METADATA, Number, org, reference

image_stack = Table(
    "image_stack",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True, autoincrement=False),
    org(),
    Column("section", Text, nullable=False),  # digest of the `image` section that this was read from
    Column("depth", Integer, nullable=False),  # number of layers
    Column("chain", Text, nullable=False),  # over all of them
    # The longest other image that this one begins with, and the section that says so to assessors.
    Column("base_id", Number, ForeignKey("asset.id", ondelete="SET NULL"), index=True),
    Column("base_section_id", Number, ForeignKey("section.id", ondelete="SET NULL")),
    Index(None, "org_id", "chain"),
)

image_prefix = Table(
    "image_prefix",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    Column("depth", Integer, primary_key=True, autoincrement=False),
    Column("chain", Text, nullable=False, index=True),
    sqlite_with_rowid=False,
)
