"""Snapshots: what a sensor saw of one asset at one moment, as sections that are addressed by their content.

A section on the wire:

    {"name": "users", "facts": [...], "problems": [{"path": "/etc/shadow", "reason": "permission denied"}]}

Its digest covers facts and problems. Facts that change by themselves (a clock, a counter, a process id) do not belong
in a section: they would make every snapshot new.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from bartizan.model.asset import AssetRef
from bartizan.model.record import dataclass
from bartizan.model.wire import Json, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why part of a section could not be known. What depends on that part is unknown, never a pass."""

    path: str
    """The file, interface or field that was wanted: `/etc/shadow`, `/var/lib/dpkg/status:1042`."""
    reason: str
    """What happened, for a person: `permission denied`, `line is not UTF-8`, `needs a running system`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One named part of a snapshot."""

    name: str
    facts: Json
    """Plain JSON values. None means that the collector does not apply or could not run at all: see `problems`."""
    problems: tuple[Problem, ...] = ()
    digest: str = field(default="", compare=False)
    """`sha256:<hex>` over facts and problems; computed when it is not given."""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", digest({"facts": self.facts, "problems": self.problems}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that one sensor saw of one asset in one pass."""

    asset: AssetRef
    taken_at: str
    """RFC 3339 in UTC with seconds: `2026-11-23T10:37:00Z`."""
    sensor: str
    """Which program saw it, with its version: `agent/0.1.0`, `cli/0.1.0`."""
    sections: Mapping[str, Section]

    def manifest(self) -> dict[str, str]:
        """Section name to digest: what is sent first."""
        return {name: section.digest for name, section in self.sections.items()}

    def facts(self, name: str) -> Any:
        """The facts of a section, or None where the snapshot has no such section."""
        section = self.sections.get(name)
        return section.facts if section else None
