"""Statements: what somebody says about a vulnerability in a product, whichever VEX format it was written in.

The words are OpenVEX's; CSAF's and CycloneDX's are brought to them by their readers in `exchange/vex`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"

    @property
    def settles(self) -> bool:
        """Whether there is nothing left to do about the vulnerability."""
        return self in {Status.NOT_AFFECTED, Status.FIXED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a statement is about."""

    id: str
    """A package URL, or the name or digest of an image."""
    components: tuple[str, ...] = ()
    """Package URLs of the parts that are meant, where `id` is the whole; empty: all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    document: str
    """Which document says so, by its own id or its file's name."""
    author: str
    vulnerabilities: frozenset[str]
    """Its id and aliases."""
    products: tuple[Product, ...]
    status: Status
    justification: str = ""
    """`vulnerable_code_not_in_execute_path`, ..."""
    text: str = ""
    """In the author's words: the impact, or what to do."""
    moment: str = ""
    """RFC 3339; of several statements about one thing the latest counts."""
