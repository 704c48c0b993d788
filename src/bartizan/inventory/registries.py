"""Registries that are watched. Passwords come in and go out sealed: nobody here can read them.

add_registry(conn, org, host="registry.example", repositories=["team/*"], sealed=..., now=...)
known_images(conn, registry_id)  ->  {("team/app", "1.0"): "sha256:..."}
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from bartizan.inventory.errors import Conflict, NotFound
from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.schema import registries
from bartizan.inventory.statements import insert, storable

_registry, _image = registries.registry, registries.registry_image
PROBLEMS = 20
"""Images that could not be scanned, as far as they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedRegistry:
    id: int
    org_id: int
    host: str
    repositories: tuple[str, ...]
    """Patterns as in a shell: `team/*`."""
    username: str
    sealed: bytes | None = field(repr=False)
    every: int
    """Seconds between two looks."""
    created_at: str
    last_run: str | None
    last_error: str
    tags: int
    images: int
    """Distinct digests."""
    problems: tuple[tuple[str, str], ...]
    """(`repository:tag`, why it could not be scanned)."""


def add_registry(
    conn: Connection,
    org: int,
    *,
    host: str,
    repositories: Sequence[str],
    username: str,
    sealed: bytes | None,
    every: int,
    created_by: str,
    now: datetime | str | int,
) -> WatchedRegistry:
    """`Conflict` where it is watched already."""
    same = select(_registry.c.id).where(_registry.c.org_id == org, _registry.c.host == host)
    if conn.execute(same).first() is not None:
        raise Conflict(f"the registry {host} is watched already. Remove it first to change how.")
    conn.execute(
        _registry.insert().values(
            org_id=org,
            host=host,
            repositories="\n".join(repositories),
            username=storable(username),
            sealed=sealed,
            every=every,
            created_by=storable(created_by),
            created_at=moment(now),
        )
    )
    return get_registry(conn, org, int(conn.execute(same).scalar_one()))


def get_registry(conn: Connection, org: int, registry_id: int) -> WatchedRegistry:
    """`NotFound` where the organisation has no such registry."""
    row = conn.execute(select(_registry).where(_registry.c.org_id == org, _registry.c.id == registry_id)).one_or_none()
    if row is None:
        raise NotFound(f"no registry {registry_id}")
    return _made(conn, row)


def list_registries(conn: Connection, org: int) -> list[WatchedRegistry]:
    """By host."""
    rows = conn.execute(select(_registry).where(_registry.c.org_id == org).order_by(_registry.c.host)).all()
    return [_made(conn, row) for row in rows]


def remove_registry(conn: Connection, org: int, registry_id: int) -> None:
    """It is not watched any more; the images that were found stay, with their history."""
    if not conn.execute(delete(_registry).where(_registry.c.org_id == org, _registry.c.id == registry_id)).rowcount:
        raise NotFound(f"no registry {registry_id}")


def due_registries(conn: Connection, now: datetime | str | int) -> list[tuple[int, int]]:
    """(organisation, registry) of those that nobody has looked at for longer than they say."""
    query = select(_registry.c.org_id, _registry.c.id).where(
        _registry.c.last_run.is_(None) | (_registry.c.last_run + _registry.c.every * 1000 <= moment(now))
    )
    return [(row.org_id, row.id) for row in conn.execute(query.order_by(_registry.c.id))]


def registry_seen(conn: Connection, registry_id: int, now: datetime | str | int, *, error: str = "") -> None:
    """Somebody looked at it, and what went wrong with that as a whole."""
    values = {"last_run": moment(now), "last_error": storable(error, 1000)}
    conn.execute(update(_registry).where(_registry.c.id == registry_id).values(**values))


def known_images(conn: Connection, registry_id: int) -> dict[tuple[str, str], str]:
    """(repository, tag) to the digest that was scanned; what could not be scanned is not known and tried again."""
    query = select(_image).where(_image.c.registry_id == registry_id, _image.c.problem == "")
    return {(row.repository, row.tag): row.digest for row in conn.execute(query)}


def image_seen(
    conn: Connection,
    registry_id: int,
    repository: str,
    tag: str,
    digest: str,
    now: datetime | str | int,
    *,
    problem: str = "",
) -> None:
    """A tag leads to this digest, which was scanned, or could not be."""
    values = {"digest": digest, "seen_at": moment(now), "problem": storable(problem, 1000)}
    statement = insert(conn, _image).values(registry_id=registry_id, repository=repository, tag=tag, **values)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[_image.c.registry_id, _image.c.repository, _image.c.tag], set_=values
        )
    )


def _made(conn: Connection, row: Row[Any]) -> WatchedRegistry:
    mine = _image.c.registry_id == row.id
    tags, images = conn.execute(select(func.count(), func.count(_image.c.digest.distinct())).where(mine)).one()
    failed = (
        select(_image.c.repository, _image.c.tag, _image.c.problem)
        .where(mine, _image.c.problem != "")
        .order_by(_image.c.repository, _image.c.tag)
        .limit(PROBLEMS)
    )
    return WatchedRegistry(
        id=row.id,
        org_id=row.org_id,
        host=row.host,
        repositories=tuple(row.repositories.split("\n")),
        username=row.username,
        sealed=row.sealed,
        every=row.every,
        created_at=text(row.created_at),
        last_run=text_or_none(row.last_run),
        last_error=row.last_error,
        tags=tags,
        images=images,
        problems=tuple((f"{one.repository}:{one.tag}", one.problem) for one in conn.execute(failed)),
    )
