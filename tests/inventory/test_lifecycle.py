"""The life of findings against a model in plain Python: random snapshots, knowledge and decisions, from two sources.

The model says what DESIGN.md says: a finding is open while at least one source attests it, is fixed when the last
source that covered it no longer does, and when it comes back it is the same finding, reopened. What could not be read
proves nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from bartizan.inventory.assessments import Changes
from bartizan.inventory.assets import list_assets
from bartizan.inventory.decisions import decide, revoke
from bartizan.inventory.moments import text
from bartizan.inventory.overview import overview
from bartizan.inventory.paging import Paging
from bartizan.inventory.schema import judgement
from bartizan.inventory.store import Store
from inventory.simulated import Estate, vulnerability

HOSTS = ("a", "b", "c")
SOURCES = ("agent", "scanner")
SECTIONS = ("packages_deb", "packages_npm")
PACKAGES = {"packages_deb": ("openssl", "curl", "zlib"), "packages_npm": ("left-pad", "lodash")}
SORTS = ("", "severity", "-epss", "asset", "-first_seen", "first_seen", "-last_seen", "package")


Covers = Callable[[str, str], bool]
"""Whether a decision is about a rule on a host."""

QUERIES: dict[str, Covers] = {
    "kind:vulnerability": lambda _, rule: not rule.startswith("unreadable"),
    "rule:CVE-openssl-*": lambda _, rule: rule.startswith("CVE-openssl-"),
    "asset.name:a": lambda host, _: host == "a",
    "asset.name:[a, b] and not package:curl": lambda host, rule: host in "ab" and not rule.startswith("CVE-curl"),
}
"""What decisions by query mean."""


@dataclass
class Life:
    """What became of one finding on one host."""

    opened_at: int
    fixed_at: int | None = None
    reopened: int = 0


@dataclass
class Model:
    """What the store should say."""

    seen: dict[tuple[str, str], dict[str, list[str] | None]] = field(default_factory=dict)
    """(host, source) to its sections; None: could not be read."""
    attested: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    """(host, source, section) to rules."""
    read: set[tuple[str, str, str]] = field(default_factory=set)
    """Scopes that could be read once: unreadable from then on means carried on."""
    lives: dict[tuple[str, str], Life] = field(default_factory=dict)

    def open(self, host: str) -> set[str]:
        """Rules attested for a host."""
        return {rule for (name, _, _), rules in self.attested.items() if name == host for rule in rules}

    def attach(self, advisories: dict[str, list[str]], now: int) -> None:
        """Judge everything and note what changed."""
        before = {host: self.open(host) for host in HOSTS}
        for scope in list(self.attested):
            if scope[2] not in self.seen.get(scope[:2], {}):
                del self.attested[scope]
                self.read.discard(scope)
        for (host, source), sections in self.seen.items():
            for name, packages in sections.items():
                scope = (host, source, name)
                if packages is None:
                    carried = self.attested.get(scope, set()) if scope in self.read else set()
                    self.attested[scope] = carried | {f"unreadable-{name}"}
                else:
                    self.read.add(scope)
                    self.attested[scope] = {rule for package in packages for rule in advisories.get(package, ())}
        for host in HOSTS:
            after = self.open(host)
            for rule_ in before[host] - after:
                self.lives[host, rule_].fixed_at = now
            for rule_ in after - before[host]:
                if (life := self.lives.get((host, rule_))) is None:
                    self.lives[host, rule_] = Life(now)
                else:
                    life.fixed_at = None
                    life.reopened += 1


class Lifecycle(RuleBasedStateMachine):
    """Drives the store and the model alike."""

    store: Store
    number = 0

    @initialize()
    def begin(self) -> None:
        """Every example is an organisation of its own: nothing leaks from one to the other."""
        type(self).number += 1
        self.estate = Estate(self.store, f"example-{self.number}")
        self.model = Model()
        self.advisories: dict[str, list[str]] = {"openssl": ["CVE-1"], "left-pad": ["CVE-9"]}
        self.decisions: dict[int, tuple[str, Covers]] = {}
        self.changed = 0
        self.moved: set[str] = set()
        self.attached = 0
        self._publish()

    def _publish(self) -> None:
        self.estate.advisories = {
            name: [vulnerability(rule_, name) for rule_ in rules] for name, rules in self.advisories.items()
        }
        self.estate.knowledge = str(int(self.estate.knowledge) + 1)
        self.moved.add("knowledge")

    @rule(
        host=st.sampled_from(HOSTS),
        source=st.sampled_from(SOURCES),
        sections=st.fixed_dictionaries(
            {},
            optional={
                name: st.one_of(st.none(), st.lists(st.sampled_from(packages), unique=True))
                for name, packages in PACKAGES.items()
            },
        ),
    )
    def snapshot(self, host: str, source: str, sections: dict[str, Any]) -> None:
        """A source looks at a host."""
        self.estate.later()
        self.estate.snapshot(host, source=source, **sections)
        self.model.seen[host, source] = sections
        self.moved |= {"asset", "gone"}

    @rule(
        package=st.sampled_from([name for names in PACKAGES.values() for name in names]),
        rules=st.lists(st.integers(1, 4), unique=True),
    )
    def publish(self, package: str, rules: list[int]) -> None:
        """Knowledge changes; a package's rules are its own."""
        self.advisories[package] = [f"CVE-{package}-{number}" for number in rules]
        self._publish()

    @rule()
    def rate(self) -> None:
        """Knowledge is newer and says the same."""
        self._publish()

    @rule()
    def assess(self) -> None:
        """Judge and attach."""
        now = self.estate.later()
        before = {pair: (life.fixed_at, life.reopened) for pair, life in self.model.lives.items()}
        self.model.attach(self.advisories, now)
        changes = self.estate.assess()
        lives = self.model.lives
        after = {pair: (life.fixed_at, life.reopened) for pair, life in lives.items()}
        assert changes.opened == len(after.keys() - before.keys())
        assert changes.fixed == sum(1 for life in lives.values() if life.fixed_at == now)
        assert changes.reopened == sum(after[pair][1] - before[pair][1] for pair in before)
        self._compare_causes(changes)
        self._compare()

    def _compare_causes(self, changes: Changes) -> None:
        """Only what moved since the last assessment can be the cause; what nobody looked at before is told as first."""
        table = judgement.asset_change
        query = select(table.c.cause, table.c.change, table.c.findings).where(table.c.org_id == self.estate.org)
        with self.estate.store.read() as conn:
            rows = conn.execute(query.where(table.c.at > self.attached)).all()
            self.attached = (
                conn.execute(select(func.max(table.c.at)).where(table.c.org_id == self.estate.org)).scalar() or 0
            )
        possible = self.moved | {"first"} | ({"either"} if {"asset", "knowledge"} <= self.moved else set())
        assert {row.cause for row in rows} <= possible
        assert sum(row.findings for row in rows) == changes.opened + changes.fixed + changes.reopened
        self.moved = set()

    @rule(
        rule_=st.sampled_from(["CVE-1", "CVE-9", "CVE-openssl-1", "CVE-curl-2", "unreadable-packages_deb"]),
        host=st.one_of(st.none(), st.sampled_from(HOSTS)),
        verdict=st.sampled_from(["accepted", "false-positive"]),
    )
    def decide(self, rule_: str, host: str | None, verdict: str) -> None:
        """Somebody decides, for one host or for all."""
        with self.estate.store.begin() as conn:
            assets = {item.name: int(item.id) for item in list_assets(conn, self.estate.org, "", Paging(), 0).items}
            if host is not None and host not in assets:
                return
            made = decide(
                conn,
                self.estate.org,
                verdict=verdict,
                rule=rule_,
                reason="because",
                requested_by="ann",
                now=self.estate.now,
                asset_id=None if host is None else assets[host],
            )
        self.decisions[int(made.id)] = (verdict, lambda name, each: each == rule_ and host in (None, name))
        self._compare()

    @rule(query=st.sampled_from(sorted(QUERIES)), verdict=st.sampled_from(["accepted", "false-positive"]))
    def decide_by_query(self, query: str, verdict: str) -> None:
        """Somebody decides on everything that matches, now and later."""
        with self.estate.store.begin() as conn:
            made = decide(
                conn,
                self.estate.org,
                verdict=verdict,
                query=query,
                reason="because",
                requested_by="ann",
                now=self.estate.now,
            )
        self.decisions[int(made.id)] = (verdict, QUERIES[query])
        self._compare()

    @rule()
    def revoke(self) -> None:
        """Somebody takes the oldest decision back."""
        if self.decisions:
            number = min(self.decisions)
            del self.decisions[number]
            with self.estate.store.begin() as conn:
                revoke(conn, self.estate.org, number, by="bob", now=self.estate.now)
            self._compare()

    def _state(self, host: str, rule_: str) -> str:
        if self.model.lives[host, rule_].fixed_at is not None:
            return "fixed"
        verdicts = {verdict for verdict, covers in self.decisions.values() if covers(host, rule_)}
        if verdicts:
            return "false-positive" if "false-positive" in verdicts else "accepted"
        return "unknown" if rule_.startswith("unreadable") else "open"

    def _compare(self) -> None:
        """Every list, however sorted and paged, shows what the model has."""
        self.changed += 1
        expected = {
            (host, rule_): (self._state(host, rule_), text(life.opened_at), life.reopened)
            for (host, rule_), life in self.model.lives.items()
        }
        sort = SORTS[self.changed % len(SORTS)]
        for limit in (3, 500):
            found = self.estate.findings("state:any", sort=sort, limit=limit)
            shown = {(item.asset_name, item.rule): (item.state, item.first_seen, item.reopened) for item in found}
            assert len(shown) == len(found)
            assert shown == expected

    @invariant()
    def sums_agree_with_lists(self) -> None:
        """What lists of assets and the overview count is what stands open."""
        if not hasattr(self, "model"):
            return
        states = {pair: self._state(*pair) for pair in self.model.lives}
        opened = sum(1 for state in states.values() if state == "open")
        with self.estate.store.read() as conn:
            assets = list_assets(conn, self.estate.org, "", Paging(), self.estate.now).items
            told = overview(conn, self.estate.org, self.estate.now)
        assert {item.name: item.open.high for item in assets} == {
            item.name: sum(1 for (host, _), state in states.items() if host == item.name and state == "open")
            for item in assets
        }
        assert (told.open.high, sum(counts.high for counts in told.by_kind.values())) == (opened, opened)


@pytest.mark.timeout(600)
def test_findings_live_as_the_model_says(store: Store) -> None:
    machine = type("LifecycleHere", (Lifecycle,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25 if store.is_sqlite else 10,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
        ),
    )


def test_what_nobody_could_judge_stands_until_somebody_can(estate: Estate) -> None:
    estate.advisories = {"openssl": [vulnerability("CVE-1")]}
    estate.snapshot("a", packages_deb=["openssl"])
    estate.assess()
    estate.blind, estate.knowledge = True, "none"
    estate.assess()
    assert [(each.rule, each.state) for each in estate.findings("state:any")] == [("CVE-1", "open")]
    estate.snapshot("a", packages_deb=["openssl", "curl"])
    estate.assess()
    assert [(each.rule, each.state) for each in estate.findings("state:any")] == [("CVE-1", "open")]
    estate.blind, estate.knowledge, estate.advisories = False, "2", {}
    estate.assess()
    assert [(each.rule, each.state) for each in estate.findings("state:any")] == [("CVE-1", "fixed")]
