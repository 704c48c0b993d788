"""Assets as people see them: lists, one asset with its sections and relations, tags.

    asset.os:"debian 12" and vulnerability:(severity>=high and kev:true)

In a query on assets, what belongs to findings holds where the asset has such a finding standing open; in parentheses
behind `vulnerability:` or `finding:` it must be one and the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, or_, select, true, union_all
from sqlalchemy import literal as constant

from bartizan.inventory.blobs import unpack
from bartizan.inventory.errors import BadInput, NotFound
from bartizan.inventory.exceptions import assets_changed
from bartizan.inventory.finding_binding import asset_field
from bartizan.inventory.findings import list_findings
from bartizan.inventory.moments import moment, text
from bartizan.inventory.paging import Key, Page, Paging, fingerprint, page_of
from bartizan.inventory.posture import LEVELS, measures
from bartizan.inventory.query import Query, parse
from bartizan.inventory.query.compile import Test, compile_node
from bartizan.inventory.query.fields import FIELDS, Field, Level
from bartizan.inventory.query.tree import All, Match, Node
from bartizan.inventory.risk import asset_factors
from bartizan.inventory.schema import estate
from bartizan.inventory.selection import Selection
from bartizan.inventory.statements import insert_new, storable

_asset, _seen = estate.asset, estate.observation


class SeverityCounts(Struct, kw_only=True):
    """Open findings by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    info: int = 0
    unknown: int = 0


class AssetSummary(Struct, kw_only=True):
    """An asset in a list."""

    id: str
    kind: str
    name: str
    key: str
    os: str
    open: SeverityCounts
    risk: float
    last_seen: str
    sources: list[str]
    tags: list[str]
    policy_pass: int
    policy_fail: int
    policy_unknown: int


class SectionView(Struct, kw_only=True):
    """A section that an asset has."""

    name: str
    digest: str
    since: str
    problems: int


class SectionFacts(Struct, kw_only=True):
    """A section's content."""

    name: str
    digest: str
    since: str
    facts: Any
    problems: list[dict[str, str]]


class RelationView(Struct, kw_only=True):
    """How an asset hangs together with another."""

    kind: str
    asset: str
    name: str
    direction: str


class RiskFactor(Struct, kw_only=True):
    """A summand of a risk."""

    name: str
    points: float
    text: str


class AssetDetail(AssetSummary, kw_only=True):
    """One asset."""

    first_seen: str
    sections: list[SectionView]
    relations: list[RelationView]
    risk_factors: list[RiskFactor]
    unknowns: int


class AssetBinding:
    """Fields of the query language for assets."""

    def __init__(self, conn: Connection, org: int, now: int) -> None:
        self._conn, self._org, self._now = conn, org, now

    def reaches(self, field: Field) -> bool:
        """What belongs to findings is asked of the asset's findings."""
        return field.level is Level.ASSET

    def any(self, field: Field, test: Test) -> ColumnElement[bool]:
        """See `Binding`."""
        return asset_field(field, test)

    def empty(self, field: Field) -> ColumnElement[bool]:
        """See `Binding`."""
        if field.name in ("tag", "asset.source", "asset.last_seen"):
            return ~asset_field(field, lambda _value: true())
        if field.name in ("asset.id", "asset.risk", "asset.first_seen"):
            return ~true()
        return ~asset_field(field, lambda value: value != "")

    def states(self, states: frozenset[str]) -> ColumnElement[bool]:
        """Never asked: states belong to findings."""
        raise AssertionError(states)

    def words(self, test: Test) -> ColumnElement[bool]:
        """See `Binding`."""
        return or_(test(_asset.c.name), test(_asset.c.key), test(_asset.c.os), test(_asset.c.os_release))

    def nested(self, kind: str | None, part: Node) -> ColumnElement[bool]:
        """See `Binding`."""
        wanted = part if kind is None else All((Match(FIELDS["kind"], ":", (kind,)), part))
        return _asset.c.id.in_(Selection(self._conn, self._org, Query("", wanted), self._now).asset_ids())


def select_assets(conn: Connection, org: int, query: Query, now: int, *columns: ColumnElement[Any]) -> Select[Any]:
    """The assets that a query selects."""
    condition = compile_node(query.root, AssetBinding(conn, org, now), now)
    return select(*columns).where(_asset.c.org_id == org, condition)


def list_assets(
    conn: Connection, org: int, query: Query | str, paging: Paging, now: datetime | str | int
) -> Page[AssetSummary]:
    """A page of assets, the riskiest first unless sorted otherwise."""
    parsed = parse(query) if isinstance(query, str) else query
    chosen = select_assets(conn, org, parsed, moment(now), *_asset.c)
    mark = fingerprint("assets", org, parsed.text, paging.sort)
    found = page_of(conn, chosen, paging, keys=_keys(paging.sort), make=lambda row: row, mark=mark)
    items = _summaries(conn, found.items)
    return Page(items=items, next=found.next, total=found.total, total_at_least=found.total_at_least)


def get_asset(conn: Connection, org: int, asset_id: int, now: datetime | str | int) -> AssetDetail:
    """One asset."""
    row = _row(conn, org, asset_id)
    summary = _summaries(conn, [row])[0]
    fields = {name: getattr(summary, name) for name in summary.__struct_fields__}
    return AssetDetail(
        **fields,
        first_seen=text(row.first_seen),
        sections=_sections(conn, asset_id),
        relations=_relations(conn, asset_id),
        risk_factors=_factors(conn, org, row, moment(now)),
        unknowns=row.unknowns,
    )


def get_section(
    conn: Connection, org: int, asset_id: int, name: str, at: datetime | str | int | None = None
) -> SectionFacts:
    """A section's content, as it is or as it was at a moment."""
    held, content = estate.asset_section, estate.section
    _row(conn, org, asset_id)
    query = (
        select(held.c.valid_from, content.c.digest, content.c.body)
        .join(content, content.c.id == held.c.section_id)
        .where(held.c.asset_id == asset_id, held.c.name == name)
        .order_by(held.c.valid_from.desc(), held.c.source)
        .limit(1)
    )
    if at is None:
        query = query.where(held.c.valid_to.is_(None))
    else:
        when = moment(at)
        query = query.where(held.c.valid_from <= when, or_(held.c.valid_to.is_(None), held.c.valid_to > when))
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"asset {asset_id} has no section {name!r}" + ("" if at is None else " at that time"))
    body = unpack(row.body)
    return SectionFacts(
        name=name, digest=row.digest, since=text(row.valid_from), facts=body["facts"], problems=body["problems"]
    )


def delete_asset(conn: Connection, org: int, asset_id: int) -> None:
    """Forget an asset with everything that hangs on it alone."""
    if not conn.execute(delete(_asset).where(_asset.c.org_id == org, _asset.c.id == asset_id)).rowcount:
        raise NotFound(f"no asset {asset_id}")


def tag_assets(conn: Connection, org: int, assets: Iterable[int], name: str, now: datetime | str | int) -> None:
    """Put a tag on assets; it is made where it does not exist."""
    if not name or storable(name, 100) != name or name == "none":
        raise BadInput(f"{name!r} cannot be a tag: 1 to 100 printable characters, and not `none`")
    ids = set(assets)
    known = set(conn.execute(select(_asset.c.id).where(_asset.c.org_id == org, _asset.c.id.in_(ids))).scalars())
    if missing := ids - known:
        raise NotFound(f"no asset {min(missing)}")
    insert_new(conn, estate.tag, [{"org_id": org, "name": name, "created_at": moment(now)}])
    which = select(estate.tag.c.id).where(estate.tag.c.org_id == org, estate.tag.c.name == name)
    tag_id = conn.execute(which).scalar_one()
    insert_new(conn, estate.asset_tag, [{"asset_id": number, "tag_id": tag_id} for number in sorted(ids)])
    assets_changed(conn, org, ids, moment(now))


def untag_assets(conn: Connection, org: int, assets: Iterable[int], name: str, now: datetime | str | int) -> None:
    """Take a tag off assets; a tag that nothing has any more is deleted."""
    tag, tagged = estate.tag, estate.asset_tag
    which = select(tag.c.id).where(tag.c.org_id == org, tag.c.name == name).scalar_subquery()
    ids = set(assets)
    conn.execute(delete(tagged).where(tagged.c.tag_id == which, tagged.c.asset_id.in_(ids)))
    used = select(tagged.c.tag_id).where(tagged.c.tag_id == tag.c.id).exists()
    conn.execute(delete(tag).where(tag.c.org_id == org, tag.c.name == name, ~used))
    assets_changed(conn, org, ids, moment(now))


def relate(
    conn: Connection,
    org: int,
    asset_id: int,
    source: str,
    relations: Iterable[tuple[str, int]],
    now: datetime | str | int,
) -> None:
    """What a source says an asset hangs together with, as (kind, other asset): replaces what it said before."""
    table = estate.relation
    wanted = set(relations)
    known = select(_asset.c.id).where(_asset.c.org_id == org, _asset.c.id.in_({asset_id, *(n for _, n in wanted)}))
    if missing := {asset_id, *(number for _, number in wanted)} - set(conn.execute(known).scalars()):
        raise NotFound(f"no asset {min(missing)}")
    same = (table.c.asset_id == asset_id, table.c.source == source)
    rows = conn.execute(select(table.c.id, table.c.kind, table.c.target_id).where(*same)).all()
    gone = [row.id for row in rows if (row.kind, row.target_id) not in wanted]
    conn.execute(delete(table).where(table.c.id.in_(gone)))
    base = {"org_id": org, "asset_id": asset_id, "source": source, "first_seen": moment(now)}
    insert_new(conn, table, [base | {"kind": kind, "target_id": target} for kind, target in sorted(wanted)])


def _row(conn: Connection, org: int, asset_id: int) -> Row[Any]:
    row = conn.execute(select(_asset).where(_asset.c.org_id == org, _asset.c.id == asset_id)).one_or_none()
    if row is None:
        raise NotFound(f"no asset {asset_id}")
    return row


def _keys(sort: str) -> list[Key]:
    name = sort.removeprefix("-") or "risk"
    down = sort.startswith("-") or not sort
    newest = select(func.max(_seen.c.last_seen)).where(_seen.c.asset_id == _asset.c.id).scalar_subquery()
    plain = ["name", "kind", "key", "os", "risk", "first_seen", "unknowns", "kev"]
    plain += ["policy_pass", "policy_fail", "policy_unknown", *LEVELS]
    columns: dict[str, ColumnElement[Any]] = {column: _asset.c[column] for column in plain}
    columns["last_seen"] = func.coalesce(newest, 0)
    columns["open"] = sum((_asset.c[level] for level in LEVELS), start=constant(0))
    if name not in columns:
        raise BadInput(f"assets are not sorted by {name!r}, but by {', '.join(columns)}")
    keys: list[Key] = [(columns[name], down)]
    if name in LEVELS:  # the worst first, and among equals those that are worse in the next level
        later = list(LEVELS)[list(LEVELS).index(name) + 1 :]
        keys += [(_asset.c[level], down) for level in later]
    return [*keys, (_asset.c.id, False)]


def _summaries(conn: Connection, rows: Sequence[Row[Any]]) -> list[AssetSummary]:
    ids = [row.id for row in rows]
    seen: dict[int, dict[str, int]] = {}
    for asset_id, source, at in conn.execute(
        select(_seen.c.asset_id, _seen.c.source, _seen.c.last_seen).where(_seen.c.asset_id.in_(ids))
    ):
        seen.setdefault(asset_id, {})[source] = at
    tags: dict[int, list[str]] = {}
    tagged, tag = estate.asset_tag, estate.tag
    for asset_id, name in conn.execute(
        select(tagged.c.asset_id, tag.c.name)
        .join(tag, tag.c.id == tagged.c.tag_id)
        .where(tagged.c.asset_id.in_(ids))
        .order_by(tag.c.name)
    ):
        tags.setdefault(asset_id, []).append(name)
    return [_summary(row, seen.get(row.id, {}), tags.get(row.id, [])) for row in rows]


def _summary(row: Row[Any], seen: Mapping[str, int], tags: list[str]) -> AssetSummary:
    return AssetSummary(
        id=str(row.id),
        kind=row.kind,
        name=row.name,
        key=row.key,
        os=row.os,
        open=SeverityCounts(
            critical=row.critical, high=row.high, medium=row.medium, low=row.low, info=row.info, unknown=row.unrated
        ),
        risk=row.risk / 100,
        last_seen=text(max(seen.values(), default=row.first_seen)),
        sources=sorted(seen),
        tags=tags,
        policy_pass=row.policy_pass,
        policy_fail=row.policy_fail,
        policy_unknown=row.policy_unknown,
    )


def _sections(conn: Connection, asset_id: int) -> list[SectionView]:
    held, content = estate.asset_section, estate.section
    query = (
        select(held.c.name, content.c.digest, held.c.valid_from, content.c.problems)
        .join(content, content.c.id == held.c.section_id)
        .where(held.c.asset_id == asset_id, held.c.valid_to.is_(None))
        .order_by(held.c.valid_from, held.c.source.desc())
    )
    newest = {
        row.name: SectionView(name=row.name, digest=row.digest, since=text(row.valid_from), problems=row.problems)
        for row in conn.execute(query)
    }
    return [newest[name] for name in sorted(newest)]


def _relations(conn: Connection, asset_id: int) -> list[RelationView]:
    table = estate.relation
    out = (
        select(constant("out").label("direction"), table.c.kind, _asset.c.id, _asset.c.name)
        .join(_asset, _asset.c.id == table.c.target_id)
        .where(table.c.asset_id == asset_id)
    )
    back = (
        select(constant("in").label("direction"), table.c.kind, _asset.c.id, _asset.c.name)
        .join(_asset, _asset.c.id == table.c.asset_id)
        .where(table.c.target_id == asset_id)
    )
    found = {(row.kind, row.direction, row.name, row.id) for row in conn.execute(union_all(out, back))}
    return [
        RelationView(kind=kind, asset=str(number), name=name, direction=direction)
        for kind, direction, name, number in sorted(found)
    ]


def _factors(conn: Connection, org: int, row: Row[Any], now: int) -> list[RiskFactor]:
    worst, weight, findings = measures(conn, org, row.id, now)
    if not findings:
        return []
    top = list_findings(conn, org, f"asset.id:{row.id} state:open", Paging(limit=1), now).items
    title = f"{top[0].rule} ({top[0].title})" if top else "The worst finding"
    return [
        RiskFactor(name=factor.name, points=factor.points, text=factor.text)
        for factor in asset_factors(worst, weight, findings, title)
    ]
