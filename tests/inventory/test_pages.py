"""Pages by key, cursors that were made up, decisions, and what the overview, policies and timelines tell."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.inventory.accounts import set_two_person
from bartizan.inventory.assets import get_asset, list_assets, relate, tag_assets, untag_assets
from bartizan.inventory.decisions import approve, decide, expire, list_decisions, revoke
from bartizan.inventory.errors import BadCursor, BadInput, Conflict, NotAllowed, NotFound
from bartizan.inventory.exposure import exposure
from bartizan.inventory.findings import get_finding, list_findings
from bartizan.inventory.housekeeping import tidy_up
from bartizan.inventory.moments import DAY, text
from bartizan.inventory.overview import overview
from bartizan.inventory.paging import Paging, read_cursor
from bartizan.inventory.policies import policy_counts, policy_results
from bartizan.inventory.risk import asset_factors, asset_risk
from bartizan.inventory.timeline import timeline
from bartizan.model.severity import Severity
from inventory.simulated import Estate, vulnerability


@pytest.fixture
def hosts(estate: Estate) -> Estate:
    """Three hosts: two with openssl, one of them with curl too, and policies."""
    kev = {"kev": {"added": "2026-01-01"}, "epss": {"score": 0.9}, "aliases": ["GHSA-1"]}
    estate.advisories = {
        "openssl": [
            vulnerability("CVE-1", severity=Severity.CRITICAL, score=95.0, evidence=kev),
            vulnerability("CVE-2"),
        ],
        "curl": [vulnerability("CVE-3", "curl", severity=Severity.LOW, score=10.0)],
    }
    estate.snapshot("a", packages_deb=["openssl"], users={"pass": ["p1"], "fail": ["p2"], "na": {"p3": "no sshd"}})
    estate.snapshot("b", packages_deb=["openssl", "curl"], users={"fail": ["p1"], "unknown": ["p2"]})
    estate.snapshot("c", packages_deb=[])
    estate.assess()
    return estate


def test_a_page_goes_on_behind_its_last_row_whatever_was_inserted(hosts: Estate) -> None:
    with hosts.store.read() as conn:
        first = list_findings(conn, hosts.org, "", Paging(limit=2), hosts.now)
    hosts.later()
    hosts.advisories["openssl"] = [*hosts.advisories["openssl"], vulnerability("CVE-0", score=99.0)]
    hosts.knowledge = "2"
    hosts.assess()
    with hosts.store.read() as conn:
        second = list_findings(conn, hosts.org, "", Paging(limit=500, cursor=first.next), hosts.now)
    shown = [item.id for item in (*first.items, *second.items)]
    assert len(shown) == len(set(shown))
    assert {item.rule for item in second.items} == {"CVE-2", "CVE-3", "p1", "p2"}


@given(cursor=st.text(max_size=40) | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_made_up_cursors_are_errors_that_say_so(cursor: str) -> None:
    with pytest.raises(BadCursor, match="first page"):
        read_cursor(cursor, "mark", [int, str])


@pytest.mark.parametrize(
    "values", ['["mark", true, "a"]', '["mark", 1]', '["other", 1, "a"]', '["mark", 1.5, "a"]', "{}"]
)
def test_cursors_of_other_lists(values: str) -> None:
    with pytest.raises(BadCursor):
        read_cursor(base64.urlsafe_b64encode(values.encode()).decode(), "mark", [int, str])


def test_a_cursor_belongs_to_its_query_and_sort(hosts: Estate) -> None:
    with hosts.store.read() as conn:
        first = list_findings(conn, hosts.org, "", Paging(limit=1), hosts.now)
        for query, sort in (("kev:true", ""), ("", "severity")):
            with pytest.raises(BadCursor, match="another list"):
                list_findings(conn, hosts.org, query, Paging(cursor=first.next, sort=sort), hosts.now)


@pytest.mark.parametrize("limit", [0, 501])
def test_pages_have_a_size(limit: int) -> None:
    with pytest.raises(BadInput, match="1 to 500"):
        Paging(limit=limit)


@pytest.mark.parametrize("sort", ["nonsense", "-", "--score", "fixed_at"])
def test_sorts_that_do_not_exist_name_those_that_do(hosts: Estate, sort: str) -> None:
    with hosts.store.read() as conn, pytest.raises(BadInput, match=r"Sort by one of|Add state:fixed"):
        list_findings(conn, hosts.org, "", Paging(sort=sort), hosts.now)


def test_one_finding_tells_where_else_and_what_happened(hosts: Estate) -> None:
    finding = next(item for item in hosts.findings("ghsa-1") if item.asset_name == "a")
    with hosts.store.read() as conn:
        detail = get_finding(conn, hosts.org, finding.id, hosts.now)
        with pytest.raises(NotFound):
            get_finding(conn, hosts.org, "1-99999", hosts.now)
        with pytest.raises(NotFound):
            get_finding(conn, hosts.org, "'; drop table", hosts.now)
    assert (detail.rule, detail.kev, detail.epss, detail.elsewhere) == ("CVE-1", True, 0.9, 1)
    assert (detail.aliases, [event.kind for event in detail.history]) == (["GHSA-1"], ["opened"])
    assert detail.fix.version == "2.0"


def test_a_decision_for_one_asset_and_its_end(hosts: Estate) -> None:
    target = hosts.findings("rule:CVE-1 asset.name:a")[0]
    with hosts.store.begin() as conn:
        made = decide(
            conn, hosts.org, verdict="accepted", rule="CVE-1", reason="behind a proxy", requested_by="ann",
            now=hosts.now, asset_id=int(target.asset_id), expires_at=hosts.now + DAY,
        )  # fmt: skip
        assert get_asset(conn, hosts.org, int(target.asset_id), hosts.now).open.critical == 0
    assert made.active
    assert [item.asset_name for item in hosts.findings("rule:CVE-1")] == ["b"]
    assert [item.state for item in hosts.findings("rule:CVE-1 state:accepted")] == ["accepted"]
    hosts.later(2 * 86400)
    assert len(hosts.findings("rule:CVE-1")) == 2
    with hosts.store.begin() as conn:
        assert expire(conn, hosts.org, hosts.now) == 1
        assert get_asset(conn, hosts.org, int(target.asset_id), hosts.now).open.critical == 1
        assert list_decisions(conn, hosts.org, Paging(), hosts.now).items[0].ended_by == "expired"


def test_a_decision_that_lasts_until_a_fix_appears(hosts: Estate) -> None:
    hosts.advisories["curl"] = [vulnerability("CVE-9", "curl", fix=vulnerability("x").fix.__class__())]
    hosts.knowledge = "2"
    hosts.assess()
    with hosts.store.begin() as conn:
        decide(
            conn, hosts.org, verdict="deferred", rule="CVE-9", reason="no fix", requested_by="ann", now=hosts.now,
            expires_when_fixable=True,
        )  # fmt: skip
    assert hosts.findings("rule:CVE-9") == []
    hosts.advisories["curl"] = [vulnerability("CVE-9", "curl")]
    hosts.knowledge = "3"
    hosts.later()
    hosts.assess()
    assert [item.state for item in hosts.findings("rule:CVE-9")] == ["open"]


def test_decisions_of_two_people(hosts: Estate) -> None:
    with hosts.store.begin() as conn:
        set_two_person(conn, hosts.org, True)
        made = decide(
            conn, hosts.org, verdict="false-positive", rule="CVE-2", reason="r", requested_by="ann", now=hosts.now
        )
    assert (made.active, made.pending) == (False, True)
    assert len(hosts.findings("rule:CVE-2")) == 2
    with hosts.store.begin() as conn:
        with pytest.raises(NotAllowed, match="somebody other than its requester"):
            approve(conn, hosts.org, int(made.id), approver="ann", now=hosts.now)
        assert approve(conn, hosts.org, int(made.id), approver="bob", now=hosts.now).approved_by == "bob"
        with pytest.raises(Conflict):
            approve(conn, hosts.org, int(made.id), approver="eve", now=hosts.now)
    assert hosts.findings("rule:CVE-2") == []
    with hosts.store.begin() as conn:
        revoke(conn, hosts.org, int(made.id), by="ann", now=hosts.now)
    assert len(hosts.findings("rule:CVE-2")) == 2


@pytest.mark.parametrize(
    "wrong", [{"verdict": "whatever"}, {"reason": " "}, {"rule": ""}, {"expires_at": 1}, {"asset_id": 4711}]
)
def test_decisions_that_make_no_sense(hosts: Estate, wrong: dict[str, object]) -> None:
    values = {"verdict": "accepted", "rule": "CVE-1", "reason": "r", "requested_by": "ann", "now": hosts.now}
    with hosts.store.begin() as conn, pytest.raises((BadInput, NotFound)):
        decide(conn, hosts.org, **(values | wrong))  # type: ignore[arg-type]


def test_exposure_over_time(hosts: Estate) -> None:
    began = hosts.now
    fixed = hosts.later()
    hosts.snapshot("a", packages_deb=[])
    hosts.assess()
    back = hosts.later()
    hosts.snapshot("a", packages_deb=["openssl"])
    hosts.assess()
    with hosts.store.read() as conn:
        found = {item.asset_name: item for item in exposure(conn, hosts.org, "GHSA-1")}
    assert [(span.since, span.until) for span in found["a"].spans] == [(text(began), text(fixed)), (text(back), None)]
    assert [(span.since, span.until) for span in found["b"].spans] == [(text(began), None)]


def test_policies_by_asset(hosts: Estate) -> None:
    with hosts.store.read() as conn:
        counts = policy_counts(conn, hosts.org, hosts.now)
        results = policy_results(conn, hosts.org, "p2", hosts.now)
        first = policy_results(conn, hosts.org, "p1", hosts.now)
    assert (counts["p1"].passed, counts["p1"].failed) == (1, 1)
    assert (counts["p2"].failed, counts["p2"].unknown) == (1, 1)
    assert counts["p3"].not_applicable == 1
    assert [(item.asset_name, item.result, item.reason) for item in results] == [
        ("a", "fail", ""),
        ("b", "unknown", "users.shadow: permission denied"),
    ]
    assert [(item.asset_name, item.result) for item in first] == [("b", "fail"), ("a", "pass")]


def test_the_overview_adds_up(hosts: Estate) -> None:
    with hosts.store.read() as conn:
        told = overview(conn, hosts.org, hosts.now)
        assets = list_assets(conn, hosts.org, "", Paging(), hosts.now).items
    assert (told.assets, told.open.critical, told.open.high, told.open.medium, told.open.low) == (3, 2, 2, 2, 1)
    assert told.kev_open == 2
    assert told.policies == {"pass": 1, "fail": 2, "unknown": 1, "not-applicable": 1}
    assert told.by_kind["vulnerability"].critical == 2
    assert told.fix_first[0].key == "openssl"
    assert told.fix_first[0].fix == "Upgrade openssl to 2.0"
    assert 0.7 < told.fix_first_share <= 1.0
    assert {entry["query"]: entry["count"] for entry in told.unseen} == {"state:unknown and not kind:coverage": 1}
    assert [point.opened for point in told.trend] == [told.opened_since_yesterday]
    assert {item.name: item.risk > 95 for item in assets} == {"a": True, "b": True, "c": False}
    assert (assets[-1].name, assets[-1].risk) == ("c", 0)


def test_days_that_are_over_are_never_written_again(hosts: Estate) -> None:
    with hosts.store.read() as conn:
        before = overview(conn, hosts.org, hosts.now).trend
    hosts.later(86400)
    hosts.snapshot("a", packages_deb=[])
    hosts.assess()
    with hosts.store.begin() as conn:
        tidy_up(conn, hosts.org, hosts.now)
        after = overview(conn, hosts.org, hosts.now).trend
    assert after[0] == before[0]
    assert (after[1].fixed, after[1].open.critical) == (3, 1)


def test_an_asset_tells_its_story(hosts: Estate) -> None:
    hosts.later()
    asset = hosts.snapshot("b", packages_deb=["openssl"]).asset_id
    hosts.assess()
    with hosts.store.begin() as conn:
        tag_assets(conn, hosts.org, [asset], "lab", hosts.now)
        relate(conn, hosts.org, asset, "agent", [("runs-on", asset - 1)], hosts.now)
        detail = get_asset(conn, hosts.org, asset, hosts.now)
        events = timeline(conn, hosts.org, asset, Paging(), hosts.now).items
        assert list_assets(conn, hosts.org, "tag:lab", Paging(), hosts.now).total == 1
        untag_assets(conn, hosts.org, [asset], "lab", hosts.now)
        assert list_assets(conn, hosts.org, "tag:lab", Paging(), hosts.now).total == 0
    assert [section.name for section in detail.sections] == ["os", "packages_deb"]
    assert [(relation.kind, relation.name, relation.direction) for relation in detail.relations] == [
        ("runs-on", "a", "out")
    ]
    assert detail.tags == ["lab"]
    assert round(sum(factor.points for factor in detail.risk_factors), 2) == detail.risk
    kinds = [event.kind for event in events]
    fixed = [event.because for event in events if event.kind == "finding-fixed"]
    assert sorted(fixed) == ["changed on the asset: packages_deb", "changed on the asset: users"]
    assert kinds[-1] == "first-seen" or kinds[-2] == "first-seen"


def test_housekeeping_drops_what_nobody_refers_to(hosts: Estate) -> None:
    hosts.later(500 * 86400)
    for name in ("a", "b", "c"):
        hosts.snapshot(name, packages_deb=[])
    hosts.assess()
    hosts.later(500 * 86400)
    with hosts.store.begin() as conn:
        first = tidy_up(conn, hosts.org, hosts.now)
        second = tidy_up(conn, hosts.org, hosts.now)
    assert first.sections > 0
    assert first.sets > 0
    assert (second.sections, second.sets, second.details, second.assessments) == (0, 0, 0, 0)
    assert {item.state for item in hosts.findings("state:any")} == {"fixed"}


@given(scores=st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_risk_is_bounded_explained_and_grows(scores: list[float]) -> None:
    worst, weight = max(scores), sum((score / 100) ** 2 for score in scores)
    risk = asset_risk(worst, weight)
    assert worst - 0.01 <= risk <= 100
    assert asset_risk(worst, weight + 1) >= risk
    factors = asset_factors(worst, weight, len(scores), "CVE-1")
    assert abs(sum(factor.points for factor in factors) - risk) < 0.02
