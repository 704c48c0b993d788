"""Section `updates_apt`: installed packages of which the security pocket offers a newer version, by the lists on disk.

    {"present": true, "lists": [{"suite": "stable-security", "date": "...", ...}],
     "updates": [{"name": "libc6", "arch": "amd64", "installed": "2.36-9+deb12u8", "candidate": "2.36-9+deb12u9", ...}]}

Without a list of a security pocket `@updates` is a problem: that nothing is listed does not mean that nothing is due.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.host.text import caught, decode, files_in
from bartizan.collect.host.updates_apt.package_list import FOLDER, PACKED, Release, offers, parse_release, unpacked
from bartizan.collect.interface import Collector, Problems
from bartizan.model.dpkg_version import sort_key

STATUS = "/var/lib/dpkg/status"
STATUS_LIMIT = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityList:
    """One list of a security pocket."""

    path: str
    origin: str
    label: str
    suite: str
    codename: str
    date: str
    """When the suite was published, as its Release file writes it."""
    valid_until: str
    arch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    name: str
    arch: str
    installed: str
    candidate: str
    source: str
    """Source package; empty where it has the package's name."""
    source_version: str
    suite: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AptUpdates:
    present: bool
    """Whether packages are kept by dpkg and apt."""
    lists: tuple[SecurityList, ...] = ()
    updates: tuple[Update, ...] = ()
    """By name and architecture."""
    held: tuple[str, ...] = ()
    """Packages that somebody keeps from being updated (`hold`)."""


@dataclass(frozen=True, slots=True)
class _Installed:
    version: str
    arch: str


def collect(view: FilesystemView, problems: Problems) -> AptUpdates:
    try:
        status = view.read(STATUS, STATUS_LIMIT)
    except FilesystemError as error:
        caught(problems, error, "updates")
        return AptUpdates(present=False)
    installed, held = _installed(status)
    names = files_in(view, problems, FOLDER, attribute="updates")
    if not names and not files_in(view, problems, "/etc/apt/sources.list.d") and not _has_apt(view):
        return AptUpdates(present=False)
    lists: list[SecurityList] = []
    best: dict[tuple[str, str], Update] = {}
    for path, release in _security_lists(view, problems, names):
        try:
            data = unpacked(view, path)
        except FilesystemError as error:
            caught(problems, error, "updates")
            continue
        lists.append(_described(path, release))
        for update in _newer(data, installed, release):
            held_best = best.get((update.name, update.arch))
            if held_best is None or sort_key(held_best.candidate) < sort_key(update.candidate):
                best[(update.name, update.arch)] = update
    if not lists and not problems.found:
        problems.add("@updates", f"{FOLDER}: holds no list of a security pocket; run apt-get update")
    return AptUpdates(
        present=True, lists=tuple(lists), updates=tuple(best[key] for key in sorted(best)), held=tuple(sorted(held))
    )


def _installed(status: bytes) -> tuple[dict[str, list[_Installed]], set[str]]:
    """(name to installed versions, names on hold) from dpkg's status file."""
    installed: dict[str, list[_Installed]] = {}
    held = set()
    for stanza in status.split(b"\n\n"):
        fields = dict(_STATUS_FIELDS.findall(stanza))
        state = fields.get(b"Status", b"").split()
        if len(state) != 3 or state[2] not in _PRESENT or not fields.get(b"Version"):
            continue
        name = decode(fields.get(b"Package", b""))
        if state[0] == b"hold":
            held.add(name)
        record = _Installed(decode(fields[b"Version"]), decode(fields.get(b"Architecture", b"")))
        installed.setdefault(name, []).append(record)
    return installed, held


_STATUS_FIELDS = re.compile(rb"^(Package|Status|Version|Architecture): *([^\n]*?)\s*$", re.MULTILINE)
_PRESENT = (b"installed", b"unpacked", b"half-configured", b"triggers-awaited", b"triggers-pending")


def _security_lists(view: FilesystemView, problems: Problems, names: list[str]) -> Iterator[tuple[str, Release]]:
    """Package lists whose suite is a security pocket. The suite's own file has the same name up to `dists_SUITE_`."""
    releases: dict[str, Release] = {}
    for path in names:
        if path.endswith(("_InRelease", "_Release")):
            try:
                text = decode(view.read(path, 4 << 20))
            except FilesystemError as error:
                caught(problems, error, "updates")
                continue
            releases.setdefault(path.rpartition("_")[0], parse_release(text))
    seen = set()
    for path in names:
        plain = next((path.removesuffix(suffix) for suffix in PACKED if path.endswith(suffix)), path)
        if not plain.endswith("_Packages") or plain in seen:
            continue
        prefix = max((p for p in releases if plain.startswith(p + "_")), key=len, default="")
        release = releases.get(prefix, Release())
        if release.security or (not prefix and "-security_" in plain):
            seen.add(plain)
            yield path, release


def _described(path: str, release: Release) -> SecurityList:
    arch = re.search(r"_binary-([a-z0-9-]+)_Packages", path)
    return SecurityList(
        path=path,
        origin=release.origin,
        label=release.label,
        suite=release.suite,
        codename=release.codename,
        date=release.date,
        valid_until=release.valid_until,
        arch=arch[1] if arch else "",
    )


def _newer(data: bytes, installed: dict[str, list[_Installed]], release: Release) -> Iterator[Update]:
    wanted = frozenset(name.encode() for name in installed)
    for offer in offers(data, wanted):
        for have in installed[offer.name]:
            same = offer.arch in ("all", have.arch) or have.arch == "all"
            if not same or offer.version == have.version or not _is_later(offer.version, have.version):
                continue
            yield Update(
                name=offer.name,
                arch=have.arch,
                installed=have.version,
                candidate=offer.version,
                source=offer.source,
                source_version=offer.source_version,
                suite=release.suite or release.codename,
            )


def _is_later(a: str, b: str) -> bool:
    """False where one of them is no version: a broken list offers nothing."""
    try:
        return sort_key(a) > sort_key(b)
    except ValueError:
        return False


def _has_apt(view: FilesystemView) -> bool:
    try:
        view.stat("/usr/bin/apt-get")
    except FilesystemError:
        return False
    return True


COLLECTOR = Collector(section="updates_apt", collect=collect, watches=(STATUS, FOLDER))
