"""Taking in snapshots: by digest, so that what did not change is neither sent nor written.

    missing_sections(conn, org, {"os": "sha256:..", "users": "sha256:.."})  ->  {"users"}
    ingest_snapshot(conn, org, asset, source="agent", taken_at=..., manifest=..., sections={"users": Section(...)})

An unchanged snapshot updates one row, the observation of the asset by the source. A snapshot that is older than the
last one of the same source (a spool that came late) changes nothing: history is not rewritten.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, bindparam, func, select, update

from bartizan.inventory.blobs import pack_bytes, unpack
from bartizan.inventory.errors import BadInput, DigestMismatch, SectionsMissing
from bartizan.inventory.exceptions import assets_changed
from bartizan.inventory.moments import moment
from bartizan.inventory.schema import estate
from bartizan.inventory.statements import insert_new, numbers_of, storable
from bartizan.model.asset import AssetRef
from bartizan.model.snapshot import Section
from bartizan.model.wire import canonical, digest

MANIFEST_LIMIT = 1000
"""Sections in one snapshot."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """What a snapshot changed."""

    asset_id: int
    changed: tuple[str, ...] = ()
    """Names of the sections that are new, differ, or are gone."""
    created: bool = False
    """The asset was not known before."""
    stale: bool = False
    """Older than what this source reported already; nothing was written."""


def missing_sections(conn: Connection, org: int, manifest: Mapping[str, str]) -> set[str]:
    """Names of the sections whose content has to be sent."""
    _check_manifest(manifest)
    stored = numbers_of(conn, estate.section.c.digest, org, set(manifest.values()))
    return {name for name, value in manifest.items() if value not in stored}


def ingest_snapshot(
    conn: Connection,
    org: int,
    asset: AssetRef,
    *,
    source: str,
    taken_at: str | int,
    manifest: Mapping[str, str],
    sections: Mapping[str, Section],
    sensor: str = "",
) -> IngestResult:
    """Store what one source saw of one asset. `sections` holds at least the contents that are not stored yet.

    Raises `SectionsMissing` and `DigestMismatch`; nothing is written then.
    """
    _check_manifest(manifest)
    if not asset.key or not source:
        raise BadInput("a snapshot needs an asset with a key, and a source")
    at = moment(taken_at)
    manifest_digest = digest(dict(manifest))
    found = conn.execute(
        select(estate.asset.c.id, estate.asset.c.name).where(
            estate.asset.c.org_id == org,
            estate.asset.c.kind == asset.kind.value,
            estate.asset.c.key == storable(asset.key),
        )
    ).one_or_none()
    seen = None
    if found is not None:
        seen = conn.execute(
            select(estate.observation.c.last_seen, estate.observation.c.manifest_digest).where(
                estate.observation.c.asset_id == found.id, estate.observation.c.source == source
            )
        ).one_or_none()
        if seen is not None and at < seen.last_seen:
            return IngestResult(asset_id=found.id, stale=True)
        if seen is not None and seen.manifest_digest == manifest_digest and found.name == storable(asset.name):
            _touch(conn, found.id, source, at, sensor)
            return IngestResult(asset_id=found.id)
    numbers = _store_sections(conn, org, manifest, sections)
    asset_id = found.id if found is not None else _new_asset(conn, org, asset, at)
    changed = _move(conn, asset_id, source, at, manifest, numbers)
    _describe(conn, asset_id, asset, changed, manifest, numbers, sections)
    _observe(conn, org, asset_id, source, at, sensor, manifest_digest, known=seen is not None, changed=bool(changed))
    if seen is None or "os" in changed or (found is not None and found.name != storable(asset.name)):
        assets_changed(conn, org, [asset_id], at)
    return IngestResult(asset_id=asset_id, changed=changed, created=found is None)


def _check_manifest(manifest: Mapping[str, str]) -> None:
    if len(manifest) > MANIFEST_LIMIT:
        raise BadInput(f"a manifest names {len(manifest)} sections; at most {MANIFEST_LIMIT} are taken")
    for name, value in manifest.items():
        if not _NAME.fullmatch(name):
            raise BadInput(f"section name {name[:100]!r} is not made of a-z, 0-9 and _.:-")
        if not _DIGEST.fullmatch(value):
            raise BadInput(f"section {name}: {value[:80]!r} is not sha256: and 64 hexadecimal digits")


def _store_sections(
    conn: Connection, org: int, manifest: Mapping[str, str], sections: Mapping[str, Section]
) -> dict[str, int]:
    """Row numbers by digest, after writing what is new."""
    wanted = set(manifest.values())
    stored = numbers_of(conn, estate.section.c.digest, org, wanted)
    rows, absent = {}, set()
    for name, value in manifest.items():
        if value in stored or value in rows:
            continue
        section = sections.get(name)
        if section is None:
            absent.add(name)
            continue
        rows[value] = _section_row(org, name, value, section)
    if absent:
        raise SectionsMissing(absent)
    if rows:
        insert_new(conn, estate.section, list(rows.values()))
        stored |= numbers_of(conn, estate.section.c.digest, org, rows)
    return stored


def _section_row(org: int, name: str, claimed: str, section: Section) -> dict[str, object]:
    """The content is digested anew: equal digests are shared, so nobody may claim another content's digest."""
    actual = replace(section, digest="").digest
    if actual != claimed:
        raise DigestMismatch(f"section {name}: the manifest says {claimed}, its content has {actual}. Send it again.")
    body = canonical({"facts": section.facts, "problems": section.problems})
    return {
        "org_id": org,
        "digest": claimed,
        "size": len(body),
        "known": section.facts is not None,
        "problems": len(section.problems),
        "body": pack_bytes(body),
    }


def _new_asset(conn: Connection, org: int, asset: AssetRef, at: int) -> int:
    row = {"org_id": org, "kind": asset.kind.value, "key": storable(asset.key), "name": storable(asset.name)}
    insert_new(conn, estate.asset, [row | {"first_seen": at}])
    query = select(estate.asset.c.id).where(
        estate.asset.c.org_id == org, estate.asset.c.kind == row["kind"], estate.asset.c.key == row["key"]
    )
    return int(conn.execute(query).scalar_one())


def _move(
    conn: Connection, asset_id: int, source: str, at: int, manifest: Mapping[str, str], numbers: Mapping[str, int]
) -> tuple[str, ...]:
    """Close the spans of sections that changed or are gone, open the new ones."""
    table = estate.asset_section
    current = {
        row.name: row
        for row in conn.execute(
            select(table.c.name, table.c.section_id, table.c.valid_from).where(
                table.c.asset_id == asset_id, table.c.source == source, table.c.valid_to.is_(None)
            )
        )
    }
    target = {name: numbers[value] for name, value in manifest.items()}
    ended = [name for name, row in current.items() if target.get(name) != row.section_id]
    begun = [name for name, number in target.items() if name not in current or current[name].section_id != number]
    same_row = and_(table.c.asset_id == asset_id, table.c.source == source, table.c.name == bindparam("which"))
    if ended:
        conn.execute(
            update(table).where(same_row, table.c.valid_to.is_(None)).values(valid_to=at),
            [{"which": name} for name in ended],
        )
        # Two snapshots in one millisecond: a span of no length tells nothing and would collide with its successor.
        conn.execute(table.delete().where(table.c.asset_id == asset_id, table.c.valid_to == table.c.valid_from))
    if begun:
        key = {"asset_id": asset_id, "source": source, "valid_from": at, "valid_to": None}
        conn.execute(table.insert(), [key | {"name": name, "section_id": target[name]} for name in begun])
        _name_sections(conn, asset_id, set(begun) - set(current))
    return tuple(sorted({*ended, *begun}))


def _name_sections(conn: Connection, asset_id: int, names: set[str]) -> None:
    """Remember which names of sections the organisation has: they decide what assessors have work."""
    if not names:
        return
    org = select(estate.asset.c.org_id).where(estate.asset.c.id == asset_id).scalar_subquery()
    table = estate.section_name
    known = set(conn.execute(select(table.c.name).where(table.c.org_id == org)).scalars())
    if new := names - known:
        number = conn.execute(select(org)).scalar_one()
        insert_new(conn, table, [{"org_id": number, "name": name} for name in sorted(new)])


def _describe(
    conn: Connection,
    asset_id: int,
    asset: AssetRef,
    changed: tuple[str, ...],
    manifest: Mapping[str, str],
    numbers: Mapping[str, int],
    sections: Mapping[str, Section],
) -> None:
    """What lists show of an asset without opening its sections."""
    values: dict[str, str] = {"name": storable(asset.name)}
    facts: object = None
    if "os" in changed and "os" in manifest:
        if "os" in sections:
            facts = sections["os"].facts
        else:
            body = select(estate.section.c.body).where(estate.section.c.id == numbers[manifest["os"]])
            facts = unpack(conn.execute(body).scalar_one())["facts"]
    if isinstance(facts, dict):
        release = f"{facts.get('id') or ''} {facts.get('version_id') or ''}".strip()
        values["os"] = storable(str(facts.get("pretty_name") or facts.get("name") or release))
        values["os_release"] = storable(release)
    conn.execute(update(estate.asset).where(estate.asset.c.id == asset_id).values(**values))


def _touch(conn: Connection, asset_id: int, source: str, at: int, sensor: str) -> None:
    table = estate.observation
    conn.execute(
        update(table)
        .where(table.c.asset_id == asset_id, table.c.source == source)
        .values(last_seen=at, sensor=func.coalesce(func.nullif(storable(sensor), ""), table.c.sensor))
    )


def _observe(
    conn: Connection,
    org: int,
    asset_id: int,
    source: str,
    at: int,
    sensor: str,
    manifest: str,
    *,
    known: bool,
    changed: bool,
) -> None:
    table = estate.observation
    if known:
        values: dict[str, object] = {"last_seen": at, "manifest_digest": manifest, "sensor": storable(sensor)}
        if changed:
            values["pending"] = True
        conn.execute(update(table).where(table.c.asset_id == asset_id, table.c.source == source).values(**values))
        return
    conn.execute(
        table.insert().values(
            asset_id=asset_id,
            source=source,
            org_id=org,
            sensor=storable(sensor),
            first_seen=at,
            last_seen=at,
            manifest_digest=manifest,
            pending=True,
        )
    )
