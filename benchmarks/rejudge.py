"""Hosts that are all different, judged anew by every policy after the policies changed: 10,000 within 5 minutes.

    python benchmarks/rejudge.py                     # 500 hosts, and what 10,000 cost at this rate
    python benchmarks/rejudge.py --hosts 10000       # all of them
    python benchmarks/rejudge.py --profile           # and the hottest functions, which makes it slower

Every host has the facts of this machine, with an account, a listening port and kernel settings of its own, so that no
two share an input; its other sections are those of all hosts, and what its disk holds is that of a plain Debian. The
change is one policy more, which half of the hosts fail. What is judged is read from the store and written back in
batches as the server's job does, in one process. Prints processor seconds; ends with an error where other hosts were
judged, or other findings opened or fixed, than the change explains.
"""

import argparse
import cProfile
import gc
import pstats
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

from bartizan.assess.dispatch import scopes
from bartizan.assess.policy.engine import HOST_SECTIONS, PolicySet, load_policies
from bartizan.cli.main import NEW_OBJECTS
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.collectors import COLLECTORS
from bartizan.collect.interface import run
from bartizan.collect.packages.discover import read_packages
from bartizan.collect.packages.distribution.readers import READERS
from bartizan.inventory.accounts import create_organisation
from bartizan.inventory.assessments import attach, needed, record_all
from bartizan.inventory.ingest import ingest_snapshot
from bartizan.inventory.store import Store
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from bartizan.server.jobs.assessing import BATCH
from bartizan.server.jobs.judging import Differences, Judging
from bartizan.server.knowledge import Knowledge, load_rules

START = 1_795_000_000_000
TARGET_HOSTS, TARGET_SECONDS = 10_000, 300
PORTS = 20_000
HIGH = 20_000
"""From here on a port fails the policy that is added."""
ADDED = f"""\
resource: host
group: estate
policies:
  - id: estate-ports
    title: Nothing listens to others from port {HIGH} on
    severity: medium
    check: resource.sockets.listening.all(each, each.local || each.port < {HIGH})
    why: Ports from {HIGH} on are not watched.
    fix: {{text: Let the service listen on a lower port.}}
"""
SETTINGS = (
    "dev.tty.ldisc_autoload", "fs.protected_fifos", "fs.protected_regular", "fs.suid_dumpable", "kernel.core_uses_pid",
    "kernel.dmesg_restrict", "kernel.kptr_restrict", "kernel.perf_event_paranoid", "net.core.bpf_jit_harden",
    "net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.all.log_martians", "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.all.secure_redirects", "net.ipv4.conf.all.send_redirects", "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.accept_ra",
)  # fmt: skip
PRIVILEGED = ("chage", "chfn", "chsh", "expiry", "gpasswd", "mount", "newgrp", "passwd", "su", "umount")


@dataclass
class Pass:
    """What judging everything took."""

    needs: int = 0
    opened: int = 0
    fixed: int = 0
    total: float = 0.0
    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Processor seconds by phase; what is left of `total` is beginning and committing."""
    batches: list[float] = field(default_factory=list)
    """Processor seconds of one input, in each batch."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add up processor seconds."""
        worked = time.process_time()
        yield
        self.spent[name] += time.process_time() - worked


def plain_host() -> dict[str, Section]:
    """The sections that policies read, of this machine; its disk is not walked."""
    view = LocalView()
    sections = {each.section: run(each, view) for each in COLLECTORS if each.section in HOST_SECTIONS}
    elsewhere = [f"/{entry.name}" for entry in Path("/").iterdir() if entry.name != "var"]
    packages = read_packages(view, readers=READERS[:1], ignore=(*elsewhere, "/var/log", "/var/cache", "/var/tmp"))
    owned = {"kind": "file", "mode": 0o4755, "uid": 0, "gid": 0, "user": "root", "owner_group": "root"}
    privileged = [
        {**owned, "path": f"/usr/bin/{name}", "reachable": True, "package": "passwd", "chosen_mode": -1}
        for name in PRIVILEGED
    ]
    nothing = {f"{name}_left_out": 0 for name in ("privileged", "writable", "orphans")}
    disk = {"privileged": privileged, "writable": [], "orphans": [], **nothing, "left_out": []}
    found = {**sections, "disk": Section(name="disk", facts=disk)}
    return found | {name: section for name, section in packages.items() if name == "packages_deb"}


def port(number: int) -> int:
    """No two of the first 20,000 hosts have the same; half are high."""
    return 10_000 + number * 7919 % PORTS


def host(number: int, plain: dict[str, Section]) -> dict[str, Section]:
    """Host `number`: three sections of its own."""
    chance = random.Random(number)
    users, sockets, kernel = (copied(plain[name]) for name in ("users", "sockets", "kernel"))
    name, uid = f"deploy{number}", 20_000 + number
    ids = {"uid": uid, "gid": uid}
    account = {"name": name, **ids, "home": f"/home/{name}", "shell": "/bin/bash", "password": "shadow", "login": True}
    home = {"user": name, "path": f"/home/{name}", "mode": chance.choice((0o700, 0o750, 0o755, 0o777)), **ids}
    users["accounts"] = [*users["accounts"], account]
    users["homes"] = [*users["homes"], home]
    served = {"protocol": "tcp", "port": port(number), "address": "0.0.0.0", "local": False, "process": "app"}
    below = {"program": "/srv/app", "unit": "app.service", "container": False, "uid": uid}
    # What listens here is left out: it would depend on what runs besides.
    sockets["listening"] = [{**served, **below}]
    kernel["runtime"] = {**kernel["runtime"], **{each: chance.choice("012") for each in SETTINGS}}
    own = {"users": users, "sockets": sockets, "kernel": kernel}
    return plain | {each: Section(name=each, facts=facts) for each, facts in own.items()}


def copied(section: Section) -> dict[str, Any]:
    """A section's facts, to be changed."""
    facts: Any = section.facts
    return dict(facts)


class Run:
    """One store of hosts."""

    def __init__(self, store: Store, hosts: int) -> None:
        self.store, self.hosts, self.rules = store, hosts, load_rules()
        with store.begin() as conn:
            self.org = create_organisation(conn, "main", "Main", START).id

    def ingest(self, plain: dict[str, Section]) -> None:
        """A snapshot of each host, a commit for each batch."""
        for first in range(0, self.hosts, BATCH):
            with self.store.begin() as conn:
                for number in range(first, min(first + BATCH, self.hosts)):
                    sections = host(number, plain)
                    ingest_snapshot(
                        conn,
                        self.org,
                        AssetRef(kind=AssetKind.HOST, key=f"machine-{number:06}", name=f"host-{number:06}"),
                        source="agent",
                        taken_at=START,
                        manifest={name: section.digest for name, section in sections.items()},
                        sections=sections,
                    )

    def assess(self, policies: PolicySet, at: int) -> Pass:
        """Judge what is needed, as the server does."""
        done, began = Pass(), time.process_time()
        knowledge = Knowledge(None, policies, self.rules, date(2026, 11, 20))
        with done.phase("asking what is needed"), self.store.begin() as conn:
            judging = Judging(knowledge, Differences(conn, knowledge, None))
            needs = judging.concerned(conn, needed(conn, self.org, scopes, knowledge.digests()))
        done.needs = len(needs)
        for first in range(0, len(needs), BATCH):
            batch, batch_began = needs[first : first + BATCH], time.process_time()
            with done.phase("reading and judging"):
                judged = judging.judge(self.store, self.org, batch)
            with self.store.begin() as conn:
                with done.phase("recording"):
                    record_all(conn, self.org, judged.assessments, at, judged.kept)
                with done.phase("attaching"):
                    changes = attach(conn, self.org, at)
            done.opened += changes.opened
            done.fixed += changes.fixed
            done.batches.append((time.process_time() - batch_began) / len(batch))
        done.total = time.process_time() - began
        return done


def told(name: str, done: Pass) -> None:
    """Print a pass by phase."""
    print(f"{name}: {done.needs:,} inputs, {done.opened:,} findings opened, {done.fixed:,} fixed")
    rest = done.total - sum(done.spent.values())
    for phase, seconds in {**done.spent, "beginning and committing": rest, "all in all": done.total}.items():
        print(f"  {phase:<40}{seconds:>9.2f} CPU-s {1000 * seconds / done.needs:>9.2f} ms a host")
    first, last = done.batches[0], done.batches[-1]
    print(f"  a host of the first batch {1000 * first:.1f} ms, of the last {1000 * last:.1f} ms", flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Stored hosts after a change of policies.")
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--profile", action="store_true", help="the hottest functions of judging anew")
    arguments = parser.parse_args()
    gc.set_threshold(NEW_OBJECTS, 20, 20)  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "policies").mkdir()
        (work / "policies/estate.yaml").write_text(ADDED)
        before, after = load_policies(), load_policies([work / "policies"])
        if after.errors:
            sys.exit(str(after.errors[0]))
        store = Store.open(f"sqlite:///{work}/bartizan.db")
        store.migrate()
        estate = Run(store, arguments.hosts)
        estate.ingest(plain_host())
        print(f"{arguments.hosts:,} hosts, {len(after.by_type['host'])} policies of hosts, batches of {BATCH}")
        told("judged for the first time", estate.assess(before, START + 1000))
        profile = cProfile.Profile()
        if arguments.profile:
            profile.enable()
        anew = estate.assess(after, START + 2000)
        profile.disable()
        told("judged anew after one policy more", anew)
        store.close()
    whole = TARGET_HOSTS * anew.total / anew.needs
    print(f"{TARGET_HOSTS:,} hosts at this rate: {whole:.0f} CPU-s on one core, bound {TARGET_SECONDS} s")
    if arguments.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    high = sum(port(number) >= HIGH for number in range(arguments.hosts))
    if (anew.needs, anew.opened, anew.fixed) != (arguments.hosts, high, 0):
        sys.exit(f"wrong: {arguments.hosts:,} inputs, {high:,} findings opened and none fixed were to be expected")


if __name__ == "__main__":
    main()
