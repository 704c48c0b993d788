"""Section `disk`: files anywhere on the machine's own file systems whose mode or owner is out of the ordinary.

    {"privileged": [{"path": "/usr/bin/sudo", "mode": 2541, "user": "root", "package": "sudo", ...}],
     "writable": [{"path": "/srv/drop", "kind": "directory", "mode": 511, ...}], "orphans": [...],
     "privileged_left_out": 0, ..., "left_out": ["/var/lib/docker"]}

All of it is found on the one walk that looks for packages. File systems of the kernel and of other machines are not
entered, nor is the storage of containers, which are assets of their own. Lists are bounded; how many more there are is
exact, and then, as where a folder could not be entered, `..._left_out` is unknown to policies.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from bartizan.collect.filesystem.interface import (
    Entry,
    FileKind,
    FileStat,
    FilesystemError,
    FilesystemView,
    Missing,
)
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.text import decode, printable
from bartizan.collect.host.users import parse_passwd
from bartizan.collect.interface import Problems
from bartizan.collect.packages.selection import is_other_system
from bartizan.model.snapshot import Section
from bartizan.model.wire import plain

TOLD = 200
"""Entries told of each list."""
PROBLEMS_TOLD = 20
_KERNEL = frozenset(("/proc", "/sys", "/dev"))
_SPECIAL = stat.S_ISUID | stat.S_ISGID
_DYNAMIC = range(61184, 65520)
"""User ids that systemd gives to services for as long as they run (systemd.exec(5), DynamicUser=)."""
_LOCAL_SOURCES = frozenset(
    ("files", "compat", "db", "systemd", "mymachines", "nis+", "myhostname", "altfiles", "extrausers")
)


@runtime_checkable
class _WalksWithStat(Protocol):
    """A view whose walk tells lstat(2) on the way, at a third of the cost."""

    def walk_stat(
        self, top: str, prune: Callable[[Entry], bool] | None
    ) -> Iterator[tuple[Entry, os.stat_result | None]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file or folder."""

    path: str
    kind: str
    """`file`, `directory`, `link` or `other`."""
    mode: int
    uid: int
    gid: int
    user: str
    """Empty where no account has this id."""
    owner_group: str
    reachable: bool = True
    """Everybody may enter every folder above it."""
    package: str = ""
    """Name of the package that owns it; of programs with privileges only."""
    chosen_mode: int = -1
    """What the administrator told dpkg to set (dpkg-statoverride(1)); -1 where nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    privileged: tuple[Found, ...]
    """Files with set-user-id or set-group-id, by path."""
    writable: tuple[Found, ...]
    """Files that everybody may write, and folders in which everybody may replace what others put there."""
    orphans: tuple[Found, ...]
    """Whose user or group does not exist. Of a folder with the same owner only the folder is told."""
    privileged_left_out: int
    writable_left_out: int
    orphans_left_out: int
    left_out: tuple[str, ...]
    """Folders that were not entered: the storage of containers."""


@dataclass(slots=True)
class _Kept:
    """The first of a list, and how many there are."""

    first: list[Found] = field(default_factory=list)
    count: int = 0

    def add(self, found: Found) -> None:
        self.count += 1
        if len(self.first) < TOLD:
            self.first.append(found)

    @property
    def more(self) -> int:
        return self.count - len(self.first)


class Survey:
    """Walks along with the readers of packages (`collect.packages.companion.Companion`) and notes what it sees."""

    def __init__(self, view: FilesystemView) -> None:
        self._view = view
        self._names = _Names(view)
        self._known_before = len(view.skipped())
        self._privileged = _Kept()
        self._writable = _Kept()
        self._orphans = _Kept()
        self._left_out: list[str] = []
        self._owners: Mapping[str, str] = {}
        self._raw: dict[str, str] = {}
        self._here: tuple[str, os.stat_result | None] = ("", None)
        self._orphaned = ("", -1, -1)
        self._closed = "\0"
        """A folder that not everybody may enter, with a slash."""

    def walk(self, top: str, prune: Callable[[Entry], bool]) -> Iterator[Entry]:
        hidden = "\0"
        for entry, found in self._entries(top):
            self._here = (entry.path, found)
            if found is not None:
                self._look(entry, found.st_mode, found.st_uid, found.st_gid)
            if entry.path.startswith(hidden):
                continue
            yield entry
            if entry.kind is FileKind.DIRECTORY and prune(entry):
                hidden = entry.path + "/"

    def _entries(self, top: str) -> Iterator[tuple[Entry, os.stat_result | None]]:
        if isinstance(self._view, _WalksWithStat):
            yield from self._view.walk_stat(top, self._prune)
            return
        for entry in self._view.walk(top, self._prune):
            yield entry, None
            try:
                found = self._view.lstat(entry.path)
            except FilesystemError:
                continue
            self._look(entry, found.mode | _TYPES[found.kind], found.uid, found.gid)

    def _prune(self, entry: Entry) -> bool:
        if is_other_system(entry.path):
            self._left_out.append(printable(entry.path))
            return True
        return entry.path in _KERNEL

    def _look(self, entry: Entry, mode: int, uid: int, gid: int) -> None:
        if stat.S_ISLNK(mode):
            return
        reachable = self._reachable(entry, mode)
        if mode & _SPECIAL and stat.S_ISREG(mode):
            self._privileged.add(self._found(entry, mode, uid, gid, reachable))
            self._raw[printable(entry.path)] = entry.path
        if mode & stat.S_IWOTH and (stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and not mode & stat.S_ISVTX)):
            self._writable.add(self._found(entry, mode, uid, gid, reachable))
        if not (self._names.has_user(uid) and self._names.has_group(gid)):
            folder, one, other = self._orphaned
            if (uid, gid) == (one, other) and entry.path.startswith(folder):
                return
            self._orphans.add(self._found(entry, mode, uid, gid, reachable))
            if stat.S_ISDIR(mode):
                self._orphaned = (entry.path + "/", uid, gid)

    def _reachable(self, entry: Entry, mode: int) -> bool:
        inside = entry.path.startswith(self._closed)
        if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH and not inside:
            self._closed = entry.path + "/"
        return not inside

    def _found(self, entry: Entry, mode: int, uid: int, gid: int, reachable: bool) -> Found:
        return Found(
            path=printable(entry.path),
            kind=entry.kind.value,
            mode=stat.S_IMODE(mode),
            uid=uid,
            gid=gid,
            user=self._names.users.get(uid, ""),
            owner_group=self._names.groups.get(gid, ""),
            reachable=reachable,
        )

    def lstat(self, path: str) -> FileStat:
        here, found = self._here
        if here != path or found is None:
            return self._view.lstat(path)
        regular = stat.S_ISREG(found.st_mode)
        return FileStat(
            kind=FileKind.FILE if regular else FileKind.OTHER,
            mode=stat.S_IMODE(found.st_mode),
            uid=found.st_uid,
            gid=found.st_gid,
            size=found.st_size if regular else 0,
            mtime=int(found.st_mtime),
            device=found.st_dev,
            inode=found.st_ino,
            links=found.st_nlink,
        )

    def paths(self) -> Iterable[str]:
        return list(self._raw.values())

    def owned(self, owners: Mapping[str, str]) -> None:
        self._owners = owners

    def section(self) -> Section:
        """What was seen. Made after the walk."""
        problems = Problems()
        kept = {"privileged": self._privileged, "writable": self._writable, "orphans": self._orphans}
        for name, each in kept.items():
            if each.more:
                problems.add(f"@{name}_left_out", f"there are {each.count}, and {len(each.first)} are told")
            for error in list(self._view.skipped())[self._known_before :][:PROBLEMS_TOLD]:
                problems.add(f"@{name}_left_out", f"{printable(error.path)[:200]}: {error.reason}")
        for reason in self._names.elsewhere:
            problems.add("@orphans", reason)
        chosen = _chosen_modes(self._view, problems)
        facts = Disk(
            privileged=tuple(
                replace(
                    each,
                    package=self._owners.get(self._raw[each.path], ""),
                    chosen_mode=chosen.get(each.path, -1),
                )
                for each in sorted(self._privileged.first, key=lambda each: each.path)
            ),
            writable=tuple(sorted(self._writable.first, key=lambda each: each.path)),
            orphans=tuple(sorted(self._orphans.first, key=lambda each: each.path)),
            privileged_left_out=self._privileged.more,
            writable_left_out=self._writable.more,
            orphans_left_out=self._orphans.more,
            left_out=tuple(sorted(self._left_out)),
        )
        return Section(name="disk", facts=plain(facts), problems=tuple(problems.found))


_TYPES = {
    FileKind.FILE: stat.S_IFREG,
    FileKind.DIRECTORY: stat.S_IFDIR,
    FileKind.LINK: stat.S_IFLNK,
    FileKind.OTHER: stat.S_IFSOCK,
}


class _Names:
    """Which ids have names here."""

    def __init__(self, view: FilesystemView) -> None:
        self.elsewhere: list[str] = []
        passwd, group = self._text(view, "/etc/passwd"), self._text(view, "/etc/group")
        self.users = {each.uid: each.name for each in reversed(list(parse_passwd(passwd, Problems())))}
        self.groups = {each.gid: each.name for each in reversed(list(parse_group(group, Problems())))}
        self._ranges = [
            *_ranges(self._text(view, "/etc/subuid")),
            *_ranges(self._text(view, "/etc/subgid")),
            _DYNAMIC,
        ]
        switch = self._text(view, "/etc/nsswitch.conf")
        for database in re.findall(r"^\s*(?:passwd|group)\s*:(.*)$", switch, re.MULTILINE):
            for source in re.findall(r"[\w+]+", re.sub(r"\[[^\]]*\]", " ", database.partition("#")[0])):
                if source not in _LOCAL_SOURCES:
                    self.elsewhere.append(f"/etc/nsswitch.conf: names also come from {source[:20]}, which is not asked")
        self.elsewhere = sorted(set(self.elsewhere))

    def _text(self, view: FilesystemView, path: str) -> str:
        try:
            return decode(view.read(path))
        except Missing:
            return ""
        except FilesystemError as error:
            self.elsewhere.append(f"{path}: {error.reason}")
            return ""

    def has_user(self, uid: int) -> bool:
        return uid in self.users or any(uid in each for each in self._ranges)

    def has_group(self, gid: int) -> bool:
        return gid in self.groups or any(gid in each for each in self._ranges)


def _ranges(text: str) -> list[range]:
    """Ids that containers of a user may have (subuid(5)): `alice:100000:65536`."""
    found = re.findall(r"^[^:\n]+:(\d{1,10}):(\d{1,10})$", text, re.MULTILINE)
    return [range(int(first), int(first) + int(count)) for first, count in found]


def _chosen_modes(view: FilesystemView, problems: Problems) -> dict[str, int]:
    """`/var/lib/dpkg/statoverride`: `root crontab 2755 /usr/bin/crontab`."""
    try:
        text = decode(view.read("/var/lib/dpkg/statoverride"))
    except FilesystemError as error:
        problems.caught(error)
        return {}
    lines = (line.split(None, 3) for line in text.splitlines())
    return {line[3]: int(line[2], 8) for line in lines if len(line) == 4 and re.fullmatch("[0-7]{3,4}", line[2])}
