"""The first page: what is at risk now, what changed since yesterday, what to fix first, and what cannot be seen."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Connection, Integer, cast, func, select

from bartizan.inventory.assets import SeverityCounts
from bartizan.inventory.groups import FindingGroup, list_groups
from bartizan.inventory.moments import DAY, day, moment
from bartizan.inventory.paging import Paging
from bartizan.inventory.posture import LEVELS
from bartizan.inventory.query import parse
from bartizan.inventory.risk import estate_risk
from bartizan.inventory.schema import accounts, estate, judgement
from bartizan.inventory.selection import Selection
from bartizan.inventory.statistics import open_by_kind

TREND_DAYS = 30
FIX_FIRST = 5
SILENT = DAY
"""Milliseconds after which a sensor counts as silent, unless the caller says otherwise."""
UNSEEN = 2
"""Days after which an asset counts as not seen."""
_asset = estate.asset


class TrendPoint(Struct, kw_only=True):
    """One day."""

    day: str
    open: SeverityCounts
    opened: int
    fixed: int


class Overview(Struct, kw_only=True):
    """The estate in numbers."""

    risk: float
    assets: int
    open: SeverityCounts
    kev_open: int
    opened_since_yesterday: int
    fixed_since_yesterday: int
    fix_first: list[FindingGroup]
    fix_first_share: float
    unseen: list[dict[str, Any]]
    by_kind: dict[str, SeverityCounts]
    trend: list[TrendPoint]
    policies: dict[str, int]
    assets_by_os: list[tuple[str, int]]
    sensors_online: int
    sensors_silent: int


def overview(conn: Connection, org: int, now: datetime | str | int, *, silent_after: int = SILENT) -> Overview:
    """Everything on the first page but what the server knows of its advisories."""
    at = moment(now)
    sums = _sums(conn, org)
    fix_first = _fix_first(conn, org, at)
    total = _open_score(conn, org, at)
    opened, fixed = _changes(conn, org, at - DAY)
    online, silent = _sensors(conn, org, at - silent_after)
    return Overview(
        risk=estate_risk(sums["squares"] / 10_000, sums["assets"]),
        assets=sums["assets"],
        open=_counts(sums),
        kev_open=sums["kev"],
        opened_since_yesterday=opened,
        fixed_since_yesterday=fixed,
        fix_first=fix_first,
        fix_first_share=round(min(sum(group.total for group in fix_first) / total, 1.0), 4) if total else 0.0,
        unseen=_unseen(conn, org, at, sums),
        by_kind={kind: _counts(levels) for kind, levels in open_by_kind(conn, org, at).items()},
        trend=trend(conn, org, at, TREND_DAYS),
        policies=_policies(conn, org),
        assets_by_os=_by_os(conn, org),
        sensors_online=online,
        sensors_silent=silent,
    )


def trend(conn: Connection, org: int, now: datetime | str | int, days: int) -> list[TrendPoint]:
    """The last days, oldest first. Days on which nothing was written repeat what stood open before."""
    at = moment(now)
    table = judgement.day_statistic
    sums = [cast(func.sum(table.c[name]), Integer).label(name) for name in ("opened", "fixed", *LEVELS)]
    query = select(table.c.day, *sums).where(table.c.org_id == org).group_by(table.c.day).order_by(table.c.day)
    rows = {row["day"]: dict(row) for row in conn.execute(query).mappings()}
    first = day(at - (days - 1) * DAY)
    standing: dict[str, int] = {}
    for name in sorted(rows):
        if name < first:
            standing = rows[name]
    points = []
    for number in range(days):
        today = day(at - (days - 1 - number) * DAY)
        row = rows.get(today)
        standing = row or standing
        if standing:
            happened = row or {"opened": 0, "fixed": 0}
            points.append(
                TrendPoint(day=today, open=_counts(standing), opened=happened["opened"], fixed=happened["fixed"])
            )
    return points


def _sums(conn: Connection, org: int) -> dict[str, int]:
    names = (*LEVELS, "kev", "unknowns")
    sums = [cast(func.coalesce(func.sum(_asset.c[name]), 0), BigInteger).label(name) for name in names]
    squares = cast(func.coalesce(func.sum(cast(_asset.c.risk, BigInteger) * _asset.c.risk), 0), BigInteger)
    query = select(func.count().label("assets"), squares.label("squares"), *sums).where(_asset.c.org_id == org)
    return {name: int(value) for name, value in conn.execute(query).mappings().one().items()}


def _counts(levels: dict[str, int]) -> SeverityCounts:
    named = {name: levels.get(name, 0) for name in LEVELS if name != "unrated"}
    return SeverityCounts(**named, unknown=levels.get("unrated", 0))


def _fix_first(conn: Connection, org: int, now: int) -> list[FindingGroup]:
    """Packages to upgrade and policies to mend, by the score that they remove."""
    paging = Paging(limit=FIX_FIRST)
    packages = list_groups(conn, org, "state:open fixable:true", "package", paging, now).items
    for group in packages:
        group.query = f"{group.query} and fixable:true"
    rules = list_groups(conn, org, "state:open package:none", "rule", paging, now).items
    return sorted([*packages, *rules], key=lambda group: (-group.total, group.key))[:FIX_FIRST]


def _open_score(conn: Connection, org: int, now: int) -> float:
    weights = Selection(conn, org, parse("state:open"), now).asset_weights()
    return int(conn.execute(select(func.coalesce(func.sum(weights.c.total), 0))).scalar_one()) / 100


def _changes(conn: Connection, org: int, since: int) -> tuple[int, int]:
    table = judgement.asset_change
    query = (
        select(table.c.change, func.sum(table.c.findings))
        .where(table.c.org_id == org, table.c.at > since)
        .group_by(table.c.change)
    )
    counted = {change: int(count) for change, count in conn.execute(query)}
    return sum(count for change, count in counted.items() if change != "fixed"), counted.get("fixed", 0)


def _sensors(conn: Connection, org: int, since: int) -> tuple[int, int]:
    table = accounts.sensor
    seen = [
        row.last_seen for row in conn.execute(select(table).where(table.c.org_id == org, table.c.revoked_at.is_(None)))
    ]
    online = sum(1 for at in seen if at is not None and at > since)
    return online, len(seen) - online


def _unseen(conn: Connection, org: int, now: int, sums: dict[str, int]) -> list[dict[str, Any]]:
    """What cannot be seen. Each entry says how many, and the query that lists them."""
    found: list[dict[str, Any]] = []
    unjudged = "state:unknown and not kind:coverage"
    checks = Selection(conn, org, parse(unjudged), now).total() if sums["unknowns"] else 0
    if checks:
        found.append({"text": "checks could not be judged", "count": checks, "query": unjudged})
    gaps = "kind:coverage and state:[open, unknown]"
    coverage = Selection(conn, org, parse(gaps), now).total()
    if coverage:
        told = "gaps in coverage: no advisories, end of support, unreadable package lists"
        found.append({"text": told, "count": coverage, "query": gaps})
    seen = estate.observation
    newest = (
        select(seen.c.asset_id).where(seen.c.org_id == org).group_by(seen.c.asset_id)
        .having(func.max(seen.c.last_seen) < now - UNSEEN * DAY)
    ).subquery()  # fmt: skip
    silent = int(conn.execute(select(func.count()).select_from(newest)).scalar_one())
    if silent:
        told = f"assets were not seen for {UNSEEN} days"
        found.append({"text": told, "count": silent, "query": f"asset.last_seen>{UNSEEN}d"})
    return found


def _policies(conn: Connection, org: int) -> dict[str, int]:
    held, outcome = judgement.asset_findings, judgement.outcome
    names = ("passed", "failed", "unknown", "not_applicable")
    sums = [cast(func.coalesce(func.sum(outcome.c[name]), 0), BigInteger).label(name) for name in names]
    query = (
        select(*sums)
        .select_from(held.join(outcome, outcome.c.id == held.c.outcome_id))
        .where(held.c.org_id == org, held.c.assessor.like("policy%"))
    )
    row = conn.execute(query).one()
    return {"pass": row.passed, "fail": row.failed, "unknown": row.unknown, "not-applicable": row.not_applicable}


def _by_os(conn: Connection, org: int) -> list[tuple[str, int]]:
    query = (
        select(_asset.c.os, func.count())
        .where(_asset.c.org_id == org, _asset.c.os != "")
        .group_by(_asset.c.os)
        .order_by(func.count().desc(), _asset.c.os)
    )
    return [(name, count) for name, count in conn.execute(query)]
