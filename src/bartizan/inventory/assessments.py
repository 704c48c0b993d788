"""Assessments: what has to be judged, and keeping the judgement once for everybody with the same facts.

    for need in needed(conn, org, scopes, {"vulnerability": advisories.id, "policy": policies.digest}):
        facts = load_sections(conn, org, need.sections)
        record(conn, org, assess(need.assessor, facts), need.input_digest)
    changes = attach(conn, org, now)

A thousand assets with one package set are one need. Knowledge is told by family (the assessor's name up to the colon).
New knowledge that concludes the same for an input touches that input's one row.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, or_, select, update

from bartizan.inventory.attach import Changes, attach
from bartizan.inventory.blobs import pack, unpack, unpack_exactly
from bartizan.inventory.finding_sets import Content, Member, store_outcomes, store_sets
from bartizan.inventory.image_bases import BASE, IMAGE, index_images, sections_told
from bartizan.inventory.moments import moment
from bartizan.inventory.schema import estate, judgement
from bartizan.inventory.statements import chunks, insert, insert_new
from bartizan.model.assessment import Assessment, input_digest
from bartizan.model.snapshot import Problem, Section
from bartizan.model.wire import digest

__all__ = [
    "Changes",
    "Contents",
    "Need",
    "Scopes",
    "attach",
    "carry_over",
    "load_sections",
    "needed",
    "record",
    "record_all",
    "stand",
]

_LISTS = ("packages_", "secrets", "malware")
"""Sections of which a part may be missing."""

SMALL = 16 * 1024
"""Bytes of a stored section up to which it stays decoded for the other inputs that are read with it."""

Scopes = Callable[[Iterable[str]], Mapping[str, tuple[str, ...]]]
"""Section names of an asset to its assessors and the sections that each reads: `assess.host.scopes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One distinct input that an assessor has not judged with the knowledge of today."""

    assessor: str
    input_digest: str
    sections: Mapping[str, str]
    """Name to digest, of those that the assessor reads and the assets have."""
    assets: tuple[int, ...]
    """Who shares this input."""
    knowledge: str
    """What it was judged by before; empty where it never was."""
    number: int
    """Of its row."""


def needed(conn: Connection, org: int, scopes: Scopes, knowledge: Mapping[str, str]) -> list[Need]:
    """What to assess, distinct inputs once. Cheap where nothing changed."""
    index_images(conn, org)
    _refresh_inputs(conn, org, scopes)
    table, link = judgement.assessment, judgement.asset_assessment
    stale: list[ColumnElement[bool]] = []
    for assessor in conn.execute(select(table.c.assessor).where(table.c.org_id == org).distinct()).scalars():
        wanted = _knowledge_of(assessor, knowledge)
        if wanted is not None:
            stale.append(
                (table.c.assessor == assessor) & (table.c.assessed_at.is_(None) | (table.c.knowledge != wanted))
            )
    if not stale:
        return []
    rows = conn.execute(
        select(table.c.id, table.c.assessor, table.c.input_digest, table.c.sections, table.c.knowledge)
        .where(table.c.org_id == org, or_(*stale))
        .order_by(table.c.id)
    ).all()
    assets: dict[int, list[int]] = {}
    for chunk in chunks([row.id for row in rows]):
        sharing = select(link.c.assessment_id, link.c.asset_id).where(link.c.assessment_id.in_(chunk), ~link.c.gone)
        for number, asset_id in conn.execute(sharing.distinct().order_by(link.c.asset_id)):
            assets.setdefault(number, []).append(asset_id)
    return [
        Need(
            assessor=row.assessor,
            input_digest=row.input_digest,
            sections=unpack(row.sections),
            assets=tuple(assets[row.id]),
            knowledge=row.knowledge,
            number=row.id,
        )
        for row in rows
        if row.id in assets
    ]


class Contents:
    """Sections as they are stored, read for several inputs at once; what they share is decoded once."""

    def __init__(self, conn: Connection, org: int, digests: Iterable[str]) -> None:
        self._bodies: dict[str, bytes] = {}
        self._shared: dict[tuple[str, str], Section] = {}
        for chunk in chunks(set(digests)):
            query = select(estate.section.c.digest, estate.section.c.body).where(
                estate.section.c.org_id == org, estate.section.c.digest.in_(chunk)
            )
            self._bodies.update((digest, body) for digest, body in conn.execute(query))

    def of(self, digests: Mapping[str, str]) -> dict[str, Section]:
        """One input: its sections by name. Those are absent that are not stored."""
        return {name: self._section(name, digest) for name, digest in digests.items() if digest in self._bodies}

    def _section(self, name: str, digest: str) -> Section:
        found = self._shared.get((name, digest))
        if found is None:
            body = self._bodies[digest]
            told = unpack_exactly(body)
            problems = tuple(Problem(**problem) for problem in told["problems"])
            found = Section(name=name, facts=told["facts"], problems=problems, digest=digest)
            if len(body) <= SMALL:
                self._shared[name, digest] = found
        return found


def load_sections(conn: Connection, org: int, digests: Mapping[str, str]) -> dict[str, Section]:
    """The contents behind a need's digests."""
    return Contents(conn, org, digests.values()).of(digests)


def record(
    conn: Connection, org: int, assessment: Assessment, input_digest: str, now: datetime | str | int | None = None
) -> None:
    """Keep an assessment of one distinct input. Assets point at it from the next `attach` on."""
    record_all(conn, org, [(assessment, input_digest)], now)


def record_all(
    conn: Connection,
    org: int,
    judged: Sequence[tuple[Assessment, str]],
    now: datetime | str | int | None = None,
    kept: Mapping[tuple[str, str], Sequence[Member]] | None = None,
) -> None:
    """Keep assessments, each with the digest of its input; what they share is written once. `kept`: by (assessor,
    input), what stays of the findings that are stored (`standing`), besides those that the assessment tells."""
    at = moment(datetime.now(UTC) if now is None else now)
    table, link = judgement.assessment, judgement.asset_assessment
    before = _standing(conn, org, judged)
    new = [
        {"org_id": org, "assessor": one.assessor, "input_digest": value, "sections": pack({}), "unread": ""}
        | {"blind": False}
        for one, value in judged
        if (one.assessor, value) not in before
    ]
    insert_new(conn, table, new)
    members = kept or {}
    contents = [Content(one.findings, members.get((one.assessor, value), ())) for one, value in judged]
    sets = store_sets(conn, org, contents, at)
    outcomes = store_outcomes(conn, org, [one for one, _ in judged])
    written, changed = [], []
    for (one, value), set_id, outcome_id in zip(judged, sets, outcomes, strict=True):
        stood = before.get((one.assessor, value))
        other = stood is not None and (stood.set_id, stood.outcome_id) != (set_id, outcome_id)
        written.append(
            {
                "which_assessor": one.assessor,
                "which_input": value,
                "knowledge": one.knowledge,
                "replaced": (stood.knowledge if other else stood.replaced) if stood is not None else "",
                "assessed_at": at,
                "set_id": set_id,
                "outcome_id": outcome_id,
                "depends": None if one.depends is None else array("I", sorted(one.depends)).tobytes(),
                "blind": one.blind,
            }
        )
        if stood is not None and other:
            changed.append(stood.id)
    same = (
        table.c.org_id == org,
        table.c.assessor == bindparam("which_assessor"),
        table.c.input_digest == bindparam("which_input"),
    )
    if written:
        conn.execute(update(table).where(*same), written)
    for chunk in chunks(changed):
        conn.execute(update(link).where(link.c.assessment_id.in_(chunk)).values(dirty=True))


def _standing(conn: Connection, org: int, judged: Iterable[tuple[Assessment, str]]) -> dict[tuple[str, str], Any]:
    """Rows of what was judged of some inputs before, by (assessor, input)."""
    inputs: dict[str, list[str]] = {}
    for one, value in judged:
        inputs.setdefault(one.assessor, []).append(value)
    table = judgement.assessment
    names = ("id", "assessor", "input_digest", "set_id", "outcome_id", "knowledge", "replaced")
    columns = [table.c[name] for name in names]
    found: dict[tuple[str, str], Any] = {}
    for assessor, values in inputs.items():
        for chunk in chunks(values):
            same = (table.c.org_id == org, table.c.assessor == assessor, table.c.input_digest.in_(chunk))
            rows = conn.execute(select(*columns).where(*same))
            found.update(((row.assessor, row.input_digest), row) for row in rows)
    return found


def carry_over(conn: Connection, org: int, old: str, new: str, changed: AbstractSet[int]) -> int:
    """Newer knowledge answers all but some look-ups (`changed`) as the old one did: what was judged by the old one and
    asked nothing of that stands, as judged by the new one. Returns how many."""
    table = judgement.assessment
    query = select(table.c.id, table.c.depends).where(
        table.c.org_id == org, table.c.knowledge == old, table.c.depends.is_not(None)
    )
    kept = [row.id for row in conn.execute(query) if changed.isdisjoint(array("I", row.depends))]
    for chunk in chunks(kept):
        conn.execute(update(table).where(table.c.id.in_(chunk)).values(knowledge=new))
    return len(kept)


def stand(conn: Connection, needs: Iterable[Need], knowledge: str) -> None:
    """What was judged before is what the knowledge of today gives."""
    table = judgement.assessment
    for chunk in chunks([need.number for need in needs]):
        conn.execute(update(table).where(table.c.id.in_(chunk)).values(knowledge=knowledge))


def _knowledge_of(assessor: str, knowledge: Mapping[str, str]) -> str | None:
    family = assessor.partition(":")[0]
    return knowledge.get(assessor, knowledge.get(family))


def _refresh_inputs(conn: Connection, org: int, scopes: Scopes) -> None:
    """Work out the inputs of the assets whose sections changed; of all assets where an assessor reads other
    sections."""
    seen = estate.observation
    names = conn.execute(select(estate.section_name.c.name).where(estate.section_name.c.org_id == org)).scalars().all()
    scopes_digest = digest({assessor: sorted(reads) for assessor, reads in scopes(sorted(names)).items()})
    known = select(estate.organisation.c.scopes_digest).where(estate.organisation.c.id == org)
    if conn.execute(known).scalar_one() != scopes_digest:
        conn.execute(update(seen).where(seen.c.org_id == org).values(pending=True))
        conn.execute(
            update(estate.organisation).where(estate.organisation.c.id == org).values(scopes_digest=scopes_digest)
        )
    pending = conn.execute(
        select(seen.c.asset_id, seen.c.source).where(seen.c.org_id == org, seen.c.pending).order_by(seen.c.asset_id)
    ).all()
    inputs = _Inputs(org, scopes)
    for chunk in chunks([(row.asset_id, row.source) for row in pending]):
        inputs.refresh(conn, chunk)
    if pending:
        conn.execute(update(seen).where(seen.c.org_id == org, seen.c.pending).values(pending=False))


class _Inputs:
    """Inputs of assets, worked out once per distinct combination of sections."""

    def __init__(self, org: int, scopes: Scopes) -> None:
        self._org = org
        self._scopes = scopes
        self._reads: dict[frozenset[str], Mapping[str, tuple[str, ...]]] = {}
        self._numbers: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}

    def refresh(self, conn: Connection, observations: list[tuple[int, str]]) -> None:
        """Bring `asset_assessment` up to date for some observations."""
        link = judgement.asset_assessment
        assets = sorted({asset_id for asset_id, _ in observations})
        wanted = set(observations)
        target: dict[tuple[int, str, str], int] = {}
        for (asset_id, source), sections in _current_sections(conn, assets).items():
            if (asset_id, source) in wanted:
                for assessor, number in self._of(conn, sections).items():
                    target[asset_id, source, assessor] = number
        current = {
            (row.asset_id, row.source, row.assessor): (row.assessment_id, row.gone)
            for row in conn.execute(
                select(link.c.asset_id, link.c.source, link.c.assessor, link.c.assessment_id, link.c.gone).where(
                    link.c.asset_id.in_(assets)
                )
            )
            if (row.asset_id, row.source) in wanted
        }
        written = [
            {
                "asset_id": asset_id,
                "source": source,
                "assessor": assessor,
                "org_id": self._org,
                "assessment_id": number,
                "dirty": True,
                "gone": False,
            }
            for (asset_id, source, assessor), number in target.items()
            if current.get((asset_id, source, assessor)) != (number, False)
        ]
        if written:
            statement = insert(conn, link)
            statement = statement.on_conflict_do_update(
                index_elements=[link.c.asset_id, link.c.source, link.c.assessor],
                set_={name: statement.excluded[name] for name in ("assessment_id", "dirty", "gone")},
            )
            conn.execute(statement, written)
        for asset_id, source, assessor in current.keys() - target.keys():
            conn.execute(
                update(link)
                .where(link.c.asset_id == asset_id, link.c.source == source, link.c.assessor == assessor)
                .values(dirty=True, gone=True)
            )

    def _of(self, conn: Connection, sections: Mapping[str, tuple[str, bool]]) -> dict[str, int]:
        names = frozenset(sections)
        if names not in self._reads:
            self._reads[names] = self._scopes(sorted(names))
        found = {}
        for assessor, reads in self._reads[names].items():
            parts = tuple(sorted((name, sections[name][0]) for name in reads if name in sections))
            number = self._numbers.get((assessor, parts))
            if number is None:
                unread = sorted(name for name, _ in parts if not sections[name][1])
                number = self._number(conn, assessor, dict(parts), unread)
                self._numbers[assessor, parts] = number
            found[assessor] = number
        return found

    def _number(self, conn: Connection, assessor: str, parts: dict[str, str], unread: list[str]) -> int:
        table = judgement.assessment
        same = {"org_id": self._org, "assessor": assessor, "input_digest": input_digest(parts)}
        statement = insert(conn, table).values(**same, sections=pack(parts), unread=",".join(unread))
        statement = statement.on_conflict_do_update(
            index_elements=[table.c.org_id, table.c.assessor, table.c.input_digest],
            set_={"sections": statement.excluded.sections, "unread": statement.excluded.unread},
        )
        return int(conn.execute(statement.returning(table.c.id)).scalar_one())


def _current_sections(conn: Connection, assets: list[int]) -> dict[tuple[int, str], dict[str, tuple[str, bool]]]:
    """(asset, source) to {section name: (digest, it was read as a whole)}; observations without sections too.

    A package or file that cannot be read has not been removed: a list with problems proves nothing to be gone.
    """
    seen, held, content = estate.observation, estate.asset_section, estate.section
    found: dict[tuple[int, str], dict[str, tuple[str, bool]]] = {
        (row.asset_id, row.source): {}
        for row in conn.execute(select(seen.c.asset_id, seen.c.source).where(seen.c.asset_id.in_(assets)))
    }
    query = (
        select(held.c.asset_id, held.c.source, held.c.name, content.c.digest, content.c.known, content.c.problems)
        .join(content, content.c.id == held.c.section_id)
        .where(held.c.asset_id.in_(assets), held.c.valid_to.is_(None))
    )
    for row in conn.execute(query):
        whole = row.known and not (row.problems and row.name.startswith(_LISTS))
        found.setdefault((row.asset_id, row.source), {})[row.name] = (row.digest, whole)
    told = sections_told(conn, assets)
    for (asset_id, _), sections in found.items():
        if asset_id in told and IMAGE in sections:
            sections.setdefault(BASE, (told[asset_id], True))
    return found


def forget_unused(conn: Connection, org: int) -> int:
    """Delete assessments of inputs that no asset has any more. Returns how many."""
    table, link = judgement.assessment, judgement.asset_assessment
    used = select(link.c.assessment_id).where(link.c.assessment_id == table.c.id).exists()
    # What was attached last is compared with what is about to be.
    compared = select(link.c.attached_id).where(link.c.org_id == org, link.c.dirty, link.c.attached_id.is_not(None))
    return conn.execute(delete(table).where(table.c.org_id == org, ~used, table.c.id.not_in(compared))).rowcount
