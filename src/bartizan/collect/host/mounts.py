"""Section `mounts`: what is mounted with which options, and what fstab(5) mounts at the next start.

    UUID=ab12 /var/tmp ext4 nodev,nosuid,noexec 0 2

Only named options leave the host: others may hold a password (cifs) or change by themselves (sizes).
"""

import re
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.filesystem.mounts import ENGINE_FOLDERS, Mount, parse_mountinfo, unescape
from bartizan.collect.host.text import read_attribute, uncommented
from bartizan.collect.interface import NEEDS_LIVE, Collector, Problems

_OPTIONS = """
acl async atime auto bind data defaults dirsync discard errors exec gid grpid grpjquota grpquota hidepid krb5 loop
mand mode nfsvers noatime noauto nodev nodiratime noexec nofail noload nosuid nosymfollow nouser owner prjquota proto
quota relatime remount ro rw sec seclabel strictatime subset suid dev sync uid user users usrjquota usrquota vers
verity x-systemd.automount
"""
OPTIONS = frozenset(_OPTIONS.split())

_LEFT_OUT = frozenset(("nsfs", "autofs", "fusectl", "rpc_pipefs", "binfmt_misc", "tracefs", "configfs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    point: str
    type: str
    source: str
    options: tuple[str, ...]
    """Of the mount and of the file system, sorted, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One line of `/etc/fstab`."""

    point: str
    type: str
    source: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounts:
    mounted: tuple[Mounted, ...] | None
    """By mount point; a point that is mounted over shows what covers it. None on a folder."""
    fstab: tuple[Planned, ...]


def collect(view: FilesystemView, problems: Problems) -> Mounts:
    mounted = None
    if view.live:
        text = read_attribute(view, problems, "/proc/self/mountinfo", "mounted")
        mounted = None if text is None else tuple(_mounted(parse_mountinfo(text)))
    else:
        problems.add("@mounted", NEEDS_LIVE)
    fstab = read_attribute(view, problems, "/etc/fstab", "fstab")
    return Mounts(mounted=mounted, fstab=tuple(parse_fstab(fstab or "", problems)))


def _mounted(mounts: list[Mount]) -> list[Mounted]:
    latest = {mount.point: mount for mount in mounts if _lasting(mount)}
    return [
        Mounted(
            point=point,
            type=mount.type,
            source=source(mount.source),
            options=options((*mount.options, *mount.super_options)),
        )
        for point, mount in sorted(latest.items())
    ]


def _lasting(mount: Mount) -> bool:
    """Part of the machine, rather than of a container, a session or a service that is running just now."""
    if mount.type in _LEFT_OUT or mount.type.startswith("cgroup"):
        return False
    return not mount.point.startswith(_PASSING) or mount.point in _KEPT


_PASSING = (*(f"{folder}/" for folder in ENGINE_FOLDERS), "/sys/", "/proc/")
_KEPT = frozenset(("/run/lock", "/run/shm", "/sys/fs/selinux", "/sys/kernel/debug", "/sys/kernel/security"))


def parse_fstab(text: str, problems: Problems) -> list[Planned]:
    out = []
    for number, line in uncommented(text):
        words = line.split()
        if len(words) < 3:
            problems.add(f"/etc/fstab:{number}", "is not a mount: device, mount point and type are expected")
            continue
        out.append(
            Planned(
                point=unescape(words[1]),
                type=words[2],
                source=source(unescape(words[0])),
                options=options(words[3].split(",") if len(words) > 3 else ["defaults"]),
            )
        )
    return out


def options(given: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """The named ones, sorted; `rw` is dropped where the same mount is `ro` as well (a read-only bind mount)."""
    kept = {option for option in given if option.partition("=")[0] in OPTIONS}
    return tuple(sorted(kept - {"rw"} if "ro" in kept else kept))


def source(text: str) -> str:
    """A device or share, without user and password where an address has them."""
    return re.sub(r"^((?:\w+:)?//)?[^/@\s]*:[^/@\s]*@", lambda found: found[1] or "", text)


COLLECTOR = Collector(section="mounts", collect=collect, watches=("/proc/self/mountinfo", "/etc/fstab"))
