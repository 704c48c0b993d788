"""The tables. One schema for SQLite and PostgreSQL; `migrations/` builds it, a test holds the two together.

estate: organisations, assets, what sources saw of them, tags, relations
judgement: assessments, finding sets, lifecycle, decisions, statistics
accounts: users, sessions, tokens, sensors, activation keys, audit log, knowledge
registries: container registries that are watched
images: which images are built upon which
"""

from bartizan.inventory.schema import accounts, estate, images, judgement, registries
from bartizan.inventory.schema.columns import METADATA

__all__ = ["METADATA", "accounts", "estate", "images", "judgement", "registries"]
