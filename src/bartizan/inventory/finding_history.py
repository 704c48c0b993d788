"""The history of one finding: when it opened, closed and came back, each time with the reason, and decisions on it.

2026-11-20  reopened  seen again by agent               openssl 3.0.17-1 became 3.0.15-1 on the asset
2026-11-18  fixed     no source sees it any more        openssl 3.0.15-1 became 3.0.17-1 on the asset
2026-11-12  opened    first seen by agent               new advisories: 472b3803e061, the newest of 2026-11-11
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, and_, or_, select

from bartizan.inventory.because import advisory_files, because, cause_told
from bartizan.inventory.blobs import unpack
from bartizan.inventory.causes import ASSET, EITHER, GONE, KNOWLEDGE, family
from bartizan.inventory.decisions import DecisionView
from bartizan.inventory.exposure import joined
from bartizan.inventory.moments import moment, text
from bartizan.inventory.policy_parameters import own_values
from bartizan.inventory.schema import estate, judgement

_word, _member = judgement.attestation, judgement.finding_set_member


VALUE = 80
"""Characters of a parameter's value that are told."""


class FindingEvent(Struct, kw_only=True):
    """Something that happened to a finding."""

    at: str
    kind: str
    text: str
    cause: str = ""
    """first, asset, knowledge, policy, either, gone, decision; empty where it was not noted."""
    because: str = ""
    """Why, as a clause."""


class History:
    """Of the finding `key_id` on an asset; `evidence` as it stands now, `rule` its rule."""

    def __init__(
        self, conn: Connection, org: int, asset_id: int, key_id: int, rule: str, evidence: Mapping[str, Any]
    ) -> None:
        self._conn, self._org, self._asset_id, self._rule = conn, org, asset_id, rule
        self._packages = _packages(evidence)
        query = (
            select(_word)
            .join(_member, _member.c.set_id == _word.c.set_id)
            .where(_word.c.asset_id == asset_id, _member.c.key_id == key_id)
            .order_by(_word.c.valid_from)
        )
        self._rows = conn.execute(query).all()

    def events(self, decisions: Sequence[DecisionView]) -> list[FindingEvent]:
        """Newest first."""
        events: list[FindingEvent] = []
        before = 0
        for number, (since, until, sources) in enumerate(joined(self._rows)):
            what = f"{'seen again' if number else 'first seen'} by {', '.join(sorted(sources))}"
            begun = [row for row in self._rows if row.valid_from == since]
            events.append(self._event(since, "reopened" if number else "opened", what, begun, before))
            if until is not None:
                events.append(self._event(until, "fixed", "no source sees it any more", self._ended(until), since))
            before = until or since
        for decision in decisions:
            events += _decided(decision)
        return sorted(events, key=lambda event: event.at, reverse=True)

    def _event(self, at: int, kind: str, what: str, words: Sequence[Any], before: int) -> FindingEvent:
        """`words`: what sources said then; `before`: when the last thing had happened."""
        files = advisory_files(self._conn, [word.knowledge for word in words])
        told = [self._clause(word, files, before) for word in words]
        return FindingEvent(
            at=text(at),
            kind=kind,
            text=what,
            cause=next((cause for cause, _ in told if cause), ""),
            because="; ".join(dict.fromkeys(clause for _, clause in told if clause)),
        )

    def _ended(self, until: int) -> list[Any]:
        """The words that took the place of those that ended then; a source that fell silent has none."""
        ended = [row for row in self._rows if row.valid_to == until]
        places = [
            and_(_word.c.source == row.source, _word.c.assessor == row.assessor, _word.c.valid_from == row.valid_to)
            for row in ended
        ]
        query = select(_word).where(_word.c.asset_id == self._asset_id, or_(*places))
        next_ones = {(row.source, row.assessor): row for row in self._conn.execute(query)}
        return [next_ones.get((row.source, row.assessor)) or _Silent(row) for row in ended]

    def _clause(self, word: Any, files: Mapping[str, str], before: int) -> tuple[str, str]:
        group = family(word.assessor)
        cause = word.cause
        if cause in (ASSET, EITHER):
            moved = self._package_moved(word)
            if moved:
                return ASSET, moved
            if moved is not None and cause == EITHER:
                # The package is what it was, so that what is known of it made the difference.
                return KNOWLEDGE, because(KNOWLEDGE, group, "advisories", word.knowledge, files)
        if cause == KNOWLEDGE and group == "policy" and (own := self._parameters(before, word.valid_from)):
            return "policy", own
        told = because(cause, group, word.changed, word.knowledge, files, word.source)
        return cause_told(cause, group), told

    def _parameters(self, before: int, at: int) -> str:
        """Parameters of the finding's policy that were set since the event before."""
        return "; ".join(
            f"{own.name} of this policy was set to {_brief(own.value)} by {own.set_by}"
            for own in own_values(self._conn, self._org, self._rule)
            if before <= moment(own.set_at) <= at
        )

    def _package_moved(self, word: Any) -> str | None:
        """What became of the finding's packages on the asset; empty: nothing; None: not to be told from the facts."""
        section = word.assessor.partition(":")[2]
        if not self._packages or not section.startswith("packages"):
            return None
        held, content = estate.asset_section, estate.section
        query = (
            select(content.c.body)
            .join(held, held.c.section_id == content.c.id)
            .where(
                held.c.asset_id == self._asset_id,
                held.c.source == word.source,
                held.c.name == section,
                held.c.valid_from <= word.valid_from,
            )
            .order_by(held.c.valid_from.desc())
            .limit(2)
        )
        lists = [self._versions(unpack(row.body)) for row in self._conn.execute(query)]
        if len(lists) < 2:
            return None
        now, then = lists
        told = []
        for name in sorted(self._packages):
            old, new = ", ".join(sorted(then.get(name, ()))), ", ".join(sorted(now.get(name, ())))
            if old == new:
                continue
            if old and new:
                told.append(f"{name} {old} became {new} on the asset")
            else:
                told.append(f"{name} {old or new} was {'removed from' if old else 'installed on'} the asset")
        more = f" and {len(told) - 3} more packages alike" if len(told) > 3 else ""
        return "; ".join(told[:3]) + more

    def _versions(self, body: Mapping[str, Any]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for package in body.get("facts") or ():
            if not isinstance(package, Mapping) or package.get("state") == "config-files":
                continue
            if package.get("name") in self._packages:
                found.setdefault(str(package["name"]), set()).add(str(package.get("version", "")))
        return found


class _Silent:
    """Stands for the word that a source no longer gives."""

    cause, changed, knowledge = GONE, "", ""

    def __init__(self, row: Row[Any]) -> None:
        self.source, self.assessor, self.valid_from = row.source, row.assessor, row.valid_to
        self.changed = row.assessor.partition(":")[2]


def _brief(value: Any) -> str:
    told = json.dumps(value, ensure_ascii=False)
    return told if len(told) <= VALUE else f"{told[:VALUE]}…"


def _packages(evidence: Mapping[str, Any]) -> set[str]:
    found = evidence.get("packages")
    if not isinstance(found, list):
        return set()
    return {str(each["name"]) for each in found if isinstance(each, Mapping) and each.get("name")}


def _decided(decision: DecisionView) -> list[FindingEvent]:
    made = f"{decision.verdict}, requested by {decision.requested_by}: {decision.reason}"
    events = [FindingEvent(at=decision.created_at, kind="decision", text=made, cause="decision")]
    ended = decision.ended_at or (decision.expires_at if not decision.active and not decision.pending else None)
    if ended is not None:
        by = decision.ended_by if decision.ended_by not in (None, "expired") else None
        how = f"was taken back by {by}" if by else "expired"
        what = f"{decision.verdict}, as {decision.requested_by} had requested, {how}"
        events.append(FindingEvent(at=ended, kind="decision-ended", text=what, cause="decision"))
    return events
