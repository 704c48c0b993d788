"""`/feeds`: what the server knows, how old that is, and bringing it up to date."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody

from bartizan.inventory import audit
from bartizan.inventory.knowledge import KnowledgeState, get_knowledge
from bartizan.server.api import records
from bartizan.server.api.jobs import view_of
from bartizan.server.api.parameters import GivenContext, GivenPrincipal
from bartizan.server.api.records import FeedView, JobView
from bartizan.server.auth.access import FEEDS, READ
from bartizan.server.auth.principal import Principal
from bartizan.server.context import Context
from bartizan.server.problems import Problem, invalid

AMBER, RED = 3.0, 14.0
"""Days since the newest record after which the lamp changes."""


class ImportFeeds(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    folder: str
    """On the server: holds `osv/<Ecosystem>/all.zip`, `kev/` and `epss/`."""


class FeedController(Controller):
    path = "/feeds"
    tags = ("feeds",)

    @get(opt=READ, sync_to_thread=True, summary="What is known, and how old it is")
    def status(self, context: GivenContext) -> records.Knowledge:
        with context.store.read() as conn:
            state = get_knowledge(conn)
        return knowledge_view(state, trouble=context.shelf.trouble, now=datetime.now(UTC))

    @post("/sync", opt=FEEDS, status_code=202, sync_to_thread=True, summary="Bring advisories up to date")
    def sync(self, context: GivenContext, principal: GivenPrincipal) -> JobView:
        """From the folder that the server was told (`--feeds`), else from the official sources."""
        folder = context.settings.feeds_dir
        if folder is not None:
            return _start(context, principal, "feeds-import", str(folder.absolute()))
        return _start(context, principal, "feeds-sync")

    @post("/import", opt=FEEDS, status_code=202, sync_to_thread=True, summary="Import advisories from a folder")
    def import_(self, data: JSONBody[ImportFeeds], context: GivenContext, principal: GivenPrincipal) -> JobView:
        """For a server without a network: a copy of the feeds that was carried to it."""
        folder = Path(data.folder)
        if not data.folder or "\0" in data.folder or len(data.folder) > 4000 or not folder.is_absolute():
            raise invalid("folder", "is not an absolute path on the server")
        if not (folder / "osv").is_dir():
            raise invalid("folder", "there is no folder `osv` in it on the server")
        return _start(context, principal, "feeds-import", str(folder))


def _start(context: Context, principal: Principal, kind: str, *arguments: str) -> JobView:
    org = principal.organisation
    for running in ("feeds-import", "feeds-sync"):
        if context.jobs.running(org, running):
            raise Problem(
                409,
                "already-running",
                "Advisories are being imported already",
                remedy="Wait for the job that runs, or cancel it under /jobs.",
            )
    with context.store.begin() as conn:
        audit.write(
            conn,
            org,
            actor=principal.actor,
            action=kind.replace("-", "."),
            subject=arguments[0] if arguments else "official sources",
            now=datetime.now(UTC),
        )
    return view_of(context.jobs.submit(kind, org, *arguments))


def knowledge_view(state: KnowledgeState | None, *, trouble: str, now: datetime) -> records.Knowledge:
    """The lamp: green where knowledge is fresh, with the reason in words."""
    if state is None or trouble:
        return records.Knowledge(
            id=None,
            imported_at=None,
            newest=None,
            age_days=None,
            lamp="red",
            reason=trouble
            or "No advisories were imported, so vulnerabilities cannot be seen. "
            "Run `bartizan feeds import DIR`, or fetch them under Settings, Feeds.",
            feeds=[],
        )
    newest = _newest(state, now)
    age = max(0.0, (now - newest).total_seconds() / 86400) if newest else None
    if age is None:
        lamp, reason = "amber", "The advisories do not say when they were modified."
    elif age <= AMBER:
        lamp, reason = "green", f"The newest advisory is {_days(age)} old."
    else:
        lamp = "amber" if age <= RED else "red"
        reason = f"The newest advisory is {_days(age)} old: what was published since is not seen. Fetch advisories."
    return records.Knowledge(
        id=state.file_id,
        imported_at=state.imported_at,
        newest=newest.strftime("%Y-%m-%dT%H:%M:%SZ") if newest else None,
        age_days=round(age, 2) if age is not None else None,
        lamp=lamp,  # type: ignore[arg-type]
        reason=reason,
        feeds=[
            FeedView(source=str(feed["source"]), records=int(feed["records"]), newest=feed.get("newest") or None)
            for feed in state.feeds
        ],
    )


def _newest(state: KnowledgeState, now: datetime) -> datetime | None:
    """The newest record that is not dated in the future: a source's mistyped date must not make old knowledge fresh."""
    times = []
    for text in (state.newest, *(feed.get("newest") for feed in state.feeds)):
        try:
            at = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if at <= now:
            times.append(at)
    return max(times, default=None)


def _days(age: float) -> str:
    if age < 1:
        return "less than a day"
    return "1 day" if age < 2 else f"{int(age)} days"
