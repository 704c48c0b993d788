"""What the engine gives to a container that does not say otherwise, and what runs in it.

GET /info           {"SecurityOptions": ["name=apparmor", "name=seccomp,profile=default"], ...}
/etc/docker/daemon.json   {"no-new-privileges": true}
/proc/<pid>/cgroup  0::/system.slice/docker-<64 hex digits>.scope
/proc/<pid>/comm    sshd
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.host.text import value
from bartizan.collect.interface import Problems

_PROFILES = {"unconfined": "unconfined", "": "default", "default": "default", "builtin": "default"}
_ID = re.compile(r"[0-9a-f]{64}")
SSH_SERVERS = frozenset(("sshd", "dropbear", "sshd-session", "tinysshd"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Of one engine."""

    apparmor: bool = False
    selinux: bool = False
    seccomp: str = "default"
    no_new_privileges: bool = False
    no_new_privileges_unknown: str = ""
    """Why the daemon's setting is not known."""


def defaults(told: Mapping[str, Any], *, no_new_privileges: bool, unknown: str = "") -> Defaults:
    """From the answer to `/info` and what daemon.json and the arguments say."""
    options = told.get("SecurityOptions")
    names = [str(each) for each in options] if isinstance(options, list) else []
    profile = next((each.partition("profile=")[2] for each in names if each.startswith("name=seccomp")), "")
    said = any(each.startswith("name=no-new-privileges") for each in names)
    return Defaults(
        apparmor=any(each.startswith("name=apparmor") for each in names),
        selinux=any(each.startswith("name=selinux") for each in names),
        seccomp=_PROFILES.get(profile, "custom"),
        no_new_privileges=no_new_privileges or said,
        no_new_privileges_unknown="" if said else unknown,
    )


def programs(view: FilesystemView) -> dict[str, set[str]]:
    """Names of the programs that run in each container, by the container's id."""
    out: dict[str, set[str]] = {}
    try:
        entries = view.list("/proc")
    except FilesystemError:
        return out
    for entry in entries:
        if not entry.name.isdigit():
            continue
        found = _ID.search(value(view, Problems(), f"/proc/{entry.name}/cgroup") or "")
        if found:
            out.setdefault(found[0], set()).add(value(view, Problems(), f"/proc/{entry.name}/comm") or "")
    return out


def serves_ssh(names: Collection[str]) -> bool:
    return not SSH_SERVERS.isdisjoint(names)
