"""Who may do what, and who did it: users, sessions, tokens, sensors, activation keys, the audit log, knowledge.

Secrets are never stored: passwords as argon2id, random tokens as SHA-256 of the token (they have 256 bits already, so a
slow hash would add nothing). A sensor's key is derived by the server and not stored at all.
"""

from sqlalchemy import Boolean, Column, Integer, Table, Text, UniqueConstraint, text

from bartizan.inventory.schema.columns import METADATA, Blob, Moment, Words, number, org, reference

user_account = Table(
    "user_account",
    METADATA,
    number(),
    org(),
    Column("username", Words, nullable=False, unique=True),
    Column("role", Words, nullable=False),  # admin, analyst, reader
    Column("password_hash", Text),  # None: signs in elsewhere
    Column("created_at", Moment, nullable=False),
    Column("last_login", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),  # wrong passwords in a row
    Column("locked_until", Moment),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
)

session = Table(
    "session",
    METADATA,
    number(),
    reference("user_id", "user_account.id", index=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("csrf_token", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("last_used", Moment, nullable=False),
)

api_token = Table(
    "api_token",
    METADATA,
    number(),
    org(),
    Column("name", Words, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", Words, nullable=False),  # space-separated, as in RFC 6749, section 3.3
    Column("created_by", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used", Moment),
    Column("revoked_at", Moment),
)

activation_key = Table(
    "activation_key",
    METADATA,
    number(),
    org(),
    Column("name", Words, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_by", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False, server_default="0"),
    Column("revoked_at", Moment),
)

sensor = Table(
    "sensor",
    METADATA,
    Column("id", Text, primary_key=True),  # random; the server derives the sensor's key from it
    org(),
    Column("kind", Words, nullable=False),  # agent, scanner, connector, container
    Column("name", Words, nullable=False),
    Column("version", Words, nullable=False),
    reference("asset_id", "asset.id", nullable=True, index=True),
    reference("activation_key_id", "activation_key.id", nullable=True),
    Column("enrolled_at", Moment, nullable=False),
    Column("last_seen", Moment),
    Column("revoked_at", Moment),
    Column("spool_dropped", Integer, nullable=False, server_default="0"),
)

idempotency = Table(
    "idempotency",
    METADATA,
    reference("org_id", "organisation.id", primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),  # of the request: the same key with another body is an error
    Column("status", Integer, nullable=False),
    Column("body", Blob, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
)

audit = Table(
    "audit",
    METADATA,
    number(),
    org(),
    Column("sequence", Integer, nullable=False),  # from 1, without gaps
    Column("at", Moment, nullable=False),
    Column("actor", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
    UniqueConstraint("org_id", "sequence"),
)

knowledge = Table(
    "knowledge",
    METADATA,
    number(),
    Column("file_id", Text, nullable=False),  # identity of the advisory file
    Column("imported_at", Moment, nullable=False),
    Column("newest", Text),  # when the newest record was modified, RFC 3339
    Column("feeds", Blob, nullable=False),  # [{"source", "records", "newest"}]
)

policy_knowledge = Table(
    "policy_knowledge",
    METADATA,
    Column("digest", Text, primary_key=True),  # `assessment.knowledge`
    Column("prints", Blob, nullable=False),  # {type of resource: {policy: print}}, see `assess.policy.revise`
)
