"""Column types that mean the same on SQLite and PostgreSQL, and the metadata that all tables belong to."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Integer, LargeBinary, MetaData, Text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""64-bit integer; SQLite numbers rows only in a column that is called INTEGER."""

Moment = BigInteger()
"""Milliseconds, see `moments`."""

Words = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares by code point, as SQLite and Python do: lists have one order everywhere."""

Blob = LargeBinary()
"""See `blobs`."""


def number() -> Column[int]:
    """A row's own number."""
    return Column("id", Number, Identity(), primary_key=True)


def org() -> Column[int]:
    """The organisation that a row belongs to."""
    return reference("org_id", "organisation.id")


def reference(name: str, target: str, *, nullable: bool = False, **options: Any) -> Column[int]:
    """A row of another table; it goes when that goes."""
    return Column(name, Number, ForeignKey(target, ondelete="CASCADE"), nullable=nullable, **options)
