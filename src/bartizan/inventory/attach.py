"""Pointing assets at their current findings, and writing down what that changes for each of them.

    attestation      which set a source attests for an asset, from when to when
    asset_findings   the union of what the sources attest: what is open now
    finding_state    rows only for findings that were fixed, came back, or came after the asset's first assessment

The work is done on a small desk inside the database (`transition`, `transition_finding`): which asset moves from which
set to which, and once per pair of sets what differs between them. The rows that follow are written by a handful of
statements.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, select, update

from bartizan.inventory.blobs import unpack
from bartizan.inventory.causes import Cause, Causes, Scope, family
from bartizan.inventory.finding_sets import carried_set, union_set
from bartizan.inventory.lifecycle import Tally, write_lifecycle
from bartizan.inventory.moments import moment
from bartizan.inventory.posture import refresh_assets
from bartizan.inventory.schema import estate, judgement
from bartizan.inventory.statements import chunks, insert

_link, _assessment = judgement.asset_assessment, judgement.assessment
_attestation, _held = judgement.attestation, judgement.asset_findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed for assets."""

    assets: tuple[int, ...] = ()
    """Those whose findings or results changed."""
    opened: int = 0
    """Findings seen for the first time, those of first assessments included."""
    fixed: int = 0
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class _Attested:
    """One source's word on one asset's scope, as it is to be written."""

    asset_id: int
    source: str
    assessor: str
    set_id: int
    outcome_id: int | None
    read: str


def attach(conn: Connection, org: int, now: datetime | str | int) -> Changes:
    """Point assets at their current assessments. Only what `record` and `needed` marked is looked at."""
    if conn.execute(select(_link.c.asset_id).where(_link.c.org_id == org, _link.c.dirty).limit(1)).first() is None:
        return Changes()
    at = _tick(conn, org, moment(now))
    rows = _dirty(conn, org)
    if not rows:
        return Changes()
    causes = Causes(conn, rows)
    _attest(conn, org, rows, causes, at)
    _settle(conn, org)
    moved = _effective(conn, org, causes.of_scopes(), at)
    tally = write_lifecycle(conn, org, at) if moved.transitions else Tally()
    refresh_assets(conn, org, sorted(moved.assets), at)
    if moved.transitions:
        tally.write_day(conn, org, at)
    return Changes(assets=tuple(sorted(moved.assets)), opened=tally.opened, fixed=tally.fixed, reopened=tally.reopened)


def _tick(conn: Connection, org: int, now: int) -> int:
    """A moment after every earlier change of the organisation; also its lock against another attach."""
    table = estate.organisation
    later = func.max if conn.dialect.name == "sqlite" else func.greatest
    statement = update(table).where(table.c.id == org).values(attached_at=later(now, table.c.attached_at + 1))
    return int(conn.execute(statement.returning(table.c.attached_at)).scalar_one())


def _dirty(conn: Connection, org: int) -> list[Any]:
    query = (
        select(
            _link.c.asset_id,
            _link.c.source,
            _link.c.assessor,
            _link.c.gone,
            _link.c.attached_id,
            _link.c.attached_set_id,
            _assessment.c.id.label("assessment_id"),
            _assessment.c.set_id,
            _assessment.c.outcome_id,
            _assessment.c.unread,
            _assessment.c.blind,
            _attestation.c.set_id.label("old_set_id"),
            _attestation.c.outcome_id.label("old_outcome_id"),
            _attestation.c.read.label("old_read"),
            _attestation.c.valid_from,
        )
        .join(_assessment, _assessment.c.id == _link.c.assessment_id)
        .outerjoin(
            _attestation,
            and_(
                _attestation.c.asset_id == _link.c.asset_id,
                _attestation.c.source == _link.c.source,
                _attestation.c.assessor == _link.c.assessor,
                _attestation.c.valid_to.is_(None),
            ),
        )
        .where(_link.c.org_id == org, _link.c.dirty, _link.c.gone | _assessment.c.assessed_at.is_not(None))
        .order_by(_link.c.asset_id)
    )
    return list(conn.execute(query))


def _attest(conn: Connection, org: int, rows: list[Any], causes: Causes, at: int) -> None:
    """Write what each source says now. A span ends only where the identities changed; new ratings go in place."""
    keys = _keys_digests(conn, {row.old_set_id for row in rows} | {row.set_id for row in rows})
    reads = _Reads(conn, org, at)
    ended, begun, rated = [], [], []
    for row in rows:
        place = {"a": row.asset_id, "s": row.source, "w": row.assessor}
        if row.gone:
            if row.old_set_id is not None:
                ended.append(place)
            continue
        new = reads.attested(row)
        if row.old_set_id is None:
            begun.append((new, causes.of(row)))
        elif (new.set_id, new.outcome_id, new.read) != (row.old_set_id, row.old_outcome_id, row.old_read):
            if new.set_id not in keys:
                keys |= _keys_digests(conn, {new.set_id})
            if keys[new.set_id] == keys[row.old_set_id]:
                rated.append({**place, "set_id": new.set_id, "outcome_id": new.outcome_id, "read": new.read})
            else:
                ended.append(place)
                begun.append((new, causes.of(row)))
    same = and_(
        _attestation.c.asset_id == bindparam("a"),
        _attestation.c.source == bindparam("s"),
        _attestation.c.assessor == bindparam("w"),
        _attestation.c.valid_to.is_(None),
    )
    if ended:
        conn.execute(update(_attestation).where(same).values(valid_to=at), ended)
    if rated:
        conn.execute(update(_attestation).where(same), rated)
    if begun:
        fields = ("asset_id", "source", "assessor", "set_id", "outcome_id", "read")
        span = {"valid_from": at, "valid_to": None}
        spans = [{name: getattr(new, name) for name in fields} | span | cause.columns() for new, cause in begun]
        conn.execute(_attestation.insert(), spans)


class _Reads:
    """What an assessment attests for an asset, given what was readable before."""

    def __init__(self, conn: Connection, org: int, at: int) -> None:
        self._conn, self._org, self._at = conn, org, at
        self._names: dict[int, frozenset[str]] = {}
        self._carried: dict[tuple[int, int, int | None], int] = {}

    def attested(self, row: Any) -> _Attested:
        """A section that could be read before and cannot be now, or that nobody could judge, proves nothing: what
        it told before is carried on."""
        sections = self._sections(row.assessment_id)
        unread = sections if row.blind else frozenset(filter(None, row.unread.split(",")))
        before = frozenset(filter(None, (row.old_read or "").split(",")))
        read = sections - unread
        set_id = row.set_id
        if before & unread:
            read |= before & unread
            set_id = self._carry(row)
        return _Attested(row.asset_id, row.source, row.assessor, set_id, row.outcome_id, ",".join(sorted(read)))

    def _carry(self, row: Any) -> int:
        which = (row.set_id, row.old_set_id, row.outcome_id)
        if which not in self._carried:
            body = select(judgement.outcome.c.body).where(judgement.outcome.c.id == row.outcome_id)
            outcome = unpack(self._conn.execute(body).scalar_one())
            settled = [*outcome["passed"], *outcome["not_applicable"]]
            self._carried[which] = carried_set(self._conn, self._org, row.set_id, row.old_set_id, settled, self._at)
        return self._carried[which]

    def _sections(self, assessment_id: int) -> frozenset[str]:
        if assessment_id not in self._names:
            body = select(_assessment.c.sections).where(_assessment.c.id == assessment_id)
            self._names[assessment_id] = frozenset(unpack(self._conn.execute(body).scalar_one()))
        return self._names[assessment_id]


def _keys_digests(conn: Connection, sets: Iterable[int | None]) -> dict[int, str]:
    table = judgement.finding_set
    found: dict[int, str] = {}
    for chunk in chunks(number for number in sets if number is not None):
        found.update(
            (n, d) for n, d in conn.execute(select(table.c.id, table.c.keys_digest).where(table.c.id.in_(chunk)))
        )
    return found


def _settle(conn: Connection, org: int) -> None:
    """Nothing is marked any more but what still waits for its assessment."""
    conn.execute(delete(_link).where(_link.c.org_id == org, _link.c.dirty, _link.c.gone))
    judged = _assessment.c.id == _link.c.assessment_id
    assessed = select(_assessment.c.id).where(judged, _assessment.c.assessed_at.is_not(None))
    attached = {
        "dirty": False,
        "attached_id": _link.c.assessment_id,
        "attached_set_id": select(_assessment.c.set_id).where(judged).scalar_subquery(),
    }
    conn.execute(update(_link).where(_link.c.org_id == org, _link.c.dirty, assessed.exists()).values(attached))


@dataclass(frozen=True, slots=True)
class _Moved:
    assets: set[int]
    transitions: int


def _effective(conn: Connection, org: int, scopes: Mapping[Scope, Cause], at: int) -> _Moved:
    """Bring `asset_findings` up to date and lay the transitions on the desk."""
    touched: set[int] = set()
    count = 0
    unions: dict[tuple[int, ...], int] = {}
    for chunk in chunks(sorted({asset_id for asset_id, _ in scopes})):
        target = _targets(conn, org, chunk, scopes, unions, at)
        current = {
            (row.asset_id, row.assessor): row
            for row in conn.execute(select(_held).where(_held.c.asset_id.in_(chunk)))
            if (row.asset_id, row.assessor) in scopes
        }
        written, moves = [], []
        for scope in {*target, *current}:
            old, new = current.get(scope), target.get(scope)
            if old is not None and new == (old.set_id, old.outcome_id):
                continue
            touched.add(scope[0])
            since = old.since if old is not None else at
            if new is not None:
                place = {"asset_id": scope[0], "assessor": scope[1], "org_id": org}
                written.append(place | {"set_id": new[0], "outcome_id": new[1], "since": since})
            if old is None or new is None or old.set_id != new[0]:
                ends = {"old_id": old.set_id if old is not None else 0, "new_id": new[0] if new is not None else 0}
                place = {"asset_id": scope[0], "assessor": scope[1], "family": family(scope[1])}
                moves.append(place | {"since": since, **ends, **scopes[scope].columns()})
        _write_held(conn, written, [scope for scope in current if scope not in target])
        if moves:
            conn.execute(judgement.transition.insert(), moves)
            count += len(moves)
    return _Moved(touched, count)


def _targets(
    conn: Connection,
    org: int,
    assets: list[int],
    scopes: Collection[Scope],
    unions: dict[tuple[int, ...], int],
    at: int,
) -> dict[Scope, tuple[int, int | None]]:
    """(asset, assessor) to the union of the attested sets, and the outcome of the source that spoke last."""
    query = (
        select(_attestation)
        .where(_attestation.c.asset_id.in_(assets), _attestation.c.valid_to.is_(None))
        .order_by(_attestation.c.valid_from, _attestation.c.source)
    )
    words: dict[Scope, list[Any]] = {}
    for row in conn.execute(query):
        if (row.asset_id, row.assessor) in scopes:
            words.setdefault((row.asset_id, row.assessor), []).append(row)
    target = {}
    for scope, rows in words.items():
        sets = tuple(sorted({row.set_id for row in rows}))
        if sets not in unions:
            unions[sets] = union_set(conn, org, sets, at)
        target[scope] = (unions[sets], rows[-1].outcome_id)
    return target


def _write_held(conn: Connection, written: list[dict[str, Any]], removed: list[Scope]) -> None:
    if written:
        statement = insert(conn, _held)
        statement = statement.on_conflict_do_update(
            index_elements=[_held.c.asset_id, _held.c.assessor],
            set_={name: statement.excluded[name] for name in ("set_id", "outcome_id")},
        )
        conn.execute(statement, written)
    if removed:
        same = and_(_held.c.asset_id == bindparam("a"), _held.c.assessor == bindparam("w"))
        conn.execute(delete(_held).where(same), [{"a": asset_id, "w": assessor} for asset_id, assessor in removed])
