"""`/jobs`: what the server is doing and did."""

from datetime import UTC, datetime

from litestar import Controller, get, post
from litestar.params import FromPath

from bartizan.inventory import audit
from bartizan.inventory.paging import fingerprint, read_cursor, write_cursor
from bartizan.server.api.parameters import Cursor, GivenContext, GivenPrincipal, Limit
from bartizan.server.api.records import JobView, Page
from bartizan.server.auth.access import JOBS, READ
from bartizan.server.jobs.records import Job
from bartizan.server.jobs.work import NoSuchJob
from bartizan.server.problems import not_found

_MARK = fingerprint("jobs")


class JobController(Controller):
    path = "/jobs"
    tags = ("jobs",)

    @get(opt=READ, sync_to_thread=True, summary="List jobs")
    def list_all(
        self, context: GivenContext, principal: GivenPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[JobView]:
        """Newest first."""
        before = 0
        if cursor:
            (found,) = read_cursor(cursor, _MARK, (int,))
            before = max(0, min(found or 0, 1_000_000))
        jobs = context.jobs.list(principal.organisation, limit=limit + 1, before=before)
        more = len(jobs) > limit
        return Page(
            items=[view_of(job) for job in jobs[:limit]],
            next=write_cursor(_MARK, [before + limit]) if more else None,
            total=before + len(jobs),
            total_at_least=more,
        )

    @get("/{job_id:str}", opt=READ, sync_to_thread=True, summary="One job")
    def one(self, job_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> JobView:
        try:
            return view_of(context.jobs.get(principal.organisation, job_id[:80]))
        except NoSuchJob:
            raise not_found(f"job {job_id[:80]}") from None

    @post("/{job_id:str}/cancel", opt=JOBS, status_code=200, sync_to_thread=True, summary="Cancel a job")
    def cancel(self, job_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> JobView:
        """It stops at the next point where nothing is half-done. One that ended stays as it is."""
        try:
            job = context.jobs.cancel(principal.organisation, job_id[:80])
        except NoSuchJob:
            raise not_found(f"job {job_id[:80]}") from None
        now = datetime.now(UTC)
        with context.store.begin() as conn:
            audit.write(
                conn, principal.organisation, actor=principal.actor, action="job.cancel", subject=job.id, now=now
            )
        return view_of(job)


def view_of(job: Job) -> JobView:
    return JobView(
        id=job.id,
        kind=job.kind,
        title=job.title,
        state=job.state,
        progress=job.progress,
        started_at=job.started_at,
        finished_at=job.finished_at,
        error=job.error,
    )
