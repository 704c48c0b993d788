"""Random queries on random estates: the database answers as the reference in plain Python does."""

from datetime import datetime
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from bartizan.inventory.assets import AssetSummary, list_assets, tag_assets
from bartizan.inventory.decisions import decide
from bartizan.inventory.facets import asset_facets, finding_facets
from bartizan.inventory.findings import FindingSummary, aliases_of
from bartizan.inventory.groups import list_groups
from bartizan.inventory.moments import moment
from bartizan.inventory.paging import Paging
from bartizan.inventory.query import FIELDS, FieldType, evaluate, parse
from bartizan.inventory.store import Store
from bartizan.model.finding import Fix, FixState
from bartizan.model.severity import Severity
from inventory.simulated import Estate, vulnerability

NAMES = ["openssl", "OpenSSL", "lib_x", "libyx", "50%", "a\\b", "É", "none", "", "x y", "*", "and"]
PARTS = st.one_of(st.sampled_from(NAMES), st.text("opeOsl*?_%\\É. -", max_size=4))
RANKS = st.sampled_from(list(Severity))

finding = st.builds(
    vulnerability,
    st.sampled_from(["CVE-2026-1", "CVE-2026-2", "cve-2026-1", "GHSA_x"]),
    st.sampled_from([name for name in NAMES if name]),
    severity=RANKS,
    score=st.sampled_from([0.0, 12.5, 70.0, 99.99]),
    title=st.sampled_from(["A flaw in OpenSSL", "100% broken_", "nothing"]),
    fix=st.builds(Fix, state=st.sampled_from(list(FixState)), version=st.sampled_from(["", "2.0"])),
    evidence=st.fixed_dictionaries(
        {},
        optional={
            "epss": st.sampled_from([0.0, 0.5, {"score": 0.97}]),
            "kev": st.sampled_from([{"added": "2026-01-01"}, None]),
            "aliases": st.lists(st.sampled_from(["GHSA-a", "CVE-2026-9", "DSA_1"]), max_size=2),
            "origin": st.fixed_dictionaries(
                {
                    "layer": st.sampled_from(["sha256:aa", "sha256:ab"]),
                    "part": st.sampled_from(["base", "application", "unknown"]),
                    "kind": st.sampled_from(["operating-system", "application"]),
                },
                optional={"base": st.sampled_from(["debian:12", "É"])},
            ),
        },
    ),
)
host = st.fixed_dictionaries(
    {},
    optional={
        "packages_deb": st.lists(st.sampled_from("abcd"), unique=True),
        "users": st.fixed_dictionaries(
            {}, optional={"fail": st.just(["p1"]), "unknown": st.just(["p2"]), "pass": st.just(["p3"])}
        ),
    },
)


def value(name: str) -> st.SearchStrategy[str]:
    """Text for a value of a field."""
    field = FIELDS[name]
    if field.choices:
        return st.sampled_from(field.choices)
    if field.type is FieldType.NUMBER:
        return st.sampled_from(["0", "1", "2", "12.5", "70", "0.5", "99.99"])
    if field.type is FieldType.BOOLEAN:
        return st.sampled_from(["true", "no"])
    if field.type is FieldType.TIME:
        return st.sampled_from(["1m", "2m", "7d", "2026-11-18", "2027-01-01", '"2026-11-18T11:08:00Z"'])
    known = {"rule": ["CVE-2026-1", "ghsa-*", "DSA_1"], "source": ["agent"], "tag": ["lab", "none"], "asset.os": ["12"]}
    texts = st.one_of(PARTS, st.sampled_from([*known.get(name, []), "web-*", "?openssl", "*e*"]))
    return texts.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"') | st.just("none")


@st.composite
def comparison(draw: st.DrawFn) -> str:
    """field operator value."""
    name = draw(st.sampled_from(sorted(set(FIELDS) - {"asset.first_seen"})))
    operator = draw(st.sampled_from(FIELDS[name].operators))
    if FIELDS[name].type is not FieldType.TIME and operator in (":", "=") and draw(st.booleans()):
        return f"{name}{operator}[{draw(value(name))}, {draw(value(name))}]"
    return f"{name}{operator}{draw(value(name))}"


words = PARTS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
queries = st.recursive(
    comparison() | words,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} and {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} or {pair[1]})"),
        inner.map(lambda one: f"not {one}"),
        inner.map(lambda one: f"vulnerability:({one})"),
        inner.map(lambda one: f"finding:({one})"),
    ),
    max_leaves=5,
)
EXCEPTIONS = (
    "rule:GHSA_x",
    "not rule:GHSA-a severity>=medium",
    "asset.name:web-*",
    "package:lib* tag:lab",
    "not tag:none",
    "kind:policy asset.name:[web-1, db]",
    "part:base or kev:true",
)
plan = st.fixed_dictionaries(
    {
        "advisories": st.fixed_dictionaries({name: st.lists(finding, max_size=3) for name in "abcd"}),
        "rounds": st.lists(st.dictionaries(st.sampled_from(["web-1", "Web_2", "db"]), host), min_size=1, max_size=3),
        "tags": st.dictionaries(st.sampled_from(["web-1", "db"]), st.sampled_from(["lab", "É"])),
        "decisions": st.lists(
            st.tuples(
                st.sampled_from(["accepted", "deferred"]),
                st.sampled_from(["CVE-2026-1", "CVE-2026-2", "p1"]),
                st.sampled_from([None, "web-1", "db"]),
                st.booleans(),
            ),
            max_size=2,
        ),
        "exceptions": st.lists(
            st.tuples(
                st.sampled_from(["accepted", "false-positive"]),
                st.sampled_from(EXCEPTIONS),
                st.booleans(),
                st.booleans(),
            ),
            max_size=3,
        ),
    }
)


@pytest.mark.timeout(600)
def test_the_database_selects_what_the_reference_selects(store: Store) -> None:
    number = iter(range(1_000_000))

    @settings(max_examples=40 if store.is_sqlite else 15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(plan=plan, asked=st.lists(queries, min_size=8, max_size=8))
    def compare(plan: dict[str, Any], asked: list[str]) -> None:
        estate = Estate(store, f"example-{next(number)}")
        build(estate, plan)
        findings, assets = records(estate)
        states_are_as_decided(plan, findings)
        for text in asked:
            query = parse(text)
            listed = query.standing()
            expected = {name for name, record in findings.items() if evaluate(listed, record, estate.now)}
            found = estate.findings(text, limit=7)
            assert {item.id for item in found} == expected, text
            wanted = {name for name, record in assets.items() if evaluate(query, record, estate.now)}
            with store.read() as conn:
                page = list_assets(conn, estate.org, text, Paging(limit=500), estate.now)
                assert {item.name for item in page.items} == wanted, text
                sums_agree(conn, estate, text, found, page.items)

    compare()


def states_are_as_decided(plan: dict[str, Any], findings: dict[str, dict[str, Any]]) -> None:
    """The reference judges each exception's query on each finding: what is covered shows the strongest verdict."""
    order = ["false-positive", "accepted", "deferred"]
    for record in findings.values():
        verdicts = {
            verdict
            for verdict, text, until_fixable, _ in plan["exceptions"]
            if evaluate(parse(text), record, 0) and not (until_fixable and record["fixable"])
        } | {
            verdict
            for verdict, rule, where, until_fixable in plan["decisions"]
            if record["rule"][0] == rule
            and where in (None, record["asset.name"])
            and not (until_fixable and record["fixable"])
        }
        if record["state"] != "fixed":
            expected = {min(verdicts, key=order.index)} if verdicts else {"open", "unknown"}
            assert record["state"] in expected, record


def sums_agree(conn: Any, estate: Estate, text: str, found: list[FindingSummary], assets: list[AssetSummary]) -> None:
    """Groups and facets count what the lists show."""
    whole = Paging(limit=500)
    by_rule = list_groups(conn, estate.org, text, "rule", whole, estate.now).items
    rules = {item.rule for item in found}
    assert {group.key: (group.findings, group.assets) for group in by_rule} == {
        rule: (
            sum(1 for item in found if item.rule == rule),
            len({item.asset_id for item in found if item.rule == rule}),
        )
        for rule in rules
    }, text
    by_asset = list_groups(conn, estate.org, text, "asset", whole, estate.now).items
    names = {item.asset_id for item in found}
    assert {group.key: (group.findings, round(group.total, 2)) for group in by_asset} == {
        asset: (
            sum(1 for item in found if item.asset_id == asset),
            round(sum(item.score for item in found if item.asset_id == asset), 2),
        )
        for asset in names
    }, text
    facets = {facet.field: dict(facet.values) for facet in finding_facets(conn, estate.org, text, estate.now)}
    severities = {item.severity for item in found}
    assert facets.get("severity", {}) == {
        level: sum(1 for item in found if item.severity == level) for level in severities
    }, text
    of_assets = {facet.field: dict(facet.values) for facet in asset_facets(conn, estate.org, text, estate.now)}
    assert sum(of_assets.get("asset.kind", {}).values()) == len(assets), text


def build(estate: Estate, plan: dict[str, Any]) -> None:
    """Hosts that change over some rounds, tags and decisions."""
    estate.advisories = {
        name: list({item.identity: item for item in found}.values()) for name, found in plan["advisories"].items()
    }
    names: dict[str, int] = {}
    for verdict, text, until_fixable, first in plan["exceptions"]:
        if first:
            except_from(estate, verdict, text, until_fixable)
    for number, hosts in enumerate(plan["rounds"]):
        for name, facts in hosts.items():
            names[name] = estate.snapshot(name, source="agent" if number % 2 else "scanner", **facts).asset_id
        estate.assess()
        estate.later()
    with estate.store.begin() as conn:
        for name, tag in plan["tags"].items():
            if name in names:
                tag_assets(conn, estate.org, [names[name]], tag, estate.now)
        for verdict, rule, where, until_fixable in plan["decisions"]:
            if where is None or where in names:
                decide(
                    conn,
                    estate.org,
                    verdict=verdict,
                    rule=rule,
                    reason="r",
                    requested_by="ann",
                    now=estate.now,
                    asset_id=None if where is None else names[where],
                    expires_when_fixable=until_fixable,
                )
    for verdict, text, until_fixable, first in plan["exceptions"]:
        if not first:
            except_from(estate, verdict, text, until_fixable)
    estate.later()


def except_from(estate: Estate, verdict: str, text: str, until_fixable: bool) -> None:
    """A decision by query, before there is anything that matches or after."""
    with estate.store.begin() as conn:
        decide(
            conn,
            estate.org,
            verdict=verdict,
            query=text,
            reason="r",
            requested_by="ann",
            now=estate.now,
            expires_when_fixable=until_fixable,
        )


def records(estate: Estate) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Findings and assets as the reference reads them."""
    with estate.store.read() as conn:
        assets = list_assets(conn, estate.org, "", Paging(limit=500), estate.now).items
        aliases = {rule: aliases_of(conn, estate.org, rule) for rule in {i.rule for i in estate.findings("state:any")}}
    own = {item.id: asset_record(item) for item in assets}
    findings = {}
    for item in estate.findings("state:any"):
        findings[item.id] = finding_record(item, aliases[item.rule]) | own[item.asset_id]
    return findings, {
        item.name: own[item.id]
        | {"findings": [record for name, record in findings.items() if name.startswith(f"{item.id}-")]}
        for item in assets
    }


def asset_record(item: AssetSummary) -> dict[str, Any]:
    """An asset's own fields."""
    return {
        "asset.id": int(item.id),
        "asset.name": item.name,
        "asset.kind": item.kind,
        "asset.key": item.key,
        "asset.os": [item.os, "debian 12"],
        "asset.risk": item.risk,
        "asset.first_seen": None,
        "asset.last_seen": moment(datetime.fromisoformat(item.last_seen)),
        "asset.source": item.sources,
        "tag": item.tags,
    }


def finding_record(item: FindingSummary, aliases: list[str]) -> dict[str, Any]:
    """A finding's fields."""
    return {
        "rule": [item.rule, *aliases],
        "kind": item.kind,
        "severity": Severity(item.severity).rank,
        "score": item.score,
        "title": item.title,
        "package": item.package,
        "installed": item.installed,
        "locator": item.locator,
        "kev": item.kev,
        "epss": item.epss,
        "fix": item.fix.state,
        "fixable": item.fix.state == "fixed",
        "state": item.state,
        "first_seen": moment(item.first_seen),
        "fixed_at": None if item.fixed_at is None else moment(item.fixed_at),
        "reopened": item.reopened,
        "source": item.sources,
        "part": None if item.origin is None else item.origin.part,
        "origin": None if item.origin is None else item.origin.kind,
        "layer": None if item.origin is None else item.origin.layer,
        "base": None if item.origin is None else item.origin.base or None,
    }
