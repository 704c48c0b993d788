"""Section `os`: which distribution, release and architecture; whether a restart is due.

`/etc/os-release` (os-release(5)), links of which lead to `/usr/lib/os-release`:

    ID=debian
    VERSION_ID="12"
    VERSION_CODENAME=bookworm
"""

import os
import struct

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.text import assignments, caught, printable, read_attribute, read_text, value
from bartizan.collect.interface import Collector, Problems
from bartizan.model.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """What is installed. Empty text where the distribution does not say."""

    id: str
    """`debian`, `ubuntu`, `alpine`, `rhel`: os-release `ID`."""
    id_like: tuple[str, ...]
    version_id: str
    version_codename: str
    name: str
    """os-release `PRETTY_NAME`."""
    variant_id: str
    build_id: str
    cpe: str
    support_end: str
    """`YYYY-MM-DD`, where the distribution writes it."""
    release: str
    """The point release, where the distribution keeps one: `12.11` from `/etc/debian_version`."""
    architecture: str
    """As `uname -m` says it: `x86_64`, `aarch64`."""
    hostname: str
    machine_id: bool
    """Whether the machine has an identity of its own. A golden image must not have one."""
    reboot_required: bool
    """`/run/reboot-required` is there: a package that was updated asks for a restart. False on a folder."""
    reboot_packages: tuple[str, ...]
    timezone: str


def collect(view: FilesystemView, problems: Problems) -> OperatingSystem:
    text = read_attribute(view, problems, "/etc/os-release", "id")
    if text is None:
        text = read_attribute(view, problems, "/usr/lib/os-release", "id")
    release = assignments(text or "")
    if text is None and not any(problem.path == "@id" for problem in problems.found):
        problems.add("@id", "/etc/os-release: there is no os-release file, so the distribution is not known")
    machine_id = value(view, problems, "/etc/machine-id")
    packages = read_text(view, problems, "/run/reboot-required.pkgs") if view.live else None
    return OperatingSystem(
        id=release.get("ID", "linux" if text is not None else "").lower(),
        id_like=tuple(release.get("ID_LIKE", "").split()),
        version_id=release.get("VERSION_ID", ""),
        version_codename=release.get("VERSION_CODENAME", ""),
        name=release.get("PRETTY_NAME", release.get("NAME", "")),
        variant_id=release.get("VARIANT_ID", ""),
        build_id=release.get("BUILD_ID", ""),
        cpe=release.get("CPE_NAME", ""),
        support_end=release.get("SUPPORT_END", ""),
        release=_point_release(view, problems),
        architecture=architecture(view),
        hostname=hostname(view, problems),
        machine_id=bool(machine_id) and machine_id != "uninitialized",
        reboot_required=view.live and exists(view, "/run/reboot-required"),
        reboot_packages=tuple(sorted(set((packages or "").split()))),
        timezone=_timezone(view, problems),
    )


def hostname(view: FilesystemView, problems: Problems) -> str:
    """The name that the machine calls itself: the running one where there is one."""
    if view.live:
        return printable(os.uname().nodename)
    text = read_text(view, problems, "/etc/hostname", limit=4096) or ""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return lines[0] if lines else ""


def architecture(view: FilesystemView) -> str:
    """Of the running kernel, or of the shell that is installed; empty where neither tells."""
    if view.live:
        return os.uname().machine
    for path in ("/bin/sh", "/usr/bin/env", "/sbin/init", "/lib/ld-linux.so.2", "/bin/busybox"):
        try:
            with view.open(path) as file:
                found = _elf_machine(file.read(20))
        except (FilesystemError, OSError):
            continue
        if found:
            return found
    return ""


def _elf_machine(header: bytes) -> str:
    """ELF header, `e_machine` at offset 18 (elf(5))."""
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return ""
    order = "<" if header[5] == 1 else ">"
    (machine,) = struct.unpack_from(order + "H", header, 18)
    return _MACHINES.get(machine, "")


_MACHINES = {
    3: "i686",
    8: "mips",
    20: "ppc",
    21: "ppc64le",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}


def _point_release(view: FilesystemView, problems: Problems) -> str:
    for path in ("/etc/debian_version", "/etc/alpine-release", "/etc/redhat-release", "/etc/system-release"):
        found = value(view, problems, path)
        if found:
            return found
    return ""


def _timezone(view: FilesystemView, problems: Problems) -> str:
    """Where `/etc/localtime` leads below the zone folder, or Debian's `/etc/timezone`."""
    try:
        target = view.readlink("/etc/localtime")
    except FilesystemError:
        return value(view, problems, "/etc/timezone") or ""
    _, found, zone = target.partition("zoneinfo/")
    return printable(zone) if found else ""


def machine_id(view: FilesystemView, problems: Problems) -> str:
    """machine-id(5); empty where the machine has none."""
    try:
        text = view.read("/etc/machine-id", 4096).decode("ascii", "replace").strip()
    except FilesystemError as error:
        caught(problems, error)
        return ""
    return text if len(text) == 32 and all(c in "0123456789abcdef" for c in text) else ""


COLLECTOR = Collector(
    section="os",
    collect=collect,
    watches=(
        "/etc/os-release",
        "/etc/debian_version",
        "/etc/hostname",
        "/etc/machine-id",
        "/etc/localtime",
        "/run/reboot-required",
    ),
)
