"""Findings grouped by rule, package, asset, or where an image has them from: what to fix first, what that removes.

Groups come with the sum of their scores, the largest first: a group's share of the whole is what fixing it takes away.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    case,
    cast,
    func,
    select,
)

from bartizan.inventory.blobs import unpack
from bartizan.inventory.errors import BadInput
from bartizan.inventory.finding_binding import CURRENT, asset, detail, held, key, member
from bartizan.inventory.findings import SEVERITY
from bartizan.inventory.moments import moment
from bartizan.inventory.paging import Key, Page, Paging, fingerprint, page_of
from bartizan.inventory.query import Query, parse, quoted
from bartizan.inventory.selection import Region, Selection, cents
from bartizan.model.dpkg_version import compare

GROUPINGS = ("rule", "package", "asset", "layer", "base", "part", "origin")
"""The last four leave out what no layer of an image brought."""
_SORTS = ("total", "score", "severity", "findings", "key")


class FindingGroup(Struct, kw_only=True):
    """Findings that have something in common."""

    key: str
    title: str
    severity: str
    """The worst."""
    score: float
    """The highest."""
    total: float
    """Sum of the scores."""
    findings: int
    assets: int
    fix: str
    kev: int
    """Findings known to be exploited."""
    query: str
    """Selects the group's findings."""


def list_groups(
    conn: Connection, org: int, query: Query | str, by: str, paging: Paging, now: datetime | str | int
) -> Page[FindingGroup]:
    """A page of groups. Findings without a package are left out when grouping by package."""
    if by not in GROUPINGS:
        raise BadInput(f"findings are not grouped by {by!r}, but by {', '.join(GROUPINGS)}")
    parsed = parse(query) if isinstance(query, str) else query
    selection = Selection(conn, org, parsed, moment(now))
    groups = _by_asset(selection) if by == "asset" else _by_detail(selection, detail.c[by])
    mark = fingerprint("groups", org, by, parsed.text, paging.sort)
    found = page_of(conn, select(groups), paging, keys=_keys(groups, paging.sort), make=_row, mark=mark)
    dress = {"asset": _assets, "rule": _rules, "package": _packages}.get(by, partial(_traits, by))
    items = dress(conn, selection, found.items)
    return Page(items=items, next=found.next, total=found.total, total_at_least=found.total_at_least)


def _row(row: Row[Any]) -> Row[Any]:
    return row


def _keys(groups: CTE, sort: str) -> list[Key]:
    name = sort.removeprefix("-") or "total"
    if name not in _SORTS:
        raise BadInput(f"groups are not sorted by {name!r}, but by {', '.join(_SORTS)}")
    down = sort.startswith("-") or not sort
    last: Key = (groups.c.key, False)
    if name == "key":
        return [(groups.c.key, down)]
    if name == "severity":
        return [(groups.c.severity, down), (groups.c.total, True), last]
    return [(groups.c[name], down), last]


def _by_detail(selection: Selection, column: ColumnElement[str]) -> CTE:
    """Used twice, for the page and for the number of groups: a common table expression is made once."""
    weights = selection.weights()
    n = weights.c.n
    return (
        select(
            column.label("key"),
            func.max(detail.c.severity).label("severity"),
            func.max(detail.c.score).label("score"),
            cast(func.sum(cents(detail.c.score) * n), BigInteger).label("total"),
            cast(func.sum(n), Integer).label("findings"),
            cast(func.sum(case((detail.c.kev, n), else_=0)), Integer).label("kev"),
        )
        .select_from(weights.join(detail, detail.c.id == weights.c.detail_id))
        .where(column != "")
        .group_by(column)
        .cte()
    )


def _by_asset(selection: Selection) -> CTE:
    weights = selection.asset_weights()
    return select(
        weights.c.asset_id.label("key"),
        weights.c.severity,
        weights.c.score,
        weights.c.total,
        weights.c.n.label("findings"),
        weights.c.kev,
    ).cte()


def _assets(conn: Connection, _selection: Selection, rows: Sequence[Row[Any]]) -> list[FindingGroup]:
    names = {
        row.id: row.name
        for row in conn.execute(select(asset.c.id, asset.c.name).where(asset.c.id.in_([row.key for row in rows])))
    }
    return [_group(row, title=names[row.key], assets=1, fix="", query=f"asset.id:{row.key}") for row in rows]


def _rules(conn: Connection, selection: Selection, rows: Sequence[Row[Any]]) -> list[FindingGroup]:
    keys = [row.key for row in rows]
    assets = _count_assets(selection, detail.c.rule, keys)
    worst = _worst(conn, selection.org, detail.c.rule, keys)
    return [
        _group(
            row,
            title=worst[row.key].title,
            assets=assets.get(row.key, 0),
            fix=_fix(worst[row.key]),
            query=f"rule={quoted(row.key)}",
        )
        for row in rows
    ]


def _packages(conn: Connection, selection: Selection, rows: Sequence[Row[Any]]) -> list[FindingGroup]:
    keys = [row.key for row in rows]
    assets = _count_assets(selection, detail.c.package, keys)
    worst = _worst(conn, selection.org, detail.c.package, keys)
    latest = _latest_fixes(conn, selection.org, keys)
    return [
        _group(
            row,
            title=f"{row.findings} findings in {row.key}" if row.findings > 1 else worst[row.key].title,
            assets=assets.get(row.key, 0),
            fix=f"Upgrade {row.key} to {latest[row.key]}" if row.key in latest else _fix(worst[row.key]),
            query=f"package={quoted(row.key)}",
        )
        for row in rows
    ]


_TRAITS = {
    "base": "From the base image",
    "application": "From what was built upon the base",
    "unknown": "The base of the image is not known",
    "operating-system": "Packages of the operating system",
}


def _traits(by: str, conn: Connection, selection: Selection, rows: Sequence[Row[Any]]) -> list[FindingGroup]:
    """By layer, base image, part of the image, or whose package it is."""
    keys = [row.key for row in rows]
    assets = _count_assets(selection, detail.c[by], keys)
    if by == "layer":
        titles = _steps(conn, selection.org, keys)
    elif by == "base":
        titles = dict.fromkeys(keys, "")
    else:
        titles = {**_TRAITS, **({"application": "Packages of the application"} if by == "origin" else {})}
    return [
        _group(
            row,
            title=titles.get(row.key) or row.key,
            assets=assets.get(row.key, 0),
            fix="",
            query=f"{by}={quoted(row.key)}",
        )
        for row in rows
    ]


def _steps(conn: Connection, org: int, layers: Sequence[str]) -> dict[str, str]:
    """Layer to the build step that made it, as the evidence of one of its findings tells it."""
    one = (
        select(func.max(detail.c.id)).where(detail.c.org_id == org, detail.c.layer.in_(layers)).group_by(detail.c.layer)
    )
    found = {}
    for layer, body in conn.execute(select(detail.c.layer, detail.c.body).where(detail.c.id.in_(one))):
        origin = unpack(body)["evidence"].get("origin")
        if isinstance(origin, Mapping):
            found[layer] = str(origin.get("step") or "")
    return found


def _group(row: Row[Any], *, title: str, assets: int, fix: str, query: str) -> FindingGroup:
    return FindingGroup(
        key=str(row.key),
        title=title,
        severity=SEVERITY[row.severity],
        score=row.score,
        total=row.total / 100,
        findings=row.findings,
        assets=assets,
        fix=fix,
        kev=row.kev,
        query=query,
    )


def _worst(conn: Connection, org: int, column: ColumnElement[str], keys: Sequence[str]) -> dict[str, Row[Any]]:
    """The detail with the highest score of each group: it lends its title and its fix."""
    ranked = (
        select(
            column.label("group"),
            detail.c.title,
            detail.c.fix_state,
            detail.c.fix_version,
            detail.c.package,
            detail.c.kind,
            func.row_number()
            .over(partition_by=column, order_by=[detail.c.fix_version == "", detail.c.score.desc(), detail.c.id.desc()])
            .label("place"),
        )
        .where(detail.c.org_id == org, column.in_(keys))
        .subquery()
    )
    return {row.group: row for row in conn.execute(select(ranked).where(ranked.c.place == 1))}


def _latest_fixes(conn: Connection, org: int, packages: Sequence[str]) -> dict[str, str]:
    """Of each package the latest version that some finding asks for: the one that fixes them all. By Debian's order,
    which agrees with the other schemes on released versions."""
    query = (
        select(detail.c.package, detail.c.fix_version)
        .where(detail.c.org_id == org, detail.c.package.in_(packages), detail.c.fix_version != "")
        .distinct()
    )
    found: dict[str, str] = {}
    for package, version in conn.execute(query):
        known = found.get(package)
        if known is None or _later(version, known):
            found[package] = version
    return found


def _later(one: str, other: str) -> bool:
    try:
        return compare(one, other) > 0
    except ValueError:
        return one > other


_REMEDY = {
    "secret": "Revoke it and make a new one",
    "malware": "Find out how it came there, and remove it",
    "malicious-package": "Remove it, and change what it could read",
    "policy": "Change the configuration",
    "licence": "Replace it, or have it approved",
}
"""What to do, by kind of finding, where there is no version to upgrade to."""


def _fix(worst: Row[Any]) -> str:
    if worst.fix_state == "fixed":
        if worst.package and worst.fix_version:
            return f"Upgrade {worst.package} to {worst.fix_version}"
        return _REMEDY.get(worst.kind, "A fix exists")
    return {"not-fixed": "No fix yet", "will-not-fix": "Will not be fixed by its vendor"}.get(worst.fix_state, "")


def _count_assets(selection: Selection, column: ColumnElement[str], keys: Sequence[str]) -> dict[str, int]:
    """Assets of each group."""
    if selection.fixed:
        return _count_by_name(selection, column, keys)
    counted: dict[str, int] = {}
    for region in selection.regions if selection.current and keys else ():
        several = keys
        if not (region.timed or region.paired):
            several = []
            for group, assessors, assets in selection.conn.execute(_per_assessor(region, column, keys)):
                if assessors > 1:
                    several.append(group)
                else:
                    counted[group] = counted.get(group, 0) + int(assets)
        if several:
            query = region.pairs(column, func.count(asset.c.id.distinct())).where(column.in_(several)).group_by(column)
            for group, assets in selection.conn.execute(query):
                counted[group] = counted.get(group, 0) + assets
    return counted


def _count_by_name(selection: Selection, column: ColumnElement[str], keys: Sequence[str]) -> dict[str, int]:
    """Where fixed findings are among them, an asset may have a group's findings in both places."""
    places: list[Callable[..., Select[Any]]] = [selection.fixed_pairs]
    if selection.current:
        places.append(selection.current_pairs)
    found: dict[str, set[int]] = {}
    for pairs in places:
        for group, asset_id in selection.conn.execute(pairs(column, asset.c.id).where(column.in_(keys)).distinct()):
            found.setdefault(group, set()).add(asset_id)
    return {group: len(assets) for group, assets in found.items()}


def _per_assessor(region: Region, column: ColumnElement[str], keys: Sequence[str]) -> Select[Any]:
    """(group, assessors, assets). An asset has one set per assessor: within one, sets' assets add up exactly."""
    org = region.selection.org
    sets = (
        select(column.label("group"), member.c.set_id)
        .select_from(detail.join(member, member.c.detail_id == detail.c.id).join(key, key.c.id == detail.c.key_id))
        .where(detail.c.org_id == org, region.of_finding(), column.in_(keys))
        .distinct()
        .subquery()
    )
    sharing = (
        select(held.c.set_id, held.c.assessor, func.count().label("n"))
        .select_from(held.join(asset, asset.c.id == held.c.asset_id))
        .where(held.c.org_id == org, region.of_asset(CURRENT))
        .group_by(held.c.set_id, held.c.assessor)
        .subquery()
    )
    return (
        select(sets.c.group, func.count(sharing.c.assessor.distinct()), func.sum(sharing.c.n))
        .join(sharing, sharing.c.set_id == sets.c.set_id)
        .group_by(sets.c.group)
    )
