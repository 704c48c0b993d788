"""Judging inputs by the knowledge of today, and no more of them than it can judge otherwise than before.

judging = Judging(knowledge, Differences(conn, knowledge, succession))
needs = judging.concerned(conn, needed(...))
judged = judging.judge(store, org, needs[:100])
record_all(conn, org, judged.assessments, now, judged.kept)
"""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from bartizan.assess import dispatch
from bartizan.assess.dispatch import VULNERABILITY, Difference, Known, reads, revise, unconcerned
from bartizan.assess.policy.engine import ASSESSOR as POLICY
from bartizan.assess.policy.revise import differing, prints
from bartizan.inventory.assessments import Contents, Need, load_sections, stand
from bartizan.inventory.finding_sets import Member
from bartizan.inventory.knowledge import prints_of, put_prints
from bartizan.inventory.standing import Standings, Stored
from bartizan.inventory.store import Store
from bartizan.model.assessment import Assessment, Revision, Standing
from bartizan.model.finding import Finding, FindingKind, Fix, Verdict
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Section
from bartizan.server.knowledge import Knowledge, Succession

LOG = logging.getLogger("bartizan.server.jobs")


class Differences:
    """By what the knowledge of today differs from what inputs were judged by before."""

    def __init__(self, conn: Connection, knowledge: Knowledge, succession: Succession | None) -> None:
        self._prints = prints(knowledge.policies, knowledge.parameters)
        self._succession = succession
        self._known: dict[str, Difference | None] = {}
        self._policies = knowledge.digests()[POLICY]
        put_prints(conn, self._policies, self._prints)

    def since(self, conn: Connection, need: Need) -> Difference | None:
        """None where the whole is to be judged: for the first time, or since nobody knows what differs."""
        family = need.assessor.partition(":")[0]
        if need.knowledge not in self._known:
            self._known[need.knowledge] = self._compare(conn, family, need.knowledge)
        return self._known[need.knowledge]

    def _compare(self, conn: Connection, family: str, before: str) -> Difference | None:
        if family == POLICY:
            old = prints_of(conn, before)
            return None if old is None else Difference(policies=differing(old, self._prints))
        if family == VULNERABILITY and self._succession is not None and before == self._succession.old:
            return Difference(lookups=self._succession.changed)
        return None


class Judged(NamedTuple):
    """A batch, as `record_all` takes it."""

    assessments: list[tuple[Assessment, str]]
    kept: dict[tuple[str, str], list[Member]]


class Judging:
    """Judges inputs by one state of knowledge: what that cannot change is not looked at."""

    def __init__(self, knowledge: Knowledge, differences: Differences) -> None:
        self._knowledge = knowledge
        self._differences = differences
        self._standings = Standings()

    def concerned(self, conn: Connection, needs: Sequence[Need]) -> list[Need]:
        """Those to be judged; of the others it is noted that they stand."""
        standing: dict[str, list[Need]] = {}
        rest = []
        for need in needs:
            difference = self._differences.since(conn, need)
            if difference is not None and unconcerned(need.assessor, need.sections, difference):
                standing.setdefault(need.assessor, []).append(need)
            else:
                rest.append(need)
        for assessor, found in standing.items():
            stand(conn, found, self._knowledge.digests()[assessor.partition(":")[0]])
        return rest

    def judge(self, store: Store, org: int, batch: Sequence[Need]) -> Judged:
        """Outside of any transaction that writes."""
        judged = Judged([], {})
        known = self._knowledge.known()
        with store.read() as conn:
            differences = {need.number: self._differences.since(conn, need) for need in batch}
            stored = self._standings.load(conn, [need for need in batch if differences[need.number] is not None])
            wanted = {need.number: self._wanted(need, differences[need.number], stored, known) for need in batch}
            contents = Contents(conn, org, (digest for each in wanted.values() for digest in each.values()))
        for need in batch:
            difference, before = differences[need.number], stored.get(need.number)
            sections = contents.of(wanted[need.number])
            revision = None
            if difference is not None and before is not None:
                revision = _revise(need.assessor, sections, known, before.standing, difference)
            if revision is not None and before is not None:
                judged.kept[need.assessor, need.input_digest] = before.kept(revision)
                assessment = revision.assessment
            else:
                if len(sections) < len(need.sections):
                    with store.read() as conn:
                        sections = load_sections(conn, org, need.sections)
                assessment = judge(need.assessor, sections, self._knowledge)
            judged.assessments.append((assessment, need.input_digest))
        return judged

    def _wanted(
        self, need: Need, difference: Difference | None, stored: Mapping[int, Stored], known: Known
    ) -> dict[str, str]:
        """Names and digests of the sections to read."""
        if difference is None or need.number not in stored:
            return dict(need.sections)
        return {name: need.sections[name] for name in reads(need.assessor, need.sections, known, difference)}


def _revise(
    assessor: str, sections: Mapping[str, Section], known: Known, standing: Standing, difference: Difference
) -> Revision | None:
    try:
        return revise(assessor, sections, known, standing, difference)
    except Exception:  # the whole will be judged, which tells of what cannot be
        LOG.exception("a part could not be judged anew", extra={"assessor": assessor})
        return None


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
