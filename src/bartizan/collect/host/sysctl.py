"""Kernel settings by sysctl(8) key: their values now, and what sysctl.d(5) sets at the next start.

# /etc/sysctl.d/50-hardening.conf
kernel.kptr_restrict = 2
-net.ipv4.conf.*.rp_filter = 1        # a pattern; the minus tells to go on when it fails
net/ipv4/conf/eth0.10/rp_filter = 0   # with slashes where a name holds a dot
"""

import fnmatch
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, Missing, exists
from bartizan.collect.host.text import decode, drop_ins, read_attribute, uncommented
from bartizan.collect.interface import Problems

FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
"""In order of precedence."""

_KEYS = """
dev.tty.ldisc_autoload
fs.binfmt_misc.status fs.protected_fifos fs.protected_hardlinks fs.protected_regular fs.protected_symlinks
fs.suid_dumpable
kernel.core_pattern kernel.core_uses_pid kernel.ctrl-alt-del kernel.dmesg_restrict kernel.ftrace_enabled
kernel.io_uring_disabled kernel.kexec_load_disabled kernel.kptr_restrict kernel.modules_disabled
kernel.oops_limit kernel.panic kernel.panic_on_oops kernel.perf_event_paranoid kernel.randomize_va_space
kernel.sysrq kernel.unprivileged_bpf_disabled kernel.unprivileged_userns_clone
kernel.apparmor_restrict_unprivileged_userns kernel.warn_limit kernel.yama.ptrace_scope
net.core.bpf_jit_enable net.core.bpf_jit_harden
net.ipv4.conf.all.accept_redirects net.ipv4.conf.all.accept_source_route net.ipv4.conf.all.arp_ignore
net.ipv4.conf.all.drop_gratuitous_arp net.ipv4.conf.all.forwarding net.ipv4.conf.all.log_martians
net.ipv4.conf.all.route_localnet net.ipv4.conf.all.rp_filter net.ipv4.conf.all.secure_redirects
net.ipv4.conf.all.send_redirects net.ipv4.conf.all.shared_media
net.ipv4.conf.default.accept_redirects net.ipv4.conf.default.accept_source_route
net.ipv4.conf.default.log_martians net.ipv4.conf.default.route_localnet net.ipv4.conf.default.rp_filter
net.ipv4.conf.default.secure_redirects net.ipv4.conf.default.send_redirects net.ipv4.conf.default.shared_media
net.ipv4.icmp_echo_ignore_all net.ipv4.icmp_echo_ignore_broadcasts net.ipv4.icmp_ignore_bogus_error_responses
net.ipv4.ip_forward net.ipv4.tcp_rfc1337 net.ipv4.tcp_sack net.ipv4.tcp_syncookies net.ipv4.tcp_timestamps
net.ipv6.conf.all.accept_ra net.ipv6.conf.all.accept_redirects net.ipv6.conf.all.accept_source_route
net.ipv6.conf.all.disable_ipv6 net.ipv6.conf.all.forwarding net.ipv6.conf.all.use_tempaddr
net.ipv6.conf.default.accept_ra net.ipv6.conf.default.accept_redirects net.ipv6.conf.default.accept_source_route
net.ipv6.conf.default.disable_ipv6 net.ipv6.conf.default.forwarding net.ipv6.conf.default.use_tempaddr
user.max_user_namespaces
vm.mmap_min_addr vm.mmap_rnd_bits vm.mmap_rnd_compat_bits vm.overcommit_memory vm.swappiness
vm.unprivileged_userfaultfd
"""
KEYS = tuple(_KEYS.split())
"""What is collected. `kernel.core_pattern` names a program, its arguments are cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    value: str
    source: str


def runtime(view: FilesystemView, problems: Problems) -> dict[str, str]:
    """Values now; a key that this kernel lacks is left out."""
    out = {}
    for key in KEYS:
        try:
            text = decode(view.read("/proc/sys/" + key.replace(".", "/"), 4096))
        except Missing:
            continue
        except FilesystemError as error:
            problems.add(f"@runtime.{key}", f"{error.path}: {error.reason}")
            continue
        out[key] = _value(key, text)
    return out


def configured(view: FilesystemView, problems: Problems) -> dict[str, Configured]:
    """The last assignment of each key; a pattern yields to a key that is written out, wherever it stands."""
    exact: dict[str, Configured] = {}
    patterns: list[tuple[str, Configured]] = []
    excluded: list[str] = []
    for path in _files(view, problems):
        text = read_attribute(view, problems, path, "configured")
        for name, given in parse(text or ""):
            if given is None:
                excluded.append(name)
                continue
            found = Configured(value=_value(name, given), source=path)
            if any(char in name for char in "*?["):
                patterns.append((name, found))
            else:
                exact[name] = found
    out = {}
    for key in KEYS:
        chosen = exact.get(key)
        if chosen is None and not any(fnmatch.fnmatchcase(key, name) for name in excluded):
            chosen = next((found for name, found in reversed(patterns) if fnmatch.fnmatchcase(key, name)), None)
        if chosen is not None:
            out[key] = chosen
    return out


def _files(view: FilesystemView, problems: Problems) -> list[str]:
    """`/etc/sysctl.conf` counts last for procps; systemd reads it only where a link in `/etc/sysctl.d` leads to it."""
    files = drop_ins(view, problems, FOLDERS, ".conf", "configured")
    systemd = exists(view, "/usr/lib/systemd/systemd-sysctl") or exists(view, "/lib/systemd/systemd-sysctl")
    return files if systemd else [*files, "/etc/sysctl.conf"]


def parse(text: str) -> list[tuple[str, str | None]]:
    """(key with dots, value) pairs; None as value for `-key`, which takes a key out of the patterns."""
    out: list[tuple[str, str | None]] = []
    for _, line in uncommented(text, "#;"):
        name, equals, given = line.partition("=")
        name = name.strip()
        dropped = name.startswith("-")
        name = _dotted(name.removeprefix("-").strip())
        if equals and name:
            out.append((name, given.strip()))
        elif dropped and name:
            out.append((name, None))
    return out


def _dotted(name: str) -> str:
    """With a slash as the first separator the roles are swapped: `net/ipv4/conf/eth0.10` has a dot in a name."""
    slash, dot = name.find("/"), name.find(".")
    if slash < 0 or 0 <= dot < slash:
        return name
    return name.translate(str.maketrans("/.", "./"))


def _value(key: str, text: str) -> str:
    words = text.split()
    if key == "kernel.core_pattern" and text.startswith("|"):
        return words[0] if words else ""
    return " ".join(words)
