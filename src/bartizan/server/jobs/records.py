"""What is told of a job, and how its id says whose it is and of what kind: `o1.assess.7f3c...`."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

State = Literal["queued", "running", "done", "failed", "cancelled"]

TITLES = {
    "assess": "Assess what is new",
    "feeds-import": "Import advisories",
    "feeds-sync": "Fetch and import advisories",
    "registry-watch": "Look for new images in a registry",
    "housekeeping": "Housekeeping",
}
STATES: dict[str, State] = {
    "ENQUEUED": "queued",
    "DELAYED": "queued",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    id: str
    kind: str
    title: str
    state: State
    progress: float | None
    """0 to 1 while that is known."""
    started_at: str | None
    finished_at: str | None
    error: str | None


def new_id(org: int, kind: str) -> str:
    return f"o{org}.{kind}.{secrets.token_hex(8)}"


def prefix(org: int) -> str:
    return f"o{org}."


def kind_of(job_id: str) -> str:
    return job_id.split(".")[1] if job_id.count(".") == 2 else ""


def at(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
