"""Section `modules`: kernel modules that are loaded, and those that modprobe.d(5) keeps from being loaded.

install cramfs /bin/false        # blocked: cannot be loaded by name
blacklist usb-storage            # not loaded for a device, but by name
"""

import re
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.text import (
    decode,
    drop_ins,
    listed,
    printable,
    read_attribute,
    read_text,
    uncommented,
    value,
)
from bartizan.collect.interface import NEEDS_LIVE, Collector, Problems

FOLDERS = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d")
LOAD_FOLDERS = (
    "/etc/modules-load.d",
    "/run/modules-load.d",
    "/usr/local/lib/modules-load.d",
    "/usr/lib/modules-load.d",
)

_WATCHED = """
afs ax25 bluetooth can ceph cifs cramfs dccp exfat fat firewire_core freevxfs gfs2 hfs hfsplus jffs2 ksmbd n_hdlc nfs
overlay rds sctp squashfs thunderbolt tipc udf usb_storage uvcvideo vfat vivid
"""
WATCHED = tuple(_WATCHED.split())
"""Modules of which it is told whether the kernel could load them at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Names are written with `_`, as the kernel does."""

    supported: bool | None
    """Whether the running kernel can load modules; None on a folder."""
    loaded: tuple[str, ...] | None
    blocked: tuple[str, ...]
    """`install` leads to `/bin/true` or `/bin/false`."""
    blacklisted: tuple[str, ...]
    at_start: tuple[str, ...]
    """Loaded at every start: modules-load.d(5) and `/etc/modules`."""
    available: tuple[str, ...] | None
    """Which of the watched modules are on disk for the running kernel, or for any one on a folder."""
    builtin: tuple[str, ...]
    """Which of the watched modules are part of the kernel, so that blocking them has no effect."""
    signatures_enforced: bool | None


def collect(view: FilesystemView, problems: Problems) -> Modules:
    if not view.live:
        problems.add("@loaded", NEEDS_LIVE)
    text = read_attribute(view, problems, "/proc/modules", "loaded") if view.live else None
    blocked, blacklisted = _configured(view, problems)
    enforced = value(view, problems, "/sys/module/module/parameters/sig_enforce") if view.live else None
    unsupported = view.live and text is None and not problems.found  # unreadable would be a problem
    available, builtin = _on_disk(view, problems)
    return Modules(
        supported=(not unsupported) if view.live else None,
        loaded=None if text is None and not unsupported else parse_loaded(text or ""),
        blocked=blocked,
        blacklisted=blacklisted,
        at_start=_at_start(view, problems),
        available=available,
        builtin=builtin,
        signatures_enforced=None if enforced is None else enforced == "Y",
    )


def parse_loaded(text: str) -> tuple[str, ...]:
    """Names from `/proc/modules`; sizes, counts and addresses are left out, for they change by themselves."""
    return tuple(sorted({line.split(" ", 1)[0] for line in text.splitlines() if line.strip()}))


def _configured(view: FilesystemView, problems: Problems) -> tuple[tuple[str, ...], tuple[str, ...]]:
    blocked: dict[str, bool] = {}
    blacklisted = set()
    for path in drop_ins(view, problems, FOLDERS, ".conf", "blocked"):
        for words in parse_modprobe(read_attribute(view, problems, path, "blocked") or ""):
            if words[0] == "blacklist":
                blacklisted.add(_name(words[1]))
            elif words[0] == "install" and len(words) > 2:
                command = words[2].rpartition("/")[2]
                blocked[_name(words[1])] = command in ("true", "false") and len(words) == 3
    return tuple(sorted(name for name, yes in blocked.items() if yes)), tuple(sorted(blacklisted))


def parse_modprobe(text: str) -> list[list[str]]:
    """Words of each line with at least a command and a name; a backslash at the end of a line continues it."""
    lines = [line.split("#", 1)[0].split() for _, line in uncommented(text.replace("\\\n", " "))]
    return [words for words in lines if len(words) >= 2]


def _at_start(view: FilesystemView, problems: Problems) -> tuple[str, ...]:
    names: set[str] = set()
    for path in [*drop_ins(view, problems, LOAD_FOLDERS, ".conf"), "/etc/modules"]:
        text = read_text(view, problems, path) or ""
        names.update(_name(line.split()[0]) for _, line in uncommented(text, "#;"))
    return tuple(sorted(names))


def _on_disk(view: FilesystemView, problems: Problems) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    folders = [entry.path for entry in listed(view, problems, "/lib/modules")]
    if view.live:
        release = value(view, problems, "/proc/sys/kernel/osrelease") or ""
        folders = [path for path in folders if path.rpartition("/")[2] == release]
    available: set[str] = set()
    builtin: set[str] = set()
    for folder in folders:
        available |= _named_in(view, problems, f"{folder}/modules.dep")
        builtin |= _named_in(view, problems, f"{folder}/modules.builtin")
    return tuple(sorted(available)) if folders else (() if view.live else None), tuple(sorted(builtin))


def _named_in(view: FilesystemView, problems: Problems, path: str) -> set[str]:
    """Watched modules that a list of `kernel/fs/udf/udf.ko.xz: ...` lines starts a line with."""
    text = read_text(view, problems, printable(path), limit=16 << 20)
    if not text:
        return set()
    return {_name(name) for name in _MODULE_FILE.findall(text)}.intersection(WATCHED)


_MODULE_FILE = re.compile(r"^(?:[^\s:]*/)?([^\s:/]+)\.ko(?:\.\w+)?(?=:|$)", re.MULTILINE)


def _name(name: str) -> str:
    return decode(name.encode("utf-8", "backslashreplace")).replace("-", "_")


COLLECTOR = Collector(
    section="modules", collect=collect, watches=("/proc/modules", *FOLDERS, *LOAD_FOLDERS, "/etc/modules")
)
