"""Section `logging`: systemd's journal, rsyslog, who they send to and receive from, and log files that others can read.

    {"journal": {"present": true, "storage": "persistent", "on_disk": true, "compress": true, ...},
     "rsyslog": {"present": true, "files": [...], "listeners": [], "forwards": [...]},
     "open_files": [{"path": "/var/log/dpkg.log", "mode": 420, "user": "root", "owner_group": "root"}], ...}

Of the files below `/var/log` only those are told that are open further than 0640, so that rotation changes nothing.
"""

from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView, exists
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.logging.journald import REMOTE as RECEIVER
from bartizan.collect.host.logging.journald import Journal, Upload, journal, upload
from bartizan.collect.host.logging.rsyslog import Rsyslog, rsyslog
from bartizan.collect.host.text import decode, printable
from bartizan.collect.host.users import parse_passwd
from bartizan.collect.interface import Collector, Problems

MAX_SEEN = 50_000
"""Entries below `/var/log` that are looked at."""
MAX_TOLD = 200
_CLOSED = 0o640
_DEPTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A log file that is open further than 0640."""

    path: str
    mode: int
    uid: int
    gid: int
    user: str
    """Empty where no account has this id."""
    owner_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    journal: Journal
    upload: Upload
    receiver: bool
    """systemd-journal-remote, which takes journals of other machines, is installed."""
    rsyslog: Rsyslog
    logrotate: bool
    """logrotate is installed."""
    open_files: tuple[OpenFile, ...]
    """By path, no more than 200."""
    open_left_out: int
    """How many more there are; unknown to policies unless all are told and all folders could be read."""


def collect(view: FilesystemView, problems: Problems) -> Logging:
    open_files = _open_files(view, problems)
    if len(open_files) > MAX_TOLD:
        problems.add("@open_left_out", f"{len(open_files)} log files are open and {MAX_TOLD} are told")
    return Logging(
        journal=journal(view, problems),
        upload=upload(view, problems),
        receiver=any(exists(view, path) for path in RECEIVER),
        rsyslog=rsyslog(view, problems),
        logrotate=any(exists(view, path) for path in ("/usr/sbin/logrotate", "/usr/bin/logrotate")),
        open_files=tuple(open_files[:MAX_TOLD]),
        open_left_out=max(len(open_files) - MAX_TOLD, 0),
    )


def _open_files(view: FilesystemView, problems: Problems) -> list[OpenFile]:
    users = {each.uid: each.name for each in reversed(list(parse_passwd(_text(view, "/etc/passwd"), Problems())))}
    groups = {each.gid: each.name for each in reversed(list(parse_group(_text(view, "/etc/group"), Problems())))}
    out: list[OpenFile] = []
    waiting = [("/var/log", 0)]
    seen = 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = view.list(folder)
        except FilesystemError as error:
            if error.reason != "does not exist":
                problems.add("@open_left_out", f"{printable(folder)}: {error.reason}")
            continue
        for entry in entries:
            seen += 1
            if seen > MAX_SEEN or depth > _DEPTH:
                problems.add("@open_left_out", f"only {MAX_SEEN} entries and {_DEPTH} levels of /var/log are looked at")
                return out
            if entry.kind is FileKind.DIRECTORY:
                waiting.append((entry.path, depth + 1))
            elif entry.kind is FileKind.FILE:
                try:
                    stat = view.lstat(entry.path)
                except FilesystemError:
                    continue  # rotated away since the folder was listed
                if stat.mode & ~_CLOSED:
                    name, group = users.get(stat.uid, ""), groups.get(stat.gid, "")
                    out.append(
                        OpenFile(
                            path=printable(entry.path),
                            mode=stat.mode,
                            uid=stat.uid,
                            gid=stat.gid,
                            user=name,
                            owner_group=group,
                        )
                    )
    return sorted(out, key=lambda each: each.path)


def _text(view: FilesystemView, path: str) -> str:
    """Names for ids; where they cannot be read the sections `users` and `groups` say so."""
    try:
        return decode(view.read(path))
    except FilesystemError:
        return ""


COLLECTOR = Collector(
    section="logging",
    collect=collect,
    watches=(
        "/etc/systemd/journald.conf",
        "/etc/systemd/journald.conf.d",
        "/etc/systemd/journal-upload.conf",
        "/etc/systemd/journal-upload.conf.d",
        "/usr/lib/systemd/journald.conf.d",
        "/etc/rsyslog.conf",
        "/etc/rsyslog.d",
        "/var/log/journal",
    ),
)
