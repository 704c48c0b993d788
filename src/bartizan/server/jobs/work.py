"""The jobs of one server: durable by DBOS, which writes what runs to `jobs.db` (or PostgreSQL) and goes on after a
kill.

DBOS costs some 65 ms a step on SQLite, so a job is one workflow of one step or two; the steps themselves go on where
they were cut off, because the inventory knows what is still needed. DBOS is told to talk to nobody: its hosted
console, cloud and telemetry settings in the environment are not passed on.
"""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bartizan.inventory.knowledge import put_knowledge
from bartizan.inventory.store import Store
from bartizan.server.jobs import records
from bartizan.server.jobs.assessing import Progress, assess
from bartizan.server.jobs.feeds import FeedsFailed, run_worker
from bartizan.server.jobs.housekeeping import keep_house
from bartizan.server.jobs.records import Job
from bartizan.server.jobs.registries import WatchFailed, watch
from bartizan.server.knowledge import KnowledgeShelf
from bartizan.server.metrics import Metrics
from bartizan.server.sealing import Seal
from bartizan.server.settings import Settings
from bartizan.server.stream import Hub

LOG = logging.getLogger("bartizan.server.jobs")
VERSION = "1"
"""Of the workflows below. One of another version is not taken up again after an upgrade; raise it when steps change."""

PROGRESS_EVERY = 0.5
"""Seconds between two events about the progress of one job."""


class NoSuchJob(Exception):
    """There is none with this id in the organisation."""


class ServerStopping(BaseException):
    """Leaves a job unfinished, on purpose not an `Exception`: DBOS then writes no outcome and takes it up again."""


class Jobs:
    """Start once, destroy once. DBOS keeps one instance in a process, so there is one server in a process."""

    def __init__(
        self, settings: Settings, store: Store, shelf: KnowledgeShelf, hub: Hub, metrics: Metrics, seal: Seal
    ) -> None:
        self._settings = settings
        self._store = store
        self._shelf = shelf
        self._hub = hub
        self._metrics = metrics
        self._seal = seal
        self._workflows: dict[str, Callable[..., Any]] = {}
        self._lock = threading.Lock()
        self._progress: dict[str, float] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._cancelled: set[str] = set()
        self._stopping = threading.Event()
        self._noted: str | None = None
        self.when_imported: Callable[[], None] = lambda: None
        """Called when the advisory file was replaced by a job."""
        self.when_found: Callable[[int], None] = lambda org: None
        """Called when a job brought facts of an organisation."""
        self._told: dict[str, float] = {}
        self._dbos: Any = None

    def start(self) -> None:
        """Launch DBOS; jobs that a kill cut off go on at once."""
        for name in [name for name in os.environ if name.startswith("DBOS_")]:
            del os.environ[name]
        from dbos import DBOS

        self._dbos = DBOS
        DBOS(
            config={
                "name": "bartizan",
                "system_database_url": _with_driver(self._settings.jobs_url),
                "application_version": VERSION,
                "executor_id": "server",
                "log_level": "ERROR",
                "enable_otlp": False,
                "notification_listener_polling_interval_sec": 5.0,
                "scheduler_polling_interval_sec": 3600.0,
            }
        )
        library = logging.getLogger("dbos")
        library.handlers.clear()
        library.propagate = True
        for kind, body in (
            ("assess", self._assess),
            ("feeds-import", self._import),
            ("feeds-sync", self._sync),
            ("registry-watch", self._watch),
            ("housekeeping", self._housekeeping),
        ):
            self._workflows[kind] = self._workflow(kind, body)
        DBOS.launch()

    def stop(self) -> None:
        """End what runs; it goes on at the next start."""
        self._stopping.set()
        with self._lock:
            for process in self._processes.values():
                process.terminate()
        if self._dbos is not None:
            self._dbos.destroy(destroy_registry=True)
            self._dbos = None

    def submit(self, kind: str, org: int, *arguments: Any) -> Job:
        """Start a job now."""
        from dbos import SetWorkflowID

        job_id = records.new_id(org, kind)
        with SetWorkflowID(job_id):
            self._dbos.start_workflow(self._workflows[kind], org, *arguments)
        self._hub.publish(org, "jobs")
        return self.get(org, job_id)

    def running(self, org: int, kind: str) -> bool:
        return bool(
            self._dbos.list_workflows(
                workflow_id_prefix=f"{records.prefix(org)}{kind}.",
                status=["PENDING", "ENQUEUED"],
                load_input=False,
                load_output=False,
                limit=1,
            )
        )

    def list(self, org: int, *, limit: int, before: int | None = None) -> list[Job]:
        """Newest first. `before`: an offset, given out with the page before."""
        found = self._dbos.list_workflows(
            workflow_id_prefix=records.prefix(org),
            sort_desc=True,
            limit=limit,
            offset=before,
            load_input=False,
        )
        return [self._job(status) for status in found]

    def get(self, org: int, job_id: str) -> Job:
        if not job_id.startswith(records.prefix(org)):
            raise NoSuchJob(job_id)
        found = self._dbos.list_workflows(workflow_ids=[job_id], load_input=False)
        if not found:
            raise NoSuchJob(job_id)
        return self._job(found[0])

    def cancel(self, org: int, job_id: str) -> Job:
        """Ask it to stop; it does at the next point where nothing is half-done."""
        job = self.get(org, job_id)
        if job.state in ("queued", "running"):
            self._dbos.cancel_workflow(job_id)
            with self._lock:
                self._cancelled.add(job_id)
                if process := self._processes.get(job_id):
                    process.terminate()
            self._hub.publish(org, "jobs")
        return self.get(org, job_id)

    def _workflow(self, kind: str, body: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a body as a workflow of one step, with its metrics and its events."""

        def stepped(*arguments: Any) -> Any:
            return body(*arguments)

        step = self._dbos.step(name=f"{kind}-step")(stepped)

        def run(org: int, *arguments: Any) -> Any:
            job_id = self._dbos.workflow_id
            began = time.monotonic()
            state = "failed"
            self._hub.publish(org, "jobs")
            try:
                result = step(job_id, org, *arguments)
            except ServerStopping:
                state = "put down"
                raise
            else:
                state = "done"
                return result
            finally:
                with self._lock:
                    if job_id in self._cancelled:
                        state = "cancelled"
                    self._progress.pop(job_id, None)
                    self._told.pop(job_id, None)
                    self._cancelled.discard(job_id)
                seconds = time.monotonic() - began
                self._metrics.jobs.labels(kind, state).inc()
                self._metrics.job_seconds.labels(kind).observe(seconds)
                LOG.info("job ended", extra={"job": job_id, "state": state, "milliseconds": round(seconds * 1000)})
                # The state is written after this returns; tell listeners when it is there to be read.
                threading.Timer(0.3, self._hub.publish, (org, "jobs")).start()

        return self._dbos.workflow(name=kind)(run)  # type: ignore[no-any-return]

    def _assess(self, job_id: str, org: int) -> int:
        def tell(progress: Progress) -> None:
            self._tell(job_id, org, progress.done / progress.total if progress.total else 1.0)
            if progress.assets:
                self._hub.publish(org, "findings", "assets")

        return assess(self._store, self._shelf, org, progress=tell, stopped=lambda: self._is_stopped(job_id))

    def _import(self, job_id: str, org: int, source: str) -> dict[str, Any]:
        return self._run_worker(job_id, org, "import", Path(source))

    def _sync(self, job_id: str, org: int) -> dict[str, Any]:
        return self._run_worker(job_id, org, "sync", self._settings.data_dir / "feeds")

    def _watch(self, job_id: str, org: int, registry: int) -> dict[str, int]:
        def found() -> None:
            self._hub.publish(org, "assets")
            self.when_found(org)

        try:
            return watch(
                self._store,
                self._seal,
                org,
                registry,
                started=lambda process: self._started(job_id, process),
                found=found,
                malware_folders=self._settings.malware_folders,
            )
        except WatchFailed:
            self._is_stopped(job_id)
            raise
        finally:
            with self._lock:
                self._processes.pop(job_id, None)

    def _started(self, job_id: str, process: subprocess.Popen[str]) -> None:
        """A child process runs for a job: it ends with it."""
        with self._lock:
            self._processes[job_id] = process
            if self._stopping.is_set() or job_id in self._cancelled:
                process.terminate()

    def _run_worker(self, job_id: str, org: int, verb: str, source: Path) -> dict[str, Any]:
        try:
            outcome = run_worker(
                verb,
                source,
                self._settings.advisories,
                started=lambda process: self._started(job_id, process),
                progress=lambda _step, share: self._tell(job_id, org, share),
            )
        except FeedsFailed:
            self._is_stopped(job_id)
            raise
        finally:
            with self._lock:
                self._processes.pop(job_id, None)
        self.when_imported()
        return outcome

    def _housekeeping(self, _job_id: str, org: int) -> dict[str, int]:
        done = keep_house(self._store, org)
        if done["expired_decisions"]:
            self._hub.publish(org, "findings", "assets")
        return done

    def note_knowledge(self) -> bool:
        """Put the advisory file that is there into the books; whether it is another one than was noted before."""
        advisories = self._shelf.current().advisories
        found = advisories.id if advisories else ""
        if found == self._noted:
            return False
        if advisories is not None:
            feeds = [
                {"source": feed.source, "records": feed.records, "newest": feed.newest} for feed in advisories.feeds()
            ]
            with self._store.begin() as conn:
                put_knowledge(conn, advisories.id, newest=advisories.newest, feeds=feeds, now=_now())
        self._noted = found
        return True

    def _tell(self, job_id: str, org: int, share: float) -> None:
        now = time.monotonic()
        with self._lock:
            self._progress[job_id] = share
            due = now - self._told.get(job_id, 0.0) >= PROGRESS_EVERY
            if due:
                self._told[job_id] = now
        if due:
            self._hub.publish(org, "jobs")

    def _is_stopped(self, job_id: str) -> bool:
        if self._stopping.is_set():
            raise ServerStopping
        with self._lock:
            return job_id in self._cancelled

    def _job(self, status: Any) -> Job:
        kind = records.kind_of(status.workflow_id)
        state = records.STATES.get(status.status, "running")
        with self._lock:
            progress = self._progress.get(status.workflow_id)
        finished = status.completed_at or (status.updated_at if state in ("done", "failed", "cancelled") else None)
        return Job(
            id=status.workflow_id,
            kind=kind,
            title=records.TITLES.get(kind, kind),
            state=state,
            progress=1.0 if state == "done" else progress,
            started_at=records.at(status.created_at),
            finished_at=records.at(finished),
            error=str(status.error) if state == "failed" and status.error else None,
        )


def _with_driver(url: str) -> str:
    """DBOS takes SQLAlchemy's addresses, with the driver that we ship."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _now() -> datetime:
    return datetime.now(UTC)
