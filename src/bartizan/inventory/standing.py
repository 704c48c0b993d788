"""What was concluded of inputs before, for those who judge only a part of them anew.

before = Standings(org)
found = before.load(conn, needs)
revision = revise(..., found[need.number].standing, ...)
record_all(conn, org, judged, now, kept={(assessor, input): found[need.number].kept(revision)})
"""

from array import array
from collections.abc import Iterable
from itertools import compress
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, func, select

from bartizan.inventory.assessments import Need
from bartizan.inventory.blobs import unpack
from bartizan.inventory.finding_sets import Member
from bartizan.inventory.schema import judgement
from bartizan.inventory.statements import chunks
from bartizan.model.assessment import Revision, Standing, Stood

REMEMBERED = 200_000
"""Findings of sets that are kept for the next batch, in which most are the same: some 80 MB."""


class Stored(NamedTuple):
    """An assessment, and its findings as the store knows them, in the same order."""

    standing: Standing
    members: list[Member]

    def kept(self, revision: Revision) -> list[Member]:
        """What stays of the findings."""
        return list(compress(self.members, revision.kept))


class Standings:
    """Reads assessments batch by batch."""

    def __init__(self) -> None:
        self._details: dict[int, tuple[Stood, Member]] = {}

    def load(self, conn: Connection, needs: Iterable[Need]) -> dict[int, Stored]:
        """By the need's number; those are absent of which nothing can be kept: never judged, or blindly."""
        table, outcome = judgement.assessment, judgement.outcome
        found = {}
        for chunk in chunks(need.number for need in needs):
            query = (
                select(table.c.id, table.c.set_id, table.c.depends, outcome.c.body)
                .join(outcome, outcome.c.id == table.c.outcome_id)
                .where(table.c.id.in_(chunk), table.c.set_id.is_not(None), ~table.c.blind)
            )
            rows = conn.execute(query).all()
            members = self._members(conn, {row.set_id for row in rows})
            told = {row.body: unpack(row.body) for row in rows}
            for row in rows:
                held = [self._details[number] for number in members.get(row.set_id, ())]
                standing = Standing(
                    findings=[stood for stood, _ in held],
                    depends=None if row.depends is None else frozenset(array("I", row.depends)),
                    **told[row.body],
                )
                found[row.id] = Stored(standing, [member for _, member in held])
        return found

    def _members(self, conn: Connection, sets: set[int]) -> dict[int, list[int]]:
        """Details by set; `_details` knows them all afterwards."""
        member = judgement.finding_set_member
        found: dict[int, list[int]] = {}
        listed = func.aggregate_strings(cast(member.c.detail_id, Text), ",")
        query = select(member.c.set_id, listed).where(member.c.set_id.in_(sets)).group_by(member.c.set_id)
        for set_id, numbers in conn.execute(query):
            found[set_id] = list(map(int, numbers.split(",")))
        wanted = {number for held in found.values() for number in held}
        if len(self._details) + len(wanted) > REMEMBERED:
            self._details.clear()
        self._remember(conn, wanted - self._details.keys())
        return found

    def _remember(self, conn: Connection, wanted: Iterable[int]) -> None:
        detail, key = judgement.finding_detail, judgement.finding_key
        for chunk in chunks(wanted):
            query = (
                select(key.c.kind, key.c.rule, key.c.locator, detail.c.unknown, key.c.id, detail.c.id, detail.c.digest)
                .join(key, key.c.id == detail.c.key_id)
                .where(detail.c.id.in_(chunk))
            )
            for row in conn.execute(query):
                kind, rule, locator, unknown, key_id, detail_id, digest = row
                self._details[detail_id] = Stood(kind, rule, locator, unknown), Member(key_id, detail_id, digest)
