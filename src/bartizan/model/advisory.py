"""Advisories: what is known of one flaw in one or more packages, after the OSV schema (ossf.github.io/osv-schema, 1.7).

Only what judgement needs is kept; prose goes to the store beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A half-open span of affected versions: `introduced <= v < fixed`, or `<= last_affected` where that is given."""

    introduced: str = "0"
    """`0` means from the first version on."""
    fixed: str = ""
    last_affected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One package that an advisory speaks of, in one ecosystem."""

    ecosystem: str
    """As OSV writes it, release included: `Debian:12`, `PyPI`, `Ubuntu:24.04:LTS`."""
    name: str
    intervals: tuple[Interval, ...] = ()
    versions: frozenset[str] = frozenset()
    """Versions listed one by one."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Ecosystem specifics that judgement reads: urgency, fix state, kind of name, symbols."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One record of one source."""

    id: str
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    affected: tuple[Affected, ...] = ()
    summary: str = ""
    published: str = ""
    modified: str = ""
    vectors: tuple[tuple[str, str], ...] = ()
    """(type, vector): (`CVSS_V3`, `CVSS:3.1/AV:N/...`)."""
    severity: str = ""
    """The source's own word where it gives one: `unimportant`, `Important`, `Medium`."""
    references: tuple[tuple[str, str], ...] = ()
    """(type, address)."""
