"""Section `time`: which program keeps the clock right and whom it asks.

/etc/chrony/chrony.conf        pool ntp.example.org iburst
/etc/systemd/timesyncd.conf    NTP=ntp1.example.org ntp2.example.org
/etc/ntpsec/ntp.conf           server ntp.example.org
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView, exists
from bartizan.collect.host.glob import glob
from bartizan.collect.host.text import drop_ins, files_in, read_attribute, uncommented
from bartizan.collect.interface import Collector, Problems

MAX_DEPTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    name: str
    """`chrony`, `ntp`, `timesyncd`."""
    program: str
    enabled: bool
    """Its unit is enabled."""
    servers: tuple[str, ...]
    """Configured; empty means the distribution's own for timesyncd, none for the others."""
    authenticated: bool
    """Some source is asked with NTS or a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    daemons: tuple[Daemon, ...]
    """Those that are installed."""
    synchronised: bool | None
    """systemd's mark that the clock was set by timesyncd; None where there is no such mark."""


_PROGRAMS = (
    ("chrony", ("/usr/sbin/chronyd",), ("chrony.service", "chronyd.service")),
    ("ntp", ("/usr/sbin/ntpd",), ("ntp.service", "ntpd.service", "ntpsec.service")),
    (
        "timesyncd",
        ("/usr/lib/systemd/systemd-timesyncd", "/lib/systemd/systemd-timesyncd"),
        ("systemd-timesyncd.service",),
    ),
)
_CONFIGURATIONS = {
    "chrony": ("/etc/chrony/chrony.conf", "/etc/chrony.conf"),
    "ntp": ("/etc/ntpsec/ntp.conf", "/etc/ntp.conf"),
}


def collect(view: FilesystemView, problems: Problems) -> Time:
    enabled = _enabled_units(view, problems)
    daemons = []
    for name, programs, units in _PROGRAMS:
        program = next((path for path in programs if exists(view, path)), "")
        if not program:
            continue
        if name == "timesyncd":
            servers, authenticated = _timesyncd(view, problems), False
        else:
            lines = list(_lines(view, problems, next((p for p in _CONFIGURATIONS[name] if exists(view, p)), "")))
            servers, authenticated = parse_sources(lines)
        daemons.append(
            Daemon(
                name=name,
                program=program,
                enabled=not enabled.isdisjoint(units),
                servers=tuple(servers),
                authenticated=authenticated,
            )
        )
    running = view.live and exists(view, "/run/systemd/timesync")
    return Time(
        daemons=tuple(daemons),
        synchronised=exists(view, "/run/systemd/timesync/synchronized") if running else None,
    )


def _lines(view: FilesystemView, problems: Problems, path: str, depth: int = 0) -> Iterator[list[str]]:
    """Words of each directive, `include`, `confdir` and `sourcedir` followed."""
    text = read_attribute(view, problems, path, "daemons") if path else None
    for _, line in uncommented(text or "", "#!;%"):
        words = line.split()
        verb = words[0].lower()
        if verb in ("include", "includefile", "confdir", "sourcedir") and len(words) > 1 and depth < MAX_DEPTH:
            if verb.startswith("include"):
                paths = glob(view, problems, words[1])
            else:
                suffix = ".conf" if verb == "confdir" else ".sources"
                paths = [found for folder in words[1:] for found in files_in(view, problems, folder, suffix)]
            for found in paths:
                yield from _lines(view, problems, found, depth + 1)
        else:
            yield words


def parse_sources(lines: list[list[str]]) -> tuple[list[str], bool]:
    """(servers in order, whether one is authenticated) from `server`, `pool` and `peer` lines."""
    servers = []
    authenticated = False
    for words in lines:
        if words[0].lower() in ("server", "pool", "peer") and len(words) > 1:
            servers.append(words[1])
            authenticated = authenticated or not {"nts", "key"}.isdisjoint(words[2:])
    return servers, authenticated


def _timesyncd(view: FilesystemView, problems: Problems) -> list[str]:
    folders = tuple(f"{base}/systemd/timesyncd.conf.d" for base in ("/etc", "/run", "/usr/local/lib", "/usr/lib"))
    servers: list[str] = []
    for path in ["/etc/systemd/timesyncd.conf", *drop_ins(view, problems, folders, ".conf")]:
        text = read_attribute(view, problems, path, "daemons") or ""
        for given in re.findall(r"^\s*NTP\s*=(.*)$", text, re.MULTILINE):
            servers = [*servers, *given.split()] if given.strip() else []
    return servers


def _enabled_units(view: FilesystemView, problems: Problems) -> set[str]:
    folders = glob(view, problems, "/etc/systemd/system/*.wants")
    return {path.rpartition("/")[2] for folder in folders for path in files_in(view, problems, folder)}


COLLECTOR = Collector(
    section="time",
    collect=collect,
    watches=(
        "/etc/chrony",
        "/etc/chrony/chrony.conf",
        "/etc/chrony.conf",
        "/etc/ntpsec/ntp.conf",
        "/etc/ntp.conf",
        "/etc/systemd/timesyncd.conf",
        "/etc/systemd/timesyncd.conf.d",
        "/run/systemd/timesync/synchronized",
    ),
)
