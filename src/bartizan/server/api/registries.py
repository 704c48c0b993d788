"""`/registries`: registries that are watched for new images. Passwords go in and never come out."""

import re
from datetime import UTC, datetime

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from bartizan.inventory import audit, registries
from bartizan.inventory.registries import WatchedRegistry
from bartizan.server.api.jobs import view_of
from bartizan.server.api.parameters import GivenContext, GivenPrincipal, number
from bartizan.server.api.records import JobView, RegistryView
from bartizan.server.auth.access import SENSORS
from bartizan.server.jobs.registries import purpose
from bartizan.server.problems import Problem, invalid

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_PATTERN = re.compile(r"[a-z0-9._/*?\[\]-]{1,300}")
SHORTEST, LONGEST = 5, 7 * 24 * 60
"""Minutes between two looks."""


class NewRegistry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    host: str
    """`registry.example:5000`. Spoken to over TLS; without it on this very machine only."""
    repositories: list[str]
    """Names, or patterns as in a shell: `team/*`. Patterns need a registry that lets one ask for its catalogue."""
    username: str = ""
    password: str = ""
    every_minutes: int = 60


class RegistryController(Controller):
    path = "/registries"
    tags = ("registries",)

    @get(opt=SENSORS, sync_to_thread=True, summary="List watched registries")
    def list_all(self, context: GivenContext, principal: GivenPrincipal) -> list[RegistryView]:
        """With what was found in each, and what went wrong."""
        with context.store.read() as conn:
            return [_view(one) for one in registries.list_registries(conn, principal.organisation)]

    @post(opt=SENSORS, sync_to_thread=True, summary="Watch a registry")
    def create(self, data: JSONBody[NewRegistry], context: GivenContext, principal: GivenPrincipal) -> RegistryView:
        """It is looked at within a minute, then as often as it says. The password is kept sealed."""
        _check(data)
        org, now = principal.organisation, datetime.now(UTC)
        sealed = context.seal.seal(data.password, purpose(org, data.host)) if data.password else None
        with context.store.begin() as conn:
            made = registries.add_registry(
                conn,
                org,
                host=data.host,
                repositories=data.repositories,
                username=data.username,
                sealed=sealed,
                every=data.every_minutes * 60,
                created_by=principal.actor,
                now=now,
            )
            audit.write(
                conn,
                org,
                actor=principal.actor,
                action="registry.add",
                subject=data.host,
                detail={"repositories": data.repositories, "username": data.username},
                now=now,
            )
        return _view(made)

    @delete("/{registry_id:str}", opt=SENSORS, sync_to_thread=True, summary="Watch a registry no more")
    def remove(self, registry_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> None:
        """Its password is deleted; the images that were found stay, with their history."""
        key, org = number(registry_id, "registry"), principal.organisation
        with context.store.begin() as conn:
            host = registries.get_registry(conn, org, key).host
            registries.remove_registry(conn, org, key)
            audit.write(conn, org, actor=principal.actor, action="registry.remove", subject=host, now=datetime.now(UTC))

    @post("/{registry_id:str}/scan", opt=SENSORS, status_code=202, sync_to_thread=True, summary="Look at it now")
    def scan(self, registry_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> JobView:
        """Images whose digest is known are not fetched again."""
        key, org = number(registry_id, "registry"), principal.organisation
        with context.store.read() as conn:
            registries.get_registry(conn, org, key)
        if context.jobs.running(org, "registry-watch"):
            raise Problem(409, "already-running", "A registry is being looked at already", remedy="Wait for that job.")
        return view_of(context.jobs.submit("registry-watch", org, key))


def _check(data: NewRegistry) -> None:
    if not _HOST.fullmatch(data.host) or len(data.host) > 255:
        raise invalid("host", "is not a registry's host, like registry.example or 127.0.0.1:5000")
    if not data.repositories or len(data.repositories) > 200:
        raise invalid("repositories", "name one to 200 repositories or patterns")
    for pattern in data.repositories:
        if not _PATTERN.fullmatch(pattern):
            raise invalid("repositories", f"{pattern[:80]!r} is no repository's name or pattern; names are lower case")
    if bool(data.username) != bool(data.password) or len(data.username) > 200 or len(data.password) > 20_000:
        raise invalid("username", "a name and a password go together")
    if not SHORTEST <= data.every_minutes <= LONGEST:
        raise invalid("every_minutes", f"is not between {SHORTEST} and {LONGEST}")


def _view(one: WatchedRegistry) -> RegistryView:
    return RegistryView(
        id=str(one.id),
        host=one.host,
        repositories=list(one.repositories),
        username=one.username,
        every_minutes=one.every // 60,
        created_at=one.created_at,
        last_run=one.last_run,
        last_error=one.last_error,
        tags=one.tags,
        images=one.images,
        problems=[list(problem) for problem in one.problems],
    )
