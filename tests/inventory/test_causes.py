"""Every appearance, closing and return of a finding says why: the asset changed, or what is known of it did."""

from typing import Any

import pytest

from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.decisions import decide, revoke
from bartizan.inventory.finding_history import FindingEvent
from bartizan.inventory.findings import get_finding
from bartizan.inventory.housekeeping import tidy_up
from bartizan.inventory.knowledge import put_knowledge
from bartizan.inventory.paging import Paging
from bartizan.inventory.policy_parameters import set_value
from bartizan.inventory.store import Store
from bartizan.inventory.timeline import TimelineEvent, timeline
from inventory.simulated import Estate, vulnerability

FIRST_FILE, NEXT_FILE = "aaaa0000bbbb1111cccc2222", "dddd3333eeee4444ffff5555"


def package(name: str, version: str) -> dict[str, str]:
    return {"type": "deb", "name": name, "version": version}


def of(rule: str, name: str = "openssl") -> Any:
    return vulnerability(rule, name, evidence={"packages": [{"name": name, "version": "1.0"}]})


@pytest.fixture
def host(estate: Estate) -> Estate:
    """One host with openssl, judged once, with a vulnerability and a failed policy."""
    estate.knowledge = f"{FIRST_FILE};revision=1;support=x"
    estate.advisories = {"openssl": [of("CVE-1")]}
    estate.snapshot("a", packages_deb=[package("openssl", "1.0")], users={"fail": ["login-1"], "pass": ["login-2"]})
    estate.assess()
    estate.later()
    return estate


def history(estate: Estate, rule: str) -> list[FindingEvent]:
    """Oldest first."""
    [found] = estate.findings(f"rule:{rule} state:any")
    with estate.store.read() as conn:
        return list(reversed(get_finding(conn, estate.org, found.id, estate.now).history))


def told(estate: Estate, rule: str) -> list[tuple[str, str, str]]:
    return [(event.kind, event.cause, event.because) for event in history(estate, rule)]


def changes(estate: Estate) -> list[TimelineEvent]:
    """What became of findings, oldest first."""
    asset_id = int(estate.findings("state:any")[0].asset_id)
    with estate.store.read() as conn:
        events = timeline(conn, estate.org, asset_id, Paging(), estate.now).items
    return [event for event in reversed(events) if event.kind.startswith(("finding", "decision"))]


def test_the_first_assessment_is_told_as_such(host: Estate) -> None:
    assert told(host, "CVE-1") == [("opened", "first", "agent looked for the first time")]
    assert [(event.title, event.cause, event.because) for event in changes(host)] == [
        ("2 findings found at the first assessment", "first", "first assessment")
    ]


def test_a_package_that_changed_closes_and_reopens_a_finding(host: Estate) -> None:
    users = {"fail": ["login-1"], "pass": ["login-2"]}
    host.advisories = {"openssl": []}  # what the simulated assessor says of the version that follows
    host.snapshot("a", packages_deb=[package("openssl", "2.0")], users=users)
    host.assess()
    host.later()
    host.advisories = {"openssl": [of("CVE-1")]}
    host.snapshot("a", packages_deb=[package("openssl", "1.0")], users=users)
    host.assess()
    assert told(host, "CVE-1")[1:] == [
        ("fixed", "asset", "openssl 1.0 became 2.0 on the asset"),
        ("reopened", "asset", "openssl 2.0 became 1.0 on the asset"),
    ]
    assert [(event.title, event.cause, event.because) for event in changes(host)[1:]] == [
        ("CVE-1 fixed", "asset", "changed on the asset: packages_deb"),
        ("CVE-1 reopened", "asset", "changed on the asset: packages_deb"),
    ]


def test_a_package_that_came_and_went(host: Estate) -> None:
    host.advisories["curl"] = [of("CVE-7", "curl")]
    users = {"fail": ["login-1"], "pass": ["login-2"]}
    host.snapshot("a", packages_deb=[package("openssl", "1.0"), package("curl", "8")], users=users)
    host.assess()
    host.later()
    host.snapshot("a", packages_deb=[package("openssl", "1.0")], users=users)
    host.assess()
    assert told(host, "CVE-7") == [
        ("opened", "asset", "curl 8 was installed on the asset"),
        ("fixed", "asset", "curl 8 was removed from the asset"),
    ]


def test_new_advisories_are_named(host: Estate) -> None:
    with host.store.begin() as conn:
        put_knowledge(conn, NEXT_FILE, newest="2026-11-20T10:00:00Z", feeds=[], now=host.now)
    host.knowledge = f"{NEXT_FILE};revision=1;support=x"
    host.advisories["openssl"] = [of("CVE-1"), of("CVE-2")]
    host.assess()
    words = "new advisories: dddd3333eeee, the newest of 2026-11-20"
    assert told(host, "CVE-2") == [("opened", "knowledge", words)]
    assert [(event.title, event.cause, event.because) for event in changes(host)[1:]] == [
        ("CVE-2 opened", "knowledge", words)
    ]


def test_advisories_that_say_the_same_are_not_blamed_for_what_the_asset_did_later(host: Estate) -> None:
    host.knowledge = f"{NEXT_FILE};revision=1;support=x"
    host.assess()
    host.later()
    host.snapshot("a", packages_deb=[package("zlib", "1")], users={"fail": ["login-1"], "pass": ["login-2"]})
    host.assess()
    assert told(host, "CVE-1")[1:] == [("fixed", "asset", "openssl 1.0 was removed from the asset")]
    assert changes(host)[-1].cause == "asset"


def test_support_that_ended_is_not_called_new_advisories(host: Estate) -> None:
    host.knowledge = f"{FIRST_FILE};revision=1;support=y"
    host.advisories["openssl"] = [of("CVE-1"), of("CVE-2")]
    host.assess()
    assert told(host, "CVE-2") == [("opened", "knowledge", "the support of releases began or ended")]


def test_where_both_changed_at_once_the_package_tells_them_apart(host: Estate) -> None:
    host.knowledge = f"{NEXT_FILE};revision=1;support=x"
    host.advisories = {"openssl": [of("CVE-1"), of("CVE-2")], "curl": [of("CVE-7", "curl")]}
    users = {"fail": ["login-1"], "pass": ["login-2"]}
    host.snapshot("a", packages_deb=[package("openssl", "1.0"), package("curl", "8")], users=users)
    host.assess()
    assert told(host, "CVE-2") == [("opened", "knowledge", "new advisories: dddd3333eeee")]
    assert told(host, "CVE-7") == [("opened", "asset", "curl 8 was installed on the asset")]
    [both] = changes(host)[1:]
    assert (both.cause, both.count) == ("either", 2)
    assert both.because == "changed on the asset: packages_deb; at the same time new advisories: dddd3333eeee"


def test_facts_that_another_asset_still_has_do_not_hide_that_both_changed(host: Estate) -> None:
    """The facts that the host had before are judged anew for its twin before its own change is attached."""
    host.snapshot("b", packages_deb=[package("openssl", "1.0")], users={"fail": ["login-1"], "pass": ["login-2"]})
    host.assess()
    host.later()
    host.knowledge = f"{NEXT_FILE};revision=1;support=x"
    host.advisories = {"openssl": [of("CVE-1"), of("CVE-2")]}
    host.snapshot(
        "a",
        packages_deb=[package("openssl", "1.0"), package("zlib", "1")],
        users={"fail": ["login-1"], "pass": ["login-2"]},
    )
    host.assess()
    asset = {item.asset_name: item.asset_id for item in host.findings("rule:CVE-2")}
    with host.store.read() as conn:
        events = timeline(conn, host.org, int(asset["a"]), Paging(), host.now).items
    assert events[0].cause == "either"


def test_policies_and_their_parameters(host: Estate) -> None:
    host.policies = "1;parameters=aa"
    with host.store.begin() as conn:
        set_value(conn, host.org, "login-2", "days", 30, by="ann", now=host.now)
    _judged_otherwise(host, {"fail": ["login-1", "login-2"]})
    assert told(host, "login-2") == [("opened", "policy", "days of this policy was set to 30 by ann")]
    assert (changes(host)[-1].cause, changes(host)[-1].because) == (
        "policy",
        "the organisation's parameters of policies changed",
    )
    host.later()
    host.policies = "2;parameters=aa"
    _judged_otherwise(host, {"fail": ["login-2"], "pass": ["login-1"]})
    assert told(host, "login-1")[1:] == [("fixed", "policy", "the policies changed")]


def _judged_otherwise(host: Estate, results: dict[str, Any]) -> None:
    """The policies say something else of the same facts."""
    plain = host._policies
    host._policies = lambda facts: plain({"users": host.sections(users=results)["users"]})  # type: ignore[method-assign]
    host.assess()
    host._policies = plain  # type: ignore[method-assign]


def test_users_that_changed_on_the_asset(host: Estate) -> None:
    host.snapshot("a", packages_deb=[package("openssl", "1.0")], users={"pass": ["login-1", "login-2"]})
    host.assess()
    assert told(host, "login-1")[1:] == [("fixed", "asset", "changed on the asset: users")]
    assert told(host, "CVE-1") == [("opened", "first", "agent looked for the first time")]


def test_a_source_that_no_longer_reports(host: Estate) -> None:
    host.snapshot("a", users={"fail": ["login-1"], "pass": ["login-2"]})
    host.assess()
    assert told(host, "CVE-1")[1:] == [("fixed", "gone", "agent no longer reports packages_deb")]
    last = changes(host)[-1]
    assert (last.title, last.cause, last.because) == (
        "CVE-1 fixed",
        "gone",
        "the source no longer reports packages_deb",
    )
    host.later()
    host.snapshot("a", packages_deb=[package("openssl", "1.0")], users={"fail": ["login-1"], "pass": ["login-2"]})
    host.assess()
    assert [kind for kind, _, _ in told(host, "CVE-1")] == ["opened", "fixed", "reopened"]
    assert changes(host)[-1].kind == "finding-opened"


def test_housekeeping_between_upload_and_assessment_loses_no_cause(host: Estate) -> None:
    host.snapshot("a", packages_deb=[], users={"fail": ["login-1"], "pass": ["login-2"]})
    with host.store.begin() as conn:
        tidy_up(conn, host.org, host.now)
    host.assess()
    with host.store.begin() as conn:
        tidy_up(conn, host.org, host.now)
    assert told(host, "CVE-1")[1:] == [("fixed", "asset", "openssl 1.0 was removed from the asset")]


@pytest.mark.parametrize("query", ["rule:CVE-1", "rule:CVE-1 and asset.name:a"])
def test_decisions_begin_and_end_in_the_history(host: Estate, query: str) -> None:
    with host.store.begin() as conn:
        made = decide(
            conn, host.org, verdict="accepted", query=query, reason="behind a wall", requested_by="ann", now=host.now
        )
    host.later()
    with host.store.begin() as conn:
        revoke(conn, host.org, int(made.id), by="bob", now=host.now)
    host.later()
    assert [(event.kind, event.cause, event.text) for event in history(host, "CVE-1")[1:]] == [
        ("decision", "decision", "accepted, requested by ann: behind a wall"),
        ("decision-ended", "decision", "accepted, as ann had requested, was taken back by bob"),
    ]
    assert [(event.title, event.detail, event.cause) for event in changes(host)[1:]] == [
        (f"accepted: {query}", "requested by ann", "decision"),
        (f"accepted: {query}: no longer", "taken back by bob", "decision"),
    ]


def test_a_decision_that_expired_says_so_before_housekeeping_comes(host: Estate) -> None:
    with host.store.begin() as conn:
        decide(
            conn,
            host.org,
            verdict="deferred",
            rule="CVE-1",
            reason="later",
            requested_by="ann",
            now=host.now,
            expires_at=host.now + 1000,
        )
    host.later()
    assert history(host, "CVE-1")[-1].text == "deferred, as ann had requested, expired"
    assert changes(host)[-1].detail == "expired"


def test_what_came_about_before_causes_were_noted_has_none(store: Store, host: Estate) -> None:
    with store.begin() as conn:
        for table in ("attestation", "asset_change"):
            conn.exec_driver_sql(f"UPDATE {table} SET cause = '', changed = '', knowledge = ''")
        create_organisation(conn, "other", "Other", host.now)
    assert told(host, "CVE-1") == [("opened", "", "")]
    assert changes(host)[0].because == ""
