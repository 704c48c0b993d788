"""Judge what was not judged yet, in batches that are each whole: judge outside any transaction, then record and attach.

May be cut off anywhere and begun again: what was recorded is not needed any more, what was not is needed still.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bartizan.assess import dispatch
from bartizan.assess.dispatch import scopes
from bartizan.inventory.assessments import Need, attach, carry_over, load_sections, needed, record_all
from bartizan.inventory.policy_parameters import parameters_of
from bartizan.inventory.store import Store
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Fix, Verdict
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Section
from bartizan.server.knowledge import Knowledge, KnowledgeShelf

LOG = logging.getLogger("bartizan.server.jobs")
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
        needs = needed(conn, org, scopes, knowledge.digests())
    done = 0
    for start in range(0, len(needs), BATCH):
        if stopped():
            return len(needs) - done
        batch = needs[start : start + BATCH]
        judged = _judge(store, org, batch, knowledge)
        with store.begin() as conn:
            inputs = [need.input_digest for need in batch]
            record_all(conn, org, list(zip(judged, inputs, strict=True)), datetime.now(UTC))
            changes = attach(conn, org, datetime.now(UTC))
        done += len(batch)
        progress(Progress(done=done, total=len(needs), assets=len(changes.assets)))
    if not needs:
        # Sections that went away, or an input that another asset had judged already, need no judging but attaching.
        with store.begin() as conn:
            changes = attach(conn, org, datetime.now(UTC))
        progress(Progress(done=0, total=0, assets=len(changes.assets)))
    return 0


def _judge(store: Store, org: int, batch: Sequence[Need], knowledge: Knowledge) -> list[Assessment]:
    out = []
    for need in batch:
        with store.read() as conn:
            sections = load_sections(conn, org, need.sections)
        out.append(judge(need.assessor, sections, knowledge))
    return out


def judge(assessor: str, sections: Mapping[str, Section], knowledge: Knowledge) -> Assessment:
    """One assessor on one input. An assessor that breaks yields an unknown with the reason, never silence."""
    try:
        return dispatch.judge(assessor, sections, knowledge.known())
    except Exception as error:  # one input that an assessor stumbles over must not keep all others waiting
        LOG.exception("an assessor failed", extra={"assessor": assessor})
        return _broken(assessor, knowledge.digests()[assessor.partition(":")[0]], error)


def _broken(assessor: str, digest: str, error: Exception) -> Assessment:
    finding = Finding(
        kind=FindingKind.COVERAGE,
        rule="assessment-failed",
        locator=assessor,
        severity=Severity.UNKNOWN,
        title=f"{assessor} could not be judged: the assessor failed",
        verdict=Verdict.UNKNOWN,
        evidence={"reason": f"{type(error).__name__}: {error}"[:500]},
        fix=Fix(text="The server's log has the details. Please report it with them."),
    )
    return Assessment(assessor=assessor, knowledge=digest, findings=(finding,), counts={"unknown": 1}, blind=True)
