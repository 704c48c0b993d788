"""Judge what was not judged yet, in batches that are each whole: judge outside any transaction, then record and attach.

May be cut off anywhere and begun again: what was recorded is not needed any more, what was not is needed still.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bartizan.assess.dispatch import scopes
from bartizan.inventory.assessments import attach, carry_over, needed, record_all
from bartizan.inventory.policy_parameters import parameters_of
from bartizan.inventory.store import Store
from bartizan.server.jobs.judging import Differences, Judging
from bartizan.server.knowledge import KnowledgeShelf

BATCH = 100
"""Distinct inputs judged between two writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is."""

    done: int
    total: int
    assets: int
    """Assets whose findings changed with the last batch."""


def assess(
    store: Store,
    shelf: KnowledgeShelf,
    org: int,
    *,
    progress: Callable[[Progress], None],
    stopped: Callable[[], bool],
) -> int:
    """Judge everything that is needed. Returns the number of inputs left, which is 0 unless it was stopped."""
    current = shelf.current()
    succession = shelf.succession(current)
    with store.begin() as conn:
        knowledge = current.for_organisation(parameters_of(conn, org))
        if succession is not None:
            carry_over(conn, org, succession.old, succession.new, succession.changed)
        judging = Judging(knowledge, Differences(conn, knowledge, succession))
        needs = judging.concerned(conn, needed(conn, org, scopes, knowledge.digests()))
    done = 0
    for start in range(0, len(needs), BATCH):
        if stopped():
            return len(needs) - done
        batch = needs[start : start + BATCH]
        judged = judging.judge(store, org, batch)
        with store.begin() as conn:
            record_all(conn, org, judged.assessments, datetime.now(UTC), judged.kept)
            changes = attach(conn, org, datetime.now(UTC))
        done += len(batch)
        progress(Progress(done=done, total=len(needs), assets=len(changes.assets)))
    if not needs:
        # Sections that went away, or an input that another asset had judged already, need no judging but attaching.
        with store.begin() as conn:
            changes = attach(conn, org, datetime.now(UTC))
        progress(Progress(done=0, total=0, assets=len(changes.assets)))
    return 0
