"""Where something was, and from when to when: the history of assets' findings and of their sections.

    exposure(conn, org, "CVE-2024-6387")   every asset that ever had it, with spans
    asset_sections_at(conn, org, asset, "2026-11-01T00:00:00Z")   what the asset looked like then

Spans come from `attestation`: a span of the set that has the finding. Spans that touch or overlap, of whatever source,
are one.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, or_, select

from bartizan.inventory.moments import moment, text, text_or_none
from bartizan.inventory.schema import estate, judgement

_word, _member, _key = judgement.attestation, judgement.finding_set_member, judgement.finding_key


class Span(Struct, kw_only=True):
    """From when to when; `until` None: still."""

    since: str
    until: str | None
    sources: list[str]


class Exposure(Struct, kw_only=True):
    """An asset that had something."""

    asset_id: str
    asset_name: str
    locator: str
    finding: str
    spans: list[Span]

    @property
    def now(self) -> bool:
        """Whether it still has."""
        return self.spans[-1].until is None


def exposure(conn: Connection, org: int, rule: str, *, limit: int = 10_000) -> list[Exposure]:
    """Assets that ever had a finding of a rule or of one of its aliases, those that still have it first."""
    alias, asset = judgement.rule_alias, estate.asset
    named = select(alias.c.rule).where(alias.c.org_id == org, alias.c.alias == rule)
    keys = select(_key.c.id).where(_key.c.org_id == org, or_(_key.c.rule == rule, _key.c.rule.in_(named)))
    query = (
        select(
            _word.c.asset_id,
            _member.c.key_id,
            _key.c.locator,
            asset.c.name,
            _word.c.source,
            _word.c.valid_from,
            _word.c.valid_to,
        )
        .join(_member, _member.c.set_id == _word.c.set_id)
        .join(_key, _key.c.id == _member.c.key_id)
        .join(asset, asset.c.id == _word.c.asset_id)
        .where(_member.c.key_id.in_(keys))
        .order_by(_word.c.asset_id, _member.c.key_id, _word.c.valid_from)
    )
    rows: dict[tuple[int, int], list[Any]] = {}
    for row in conn.execute(query):
        rows.setdefault((row.asset_id, row.key_id), []).append(row)
        if len(rows) > limit:
            break
    found = [
        Exposure(
            asset_id=str(asset_id),
            asset_name=pair[0].name,
            locator=pair[0].locator,
            finding=f"{asset_id}-{key_id}",
            spans=_spans(pair),
        )
        for (asset_id, key_id), pair in list(rows.items())[:limit]
    ]
    return sorted(found, key=lambda item: (not item.now, item.spans[0].since, item.asset_name))


def asset_sections_at(conn: Connection, org: int, asset_id: int, at: datetime | str | int) -> dict[str, str]:
    """Section name to digest as the asset was at a moment. Where sources differ, the one whose word was newest."""
    held, content, asset = estate.asset_section, estate.section, estate.asset
    when = moment(at)
    query = (
        select(held.c.name, content.c.digest)
        .join(content, content.c.id == held.c.section_id)
        .join(asset, asset.c.id == held.c.asset_id)
        .where(
            asset.c.org_id == org,
            held.c.asset_id == asset_id,
            held.c.valid_from <= when,
            or_(held.c.valid_to.is_(None), held.c.valid_to > when),
        )
        .order_by(held.c.valid_from, held.c.source)
    )
    return {row.name: row.digest for row in conn.execute(query)}


def joined(rows: Iterable[Any]) -> list[tuple[int, int | None, set[str]]]:
    """Spans of all sources as one line: since, until, who. Rows come by their beginning."""
    spans: list[tuple[int, int | None, set[str]]] = []
    for row in rows:
        if spans and (spans[-1][1] is None or row.valid_from <= spans[-1][1]):
            since, until, sources = spans[-1]
            until = None if until is None or row.valid_to is None else max(until, row.valid_to)
            spans[-1] = (since, until, sources | {row.source})
        else:
            spans.append((row.valid_from, row.valid_to, {row.source}))
    return spans


def _spans(rows: Iterable[Any]) -> list[Span]:
    return [
        Span(since=text(since), until=text_or_none(until), sources=sorted(sources))
        for since, until, sources in joined(rows)
    ]
