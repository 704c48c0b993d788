"""The messages of the uplink, written and read without any I/O; DESIGN.md section 8.

    POST /api/v1/uplink/enrol      {"activation_key": "bak_...", "sensor": "agent", "version": "0.1.0",
                                    "asset": {"kind": "host", "key": "4c4c...", "name": "db1"}}
                                -> {"sensor_id": "s_...", "key": "<hex>"}
    POST /api/v1/uplink/manifest   {"asset": {...}, "taken_at": "2026-11-23T10:37:00Z", "sensor": "agent/0.1.0",
                                    "sections": {"users": "sha256:..."}, "spool_dropped": 0}
                                -> {"missing": ["users"], "commands": [{"id": "c_...", "kind": "collect"}],
                                    "configuration": {"interval": 300}}
    POST /api/v1/uplink/sections   {"asset": {...}, "taken_at": "...", "sensor": "...", "manifest": {...},
                                    "sections": {"users": {"facts": [...], "problems": []}}}       (gzip)
                                -> {"changed": ["users"], "commands": [], "configuration": {}}

    POST /api/v1/ingest/snapshot   {"asset": {...}, "taken_at": "...", "sensor": "cli/0.1.0",
                                    "sections": {"image": {"facts": {...}, "problems": []}}}       (gzip or plain)

The last is what a pipeline sends with an API token: a whole snapshot, as `bartizan scan --format snapshot` writes it.

Requests are closed: a field that is not named here is refused by the server, so that nothing leaves a host unnoticed.
Replies are open: a sensor ignores what a newer server adds.
"""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from gzip import compress
from typing import Any

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Problem, Section, Snapshot
from bartizan.model.wire import canonical

ENROL = "/api/v1/uplink/enrol"
MANIFEST = "/api/v1/uplink/manifest"
SECTIONS = "/api/v1/uplink/sections"
SNAPSHOT = "/api/v1/ingest/snapshot"

PLAIN_LIMIT = 256 << 10
"""Bytes of a body that is not compressed: enrolment and manifest."""
SENT_LIMIT = 16 << 20
"""Bytes of a body of sections as sent."""
INFLATED_LIMIT = 64 << 20
"""Bytes of a body of sections once inflated."""
SECTION_LIMIT = 24 << 20
"""Bytes of one section's canonical JSON; a larger one is reported as a problem instead."""
REPLY_LIMIT = 1 << 20
SECTIONS_LIMIT = 200
"""Sections of one snapshot."""

_SECTION = re.compile(r"[a-z][a-z0-9_.-]{0,99}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")


class Malformed(Exception):
    """A message that cannot be read; `path` is where in it, the message says what is wrong."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class TooMuch(Malformed):
    """A message over its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    activation_key: str
    asset: AssetRef
    sensor: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a sensor got at enrolment."""

    sensor_id: str
    key: str
    """64 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a sensor has, by digest."""

    asset: AssetRef
    taken_at: str
    sensor: str
    sections: Mapping[str, str]
    spool_dropped: int = 0
    """Snapshots that this sensor's spool had to give up since it was installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """The sections that the server lacked."""

    asset: AssetRef
    taken_at: str
    sensor: str
    manifest: Mapping[str, str]
    sections: Mapping[str, Section]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that the server asks of a sensor."""

    id: str
    kind: str
    """`collect`: make a full pass now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What comes back from a manifest or from sections."""

    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    configuration: Mapping[str, int] = field(default_factory=dict)
    """Seconds: `interval` between passes, `full_interval` between walks of the whole filesystem."""


def write(message: Enrolment | Manifest | Sections) -> bytes:
    """The body of a message; sections are compressed."""
    if isinstance(message, Sections):
        body: dict[str, Any] = {
            "asset": message.asset,
            "taken_at": message.taken_at,
            "sensor": message.sensor,
            "manifest": dict(message.manifest),
            "sections": {
                name: {"facts": section.facts, "problems": section.problems}
                for name, section in message.sections.items()
            },
        }
        return compress(canonical(body), 6, mtime=0)
    return canonical(message)


def read_enrolment(body: bytes) -> Enrolment:
    record = _record(_json(body, PLAIN_LIMIT), "", required=("activation_key", "asset", "sensor", "version"))
    return Enrolment(
        activation_key=_text(record, "activation_key", 200),
        asset=_asset(record["asset"]),
        sensor=_text(record, "sensor", 40),
        version=_text(record, "version", 40),
    )


def read_manifest(body: bytes) -> Manifest:
    record = _record(
        _json(body, PLAIN_LIMIT),
        "",
        required=("asset", "taken_at", "sensor", "sections"),
        optional=("spool_dropped",),
    )
    return Manifest(
        asset=_asset(record["asset"]),
        taken_at=_time(record),
        sensor=_text(record, "sensor", 80),
        sections=_digests(record["sections"], "sections"),
        spool_dropped=_count(record, "spool_dropped"),
    )


def read_sections(body: bytes) -> Sections:
    """Inflates, reads, and checks each section against its digest in the manifest."""
    record = _record(
        _json(inflate(body, INFLATED_LIMIT), INFLATED_LIMIT),
        "",
        required=("asset", "taken_at", "sensor", "manifest", "sections"),
    )
    manifest = _digests(record["manifest"], "manifest")
    sections: dict[str, Section] = {}
    for name, value in _object(record["sections"], "sections").items():
        path = f"sections.{name}"
        if name not in manifest:
            raise Malformed(path, "is not in the manifest")
        section = read_section(name, value, path)
        if section.digest != manifest[name]:
            raise Malformed(path, f"has the digest {section.digest}, the manifest says {manifest[name]}")
        sections[name] = section
    return Sections(
        asset=_asset(record["asset"]),
        taken_at=_time(record),
        sensor=_text(record, "sensor", 80),
        manifest=manifest,
        sections=sections,
    )


def read_snapshot(body: bytes) -> Snapshot:
    """A whole snapshot, as gzip or as plain JSON."""
    text = inflate(body, INFLATED_LIMIT) if body.startswith(b"\x1f\x8b") else body
    record = _record(_json(text, INFLATED_LIMIT), "", required=("asset", "taken_at", "sensor", "sections"))
    given = _object(record["sections"], "sections")
    if len(given) > SECTIONS_LIMIT:
        raise TooMuch("sections", f"has {len(given)} sections; the limit is {SECTIONS_LIMIT}")
    sections = {}
    for name, value in given.items():
        if not _SECTION.fullmatch(name):
            raise Malformed(f"sections.{name[:80]}", "is not a section's name")
        sections[name] = read_section(name, value, f"sections.{name}")
    return Snapshot(
        asset=_asset(record["asset"]),
        taken_at=_time(record),
        sensor=_text(record, "sensor", 80),
        sections=sections,
    )


def read_section(name: str, value: Any, path: str) -> Section:
    """A section from its plain form `{"facts": ..., "problems": [...]}`."""
    record = _record(value, path, required=("facts", "problems"))
    problems = []
    if not isinstance(record["problems"], list):
        raise Malformed(f"{path}.problems", "is not a list")
    for index, item in enumerate(record["problems"]):
        at = f"{path}.problems[{index}]"
        problem = _record(item, at, required=("path", "reason"))
        if not isinstance(problem["path"], str) or not isinstance(problem["reason"], str):
            raise Malformed(at, "path and reason are text")
        problems.append(Problem(path=problem["path"], reason=problem["reason"]))
    try:
        return Section(name=name, facts=record["facts"], problems=tuple(problems))
    except (ValueError, RecursionError) as error:
        raise Malformed(path, f"is not plain JSON: {error}") from None


def read_credential(body: bytes) -> Credential:
    record = _object(_json(body, REPLY_LIMIT), "")
    key = _text(record, "key", 64)
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise Malformed("key", "is not 64 hexadecimal digits")
    sensor_id = _text(record, "sensor_id", 64)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", sensor_id):
        raise Malformed("sensor_id", "has characters other than letters, digits, - and _")
    return Credential(sensor_id=sensor_id, key=key)


def read_reply(body: bytes) -> Reply:
    record = _object(_json(body, REPLY_LIMIT), "")
    commands = [_object(item, "commands") for item in _list(record, "commands")]
    configuration = _object(record.get("configuration", {}), "configuration")
    return Reply(
        missing=tuple(_names(record, "missing")),
        changed=tuple(_names(record, "changed")),
        commands=tuple(Command(id=_text(item, "id", 64), kind=_text(item, "kind", 40)) for item in commands),
        configuration={
            name: value
            for name, value in configuration.items()
            if isinstance(value, int) and not isinstance(value, bool)
        },
    )


def inflate(body: bytes, limit: int) -> bytes:
    """Contents of one gzip member (RFC 1952) of at most `limit` bytes; memory is bounded by the limit as well."""
    decoder = zlib.decompressobj(wbits=31)
    try:
        out = decoder.decompress(body, limit + 1)
    except zlib.error as error:
        raise Malformed("body", f"is not gzip: {error}") from None
    if len(out) > limit:
        raise TooMuch("body", f"inflates to more than {limit} bytes")
    if not decoder.eof:
        raise Malformed("body", "ends in the middle of its gzip member")
    if decoder.unused_data:
        raise Malformed("body", "has bytes after its gzip member")
    return out


def _json(body: bytes, limit: int) -> Any:
    if len(body) > limit:
        raise TooMuch("body", f"has {len(body)} bytes; the limit is {limit}")
    try:
        return json.loads(body.decode("utf-8", "surrogatepass"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("body", f"is not JSON: {error}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(path or "body", "is not an object")
    return value


def _record(value: Any, path: str, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    record = _object(value, path)
    prefix = f"{path}." if path else ""
    for name in required:
        if name not in record:
            raise Malformed(prefix + name, "is missing")
    for name in record:
        if name not in required and name not in optional:
            raise Malformed(prefix + name[:80], "is not part of this message")
    return record


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name, [])
    if not isinstance(value, list):
        raise Malformed(name, "is not a list")
    return value


def _names(record: dict[str, Any], name: str) -> list[str]:
    values = _list(record, name)
    if not all(isinstance(value, str) for value in values):
        raise Malformed(name, "is not a list of texts")
    return values


def _text(record: dict[str, Any], name: str, limit: int) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(name, "is not a text")
    if len(value) > limit:
        raise Malformed(name, f"has {len(value)} characters; the limit is {limit}")
    if not value.isprintable():
        raise Malformed(name, "has characters that do not print")
    return value


def _time(record: dict[str, Any]) -> str:
    value = _text(record, "taken_at", 20)
    if not _TIME.fullmatch(value):
        raise Malformed("taken_at", "is not a time in UTC with seconds, like 2026-11-23T10:37:00Z")
    return value


def _count(record: dict[str, Any], name: str) -> int:
    value = record.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise Malformed(name, "is not a count")
    return value


def _asset(value: Any) -> AssetRef:
    record = _record(value, "asset", required=("kind", "key", "name"))
    try:
        kind = AssetKind(record["kind"])
    except ValueError:
        raise Malformed("asset.kind", f"is none of {', '.join(AssetKind)}") from None
    return AssetRef(kind=kind, key=_text(record, "key", 300), name=_text(record, "name", 300))


def _digests(value: Any, path: str) -> dict[str, str]:
    record = _object(value, path)
    if len(record) > SECTIONS_LIMIT:
        raise TooMuch(path, f"has {len(record)} sections; the limit is {SECTIONS_LIMIT}")
    for name, digest in record.items():
        if not _SECTION.fullmatch(name):
            raise Malformed(f"{path}.{name[:80]}", "is not a section's name")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise Malformed(f"{path}.{name}", "is not a digest like sha256:...")
    return record
