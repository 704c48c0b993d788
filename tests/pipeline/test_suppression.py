"""Decisions applied: statements of each format, the ignore file, and what they must not settle."""

import contextlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.content.documents import ContentError
from bartizan.exchange.vex.document import VexError, read_vex
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.pipeline.ignore_file import read_ignore_file
from bartizan.pipeline.statement import Statement
from bartizan.pipeline.suppression import Applied, suppress

ASSET = AssetRef(kind=AssetKind.IMAGE, key="sha256:00aa", name="registry.example/team/app:1.0")
TODAY = date(2026, 11, 23)
Make = Callable[..., Any]


def openvex(*statements: dict[str, Any]) -> tuple[Statement, ...]:
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://vex.example/1",
        "author": "Vendor",
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": list(statements),
    }
    return read_vex(json.dumps(document).encode(), "a.json")


def about(product: Any, status: str = "not_affected", **more: Any) -> dict[str, Any]:
    product = {"@id": product} if isinstance(product, str) else product
    return {"vulnerability": {"name": "CVE-1"}, "products": [product], "status": status, **more}


def applied(findings: tuple[Any, ...], statements: tuple[Statement, ...] = (), ignore: str = "") -> Applied:
    entries = read_ignore_file(ignore.encode(), ".bartizan.yaml") if ignore else ()
    return suppress(findings, ASSET, statements, entries, TODAY)


@pytest.mark.parametrize(
    ("product", "settled"),
    [
        ("pkg:npm/lodash", True),
        ("pkg:npm/lodash@4.17.4", True),
        ("pkg:npm/lodash@4.17.5", False),
        ("pkg:npm/lodash-es", False),
        ("pkg:pypi/lodash", False),
        ({"@id": "registry.example/team/app:1.0"}, True),
        ({"@id": "pkg:oci/app"}, True),
        ({"@id": "pkg:oci/app?tag=1.0"}, True),
        ({"@id": "pkg:oci/app?tag=2.0"}, False),
        ({"@id": "pkg:oci/app@sha256:00aa"}, True),
        ({"@id": "pkg:oci/app@sha256:ffff"}, False),
        ({"@id": "pkg:oci/other"}, False),
        ({"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:npm/lodash@4.17.4"}]}, True),
        ({"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:npm/minimist"}]}, False),
        ({"@id": "pkg:oci/other", "subcomponents": [{"@id": "pkg:npm/lodash"}]}, False),
        ({"@id": "x", "identifiers": {"purl": "pkg:npm/lodash"}}, True),
    ],
)
def test_a_statement_settles_what_it_is_about(vulnerability: Make, assessed: Make, product: Any, settled: bool) -> None:
    finding = vulnerability("CVE-1", "pkg:npm/lodash#/srv/package-lock.json", ("lodash", "4.17.4"))
    outcome = applied(assessed(finding), openvex(about(product, justification="component_not_present")))
    assert len(outcome.suppressed) == settled
    if settled:
        [each] = outcome.suppressed
        assert each.reason == "not_affected: component_not_present" and each.source == "https://vex.example/1"
        assert each.finding.evidence["vex"][0]["author"] == "Vendor"
        assert outcome.assessments[0].findings == ()


def test_a_statement_about_some_binaries_does_not_settle_their_source(vulnerability: Make, assessed: Make) -> None:
    finding = vulnerability("CVE-1", "pkg:deb/debian/openssl", ("libssl3", "3.0"), ("openssl", "3.0"))
    some, all_ = about("pkg:deb/debian/libssl3"), about("pkg:deb/debian/openssl@3.0")
    assert not applied(assessed(finding), openvex(some)).suppressed
    assert applied(assessed(finding), openvex(all_)).suppressed
    both = about("pkg:deb/debian/libssl3") | {
        "products": [{"@id": "pkg:deb/debian/libssl3?arch=amd64"}, {"@id": "pkg:deb/debian/openssl"}]
    }
    assert applied(assessed(finding), openvex(both)).suppressed


def test_the_latest_statement_counts_and_all_are_evidence(vulnerability: Make, assessed: Make) -> None:
    finding = vulnerability("CVE-1", "pkg:npm/lodash#/x")
    first = about("pkg:npm/lodash", timestamp="2026-02-01T00:00:00Z")
    then = about("pkg:npm/lodash", "affected", timestamp="2026-03-01T00:00:00Z")
    outcome = applied(assessed(finding), openvex(then, first))
    [kept] = outcome.assessments[0].findings
    assert [each["status"] for each in kept.evidence["vex"]] == ["not_affected", "affected"]
    assert not outcome.suppressed


def test_an_investigation_is_noted_and_settles_nothing(vulnerability: Make, assessed: Make) -> None:
    finding = vulnerability("CVE-1", "pkg:npm/lodash#/x")
    [kept] = applied(assessed(finding), openvex(about("pkg:npm/lodash", "under_investigation"))).assessments[0].findings
    assert kept.evidence["vex"][0]["status"] == "under_investigation"


def test_aliases_name_the_same_flaw(vulnerability: Make, assessed: Make) -> None:
    finding = vulnerability("CVE-2026-7", "pkg:npm/lodash#/x", aliases=["GHSA-1", "CVE-1"])
    assert applied(assessed(finding), openvex(about("pkg:npm/lodash"))).suppressed


def test_csaf(vulnerability: Make, assessed: Make) -> None:
    helper = {"product_identification_helper": {"purl": "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=src"}}
    document = {
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "publisher": {"name": "Red Hat"},
            "tracking": {"id": "CVE-1", "current_release_date": "2026-01-01T00:00:00Z"},
        },
        "product_tree": {
            "branches": [{"branches": [{"product": {"product_id": "openssl", **helper}}]}],
            "relationships": [
                {
                    "full_product_name": {"product_id": "rhel9:openssl"},
                    "product_reference": "openssl",
                    "relates_to_product_reference": "rhel9",
                }
            ],
        },
        "vulnerabilities": [
            {
                "cve": "CVE-1",
                "product_status": {"known_not_affected": ["rhel9:openssl"]},
                "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["rhel9:openssl"]}],
            }
        ],
    }
    finding = vulnerability("CVE-1", "pkg:rpm/redhat/openssl", ("openssl-libs", "3.0.7-27.el9"))
    [each] = applied(assessed(finding), read_vex(json.dumps(document).encode(), "a")).suppressed
    assert each.reason == "not_affected: vulnerable_code_not_present" and each.source == "CVE-1"


@pytest.mark.parametrize("reference", ["lodash-ref", "pkg:npm/lodash@1.0", "urn:cdx:1/1#pkg:npm/lodash@1.0"])
@pytest.mark.parametrize(("state", "settled"), [("not_affected", 1), ("resolved", 1), ("in_triage", 0)])
def test_cyclonedx(vulnerability: Make, assessed: Make, reference: str, state: str, settled: int) -> None:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [{"bom-ref": "lodash-ref", "purl": "pkg:npm/lodash@1.0"}],
        "vulnerabilities": [
            {
                "id": "CVE-1",
                "analysis": {"state": state, "justification": "code_not_reachable"},
                "affects": [{"ref": reference}],
            }
        ],
    }
    finding = vulnerability("CVE-1", "pkg:npm/lodash#/x")
    assert len(applied(assessed(finding), read_vex(json.dumps(document).encode(), "a")).suppressed) == settled


IGNORE = """
ignore:
  - {rule: CVE-1, reason: not reachable}
  - {purl: "pkg:npm/lod*@1.*", path: "/srv/**", reason: goes in March, expires: 2026-12-31}
  - {path: "*.tmpl", reason: samples}
  - {rule: CVE-9, reason: over, expires: 2026-11-22}
"""


@pytest.mark.parametrize(
    ("rule", "locator", "entry"),
    [
        ("CVE-1", "pkg:pypi/a#/x", 3),
        ("CVE-2", "pkg:npm/lodash#/srv/a/b/package-lock.json", 4),
        ("CVE-2", "pkg:npm/lodash#/opt/package-lock.json", 0),
        ("CVE-2", "pkg:npm/other#/srv/package-lock.json", 0),
        ("CVE-2", "/etc/app.tmpl", 5),
        ("CVE-9", "pkg:pypi/a#/x", 0),
    ],
)
def test_the_ignore_file(vulnerability: Make, assessed: Make, rule: str, locator: str, entry: int) -> None:
    outcome = applied(assessed(vulnerability(rule, locator)), ignore=IGNORE)
    assert [each.source for each in outcome.suppressed] == ([f".bartizan.yaml:{entry}"] if entry else [])
    assert len(outcome.notes) == (rule == "CVE-9")


@pytest.mark.parametrize(
    ("query", "settled"),
    [
        ("kind:vulnerability package:lod*", True),
        ("kind:policy package:lod*", False),
        ("severity<=medium", False),
        ("severity>=high and not kev:true", True),
        ("rule:GHSA-*", True),
        ("locator:*lock.json", True),
        ("installed:1.0 fixable:false", True),
        ("asset.kind:image asset.name:*app*", True),
        ("asset.kind:host", False),
        ("epss>0.5 or fix:fixed", False),
        ("epss>0.1", True),
        ('"a flaw"', True),
    ],
)
def test_an_entry_by_query(vulnerability: Make, assessed: Make, query: str, settled: bool) -> None:
    found = vulnerability(
        "CVE-1", "pkg:npm/lodash#/srv/package-lock.json", aliases=["GHSA-1"], epss={"probability": 0.2}
    )
    ignore = f"ignore: [{{query: {json.dumps(query)}, reason: x, expires: 2026-12-31}}]"
    outcome = applied(assessed(found), ignore=ignore)
    assert bool(outcome.suppressed) is settled
    over = applied(assessed(found), ignore=ignore.replace("12-31", "01-31"))
    assert not over.suppressed
    assert [f"query {query} ended on 2026-01-31" in note for note in over.notes] == [True] * settled


def test_a_query_and_patterns_must_all_hold(vulnerability: Make, assessed: Make) -> None:
    found = assessed(vulnerability("CVE-1", "pkg:npm/lodash#/srv/a"))
    for rule, settled in (("CVE-1", True), ("CVE-2", False)):
        ignore = f"ignore: [{{query: kind:vulnerability, rule: {rule}, reason: x}}]"
        assert bool(applied(found, ignore=ignore).suppressed) is settled


def test_the_last_day_counts_and_the_next_does_not(vulnerability: Make, assessed: Make) -> None:
    entries = read_ignore_file(b"ignore: [{rule: CVE-1, reason: x, expires: 2026-11-23}]", "f")
    found = assessed(vulnerability("CVE-1", "pkg:npm/a#/x"))
    assert suppress(found, ASSET, (), entries, date(2026, 11, 23)).suppressed
    late = suppress(found, ASSET, (), entries, date(2026, 11, 24))
    assert not late.suppressed and "ended on 2026-11-23" in late.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ignore: [{rule: CVE-1}]", "f:1: an entry needs a reason"),
        ("ignore: [{reason: x}]", "needs a rule, a purl, a path or a query"),
        ("ignore: [{rule: a, reason: b, until: c}]", "no key 'until'"),
        ("ignore: [{rule: a, reason: b, expires: soon}]", "must be a day"),
        ("ignore: [text]", "is a mapping"),
        ("ignore:\n  - reason: x\n    query: kid:policy", "f:3: query, character 1: there is no field 'kid'.*kind"),
        ("ignore:\n  - query: (rule:a\n    reason: x", "f:2: query, character 1: this parenthesis is never closed"),
        ("ignore:\n  - query: rule:a tag:lab\n    reason: x", "f:2: a scan does not know tag .it knows asset.key"),
        ("ignore:\n  - query: rule:a state:open\n    reason: x", "f:2: a scan does not know state"),
        ("ignore:\n  - query: rule:a first_seen<7d\n    reason: x", "f:2: a scan does not know first_seen"),
        ("ignored: []", "with a list of entries"),
        ("ignore: [{rule: 7, reason: b}]", "must be text"),
    ],
)
def test_a_file_that_is_not_understood_says_where(text: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        read_ignore_file(text.encode(), "f")


def test_nothing_to_apply_changes_nothing(vulnerability: Make, assessed: Make, unknown: Any) -> None:
    found = assessed(vulnerability("CVE-1", "pkg:npm/a#/x"), unknown)
    assert applied(found).assessments == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON, JSON)
def test_any_shape_is_read_or_refused(one: Any, two: Any, three: Any) -> None:
    for document in (
        {"@context": "openvex", "statements": [{"vulnerability": one, "products": two, "status": "fixed"}, three]},
        {
            "bomFormat": "CycloneDX",
            "components": one,
            "vulnerabilities": [{"id": "x", "analysis": two, "affects": one}],
        },
        {"document": {"csaf_version": "2.0", "tracking": one}, "product_tree": two, "vulnerabilities": [three, one]},
    ):
        with contextlib.suppress(VexError):
            read_vex(json.dumps(document).encode(), "x")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"[" * 99_999, b'{"@context": "openvex", "statements": [{}]}'])
def test_what_is_no_vex_document_is_refused(data: bytes) -> None:
    with pytest.raises(VexError):
        read_vex(data, "x")
