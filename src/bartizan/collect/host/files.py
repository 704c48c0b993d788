"""Section `files`: who owns the files that matter and who may change them; of some, whether they changed.

    {"path": "/etc/shadow", "group": "shadow", "kind": "file", "mode": 416, "user": "root", "owner_group": "shadow",
     "acl": false, "digest": null}

Which files these are is data: `watched_files`. Contents never leave the host; a digest does where the group allows it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView
from bartizan.collect.host.glob import glob
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.text import caught, decode, printable
from bartizan.collect.host.users import parse_passwd
from bartizan.collect.host.watched_files import WATCHED_FILES, Group
from bartizan.collect.interface import Collector, Problems

DIGEST_LIMIT = 1 << 20


@runtime_checkable
class KnowsAttributes(Protocol):
    """A view that can also name the extended attributes of a file."""

    def attributes(self, path: str) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    path: str
    group: str
    """What the file is for: a name from `watched_files`."""
    kind: FileKind
    mode: int
    """Permission bits with setuid, setgid and sticky."""
    uid: int
    gid: int
    user: str
    """Name of the owner; empty where no account has this id."""
    owner_group: str
    """Name of the owning group; empty where no group has this id."""
    acl: bool | None
    """Whether an access control list grants more than the mode says; None where the view cannot tell."""
    target: str
    """Where a link leads, as written; the other facts are of what it leads to."""
    digest: str | None
    """`sha256:<hex>` of the contents, where the group allows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    files: tuple[File, ...]
    """By path; what does not exist is left out."""


def collect(view: FilesystemView, problems: Problems) -> Files:
    accounts = list(parse_passwd(_text(view, "/etc/passwd"), Problems()))
    users = {account.uid: account.name for account in reversed(accounts)}
    groups = {group.gid: group.name for group in reversed(list(parse_group(_text(view, "/etc/group"), Problems())))}
    homes = sorted({account.home.rstrip("/") for account in accounts if account.login and account.home.startswith("/")})
    found: dict[str, File] = {}
    for group in WATCHED_FILES:
        for path in _paths(view, problems, group, [home for home in homes if home]):
            if path in found:
                continue
            try:
                found[path] = _file(view, problems, path, group, users, groups)
            except FilesystemError as error:
                caught(problems, error, "files")
    return Files(files=tuple(found[path] for path in sorted(found)))


def _paths(view: FilesystemView, problems: Problems, group: Group, homes: list[str]) -> Iterator[str]:
    for pattern in group.patterns:
        if pattern.startswith("~"):
            for home in homes:
                yield from glob(view, problems, home + pattern[1:], "files")
        else:
            yield from glob(view, problems, pattern, "files")


def _file(
    view: FilesystemView, problems: Problems, path: str, group: Group, users: dict[int, str], groups: dict[int, str]
) -> File:
    own = view.lstat(path)
    link = own.kind is FileKind.LINK
    stat = view.stat(path) if link else own
    return File(
        path=printable(path),
        group=group.name,
        kind=stat.kind,
        mode=stat.mode,
        uid=stat.uid,
        gid=stat.gid,
        user=users.get(stat.uid, ""),
        owner_group=groups.get(stat.gid, ""),
        acl=_ACL in view.attributes(path) if isinstance(view, KnowsAttributes) else None,
        target=printable(view.readlink(path)) if link else "",
        digest=_digest(view, problems, path)
        if group.digest and stat.kind is FileKind.FILE and stat.size <= DIGEST_LIMIT
        else None,
    )


_ACL = "system.posix_acl_access"


def _digest(view: FilesystemView, problems: Problems, path: str) -> str | None:
    """None where the contents cannot be read: owner and mode are known all the same."""
    try:
        return "sha256:" + hashlib.sha256(view.read(path, DIGEST_LIMIT)).hexdigest()
    except FilesystemError as error:
        caught(problems, error)
        return None


def _text(view: FilesystemView, path: str) -> str:
    """Names for ids; where they cannot be read the sections `users` and `groups` say so."""
    try:
        return decode(view.read(path))
    except FilesystemError:
        return ""


COLLECTOR = Collector(
    section="files",
    collect=collect,
    watches=tuple(
        sorted(
            {
                pattern
                for group in WATCHED_FILES
                for pattern in group.patterns
                if not pattern.startswith("~")
                and "*" not in pattern
                and pattern not in ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
            }
        )
    ),
)
