"""The index of scanned images: which image is built upon which, without anybody telling.

An image whose layers begin with all layers of another scanned image is built upon it; of several the longest counts.
What is found so is given to assessors as if it had come with the image, in the section `image_base`:

    {"layers": ["sha256:..."], "name": "debian:12", "told_by": "the index of scanned images"}

What a sensor or a person said goes before. When a base image is scanned after the images that are built upon it, they
are judged anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, func, or_, select, update

from bartizan.inventory.blobs import pack_bytes, unpack
from bartizan.inventory.schema import estate, images
from bartizan.inventory.statements import chunks, insert_new, numbers_of
from bartizan.model.snapshot import Section
from bartizan.model.wire import canonical

IMAGE, BASE = "image", "image_base"
TOLD_BY = "the index of scanned images"
LAYER_LIMIT = 1000
"""Layers of one image; no engine makes more than 127."""

_stack, _prefix = images.image_stack, images.image_prefix


class ImageLink(Struct, kw_only=True):
    """Another image."""

    id: str
    name: str


def index_images(conn: Connection, org: int) -> int:
    """Take in images that are new or changed. Returns how many stand on another base than before."""
    changed = _changed(conn, org)
    moved = {row.chain for row in changed if row.chain is not None}
    for row in changed:
        moved.add(_store(conn, org, row))
    moved.discard("")
    affected = {row.asset_id for row in changed}
    for chunk in chunks(moved):
        affected |= set(conn.execute(select(_prefix.c.asset_id).where(_prefix.c.chain.in_(chunk))).scalars())
    orphans = select(_stack.c.asset_id).where(
        _stack.c.org_id == org, _stack.c.base_id.is_(None), _stack.c.base_section_id.is_not(None)
    )
    affected |= set(conn.execute(orphans).scalars())
    return sum(_stand(conn, org, asset_id) for asset_id in sorted(affected))


def sections_told(conn: Connection, assets: Sequence[int]) -> dict[int, str]:
    """Asset to the digest of the `image_base` section that the index has for it."""
    content = estate.section
    query = (
        select(_stack.c.asset_id, content.c.digest)
        .join(content, content.c.id == _stack.c.base_section_id)
        .where(_stack.c.asset_id.in_(assets))
    )
    return {row.asset_id: row.digest for row in conn.execute(query)}


def base_facts(conn: Connection, org: int, asset_id: int) -> Mapping[str, Any]:
    """The facts of that section; empty where the index knows no base."""
    content = estate.section
    query = (
        select(content.c.body)
        .join(_stack, _stack.c.base_section_id == content.c.id)
        .where(_stack.c.org_id == org, _stack.c.asset_id == asset_id)
    )
    body = conn.execute(query).scalar_one_or_none()
    return {} if body is None else unpack(body)["facts"]


def built_upon(conn: Connection, org: int, asset_id: int, limit: int = 50) -> tuple[list[ImageLink], int]:
    """Images whose layers begin with all of this one's, by name, and how many there are."""
    own = select(_stack.c.chain).where(_stack.c.org_id == org, _stack.c.asset_id == asset_id).scalar_subquery()
    asset = estate.asset
    above = (
        select(asset.c.id, asset.c.name)
        .join(_prefix, _prefix.c.asset_id == asset.c.id)
        .join(_stack, _stack.c.asset_id == asset.c.id)
        .where(asset.c.org_id == org, _prefix.c.chain == own, _prefix.c.depth < _stack.c.depth)
    )
    total = int(conn.execute(select(func.count()).select_from(above.subquery())).scalar_one())
    rows = conn.execute(above.order_by(asset.c.name, asset.c.id).limit(limit))
    return [ImageLink(id=str(row.id), name=row.name) for row in rows], total


def _changed(conn: Connection, org: int) -> list[Any]:
    """Images whose `image` section is not the one that was indexed; of several sources the newest word."""
    held, content, asset = estate.asset_section, estate.section, estate.asset
    query = (
        select(held.c.asset_id, content.c.digest, content.c.body, _stack.c.chain)
        .join(asset, asset.c.id == held.c.asset_id)
        .join(content, content.c.id == held.c.section_id)
        .outerjoin(_stack, _stack.c.asset_id == held.c.asset_id)
        .where(
            asset.c.org_id == org,
            held.c.name == IMAGE,
            held.c.valid_to.is_(None),
            or_(_stack.c.section.is_(None), _stack.c.section != content.c.digest),
        )
        .order_by(held.c.valid_from, held.c.source)
    )
    return list({row.asset_id: row for row in conn.execute(query)}.values())


def _store(conn: Connection, org: int, row: Any) -> str:
    """Write the image's chains. Returns the one over all layers; empty for an image without any."""
    chains = _chains(_layers(unpack(row.body)["facts"]))
    conn.execute(delete(_prefix).where(_prefix.c.asset_id == row.asset_id))
    insert_new(
        conn,
        _prefix,
        [{"asset_id": row.asset_id, "depth": depth, "chain": chain} for depth, chain in enumerate(chains, start=1)],
    )
    whole = chains[-1] if chains else ""
    values = {"section": row.digest, "depth": len(chains), "chain": whole}
    insert_new(conn, _stack, [{"asset_id": row.asset_id, "org_id": org, **values}])
    conn.execute(update(_stack).where(_stack.c.asset_id == row.asset_id).values(**values))
    return whole


def _layers(facts: Any) -> list[str]:
    layers = facts.get("layers") if isinstance(facts, Mapping) else None
    found = [str(each.get("digest", "")) for each in layers or () if isinstance(each, Mapping)]
    return found[:LAYER_LIMIT]


def _chains(layers: Iterable[str]) -> list[str]:
    chains: list[str] = []
    for layer in layers:
        before = chains[-1] if chains else ""
        chains.append(sha256(f"{before} {layer}".encode()).hexdigest())
    return chains


def _stand(conn: Connection, org: int, asset_id: int) -> bool:
    """Note what the image is built upon; whether that is another than before."""
    base = _stack.alias("base")
    asset, content = estate.asset, estate.section
    longest = conn.execute(
        select(base.c.asset_id, base.c.section, asset.c.name)
        .join(_prefix, _prefix.c.chain == base.c.chain)
        .join(_stack, _stack.c.asset_id == _prefix.c.asset_id)
        .join(asset, asset.c.id == base.c.asset_id)
        .where(
            _prefix.c.asset_id == asset_id,
            base.c.org_id == org,
            base.c.asset_id != asset_id,
            base.c.depth < _stack.c.depth,
        )
        .order_by(base.c.depth.desc(), base.c.asset_id)
        .limit(1)
    ).one_or_none()
    section_id = None
    if longest is not None:
        body = select(content.c.body).where(content.c.org_id == org, content.c.digest == longest.section)
        layers = _layers(unpack(conn.execute(body).scalar_one())["facts"])
        section_id = _section(conn, org, {"layers": layers, "name": longest.name, "told_by": TOLD_BY})
    same = _stack.c.asset_id == asset_id
    before = conn.execute(select(_stack.c.base_section_id).where(same)).scalar_one()
    base_id = None if longest is None else longest.asset_id
    conn.execute(update(_stack).where(same).values(base_id=base_id, base_section_id=section_id))
    if before == section_id:
        return False
    seen = estate.observation
    conn.execute(update(seen).where(seen.c.asset_id == asset_id).values(pending=True))
    return True


def _section(conn: Connection, org: int, facts: dict[str, Any]) -> int:
    section = Section(name=BASE, facts=facts)
    body = canonical({"facts": section.facts, "problems": section.problems})
    row = {
        "org_id": org,
        "digest": section.digest,
        "size": len(body),
        "known": True,
        "problems": 0,
        "body": pack_bytes(body),
    }
    insert_new(conn, estate.section, [row])
    return numbers_of(conn, estate.section.c.digest, org, [section.digest])[section.digest]
