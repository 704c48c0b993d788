"""Facets: the values that a list's fields have, with counts, for narrowing it down."""

from collections import Counter
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Integer, Select, cast, func, select

from bartizan.inventory.assets import select_assets
from bartizan.inventory.finding_binding import asset, detail
from bartizan.inventory.findings import SEVERITY
from bartizan.inventory.moments import moment
from bartizan.inventory.query import Query, parse
from bartizan.inventory.schema import estate
from bartizan.inventory.selection import Selection

LIMIT = 12
"""Values of one facet."""
_SEVERITIES = ["critical", "high", "medium", "unknown", "low", "info"]


class Facet(Struct, kw_only=True):
    """One field."""

    field: str
    values: list[tuple[str, int]]
    """(value, count), the most frequent first; severities from the worst."""


def finding_facets(conn: Connection, org: int, query: Query | str, now: datetime | str | int) -> list[Facet]:
    """Facets of the findings that a query selects."""
    parsed = parse(query) if isinstance(query, str) else query
    selection = Selection(conn, org, parsed, moment(now))
    weights = selection.weights()
    n = cast(func.sum(weights.c.n), Integer)
    source = weights.join(detail, detail.c.id == weights.c.detail_id)
    named = ("package", "part", "origin", "base")
    traits = (detail.c.severity, detail.c.kind, detail.c.kev, detail.c.fix_state, *(detail.c[name] for name in named))
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("severity", "kind", "kev", "fix", *named)}
    for row in conn.execute(select(*traits, n.label("n")).select_from(source).group_by(*traits)):
        counted["severity"][SEVERITY[row.severity]] += row.n
        counted["kind"][row.kind] += row.n
        counted["kev"]["true" if row.kev else "false"] += row.n
        counted["fix"][row.fix_state] += row.n
        for name in named:
            counted[name][getattr(row, name)] += row.n
    for name in named:
        del counted[name][""]
    severities = sorted(counted.pop("severity").items(), key=lambda item: _SEVERITIES.index(item[0]))
    facets = [Facet(field="severity", values=severities)]
    for name, counts in counted.items():
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        facets.append(Facet(field=name, values=ranked[:LIMIT]))
    of_assets = selection.asset_weights()
    sums = cast(func.sum(of_assets.c.n), Integer)
    facets.append(
        Facet(
            field="asset.os",
            values=_top(
                conn,
                select(asset.c.os, sums)
                .select_from(of_assets.join(asset, asset.c.id == of_assets.c.asset_id))
                .where(asset.c.os != "")
                .group_by(asset.c.os),
            ),
        )
    )
    tagged, tag = estate.asset_tag, estate.tag
    by_tag = (
        select(tag.c.name, sums)
        .select_from(
            tagged.join(tag, tag.c.id == tagged.c.tag_id).join(of_assets, of_assets.c.asset_id == tagged.c.asset_id)
        )
        .where(tag.c.org_id == org)
        .group_by(tag.c.name)
    )
    if conn.execute(select(tag.c.id).where(tag.c.org_id == org).limit(1)).first():
        facets.append(Facet(field="tag", values=_top(conn, by_tag)))
    return [facet for facet in facets if facet.values]


def asset_facets(conn: Connection, org: int, query: Query | str, now: datetime | str | int) -> list[Facet]:
    """Facets of the assets that a query selects."""
    parsed = parse(query) if isinstance(query, str) else query
    chosen = select_assets(conn, org, parsed, moment(now), asset.c.id).correlate(None)
    own = asset.c.id.in_(chosen)
    seen, tagged, tag = estate.observation, estate.asset_tag, estate.tag
    queries: dict[str, Select[Any]] = {
        "asset.kind": select(asset.c.kind, func.count()).where(own).group_by(asset.c.kind),
        "asset.os": select(asset.c.os, func.count()).where(own, asset.c.os != "").group_by(asset.c.os),
        "asset.source": select(seen.c.source, func.count()).where(seen.c.asset_id.in_(chosen)).group_by(seen.c.source),
        "tag": (
            select(tag.c.name, func.count())
            .join(tagged, tagged.c.tag_id == tag.c.id)
            .where(tagged.c.asset_id.in_(chosen))
            .group_by(tag.c.name)
        ),
    }
    facets = [Facet(field=name, values=_top(conn, chosen)) for name, chosen in queries.items()]
    return [facet for facet in facets if facet.values]


def _top(conn: Connection, query: Select[Any]) -> list[tuple[str, int]]:
    value, count = query.selected_columns
    return [(row[0], int(row[1])) for row in conn.execute(query.order_by(count.desc(), value).limit(LIMIT))]
