"""Decisions by query: about everything that matches now and later, on as many assets as there are."""

import pytest
from sqlalchemy import func, select

from bartizan.inventory.assets import list_assets, tag_assets, untag_assets
from bartizan.inventory.decisions import approve, decide, list_decisions, revoke
from bartizan.inventory.errors import BadInput
from bartizan.inventory.findings import get_finding
from bartizan.inventory.groups import list_groups
from bartizan.inventory.housekeeping import tidy_up
from bartizan.inventory.moments import DAY
from bartizan.inventory.overview import overview
from bartizan.inventory.paging import Paging
from bartizan.inventory.schema import estate as tables
from bartizan.inventory.schema import judgement
from bartizan.inventory.timeline import timeline
from bartizan.model.finding import Fix, FixState
from inventory.conftest import counting_writes
from inventory.simulated import Estate, vulnerability


@pytest.fixture
def hosts(estate: Estate) -> Estate:
    """Three hosts with two flaws each."""
    estate.advisories = {
        "openssl": [vulnerability("CVE-1", evidence={"aliases": ["GHSA-1"]})],
        "curl": [vulnerability("CVE-2", "curl", fix=Fix(state=FixState.NOT_FIXED))],
    }
    for name in ("web-1", "web-2", "db"):
        estate.snapshot(name, packages_deb=["openssl", "curl"])
    estate.assess()
    estate.later()
    return estate


def excepted(estate: Estate, query: str, **options: object) -> int:
    values = {"verdict": "accepted", "reason": "because", "requested_by": "ann", "now": estate.now, **options}
    with estate.store.begin() as conn:
        return int(decide(conn, estate.org, query=query, **values).id)  # type: ignore[arg-type]


def states(estate: Estate) -> dict[tuple[str, str], str]:
    return {(item.asset_name, item.rule): item.state for item in estate.findings("state:any")}


def open_by_asset(estate: Estate) -> dict[str, int]:
    with estate.store.read() as conn:
        found = list_assets(conn, estate.org, "", Paging(), estate.now).items
        whole = overview(conn, estate.org, estate.now)
    counts = {item.name: item.open.high for item in found}
    assert whole.open.high == sum(counts.values()) == sum(each.high for each in whole.by_kind.values())
    return counts


def covered(estate: Estate, number: int) -> int | None:
    with estate.store.read() as conn:
        views = {int(view.id): view for view in list_decisions(conn, estate.org, Paging(), estate.now).items}
    return views[number].covers


def test_a_query_on_findings_holds_on_every_asset(hosts: Estate) -> None:
    number = excepted(hosts, "package:openssl")
    assert {pair for pair, state in states(hosts).items() if state == "accepted"} == {
        (name, "CVE-1") for name in ("web-1", "web-2", "db")
    }
    assert open_by_asset(hosts) == {"web-1": 1, "web-2": 1, "db": 1}
    assert covered(hosts, number) == 3
    assert {item.rule for item in hosts.findings("state:accepted")} == {"CVE-1"}


def test_a_query_on_assets_follows_names_and_tags(hosts: Estate) -> None:
    number = excepted(hosts, "severity:high and tag:lab")
    assert set(states(hosts).values()) == {"open"}
    with hosts.store.begin() as conn:
        ids = {item.name: int(item.id) for item in list_assets(conn, hosts.org, "", Paging(), hosts.now).items}
        tag_assets(conn, hosts.org, [ids["web-1"], ids["db"]], "lab", hosts.now)
    assert open_by_asset(hosts) == {"web-1": 0, "web-2": 2, "db": 0}
    assert covered(hosts, number) == 4
    with hosts.store.begin() as conn:
        untag_assets(conn, hosts.org, [ids["web-1"]], "lab", hosts.now)
    assert open_by_asset(hosts) == {"web-1": 2, "web-2": 2, "db": 0}
    assert {name for (name, _), state in states(hosts).items() if state == "accepted"} == {"db"}


def test_what_matches_later_is_covered_and_what_no_longer_matches_is_not(hosts: Estate) -> None:
    excepted(hosts, "rule:GHSA-2 and asset.name:web-*")
    hosts.advisories["curl"] = [vulnerability("CVE-3", "curl", evidence={"aliases": ["GHSA-2"]})]
    hosts.knowledge = "2"
    hosts.snapshot("web-3", packages_deb=["curl"])
    hosts.snapshot("mail", packages_deb=["curl"])
    hosts.assess()
    found = states(hosts)
    assert {pair for pair, state in found.items() if state == "accepted"} == {
        (name, "CVE-3") for name in ("web-1", "web-2", "web-3")
    }
    assert found["mail", "CVE-3"] == found["db", "CVE-3"] == "open"
    assert open_by_asset(hosts) == {"web-1": 1, "web-2": 1, "web-3": 0, "db": 2, "mail": 1}


def test_a_rule_that_gets_another_name_is_matched_again(hosts: Estate) -> None:
    excepted(hosts, "rule:DSA-9")
    excepted(hosts, "not rule:DSA-9 and package:curl", verdict="deferred")
    hosts.advisories["curl"] = [vulnerability("CVE-2", "curl", evidence={"aliases": ["DSA-9"]})]
    hosts.knowledge = "2"
    hosts.assess()
    assert {state for (_, rule), state in states(hosts).items() if rule == "CVE-2"} == {"accepted"}


def test_taking_it_back_opens_everything_again(hosts: Estate) -> None:
    number = excepted(hosts, "asset.name:web-*")
    assert open_by_asset(hosts) == {"web-1": 0, "web-2": 0, "db": 2}
    with hosts.store.begin() as conn:
        revoke(conn, hosts.org, number, by="bob", now=hosts.later())
    assert open_by_asset(hosts) == {"web-1": 2, "web-2": 2, "db": 2}
    with hosts.store.begin() as conn:
        tidy_up(conn, hosts.org, hosts.now)
        assert conn.execute(select(func.count()).select_from(judgement.decision_scope)).scalar_one() == 0


def test_it_ends_by_its_date_and_when_a_fix_appears(hosts: Estate) -> None:
    excepted(hosts, "package:openssl and asset.name:db", expires_at=hosts.now + DAY)
    excepted(hosts, "package:[openssl, curl]", expires_when_fixable=True, verdict="deferred")
    assert states(hosts)["db", "CVE-1"] == "accepted"
    assert states(hosts)["web-1", "CVE-1"] == "open", "a fix is there already"
    assert states(hosts)["web-1", "CVE-2"] == "deferred"
    hosts.later(2 * 86_400)
    assert states(hosts)["db", "CVE-1"] == "open"
    with hosts.store.begin() as conn:
        assert tidy_up(conn, hosts.org, hosts.now).expired_decisions == 1
    assert open_by_asset(hosts) == {"web-1": 1, "web-2": 1, "db": 1}


def test_two_people_decide_where_the_organisation_wants_it(hosts: Estate) -> None:
    with hosts.store.begin() as conn:
        conn.execute(tables.organisation.update().values(two_person=True))
    number = excepted(hosts, "asset.name:db")
    assert covered(hosts, number) == 2, "told before it is approved"
    assert set(states(hosts).values()) == {"open"}
    with hosts.store.begin() as conn:
        approve(conn, hosts.org, number, approver="bob", now=hosts.now)
    assert open_by_asset(hosts) == {"web-1": 2, "web-2": 2, "db": 0}


def test_the_finding_and_its_asset_tell_the_decision(hosts: Estate) -> None:
    excepted(hosts, "package:curl and asset.name:db")
    item = next(item for item in hosts.findings("state:accepted"))
    other = next(item for item in hosts.findings("state:open package:curl"))
    with hosts.store.read() as conn:
        told = get_finding(conn, hosts.org, item.id, hosts.now)
        assert [decision.query for decision in told.decisions] == ["package:curl and asset.name:db"]
        assert told.history[0].kind == "decision"
        assert get_finding(conn, hosts.org, other.id, hosts.now).decisions == []
        events = timeline(conn, hosts.org, int(item.asset_id), Paging(), hosts.now).items
        assert "accepted: package:curl and asset.name:db" in {event.title for event in events}
        elsewhere = timeline(conn, hosts.org, int(other.asset_id), Paging(), hosts.now).items
        assert not any(event.kind == "decision" for event in elsewhere)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "needs a rule or a query"),
        ("state:open", "cannot be about everything"),
        ("openssl", 'hang on the word .openssl. alone.*Write title:"openssl"'),
        ("first_seen<7d", "cannot hang on an age"),
        ("state:fixed", "cannot hang on state"),
        ("asset.risk>50", "cannot hang on asset.risk"),
        ("severity:high or tag:lab", "on finding and asset at once"),
        ("vulnerability:(kev:true and tag:lab)", "on finding and asset at once"),
        ("severity:hgh", "severity is never"),
    ],
)
def test_what_cannot_be_decided_on_is_told_with_what_to_write_instead(estate: Estate, query: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        excepted(estate, query)


def test_what_stands_open_may_be_said_and_means_nothing_more(hosts: Estate) -> None:
    excepted(hosts, "state:open and package:curl")
    assert open_by_asset(hosts) == {"web-1": 1, "web-2": 1, "db": 1}
    with hosts.store.read() as conn:
        groups = list_groups(conn, hosts.org, "state:accepted", "rule", Paging(), hosts.now).items
    assert [(group.key, group.findings, group.assets) for group in groups] == [("CVE-2", 3, 3)]


def test_a_decision_on_many_assets_writes_a_row_for_each_and_none_for_their_findings(estate: Estate) -> None:
    names = [f"CVE-{number}" for number in range(50)]
    estate.advisories = {"openssl": [vulnerability(name) for name in names]}
    for number in range(30):
        estate.snapshot(f"host-{number}", packages_deb=["openssl"])
    estate.assess()
    with counting_writes(estate.store) as written:
        excepted(estate, "package:openssl and asset.kind:host")
    with estate.store.read() as conn:
        meant = conn.execute(select(func.count()).select_from(judgement.decision_finding)).scalar_one()
    assert meant == 50, "once for each finding that is distinct"
    # The decision, what it means, a combination with its member, and of each host its combination and its new sums.
    assert written.rows <= 1 + 50 + 2 + 2 * 30
