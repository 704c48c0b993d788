"""Ingest of simulated hosts that share fifty distinct package sets: cost must follow the fifty, not the hosts.

    python benchmarks/ingest.py                                   # 1,000 and 10,000 hosts on SQLite
    python benchmarks/ingest.py --database postgresql             # on a PostgreSQL server that is started for it
    python benchmarks/ingest.py --hosts 2000 --database postgresql://user@host/empty

Each host has sixteen sections, of which one is its own; about 260 findings of packages and a handful of policies. One
commit per snapshot, as the server does it. Prints rows written, seconds and bytes, and how long first pages take.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import make_url

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent / "tests")]

from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.assessments import attach, load_sections, needed, record
from bartizan.inventory.assets import get_asset, list_assets
from bartizan.inventory.decisions import decide
from bartizan.inventory.exposure import exposure
from bartizan.inventory.facets import finding_facets
from bartizan.inventory.findings import get_finding, list_findings
from bartizan.inventory.groups import list_groups
from bartizan.inventory.ingest import ingest_snapshot, missing_sections
from bartizan.inventory.overview import overview
from bartizan.inventory.paging import Paging
from bartizan.inventory.policies import policy_counts
from bartizan.inventory.store import Store
from bartizan.inventory.timeline import timeline
from bartizan.model.assessment import Assessment
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.severity import Severity
from bartizan.model.snapshot import Section

PACKAGE_SETS = 50
FINDINGS = 260
START = 1_795_000_000_000
DAY = 86_400_000
OTHERS = ("kernel", "users", "groups", "sudo", "files", "mounts", "units", "sshd", "pam", "cron", "firewall", "time")


@dataclass
class Meter:
    """Rows written and statements sent."""

    rows: int = 0
    statements: int = 0


def scopes(_names: Any) -> Mapping[str, tuple[str, ...]]:
    """One assessor for packages; one for policies, which reads what is the host's own too."""
    return {"vulnerability:packages_deb": ("os", "packages_deb"), "policy": ("os", "users", "sshd", "sockets")}


class World:
    """What there is to be seen and known; equal for every run."""

    def __init__(self) -> None:
        chance = random.Random(1)
        self.pool = [_vulnerability(chance, number) for number in range(4000)]
        self.sets = [sorted(chance.sample(range(4000), FINDINGS)) for _ in range(PACKAGE_SETS)]
        self.policies = [_policy(number) for number in range(25)]
        self.fresh: list[Finding] = []
        self.shared: dict[int, dict[str, Section]] = {}

    def snapshot(self, number: int) -> tuple[AssetRef, dict[str, Section]]:
        """Host `number`: of one of fifty roles, with listening sockets of its own."""
        role = number % PACKAGE_SETS
        if role not in self.shared:
            self.shared[role] = self._role(role)
        sockets = Section(name="sockets", facts=[{"address": f"10.0.{number >> 8}.{number & 255}", "port": 22}])
        asset = AssetRef(kind=AssetKind.HOST, key=f"machine-{number:06}", name=f"host-{number:06}")
        return asset, {**self.shared[role], "sockets": sockets}

    def _role(self, role: int) -> dict[str, Section]:
        packages = [{"type": "deb", "name": f"package-{n}", "version": f"1.{role}-{n}"} for n in range(400)]
        return {
            "os": Section(name="os", facts={"id": "debian", "version_id": str(11 + role % 3), "pretty_name": "Debian"}),
            "packages_deb": Section(name="packages_deb", facts={"role": role, "packages": packages}),
            **{
                name: Section(name=name, facts={"name": name, "variant": role % 7, "text": name * 50})
                for name in OTHERS
            },
        }

    def judge(self, assessor: str, facts: Mapping[str, Section], knowledge: str) -> Assessment:
        """Fast on purpose: the store is measured."""
        found: list[Finding]
        if assessor == "policy":
            users: Any = facts["users"].facts
            failing = [policy for number, policy in enumerate(self.policies) if number % 7 <= users["variant"] % 4]
            counts = {"pass": 25 - len(failing), "fail": len(failing)}
            passed = tuple(policy.rule for policy in self.policies if policy not in failing)
            return Assessment(
                assessor=assessor, knowledge=knowledge, findings=tuple(failing), counts=counts, passed=passed
            )
        packages: Any = facts["packages_deb"].facts
        found = [self.pool[number] for number in self.sets[packages["role"]]] + self.fresh
        return Assessment(assessor=assessor, knowledge=knowledge, findings=tuple(found), counts={"packages": 400})


def _vulnerability(chance: random.Random, number: int, rule: str = "") -> Finding:
    severity = chance.choices(list(Severity), weights=[4, 20, 45, 20, 6, 5])[0]
    package = f"package-{number % 400}"
    rule = rule or f"CVE-{2015 + number % 11}-{10000 + number}"
    return Finding(
        kind=FindingKind.VULNERABILITY,
        rule=rule,
        locator=f"pkg:deb/debian/{package}",
        severity=severity,
        title=f"{package}: a flaw in parsing lets a caller crash it, number {number}",
        score=round(severity.rank * 15 + chance.random() * 20, 2),
        fix=Fix(state=chance.choice(list(FixState)), version=f"1.99-{number}"),
        evidence={
            "package": {"name": package, "type": "deb"},
            "installed": f"1.0-{number % 400}",
            "aliases": [f"DSA-{number}"] if number % 3 == 0 else [],
            "epss": {"score": round(chance.random() ** 4, 5), "percentile": 0.5},
            **({"kev": {"added": "2026-01-01"}} if chance.random() < 0.02 else {}),
            "attestations": [{"source": "osv/Debian", "id": rule, "fixed": "1.99"} for _ in range(2)],
            "description": "A long enough text that says what the flaw is about. " * 6,
        },
    )


def _policy(number: int) -> Finding:
    return Finding(
        kind=FindingKind.POLICY,
        rule=f"host-policy-{number:02}",
        locator="",
        severity=Severity.MEDIUM,
        title=f"Policy {number}",
        verdict=Verdict.UNKNOWN if number % 6 == 0 else Verdict.FAIL,
        score=35.0,
        evidence={"values": {"a": number}},
    )


class Run:
    """One size on one database."""

    def __init__(self, store: Store, hosts: int) -> None:
        self.store, self.hosts, self.world = store, hosts, World()
        self.meter = Meter()
        event.listen(store.engine, "after_cursor_execute", self._executed)
        with store.begin() as conn:
            self.org = create_organisation(conn, "main", "Main", START).id

    def _executed(self, _conn: object, cursor: Any, statement: str, *_rest: object) -> None:
        self.meter.statements += 1
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            self.meter.rows += max(cursor.rowcount, 0)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure and print."""
        self.meter.rows = self.meter.statements = 0
        began, worked = time.perf_counter(), time.process_time()
        yield
        took, worked = time.perf_counter() - began, time.process_time() - worked
        print(f"  {name:<58}{took:>9.2f} s {worked:>8.2f} CPU-s {self.meter.rows:>10,} rows", flush=True)

    def ingest(self, at: int) -> None:
        """Every host sends what it has: digests first, then what is missing. A commit each."""
        for number in range(self.hosts):
            asset, sections = self.world.snapshot(number)
            manifest = {name: section.digest for name, section in sections.items()}
            with self.store.begin() as conn:
                missing = missing_sections(conn, self.org, manifest)
                sent = {name: sections[name] for name in missing}
                ingest_snapshot(
                    conn,
                    self.org,
                    asset,
                    source="agent",
                    taken_at=at,
                    manifest=manifest,
                    sections=sent,
                    sensor="agent/1",
                )

    def assess(self, knowledge: str, at: int) -> str:
        """Judge distinct inputs and attach."""
        with self.store.begin() as conn:
            needs = needed(conn, self.org, scopes, {"vulnerability": knowledge, "policy": knowledge})
            for need in needs:
                facts = load_sections(conn, self.org, need.sections)
                record(conn, self.org, self.world.judge(need.assessor, facts, knowledge), need.input_digest, at)
            changes = attach(conn, self.org, at)
        return f"{len(needs)} inputs, {len(changes.assets)} assets, {changes.opened} opened, {changes.fixed} fixed"

    def write(self) -> None:
        """What a day brings."""
        with self.step("first snapshot of all hosts"):
            self.ingest(START)
        with self.step("first assessment (distinct inputs once)"):
            told = self.assess("1", START + 1000)
        print(f"      {told}")
        self.store.tidy()
        with self.step("the same snapshots again, all hosts unchanged"):
            self.ingest(START + DAY)
        with self.step("asking what to assess when nothing changed"):
            self.assess("1", START + DAY + 1000)
        with self.step("newer knowledge that says the same"):
            told = self.assess("2", START + DAY + 2000)
        print(f"      {told}")
        self.world.fresh = [_vulnerability(random.Random(n), 5000 + n, f"CVE-2026-{n}") for n in range(5)]
        with self.step("newer knowledge: 5 new CVEs on every host"):
            told = self.assess("3", START + DAY + 3000)
        print(f"      {told}")
        with self.step("one host upgrades: snapshot and assessment"):
            asset, sections = self.world.snapshot(7)
            sections["packages_deb"] = self.world.snapshot(8)[1]["packages_deb"]
            manifest = {name: section.digest for name, section in sections.items()}
            with self.store.begin() as conn:
                ingest_snapshot(
                    conn,
                    self.org,
                    asset,
                    source="agent",
                    taken_at=START + 2 * DAY,
                    manifest=manifest,
                    sections=sections,
                )
            told = self.assess("3", START + 2 * DAY)
        print(f"      {told}")
        self.store.tidy()
        print(f"  size of the database: {self.store.size() / 1e6:,.1f} MB")

    def read(self) -> None:
        """First pages, as a browser asks for them: the median of five."""
        now, org = START + 2 * DAY + 1000, self.org
        page = Paging()
        with self.store.begin() as conn:
            decide(conn, org, verdict="accepted", rule="host-policy-01", reason="x", requested_by="a", now=now)
            decide(
                conn, org, verdict="deferred", rule="host-policy-02", reason="x", requested_by="a", now=now, asset_id=3
            )
        with self.store.read() as conn:
            some_finding = list_findings(conn, org, "asset.name:host-000005", page, now).items[0].id
        pages: dict[str, Callable[[Any], object]] = {
            "findings, by score": lambda conn: list_findings(conn, org, "", page, now),
            "findings, by severity": lambda conn: list_findings(conn, org, "", Paging(sort="-severity"), now),
            "findings, by asset": lambda conn: list_findings(conn, org, "", Paging(sort="asset"), now),
            "findings, by first seen": lambda conn: list_findings(conn, org, "", Paging(sort="-first_seen"), now),
            "findings, by EPSS, kev:true": lambda conn: list_findings(conn, org, "kev:true", Paging(sort="-epss"), now),
            "findings, the issue's example": lambda conn: list_findings(
                conn, org, 'asset.os:"debian 12" severity>=high not tag:lab package:package-1* first_seen<7d', page, now
            ),
            "findings, nothing matches": lambda conn: list_findings(conn, org, "package:nowhere", page, now),
            "findings, no asset matches": lambda conn: list_findings(conn, org, "asset.name:nowhere", page, now),
            "findings, first_seen<36h": lambda conn: list_findings(conn, org, "first_seen<36h", page, now),
            "findings, word that names a package": lambda conn: list_findings(conn, org, "package-77", page, now),
            "findings, word that names an asset": lambda conn: list_findings(conn, org, "host-000123", page, now),
            "findings, state:fixed": lambda conn: list_findings(conn, org, "state:fixed", page, now),
            "findings, state:any": lambda conn: list_findings(conn, org, "state:any", page, now),
            "findings, state:accepted": lambda conn: list_findings(conn, org, "state:accepted", page, now),
            "groups by package": lambda conn: list_groups(conn, org, "", "package", page, now),
            "groups by rule": lambda conn: list_groups(conn, org, "", "rule", page, now),
            "groups by asset": lambda conn: list_groups(conn, org, "", "asset", page, now),
            "facets of findings": lambda conn: finding_facets(conn, org, "", now),
            "facets of findings, kev:true": lambda conn: finding_facets(conn, org, "kev:true", now),
            "one finding": lambda conn: get_finding(conn, org, some_finding, now),
            "assets, by risk": lambda conn: list_assets(conn, org, "", page, now),
            "assets, by last seen": lambda conn: list_assets(conn, org, "", Paging(sort="last_seen"), now),
            "assets with vulnerability:(kev:true and epss>0.5)": lambda conn: list_assets(
                conn, org, "vulnerability:(kev:true and epss>0.5)", page, now
            ),
            "one asset": lambda conn: get_asset(conn, org, 8, now),
            "timeline of an asset": lambda conn: timeline(conn, org, 8, page, now),
            "overview": lambda conn: overview(conn, org, now),
            "policy counts": lambda conn: policy_counts(conn, org, now),
            "where were we exposed to a CVE, since when": lambda conn: exposure(conn, org, "CVE-2026-1"),
        }
        for name, ask in pages.items():
            times = []
            for _ in range(5):
                began = time.perf_counter()
                with self.store.read() as conn:
                    answer: Any = ask(conn)
                times.append(time.perf_counter() - began)
            total = getattr(answer, "total", "")
            print(f"  {name:<58}{statistics.median(times) * 1000:>9.1f} ms {total:>10}", flush=True)


@contextmanager
def database(wanted: str) -> Iterator[str]:
    """URL of an empty database."""
    if wanted == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bartizan.db"
    elif wanted == "postgresql":
        from inventory.postgres_server import running_postgres

        with running_postgres() as url:
            admin = Store.open(url)
            name = f"bench{time.time_ns()}"
            with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                conn.execute(text(f"CREATE DATABASE {name}"))
            admin.close()
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
    else:
        yield wanted


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Ingest and first pages of a simulated estate.")
    parser.add_argument("--hosts", type=int, action="append", help="number of hosts; 1,000 and 10,000 by default")
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the URL of an empty database")
    arguments = parser.parse_args()
    for hosts in arguments.hosts or [1000, 10000]:
        with database(arguments.database) as url:
            store = Store.open(url)
            store.migrate()
            print(f"{hosts:,} hosts, {PACKAGE_SETS} package sets of {FINDINGS} findings, {arguments.database}")
            run = Run(store, hosts)
            run.write()
            run.read()
            store.close()


if __name__ == "__main__":
    main()
