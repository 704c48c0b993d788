"""Finding sets: findings stored by content, once per organisation, however many assets have them.

    finding_key      (kind, rule, locator)               which finding: never changes
    finding_detail   severity, score, evidence, ...      how it stands: by digest
    finding_set      digest over its members' details    what an assessment concluded

Two assessments with equal findings share a set. Sets also stand for the union of what several sources attest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, tuple_

from bartizan.inventory.blobs import encoded, pack, pack_bytes
from bartizan.inventory.exceptions import match_details
from bartizan.inventory.posture import summarise_sets
from bartizan.inventory.schema import judgement
from bartizan.inventory.statements import chunks, insert_new, insert_tuples, numbers_of, storable
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, Verdict
from bartizan.model.wire import digest

Key = tuple[str, str, str]
"""(kind, rule, locator)."""


ALIAS_LIMIT = 100
"""Other names of one rule that are kept."""


class Member(NamedTuple):
    """A finding of a set that is stored."""

    key_id: int
    detail_id: int
    digest: str


class Content(NamedTuple):
    """What a set is to hold: findings, and members of another set."""

    findings: Sequence[Finding]
    members: Sequence[Member] = ()


def store_sets(conn: Connection, org: int, contents: Sequence[Content], now: int) -> list[int]:
    """The sets' row numbers, after writing what is new of them. Findings that several share are looked at once."""
    seen: dict[int, tuple[Key, dict[str, Any]]] = {}
    told: list[str] = []
    wanted: dict[str, tuple[dict[Key, dict[str, Any]], Content]] = {}
    for content in contents:
        rows = _rows(org, content.findings, seen)
        digests = [row["digest"] for row in rows.values()]
        told.append(digest(sorted([*digests, *(member.digest for member in content.members)])))
        wanted.setdefault(told[-1], (rows, content))
    known = numbers_of(conn, judgement.finding_set.c.digest, org, wanted)
    new = {value: found for value, found in wanted.items() if value not in known}
    if new:
        details, fresh = _store_details(conn, org, [rows for rows, _ in new.values()])
        renamed = _store_aliases(conn, org, _distinct(content.findings for _, content in new.values()))
        match_details(conn, org, fresh, renamed, now)
        members = {
            value: [*(details[row["digest"]] for row in rows.values()), *(each[:2] for each in content.members)]
            for value, (rows, content) in new.items()
        }
        known |= _store_members(conn, org, members, now)
    return [known[value] for value in told]


def _rows(
    org: int, findings: Iterable[Finding], seen: dict[int, tuple[Key, dict[str, Any]]]
) -> dict[Key, dict[str, Any]]:
    """The details of one set. `seen`: of findings that are the same object in another set."""
    rows: dict[Key, dict[str, Any]] = {}
    for finding in findings:
        if id(finding) not in seen:
            seen[id(finding)] = (_identity(finding), _detail_row(org, finding))
        key, row = seen[id(finding)]
        rows[key] = _worse(rows[key], row) if key in rows else row
    return rows


def _distinct(sets: Iterable[Sequence[Finding]]) -> list[Finding]:
    return list({id(finding): finding for findings in sets for finding in findings}.values())


def union_set(conn: Connection, org: int, sets: Sequence[int], now: int) -> int:
    """The set of everything that any of the sets holds; where they rate a finding differently, the worse rating."""
    if len(set(sets)) == 1:
        return sets[0]
    best: dict[int, dict[str, Any]] = {}
    for row in _ratings(conn, set(sets)):
        other = best.get(row["key_id"])
        best[row["key_id"]] = row if other is None else _worse(other, row)
    return _set_of(conn, org, best.values(), now)


def carried_set(conn: Connection, org: int, new: int, old: int, passed: Iterable[str], now: int) -> int:
    """The new set and what the old one held that the new assessment had no way to see: neither found nor passed."""
    rows = {row["key_id"]: row for row in _ratings(conn, {new})}
    settled = set(passed)
    for row in _ratings(conn, {old}):
        if row["rule"] not in settled:
            rows.setdefault(row["key_id"], row)
    return _set_of(conn, org, rows.values(), now)


def _ratings(conn: Connection, sets: set[int]) -> Iterator[dict[str, Any]]:
    member, detail = judgement.finding_set_member, judgement.finding_detail
    columns = (detail.c.id, detail.c.digest, detail.c.rule, detail.c.severity, detail.c.score, detail.c.unknown)
    query = (
        select(member.c.key_id, *columns)
        .join(detail, detail.c.id == member.c.detail_id)
        .where(member.c.set_id.in_(sets))
    )
    for row in conn.execute(query).mappings():
        yield dict(row)


def _set_of(conn: Connection, org: int, ratings: Iterable[dict[str, Any]], now: int) -> int:
    rows = list(ratings)
    set_digest = digest(sorted(row["digest"] for row in rows))
    if known := numbers_of(conn, judgement.finding_set.c.digest, org, [set_digest]):
        return known[set_digest]
    return _store_members(conn, org, {set_digest: [(row["key_id"], row["id"]) for row in rows]}, now)[set_digest]


def store_outcomes(conn: Connection, org: int, assessments: Iterable[Assessment]) -> list[int]:
    """What was counted and passed, by content."""
    table = judgement.outcome
    told: list[str] = []
    rows: dict[str, dict[str, Any]] = {}
    for assessment in assessments:
        counts = assessment.counts
        body = {
            "counts": dict(counts),
            "passed": sorted(assessment.passed),
            "not_applicable": dict(assessment.not_applicable),
        }
        value = digest(body)
        told.append(value)
        rows[value] = {
            "org_id": org,
            "digest": value,
            "passed": counts.get("pass", 0),
            "failed": counts.get("fail", 0),
            "unknown": counts.get("unknown", 0),
            "not_applicable": counts.get("not-applicable", 0),
            "body": body,
        }
    known = numbers_of(conn, table.c.digest, org, rows)
    if new := [row | {"body": pack(row["body"])} for value, row in rows.items() if value not in known]:
        insert_new(conn, table, new)
        known |= numbers_of(conn, table.c.digest, org, [row["digest"] for row in new])
    return [known[value] for value in told]


def _identity(finding: Finding) -> Key:
    return (finding.kind.value, storable(finding.rule, 500), storable(finding.locator))


def _worse(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Of two ratings of one finding: a failure before an unknown, then severity, score, and the digest to be stable."""
    return max(a, b, key=lambda row: (not row["unknown"], row["severity"], row["score"], row["digest"]))


def _detail_row(org: int, finding: Finding) -> dict[str, Any]:
    evidence = finding.evidence
    row = {
        "org_id": org,
        "kind": finding.kind.value,
        "rule": storable(finding.rule, 500),
        "severity": finding.severity.rank,
        "score": round(float(finding.score), 2),
        "unknown": finding.verdict is Verdict.UNKNOWN,
        "title": storable(finding.title, 500),
        "fix_state": finding.fix.state.value,
        "fix_version": storable(finding.fix.version, 200),
        **_vulnerability_columns(evidence),
    }
    row["body"] = encoded({"evidence": evidence, "fix_text": finding.fix.text, "layer": finding.layer})
    columns = [finding.locator, *(value for name, value in sorted(row.items()) if name not in ("org_id", "body"))]
    row["digest"] = sha256(encoded(columns) + row["body"]).hexdigest()
    row |= _origin_columns(evidence)  # told by the body, which the digest covers
    return row


def _origin_columns(evidence: Mapping[str, Any]) -> dict[str, str]:
    """What lists filter and group by of an image's finding; empty for what has no layer."""
    told = evidence.get("origin")
    origin = told if isinstance(told, Mapping) else {}
    names = {"layer": "layer", "part": "part", "origin": "kind", "base": "base"}
    return {name: storable(str(origin.get(key) or "")) for name, key in names.items()}


def _vulnerability_columns(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """What lists show, sort and filter of a vulnerability's evidence; neutral values for other kinds."""
    package = evidence.get("package")
    if isinstance(package, Mapping):
        name, installed = package.get("name"), package.get("version")
    else:
        name, installed = package, None
    epss = evidence.get("epss")
    if isinstance(epss, Mapping):
        epss = epss.get("probability", epss.get("score", epss.get("epss")))
    return {
        "package": storable(str(name or ""), 300),
        "installed": storable(str(evidence.get("installed") or installed or ""), 200),
        "kev": bool(evidence.get("kev")),
        "epss": float(epss) if isinstance(epss, (int, float)) and not isinstance(epss, bool) else None,
    }


def _store_aliases(conn: Connection, org: int, findings: Iterable[Finding]) -> set[str]:
    """Other names of the rules: a search for one finds them all. Returns the rules that have any."""
    rows = {
        (storable(finding.rule, 500), storable(str(alias), 500))
        for finding in findings
        for alias in list(finding.evidence.get("aliases") or ())[:ALIAS_LIMIT]
    }
    insert_new(conn, judgement.rule_alias, [{"org_id": org, "rule": rule, "alias": a} for rule, a in sorted(rows)])
    return {rule for rule, _ in rows}


def _store_keys(conn: Connection, org: int, wanted: Iterable[Key]) -> dict[Key, int]:
    keys = list(wanted)
    found = _known_keys(conn, org, keys)
    if new := [key for key in keys if key not in found]:
        rows = [{"org_id": org, "kind": kind, "rule": rule, "locator": locator} for kind, rule, locator in new]
        insert_new(conn, judgement.finding_key, rows)
        found |= _known_keys(conn, org, new)
    return found


def _known_keys(conn: Connection, org: int, keys: list[Key]) -> dict[Key, int]:
    table = judgement.finding_key
    wanted = tuple_(table.c.rule, table.c.locator, table.c.kind)
    found: dict[Key, int] = {}
    for chunk in chunks(keys):
        pairs = [(rule, locator, kind) for kind, rule, locator in chunk]
        query = select(table).where(table.c.org_id == org, wanted.in_(pairs))
        found.update({(row.kind, row.rule, row.locator): row.id for row in conn.execute(query)})
    return found


def _store_details(
    conn: Connection, org: int, sets: Iterable[Mapping[Key, dict[str, Any]]]
) -> tuple[dict[str, tuple[int, int]], list[int]]:
    """(key, detail) by digest, and the details that were not there before."""
    rows = {row["digest"]: (key, row) for content in sets for key, row in content.items()}
    known = _known_details(conn, org, rows)
    new = {value: found for value, found in rows.items() if value not in known}
    if not new:
        return known, []
    keys = _store_keys(conn, org, dict.fromkeys(key for key, _ in new.values()))
    written = [row | {"key_id": keys[key], "body": pack_bytes(row["body"])} for key, row in new.values()]
    insert_new(conn, judgement.finding_detail, written)
    added = _known_details(conn, org, new)
    return known | added, [number for _, number in added.values()]


def _known_details(conn: Connection, org: int, digests: Iterable[str]) -> dict[str, tuple[int, int]]:
    table = judgement.finding_detail
    found: dict[str, tuple[int, int]] = {}
    for chunk in chunks(digests):
        query = select(table.c.digest, table.c.key_id, table.c.id).where(
            table.c.org_id == org, table.c.digest.in_(chunk)
        )
        found.update((value, (key_id, number)) for value, key_id, number in conn.execute(query))
    return found


def _store_members(
    conn: Connection, org: int, sets: Mapping[str, Sequence[tuple[int, int]]], now: int
) -> dict[str, int]:
    """Sets that are not there yet, by digest, with (key, detail) of each member. Returns their numbers."""
    table = judgement.finding_set
    rows = [
        {
            "org_id": org,
            "digest": value,
            "keys_digest": digest(sorted(key_id for key_id, _ in members)),
            "size": len(members),
        }
        for value, members in sets.items()
    ]
    insert_new(conn, table, rows)
    numbers = numbers_of(conn, table.c.digest, org, sets)
    held = [(numbers[value], *pair) for value, members in sets.items() for pair in sorted(members)]
    insert_tuples(conn, judgement.finding_set_member, ("set_id", "key_id", "detail_id"), held)
    summarise_sets(conn, org, numbers.values(), now)
    return numbers
