"""Section `kernel`: the running kernel, how it was started, what it enforces, what the next start will set.

`/proc/cmdline` may carry anything, so only named parameters leave it; sysctl(8) keys come from a closed list:

    {"runtime": {"kernel.kptr_restrict": "1"}, "configured": {"kernel.kptr_restrict": "2"},
     "configured_in": {"kernel.kptr_restrict": "/etc/sysctl.d/50-hardening.conf"}}
"""

import os
import re
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, Missing, exists
from bartizan.collect.host import sysctl
from bartizan.collect.host.os import architecture
from bartizan.collect.host.text import assignments, caught, decode, listed, printable, read_attribute, read_text, value
from bartizan.collect.interface import NEEDS_LIVE, Collector, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class BootLoader:
    """GRUB's configuration, of which only these facts are kept."""

    path: str
    superusers: bool
    """Somebody is named who may edit entries."""
    password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    release: str | None
    """`uname -r`. None on a folder, where nothing runs."""
    build: str | None
    """`uname -v`: the distribution's own version of the build."""
    machine: str
    installed: tuple[str, ...]
    """Releases with an image in `/boot`."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Named boot parameters; a parameter without a value is `""`."""
    boot_parameters: dict[str, str] = field(default_factory=dict)
    """The same of the next start, from `/etc/default/grub`."""
    lockdown: str | None = None
    """kernel_lockdown(7): `none`, `integrity`, `confidentiality`; None where the kernel has no lockdown."""
    efi: bool | None = None
    secure_boot: bool | None = None
    """None where it cannot be told; a machine without EFI has no Secure Boot (False)."""
    security_modules: tuple[str, ...] = ()
    """`/sys/kernel/security/lsm` in order: `lockdown`, `capability`, `apparmor`."""
    apparmor: bool | None = None
    apparmor_profiles: dict[str, str] = field(default_factory=dict)
    """Profile to mode: `enforce`, `complain`, ..."""
    selinux: str | None = None
    """`enforcing`, `permissive` or `disabled`: the running state; on a folder the configured one."""
    tainted: tuple[str, ...] = ()
    """Why the kernel is tainted, of the reasons that concern modules."""
    cpu_vulnerabilities: dict[str, str] = field(default_factory=dict)
    """`/sys/devices/system/cpu/vulnerabilities`: `spectre_v2` to `Mitigation: ...`."""
    runtime: dict[str, str] | None = None
    """sysctl key to its value now; keys that this kernel lacks are left out. None on a folder."""
    configured: dict[str, str] = field(default_factory=dict)
    """sysctl key to the value that the next start sets."""
    configured_in: dict[str, str] = field(default_factory=dict)
    boot_loader: BootLoader | None = None


_PARAMETERS = """
amd_iommu apparmor audit audit_backlog_limit bpf_jit_enable debugfs efi enforcing fips gather_data_sampling
hardened_usercopy indirect_target_selection init_on_alloc init_on_free intel_iommu iommu iommu.passthrough
iommu.strict ipv6.disable ipv6.disable_ipv6 kaslr kvm.nx_huge_pages kvm-intel.vmentry_l1d_flush l1d_flush l1tf
lockdown loglevel lsm mce mds mem_encrypt mitigations mmio_stale_data module.sig_enforce modules_disabled nokaslr
nomodule nopti noexec nosmap nosmep nosmt nospec_store_bypass_disable nospectre_v1 nospectre_v2 nowatchdog oops
page_alloc.shuffle page_poison panic pti quiet random.trust_bootloader random.trust_cpu randomize_kstack_offset
reg_file_data_sampling retbleed ro rodata rw security selinux single slab_debug slab_nomerge slub_debug
spec_rstack_overflow spec_store_bypass_disable spectre_bhi spectre_v2 spectre_v2_user srbds sysrq_always_enabled
systemd.unit systemd.unified_cgroup_hierarchy tsx tsx_async_abort vdso32 vsyscall
"""
PARAMETERS = frozenset(_PARAMETERS.split())

_RUNNING = (
    "release",
    "build",
    "parameters",
    "lockdown",
    "efi",
    "secure_boot",
    "security_modules",
    "apparmor",
    "apparmor_profiles",
    "tainted",
    "cpu_vulnerabilities",
    "runtime",
)
"""What a folder cannot tell."""

_TAINTS = {
    0: "proprietary-module",
    1: "forced-module",
    12: "out-of-tree-module",
    13: "unsigned-module",
    15: "livepatch",
}

_SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def collect(view: FilesystemView, problems: Problems) -> Kernel:
    here = os.uname() if view.live else None
    if not here:
        for name in _RUNNING:
            problems.add("@" + name, NEEDS_LIVE)
    configured = sysctl.configured(view, problems)
    efi = exists(view, "/sys/firmware/efi") if here else None
    apparmor, profiles = _apparmor(view, problems) if here else (None, {})
    modules = value(view, problems, "/sys/kernel/security/lsm") if here else None
    grub = assignments(read_text(view, problems, "/etc/default/grub") or "")
    return Kernel(
        release=here.release if here else None,
        build=here.version if here else None,
        machine=here.machine if here else architecture(view),
        installed=_installed(view, problems),
        parameters=parameters(read_text(view, problems, "/proc/cmdline") or "") if here else {},
        boot_parameters=parameters(
            " ".join((grub.get("GRUB_CMDLINE_LINUX", ""), grub.get("GRUB_CMDLINE_LINUX_DEFAULT", "")))
        ),
        lockdown=_lockdown(view, problems) if here else None,
        efi=efi,
        secure_boot=_secure_boot(view, problems, efi),
        security_modules=tuple(modules.split(",")) if modules else (),
        apparmor=apparmor,
        apparmor_profiles=profiles,
        selinux=_selinux(view, problems),
        tainted=_tainted(view, problems) if here else (),
        cpu_vulnerabilities=_cpu_vulnerabilities(view, problems) if here else {},
        runtime=sysctl.runtime(view, problems) if here else None,
        configured={key: found.value for key, found in configured.items()},
        configured_in={key: found.source for key, found in configured.items()},
        boot_loader=_boot_loader(view, problems),
    )


def parameters(line: str) -> dict[str, str]:
    """The named ones of a kernel command line; what follows ` -- ` is for the first process. The last one wins."""
    out = {}
    for word in re.findall(r'(?:[^\s"]|"[^"]*")+', line):
        if word == "--":
            break
        name, _, given = word.partition("=")
        if name.replace("-", "_") in PARAMETERS or name in PARAMETERS:
            out[name] = given.strip('"') if re.fullmatch(r'[\w,.:;"/-]{0,200}', given) else ""
    return out


def _installed(view: FilesystemView, problems: Problems) -> tuple[str, ...]:
    prefix = "vmlinuz-"
    names = [entry.name for entry in listed(view, problems, "/boot")]
    return tuple(printable(name.removeprefix(prefix)) for name in names if name.startswith(prefix))


def _lockdown(view: FilesystemView, problems: Problems) -> str | None:
    text = value(view, problems, "/sys/kernel/security/lockdown")
    chosen = re.search(r"\[(\w+)\]", text or "")
    return chosen[1] if chosen else None


def _secure_boot(view: FilesystemView, problems: Problems, efi: bool | None) -> bool | None:
    """The EFI variable: four bytes of attributes, then one of value."""
    if not efi:
        return efi
    try:
        data = view.read(f"/sys/firmware/efi/efivars/{_SECURE_BOOT}", 64)
    except Missing:
        problems.add("@secure_boot", "the EFI variables are not mounted, or there is none of Secure Boot")
        return None
    except FilesystemError as error:
        caught(problems, error, "secure_boot")
        return None
    return data[4] == 1 if len(data) == 5 else None


def _apparmor(view: FilesystemView, problems: Problems) -> tuple[bool | None, dict[str, str]]:
    enabled = value(view, problems, "/sys/module/apparmor/parameters/enabled") == "Y"
    if not enabled:
        return False, {}
    try:
        text = decode(view.read("/sys/kernel/security/apparmor/profiles", 4 << 20))
    except FilesystemError as error:
        problems.add("@apparmor_profiles", f"{error.path}: {error.reason}")
        return True, {}
    found = re.findall(r"^(.+) \((\w+)\)$", text, re.MULTILINE)
    # Namespaces of containers come and go; they are told by their prefix.
    return True, {name: mode for name, mode in sorted(found) if not name.startswith(":")}


def _selinux(view: FilesystemView, problems: Problems) -> str | None:
    if view.live:
        running = value(view, problems, "/sys/fs/selinux/enforce")
        if running is not None:
            return "enforcing" if running == "1" else "permissive"
    text = read_text(view, problems, "/etc/selinux/config")
    if text is None:
        return None
    return "disabled" if view.live else assignments(text).get("SELINUX", "enforcing").lower()


def _tainted(view: FilesystemView, problems: Problems) -> tuple[str, ...]:
    text = value(view, problems, "/proc/sys/kernel/tainted") or "0"
    bits = int(text) if text.isdigit() else 0
    return tuple(name for bit, name in _TAINTS.items() if bits >> bit & 1)


def _cpu_vulnerabilities(view: FilesystemView, problems: Problems) -> dict[str, str]:
    folder = "/sys/devices/system/cpu/vulnerabilities"
    return {entry.name: value(view, problems, entry.path) or "" for entry in listed(view, problems, folder)}


def _boot_loader(view: FilesystemView, problems: Problems) -> BootLoader | None:
    for path in ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"):
        text = read_attribute(view, problems, path, "boot_loader")
        if text is not None:
            user = read_text(view, problems, path.replace("grub.cfg", "user.cfg")) or ""
            return BootLoader(
                path=path,
                superusers=bool(re.search(r"^\s*set\s+superusers=[\"']?[^\s\"']", text, re.MULTILINE)),
                password=bool(re.search(r"^\s*password(_pbkdf2)?\s+\S+\s+\S", text, re.MULTILINE))
                and ("GRUB2_PASSWORD" not in text or "GRUB2_PASSWORD=" in user),
            )
    return None


COLLECTOR = Collector(
    section="kernel",
    collect=collect,
    watches=("/boot", "/etc/default/grub", "/proc/sys/kernel/tainted", *sysctl.FOLDERS, "/etc/sysctl.conf"),
)
