"""Why findings opened, closed or came back: the asset changed, or what is known of it did.

An assessment is a pure function of facts and knowledge, and an asset's link says which assessment was attached last.
The next one is of other facts, or of the same facts judged by newer knowledge; what differs is the cause.

    first       this source's facts were judged for the first time
    asset       facts differ                        changed: the sections, "os,packages_deb"
    knowledge   facts are the same                  changed: "advisories", "policies", "parameters", "rules", ...
    either      facts and knowledge both differ     changed: the sections
    gone        the source reports them no more     changed: the sections
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from bartizan.inventory.blobs import unpack
from bartizan.inventory.schema import judgement
from bartizan.inventory.statements import chunks

_assessment = judgement.assessment

FIRST, ASSET, KNOWLEDGE, EITHER, GONE = "first", "asset", "knowledge", "either", "gone"
_HEADS = {"vulnerability": "advisories", "policy": "policies"}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why what a source attests is not what it attested before. Stored as three columns of these names."""

    cause: str
    changed: str = ""
    knowledge: str = ""
    """Identity of the newer knowledge, where it had a part in it."""

    def columns(self) -> dict[str, str]:
        return {"cause": self.cause, "changed": self.changed, "knowledge": self.knowledge}


Scope = tuple[int, str]
"""(asset, assessor)."""


class Causes:
    """The causes of what `attach` is about to write; rows as it reads them."""

    def __init__(self, conn: Connection, rows: Iterable[Any]) -> None:
        self._rows = list(rows)
        wanted = {row.assessment_id for row in self._rows} | {row.attached_id for row in self._rows}
        self._judged = _assessments(conn, wanted - {None})

    def of(self, row: Any) -> Cause:
        """Of one source's word on one scope."""
        if row.attached_id is None:
            return Cause(FIRST)
        old, new = self._judged.get(row.attached_id), self._judged[row.assessment_id]
        if row.gone:
            return Cause(GONE, row.assessor.partition(":")[2] or _list(old.sections if old else new.sections))
        if row.attached_id == row.assessment_id:
            parts = _differing(family(row.assessor), new.replaced, new.knowledge)
            return Cause(KNOWLEDGE, _list(parts), _head(new.knowledge))
        if old is None:
            return Cause(ASSET)
        both = old.sections.keys() | new.sections.keys()
        names = {name for name in both if old.sections.get(name) != new.sections.get(name)}
        # Facts that another asset still has may have been judged anew since: what was attached is then of older
        # knowledge.
        if old.knowledge == new.knowledge and old.set_id == row.attached_set_id:
            return Cause(ASSET, _list(names))
        return Cause(EITHER, _list(names), _head(new.knowledge))

    def of_scopes(self) -> dict[Scope, Cause]:
        """Of what all sources together say: where they changed for several reasons, `either` or the strongest."""
        found: dict[Scope, Cause] = {}
        for row in self._rows:
            scope = (row.asset_id, row.assessor)
            found[scope] = _joined(found[scope], self.of(row)) if scope in found else self.of(row)
        return found


def family(assessor: str) -> str:
    """`vulnerability` of `vulnerability:packages_deb`."""
    return assessor.partition(":")[0]


@dataclass(frozen=True, slots=True)
class _Judged:
    sections: Mapping[str, str]
    knowledge: str
    replaced: str
    set_id: int | None


def _assessments(conn: Connection, numbers: set[int]) -> dict[int, _Judged]:
    table = _assessment
    found: dict[int, _Judged] = {}
    for chunk in chunks(sorted(numbers)):
        query = select(table.c.id, table.c.sections, table.c.knowledge, table.c.replaced, table.c.set_id)
        for row in conn.execute(query.where(table.c.id.in_(chunk))):
            found[row.id] = _Judged(unpack(row.sections), row.knowledge, row.replaced, row.set_id)
    return found


def _joined(one: Cause, other: Cause) -> Cause:
    if one.cause == other.cause:
        names = {*one.changed.split(","), *other.changed.split(",")} - {""}
        return Cause(one.cause, _list(names), one.knowledge or other.knowledge)
    both = {one.cause: one, other.cause: other}
    known = both.get(EITHER) or both.get(KNOWLEDGE)
    rest = both.get(ASSET) or both.get(GONE) or both.get(FIRST)
    if known is None:
        return both.get(ASSET) or both.get(GONE) or one
    sections = {*(rest or known).changed.split(",")} | ({*known.changed.split(",")} if known.cause == EITHER else set())
    return Cause(EITHER, _list(sections - {""}), known.knowledge)


def _differing(family_name: str, old: str, new: str) -> list[str]:
    """Names of the parts in which two states of knowledge differ: `HEAD;revision=2;support=...`."""
    before, after = _parts(family_name, old), _parts(family_name, new)
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def _parts(family_name: str, knowledge: str) -> dict[str, str]:
    head, *rest = knowledge.split(";")
    named = (part.partition("=") for part in rest)
    return {_HEADS.get(family_name, "rules"): head} | {name: value for name, _, value in named}


def _head(knowledge: str) -> str:
    return knowledge.partition(";")[0]


def _list(names: Iterable[str]) -> str:
    return ",".join(sorted(names))
