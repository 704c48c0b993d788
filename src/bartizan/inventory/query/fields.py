"""The fields of the query language, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bartizan.model.asset import AssetKind
from bartizan.model.finding import FindingKind, FixState
from bartizan.model.severity import Severity


class FieldType(Enum):
    """How a field compares."""

    TEXT = "text"
    """`:` finds the text inside, case ignored; `*` and `?` stand for any and for one character."""
    NAME = "name"
    """`:` is the whole name, case ignored; `*` and `?` as above."""
    CHOICE = "choice"
    SEVERITY = "severity"
    """A choice with an order: severity>=high."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    """A day, a time, or an age: first_seen<7d is less than seven days ago."""


class Level(Enum):
    """What a field depends on: tells what can be counted once per finding set."""

    FINDING = "finding"
    """The finding as such, the same on every asset that has it in this form."""
    ASSET = "asset"
    PAIR = "pair"
    """This finding on this asset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field."""

    name: str
    type: FieldType
    level: Level
    help: str
    choices: tuple[str, ...] = ()
    """For CHOICE and SEVERITY."""

    @property
    def operators(self) -> tuple[str, ...]:
        """What may stand between the field and a value."""
        if self.type in (FieldType.SEVERITY, FieldType.NUMBER):
            return (":", "=", "!=", ">=", "<=", ">", "<")
        if self.type is FieldType.TIME:
            return (">=", "<=", ">", "<")
        if self.type in (FieldType.BOOLEAN, FieldType.CHOICE):
            return (":", "=", "!=")
        return (":", "=", "!=")


STATES = ("open", "unknown", "fixed", "accepted", "false-positive", "not-affected", "deferred")
"""A finding's states. Decided are the last four."""

ANY_STATE = "any"

PARTS = ("base", "application", "unknown")
"""Parts of an image. Findings without a layer have none."""
ORIGINS = ("operating-system", "application")

_FINDING = (
    ("rule", FieldType.NAME, "CVE, policy or detection id; aliases count: rule:CVE-2024-6387", ()),
    ("kind", FieldType.CHOICE, "which assessor speaks", tuple(FindingKind)),
    ("severity", FieldType.SEVERITY, "critical, high, medium, low, info or unknown", tuple(Severity)),
    ("score", FieldType.NUMBER, "0 to 100, for ordering what to fix first", ()),
    ("title", FieldType.TEXT, "the finding's title", ()),
    ("package", FieldType.NAME, "name of the affected package: package:openssl*", ()),
    ("installed", FieldType.NAME, "installed version of the affected package", ()),
    ("locator", FieldType.NAME, "where in the asset: a purl without version", ()),
    ("kev", FieldType.BOOLEAN, "known to be exploited (CISA KEV)", ()),
    ("epss", FieldType.NUMBER, "probability of exploitation within 30 days, 0 to 1", ()),
    ("fix", FieldType.CHOICE, "whether a fix exists", tuple(FixState)),
    ("fixable", FieldType.BOOLEAN, "a fix exists today", ()),
    ("part", FieldType.CHOICE, "part of the image that brought it; unknown where the base is not known", PARTS),
    ("origin", FieldType.CHOICE, "whose package it is: the operating system's or the application's", ORIGINS),
    ("layer", FieldType.NAME, "layer of the image that brought it, by its digest: layer:sha256:4f*", ()),
    ("base", FieldType.NAME, "what the image was built upon: base:debian*", ()),
)
_PAIR = (
    ("state", FieldType.CHOICE, "open, unknown, fixed, or as decided; any for all", (*STATES, ANY_STATE)),
    ("first_seen", FieldType.TIME, "when the asset first had it: first_seen<7d", ()),
    ("fixed_at", FieldType.TIME, "when it was gone", ()),
    ("reopened", FieldType.NUMBER, "how often it came back", ()),
    ("source", FieldType.NAME, "a source that attests it: agent, scanner, ...", ()),
)
_ASSET = (
    ("asset.name", FieldType.NAME, "name of the asset: asset.name:web-*", ()),
    ("asset.kind", FieldType.CHOICE, "what the asset is", tuple(AssetKind)),
    ("asset.key", FieldType.NAME, "identity of the asset within its kind", ()),
    ("asset.id", FieldType.NUMBER, "number of the asset", ()),
    ("asset.os", FieldType.TEXT, 'operating system: asset.os:"debian 12"', ()),
    ("asset.risk", FieldType.NUMBER, "risk of the asset, 0 to 100", ()),
    ("asset.first_seen", FieldType.TIME, "when the asset was first seen", ()),
    ("asset.last_seen", FieldType.TIME, "when a source last saw the asset: asset.last_seen>2d", ()),
    ("asset.source", FieldType.NAME, "a source that sees the asset", ()),
    ("tag", FieldType.NAME, "a tag of the asset; tag:none for untagged", ()),
)


def _fields() -> dict[str, Field]:
    levels = ((Level.FINDING, _FINDING), (Level.PAIR, _PAIR), (Level.ASSET, _ASSET))
    return {
        name: Field(name=name, type=type_, level=level, help=help_, choices=tuple(str(choice) for choice in choices))
        for level, rows in levels
        for name, type_, help_, choices in rows
    }


FIELDS: Mapping[str, Field] = _fields()

NESTED: Mapping[str, str | None] = {"finding": None} | {str(kind): str(kind) for kind in FindingKind}
"""Words that open a nested query, and the kind of finding that they ask for."""
