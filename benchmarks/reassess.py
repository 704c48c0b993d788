"""Distinct bills of materials, stored, and judged anew after newer advisories: cost must follow what is new.

    python benchmarks/reassess.py FEEDS                  # 10,000 bills of 150 to 300 packages
    python benchmarks/reassess.py FEEDS --bills 1000     # fewer

FEEDS is a folder as `bartizan feeds import` reads it. The packages are names that the advisories of Debian 12 and PyPI
know, in versions that lie about the fixed ones. The newer advisories are the same folder with some more records. Prints
processor seconds; at the end a sample of the bills is judged as a whole and compared with what is stored.
"""

import argparse
import gc
import json
import random
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import accumulate
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

from bartizan.assess import dispatch
from bartizan.assess.dispatch import VULNERABILITY, Known, scopes
from bartizan.assess.policy.engine import load_policies
from bartizan.assess.vulnerability.advisories import AdvisoryFile
from bartizan.assess.vulnerability.assessor import knowledge
from bartizan.assess.vulnerability.compile import compile_feeds
from bartizan.assess.vulnerability.delta import changed
from bartizan.cli.main import NEW_OBJECTS
from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.assessments import attach, carry_over, needed, record_all
from bartizan.inventory.findings import list_findings
from bartizan.inventory.ingest import ingest_snapshot
from bartizan.inventory.paging import Paging
from bartizan.inventory.store import Store
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from bartizan.server.jobs.judging import Differences, Judging
from bartizan.server.knowledge import Knowledge, Succession, load_rules

START = 1_795_000_000_000
TODAY = date(2026, 11, 20)
BATCH = 100
SAMPLE = 25
Spent = dict[str, float]
LATEST = {"deb": "9:99.0-1", "pypi": "99.0"}
"""Versions behind every fix."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Measure and print."""
    began, worked = time.perf_counter(), time.process_time()
    yield
    print(f"  {name:<58}{time.perf_counter() - began:>9.1f} s {time.process_time() - worked:>9.1f} CPU-s", flush=True)


@contextmanager
def phase(spent: Spent, name: str) -> Iterator[None]:
    """Add up processor seconds."""
    worked = time.process_time()
    yield
    spent[name] += time.process_time() - worked


def pool(advisories: AdvisoryFile) -> dict[str, list[tuple[str, list[str]]]]:
    """(name, versions) that advisories speak of, by type of package."""
    found: dict[str, list[tuple[str, list[str]]]] = {"deb": [], "pypi": []}
    types = {"Debian:12": "deb", "PyPI": "pypi"}
    for ecosystem, name, rows in advisories.every_row():
        if ecosystem in types:
            fixed = [version for version, _ in rows.below if version]
            found[types[ecosystem]].append((name, [*fixed[:3], "1.0"]))
    for packages in found.values():
        random.Random(6).shuffle(packages)
    return found


def bill(chance: random.Random, number: int, names: dict[str, list[tuple[str, list[str]]]]) -> dict[str, Section]:
    """One application: a system below, libraries upon it, no two alike."""
    sections = {
        "os": Section(name="os", facts={"id": "debian", "version_id": "12", "pretty_name": "Debian GNU/Linux 12"})
    }
    of_debian = {"namespace": "debian", "distro": "debian-12"}
    size = chance.randint(150, 300)
    for type_, share in (("deb", 0.6), ("pypi", 0.4)):
        chosen = popular(chance, names[type_], int(size * share))
        facts = [
            {
                "type": type_,
                "name": name,
                "version": chance.choice(versions) if chance.random() < 0.05 else LATEST[type_],
                **(of_debian if type_ == "deb" else {"path": f"/srv/{number % 20}/uv.lock"}),
            }
            for name, versions in chosen
        ]
        sections[f"packages_{type_}"] = Section(name=f"packages_{type_}", facts=facts)
    return sections


def popular(chance: random.Random, names: list[tuple[str, list[str]]], count: int) -> list[tuple[str, list[str]]]:
    """Distinct packages: a package's chance falls with its place in the list, as it does in an estate (Zipf)."""
    weights = list(accumulate(1 / (place + 20) for place in range(len(names))))
    found: dict[str, tuple[str, list[str]]] = {}
    while len(found) < min(count, len(names)):
        for one in chance.choices(names, cum_weights=weights, k=count - len(found)):
            found[one[0]] = one
    return list(found.values())


def with_more(feeds: Path, target: Path, names: list[str]) -> None:
    """The folder of feeds, with a new record for each of some packages of Debian 12."""
    for path in feeds.iterdir():
        if path.name != "osv":
            (target / path.name).symlink_to(path)
    (target / "osv").mkdir()
    for path in (feeds / "osv").iterdir():
        if path.name != "Debian":
            (target / "osv" / path.name).symlink_to(path)
    bundle = target / "osv" / "Debian" / "all.zip"
    bundle.parent.mkdir()
    bundle.write_bytes((feeds / "osv" / "Debian" / "all.zip").read_bytes())
    with zipfile.ZipFile(bundle, "a") as file:
        for number, name in enumerate(names):
            affected = {
                "package": {"ecosystem": "Debian:12", "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "10:1"}]}],
            }
            rule = f"CVE-2026-{9900000 + number}"
            told = {"id": f"DEBIAN-{rule}", "upstream": [rule], "modified": "2026-11-20T00:00:00Z", "details": "new"}
            file.writestr(f"DEBIAN-{rule}.json", json.dumps({**told, "affected": [affected]}))


class Run:
    """One store of bills."""

    def __init__(self, store: Store, bills: int) -> None:
        self.store, self.bills = store, bills
        self.policies, self.rules = load_policies(builtin=False), load_rules()
        with store.begin() as conn:
            self.org = create_organisation(conn, "main", "Main", START).id

    def ingest(self, names: dict[str, list[tuple[str, list[str]]]]) -> None:
        """A snapshot of each bill, a commit for fifty."""
        chance = random.Random(7)
        for first in range(0, self.bills, BATCH):
            with self.store.begin() as conn:
                for number in range(first, min(first + BATCH, self.bills)):
                    sections = bill(chance, number, names)
                    ingest_snapshot(
                        conn,
                        self.org,
                        AssetRef(kind=AssetKind.IMAGE, key=f"bill-{number:06}", name=f"bill-{number:06}"),
                        source="scanner",
                        taken_at=START,
                        manifest={name: section.digest for name, section in sections.items()},
                        sections=sections,
                    )

    def assess(self, advisories: AdvisoryFile, at: int, succession: Succession | None = None) -> int:
        """Judge what is needed, as the server does. Returns how many inputs that were."""
        knowledge = Knowledge(advisories, self.policies, self.rules, TODAY)
        with self.store.begin() as conn:
            judging = Judging(knowledge, Differences(conn, knowledge, succession))
            needs = needed(conn, self.org, scopes, {VULNERABILITY: knowledge.digests()[VULNERABILITY]})
        spent: Spent = defaultdict(float)
        for first in range(0, len(needs), BATCH):
            with phase(spent, "reading and judging"):
                judged = judging.judge(self.store, self.org, needs[first : first + BATCH])
            with self.store.begin() as conn:
                with phase(spent, "recording"):
                    record_all(conn, self.org, judged.assessments, at, judged.kept)
                with phase(spent, "attaching"):
                    attach(conn, self.org, at)
        for name, seconds in spent.items():
            print(f"    {name:<56}{'':>11} {seconds:>9.1f} CPU-s{1000 * seconds / len(needs):>9.2f} ms an input")
        return len(needs)

    def disagreements(self, advisories: AdvisoryFile, names: dict[str, list[tuple[str, list[str]]]]) -> int:
        """Bills of a sample of which the store has other findings than judging them as a whole gives."""
        chance, wrong = random.Random(7), 0
        picked = set(random.Random(8).sample(range(self.bills), min(SAMPLE, self.bills)))
        for number in range(self.bills):
            sections = bill(chance, number, names)
            if number not in picked:
                continue
            judged = dispatch.assess(sections, Known(advisories=advisories, today=TODAY))
            expected = {(one.rule, one.locator) for each in judged for one in each.findings}
            wrong += self._stored(f"asset.name:bill-{number:06}") != expected
        return wrong

    def _stored(self, query: str) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        cursor: str | None = None
        with self.store.read() as conn:
            while True:
                page = list_findings(conn, self.org, query, Paging(limit=500, cursor=cursor), START + 10_000)
                found |= {(one.rule, one.locator) for one in page.items}
                cursor = page.next
                if cursor is None:
                    return found


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Stored bills of materials after newer advisories.")
    parser.add_argument("feeds", type=Path)
    parser.add_argument("--bills", type=int, default=10_000)
    parser.add_argument("--news", type=int, default=100, help="packages with a new advisory")
    arguments = parser.parse_args()
    gc.set_threshold(NEW_OBJECTS, 20, 20)  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "newer").mkdir()
        compile_feeds(arguments.feeds.absolute(), work / "old.db")
        with AdvisoryFile.open(work / "old.db") as old:
            names = pool(old)
            fresh = [name for name, _ in random.Random(9).sample(names["deb"], arguments.news)]
            with_more(arguments.feeds.absolute(), work / "newer", fresh)
            compile_feeds(work / "newer", work / "new.db")
            store = Store.open(f"sqlite:///{work}/bartizan.db")
            store.migrate()
            run = Run(store, arguments.bills)
            print(f"{arguments.bills:,} bills of materials, {arguments.news} new advisories")
            with step("stored"):
                run.ingest(names)
            with step("judged for the first time"):
                count = run.assess(old, START + 1000)
            print(f"      {count:,} distinct inputs")
            with AdvisoryFile.open(work / "new.db") as new, step("judged anew after the newer advisories, all in all"):
                with step("  of which: comparing the two files"):
                    differs = changed(old, new)
                with store.begin() as conn:
                    stands = carry_over(conn, run.org, knowledge(old, TODAY), knowledge(new, TODAY), differs)
                succession = Succession(knowledge(old, TODAY), knowledge(new, TODAY), differs)
                count = run.assess(new, START + 2000, succession)
                print(f"      {stands:,} stand, {count:,} judged anew")
            with AdvisoryFile.open(work / "new.db") as new:
                print(f"      {run.disagreements(new, names)} of a sample disagree with judging them as a whole")
            store.close()


if __name__ == "__main__":
    main()
