"""What there is: assets, what each source saw of them and when, their tags and relations.

A section's content is stored once per organisation by its digest. `asset_section` says which content an asset had under
which name, as seen by which source, from when to when. An unchanged snapshot touches one row of `observation`.
"""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint, text

from bartizan.inventory.schema.columns import METADATA, Blob, Moment, Words, number, org, reference

organisation = Table(
    "organisation",
    METADATA,
    number(),
    Column("key", Words, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("two_person", Boolean, nullable=False, server_default=text("false")),  # decisions need another approver
    Column("scopes_digest", Text, nullable=False, server_default=""),  # of the assessors' declared inputs, last seen
    Column("attached_at", Moment, nullable=False, server_default="0"),  # findings changed last; only ever grows
    Column("created_at", Moment, nullable=False),
)

asset = Table(
    "asset",
    METADATA,
    number(),
    org(),
    Column("kind", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("os", Words, nullable=False, server_default=""),  # as the asset names it: Debian GNU/Linux 12 (bookworm)
    Column("os_release", Words, nullable=False, server_default=""),  # for searching: debian 12
    Column("first_seen", Moment, nullable=False),
    # Posture, kept by `posture`: sums over the asset's finding sets less what decisions take out.
    Column("risk", Integer, nullable=False, server_default="0"),  # hundredths of a point
    Column("critical", Integer, nullable=False, server_default="0"),
    Column("high", Integer, nullable=False, server_default="0"),
    Column("medium", Integer, nullable=False, server_default="0"),
    Column("low", Integer, nullable=False, server_default="0"),
    Column("info", Integer, nullable=False, server_default="0"),
    Column("unrated", Integer, nullable=False, server_default="0"),
    Column("unknowns", Integer, nullable=False, server_default="0"),  # what could not be judged
    Column("kev", Integer, nullable=False, server_default="0"),
    Column("policy_pass", Integer, nullable=False, server_default="0"),
    Column("policy_fail", Integer, nullable=False, server_default="0"),
    Column("policy_unknown", Integer, nullable=False, server_default="0"),
    UniqueConstraint("org_id", "kind", "key"),
    Index(None, "org_id", "name", "id"),
    Index(None, "org_id", "risk", "id"),
)

observation = Table(
    "observation",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    Column("source", Words, primary_key=True),  # who looked: agent, scanner, an importer's name
    org(),
    Column("sensor", Words, nullable=False, server_default=""),  # the program and its version
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("manifest_digest", Text, nullable=False),
    Column("pending", Boolean, nullable=False),  # its sections changed and nobody has looked what to assess anew
    Index("ix_observation_pending", "org_id", sqlite_where=text("pending"), postgresql_where=text("pending")),
)

section = Table(
    "section",
    METADATA,
    number(),
    org(),
    Column("digest", Text, nullable=False),
    Column("size", Integer, nullable=False),  # bytes of canonical JSON
    Column("known", Boolean, nullable=False),  # false: facts is None, the collector could not tell
    Column("problems", Integer, nullable=False),
    Column("body", Blob, nullable=False),  # {"facts": ..., "problems": [...]}
    UniqueConstraint("org_id", "digest"),
)

section_name = Table(
    "section_name",
    METADATA,
    reference("org_id", "organisation.id", primary_key=True),
    Column("name", Words, primary_key=True),
)

asset_section = Table(
    "asset_section",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    Column("source", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("valid_from", Moment, primary_key=True, autoincrement=False),
    Column("valid_to", Moment),
    reference("section_id", "section.id", index=True),
    sqlite_with_rowid=False,
)

relation = Table(
    "relation",
    METADATA,
    number(),
    org(),
    reference("asset_id", "asset.id"),
    Column("kind", Words, nullable=False),  # runs-on, built-from, member-of, ...
    reference("target_id", "asset.id", index=True),
    Column("source", Words, nullable=False),
    Column("first_seen", Moment, nullable=False),
    UniqueConstraint("asset_id", "kind", "target_id", "source"),
)

tag = Table(
    "tag",
    METADATA,
    number(),
    org(),
    Column("name", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("org_id", "name"),
)

asset_tag = Table(
    "asset_tag",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    reference("tag_id", "tag.id", primary_key=True, index=True),
    sqlite_with_rowid=False,
)
