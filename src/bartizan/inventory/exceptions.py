"""Decisions by query: `kind:policy part:base tag:lab` until the end of the year, instead of one by one.

The query is divided into what it says of findings and what it says of assets, and both are worked out once:

    decision_finding   findings, in every form that they are stored in; new forms are matched when they are stored
    asset_scope        assets with the combination of decisions whose queries name them; kept when assets change

so that a decision on ten thousand assets costs what is distinct, and everything that counts findings only asks for
these two. A query that cannot be divided, or whose answer changes by the clock or by decisions, is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, delete, func, literal, or_, select

from bartizan.inventory.errors import BadInput
from bartizan.inventory.finding_binding import CURRENT, Decisions, FindingBinding, asset, detail, held, key, member
from bartizan.inventory.posture import refresh_assets, summarise_sets
from bartizan.inventory.query import parse
from bartizan.inventory.query.compile import compile_node
from bartizan.inventory.query.fields import FIELDS, Level
from bartizan.inventory.query.tree import (
    STANDING,
    Age,
    All,
    Either,
    Match,
    Nested,
    Node,
    Not,
    Query,
    Words,
    conjuncts,
)
from bartizan.inventory.schema import judgement
from bartizan.inventory.selection import Selection
from bartizan.inventory.statements import chunks, insert, insert_new

_decision, _meant = judgement.decision, judgement.decision_finding
_scope, _member, _of_asset = judgement.decision_scope, judgement.decision_scope_member, judgement.asset_scope
_UNSTEADY = frozenset({"asset.risk", "asset.last_seen"})
"""Fields of assets that change without anybody changing the asset; the risk follows from decisions."""
ENDED = 100
"""Ended decisions that are looked at for one asset's history."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a query says, divided."""

    of_finding: Node
    of_asset: Node

    @property
    def scoped(self) -> bool:
        """Whether it names assets."""
        return self.of_asset != All(())


def meaning(text: str) -> Meaning:
    """Divide a query. `BadInput` says what cannot be decided on, and what to write instead."""
    root = parse(text).root
    findings: list[Node] = []
    assets: list[Node] = []
    for node in conjuncts(root):
        if isinstance(node, Match) and node.field.name == "state" and set(node.values) & set(STANDING):
            continue  # what stands open is what decisions are about
        levels = _levels(node)
        if levels == {Level.FINDING, Level.ASSET}:
            raise BadInput(
                "a decision cannot hang on finding and asset at once. "
                "Join them by `and`, or make one decision for each part."
            )
        (assets if levels == {Level.ASSET} else findings).append(node)
    if not findings and not assets:
        raise BadInput("a decision cannot be about everything: narrow the query down")
    return Meaning(All(tuple(findings)), All(tuple(assets)))


def _levels(node: Node) -> set[Level]:
    match node:
        case All(parts) | Either(parts):
            return {level for part in parts for level in _levels(part)}
        case Not(part):
            return _levels(part)
        case Nested(_, part):
            return {Level.FINDING, *_levels(part)}
        case Words(text):
            raise BadInput(
                f"a decision cannot hang on the word {text!r} alone, which may name findings and assets. "
                f'Write title:"{text}", package:"{text}" or rule:"{text}".'
            )
        case Age(field):
            raise BadInput(f"a decision cannot hang on an age ({field.name}): let it expire on a date instead")
        case Match(field):
            if field.level is Level.PAIR or field.name in _UNSTEADY:
                raise BadInput(f"a decision cannot hang on {field.name}, which changes by itself or by decisions")
            return {field.level}


def take_effect(conn: Connection, org: int, decision_id: int, text: str, now: int) -> None:
    """A decision by query is in force from now on: work out what it means, and bring sums up to date."""
    _match(conn, org, decision_id, meaning(text), now)
    _sums_follow(conn, org, decision_id, now)


def end(conn: Connection, org: int, decision_id: int, now: int) -> None:
    """It is in force no more. What it meant stays written, for the history."""
    _sums_follow(conn, org, decision_id, now)


def _sums_follow(conn: Connection, org: int, decision_id: int, now: int) -> None:
    scoped = conn.execute(select(_decision.c.scoped).where(_decision.c.id == decision_id)).scalar_one()
    if scoped:
        refresh_assets(conn, org, sorted(_rescope(conn, org, now)), now)
        return
    meant = select(_meant.c.detail_id).where(_meant.c.decision_id == decision_id)
    sets = list(conn.execute(select(member.c.set_id).where(member.c.detail_id.in_(meant)).distinct()).scalars())
    summarise_sets(conn, org, sets, now)
    assets: set[int] = set()
    for chunk in chunks(sets):
        sharing = select(held.c.asset_id).where(held.c.org_id == org, held.c.set_id.in_(chunk))
        assets |= set(conn.execute(sharing).scalars())
    refresh_assets(conn, org, sorted(assets), now)


def _match(conn: Connection, org: int, decision_id: int, meant: Meaning, now: int, *among: ColumnElement[bool]) -> None:
    binding = FindingBinding(Decisions(conn, org, now), CURRENT, now, whole=False)
    found = (
        select(literal(decision_id), detail.c.id)
        .select_from(detail.join(key, key.c.id == detail.c.key_id))
        .where(detail.c.org_id == org, compile_node(meant.of_finding, binding, now), *among)
    )
    known = insert(conn, _meant).from_select(["decision_id", "detail_id"], found).on_conflict_do_nothing()
    conn.execute(known)


def _living(conn: Connection, org: int, *, scoped: bool | None = None) -> list[tuple[int, str]]:
    """Decisions by query that are approved and have not ended: (number, query)."""
    query = select(_decision.c.id, _decision.c.query).where(
        _decision.c.org_id == org,
        _decision.c.query.is_not(None),
        _decision.c.approved_at.is_not(None),
        _decision.c.ended_at.is_(None),
    )
    if scoped is not None:
        query = query.where(_decision.c.scoped if scoped else ~_decision.c.scoped)
    return [(row.id, row.query) for row in conn.execute(query.order_by(_decision.c.id))]


def match_details(conn: Connection, org: int, details: Iterable[int], renamed: Iterable[str], now: int) -> None:
    """New forms of findings were stored, and rules got other names: see which decisions mean them.

    A rule with a new name is looked at in all its forms, because a query may name it or exclude it by any.
    """
    living = _living(conn, org)
    if not living:
        return
    rules = sorted(set(renamed))
    again = detail.c.rule.in_(rules)
    if rules:
        of_rules = select(detail.c.id).where(detail.c.org_id == org, again)
        numbers = [number for number, _ in living]
        conn.execute(delete(_meant).where(_meant.c.decision_id.in_(numbers), _meant.c.detail_id.in_(of_rules)))
    for number, text in living:
        meant = meaning(text)
        for chunk in chunks(details):
            _match(conn, org, number, meant, now, detail.c.id.in_(chunk))
        if rules:
            _match(conn, org, number, meant, now, again)


def assets_changed(conn: Connection, org: int, assets: Iterable[int], now: int) -> None:
    """Assets have another name, system, source or tag: see which decisions name them now."""
    changed = list(assets)
    if changed and _living(conn, org, scoped=True):
        refresh_assets(conn, org, sorted(_rescope(conn, org, now, changed)), now)


def once_named(conn: Connection, org: int, asset_id: int, now: int) -> list[int]:
    """Decisions by query that have ended and whose query names an asset as it is today; for the history. The newest."""
    query = select(_decision.c.id, _decision.c.query).where(
        _decision.c.org_id == org, _decision.c.scoped, _decision.c.approved_at.is_not(None), _decision.c.ended_at <= now
    )
    binding = FindingBinding(Decisions(conn, org, now), CURRENT, now)
    found = []
    for row in conn.execute(query.order_by(_decision.c.id.desc()).limit(ENDED)):
        named = compile_node(meaning(row.query).of_asset, binding, now)
        if conn.execute(select(asset.c.id).where(asset.c.org_id == org, asset.c.id == asset_id, named)).first():
            found.append(row.id)
    return found


def _rescope(conn: Connection, org: int, now: int, assets: list[int] | None = None) -> set[int]:
    """Write anew which assets have which combination of decisions. Returns those whose combination changed."""
    wanted: dict[int, list[int]] = {}
    binding = FindingBinding(Decisions(conn, org, now), CURRENT, now)
    among = asset.c.id.in_(assets) if assets is not None else literal(1) == 1
    for number, text in _living(conn, org, scoped=True):
        named = compile_node(meaning(text).of_asset, binding, now)
        for asset_id in conn.execute(select(asset.c.id).where(asset.c.org_id == org, among, named)).scalars():
            wanted.setdefault(asset_id, []).append(number)
    numbers = _scopes(conn, org, {tuple(decisions) for decisions in wanted.values()})
    target = {asset_id: numbers[tuple(decisions)] for asset_id, decisions in wanted.items()}
    query = select(_of_asset.c.asset_id, _of_asset.c.scope_id).where(_of_asset.c.org_id == org)
    if assets is not None:
        query = query.where(_of_asset.c.asset_id.in_(assets))
    current: dict[int, int] = {row.asset_id: row.scope_id for row in conn.execute(query)}
    changed = {number for number in target.keys() | current.keys() if target.get(number) != current.get(number)}
    for chunk in chunks(sorted(changed)):
        conn.execute(delete(_of_asset).where(_of_asset.c.asset_id.in_(chunk)))
    rows = [
        {"asset_id": number, "org_id": org, "scope_id": target[number]} for number in sorted(changed & target.keys())
    ]
    insert_new(conn, _of_asset, rows)
    return changed


def _scopes(conn: Connection, org: int, wanted: set[tuple[int, ...]]) -> dict[tuple[int, ...], int]:
    found: dict[tuple[int, ...], int] = {}
    for decisions in sorted(wanted):
        name = ",".join(map(str, decisions))
        insert_new(conn, _scope, [{"org_id": org, "decisions": name}])
        number = conn.execute(
            select(_scope.c.id).where(_scope.c.org_id == org, _scope.c.decisions == name)
        ).scalar_one()
        insert_new(conn, _member, [{"scope_id": number, "decision_id": each} for each in decisions])
        found[decisions] = number
    return found


def covers(conn: Connection, org: int, decisions: list[int]) -> dict[int, int]:
    """Findings on assets that decisions by query cover now, fixable ones left out where they end them."""
    still = or_(~_decision.c.expires_when_fixable, detail.c.fix_state != "fixed")
    sharing = (
        select(held.c.set_id, literal(0).label("scope_id"), func.count().label("assets"))
        .where(held.c.org_id == org)
        .group_by(held.c.set_id)
        .subquery()
    )
    scoped = (
        select(held.c.set_id, _of_asset.c.scope_id, func.count().label("assets"))
        .join(_of_asset, _of_asset.c.asset_id == held.c.asset_id)
        .where(held.c.org_id == org)
        .group_by(held.c.set_id, _of_asset.c.scope_id)
        .subquery()
    )
    base = (
        _meant.join(_decision, _decision.c.id == _meant.c.decision_id)
        .join(detail, detail.c.id == _meant.c.detail_id)
        .join(member, member.c.detail_id == detail.c.id)
    )
    found: dict[int, int] = dict.fromkeys(decisions, 0)
    ways: list[tuple[Any, Any, ColumnElement[bool]]] = [
        (base.join(sharing, sharing.c.set_id == member.c.set_id), sharing, ~_decision.c.scoped),
        (
            base.join(_member, _member.c.decision_id == _decision.c.id).join(
                scoped, and_(scoped.c.set_id == member.c.set_id, scoped.c.scope_id == _member.c.scope_id)
            ),
            scoped,
            _decision.c.scoped,
        ),
    ]
    for source, assets, sort in ways:
        counted = cast(func.sum(assets.c.assets), Integer)
        query = select(_decision.c.id, counted).select_from(source).where(_decision.c.id.in_(decisions), sort, still)
        found.update({number: int(count) for number, count in conn.execute(query.group_by(_decision.c.id))})
    return found


def would_cover(conn: Connection, org: int, text: str, now: int, *, until_fixable: bool) -> int:
    """Findings that a query means which nobody decided on yet."""
    meant = meaning(text)
    parts: list[Node] = [meant.of_finding, meant.of_asset, Match(FIELDS["state"], ":", STANDING)]
    if until_fixable:
        parts.append(Not(Match(FIELDS["fix"], "=", ("fixed",))))
    return Selection(conn, org, Query(text, All(tuple(parts))), now).total()


def forget_scopes(conn: Connection, org: int) -> int:
    """Delete combinations that no asset has any more. Returns how many."""
    used = select(_of_asset.c.asset_id).where(_of_asset.c.scope_id == _scope.c.id).exists()
    return conn.execute(delete(_scope).where(_scope.c.org_id == org, ~used)).rowcount
