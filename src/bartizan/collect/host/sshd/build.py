"""What the installed sshd was built with, read from the program itself: its version and its own algorithm lists.

Distributions change the defaults without changing the version (Debian 12 accepts a key exchange in 9.2p1 that upstream
brought in 9.9), so the lists in the program's read-only data count more than what its version should have:

    OpenSSH_9.2p1 Debian-2+deb12u10\\0
    chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,...\\0
"""

import re
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, Missing
from bartizan.collect.host.sshd.settings import Version
from bartizan.collect.host.text import caught
from bartizan.collect.interface import Problems

PROGRAMS = ("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/opt/openssh/sbin/sshd")
LIMIT = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One installed program."""

    path: str
    release: str = ""
    """`9.2p1`; empty where it could not be read."""
    vendor: str = ""
    """What the vendor appended: `Debian-2+deb12u10`."""
    lists: dict[str, list[str]] = field(default_factory=dict)
    """Setting name to compiled-in algorithms."""
    patched: frozenset[str] = frozenset()
    """Names of settings that only patched builds have."""

    @property
    def version(self) -> Version | None:
        numbers = re.match(r"(\d+)\.(\d+)", self.release)
        return (int(numbers[1]), int(numbers[2])) if numbers else None


def find_build(view: FilesystemView, problems: Problems) -> Build | None:
    """The server that is installed, or None."""
    for path in PROGRAMS:
        try:
            data = view.read(path, LIMIT)
        except Missing:
            continue
        except FilesystemError as error:
            caught(problems, error, "version")
            return Build(path=path)
        build = read_build(path, data)
        if not build.release:
            problems.add("@version", f"{path}: does not say which OpenSSH it is")
        return build
    return None


def read_build(path: str, data: bytes) -> Build:
    release, vendor = _release(data)
    lists = {}
    for name, anchor in _ANCHORS.items():
        found = _list_around(data, anchor)
        if found:
            lists[name] = found
    keys = lists.get("host_key_algorithms")
    if keys:
        lists["hostbased_accepted_algorithms"] = keys
        lists["pubkey_accepted_algorithms"] = keys
        lists["ca_signature_algorithms"] = [key for key in keys if "-cert-" not in key and key != "ssh-rsa"]
    patched = frozenset(name for name, keyword in _PATCHES.items() if keyword + b"\0" in data)
    return Build(path=path, release=release, vendor=vendor, lists=lists, patched=patched)


def _release(data: bytes) -> tuple[str, str]:
    """The longest of the program's version strings; patterns of other implementations have no `p1`."""
    best: tuple[str, str] = ("", "")
    position = data.find(b"OpenSSH_")
    while position >= 0:
        found = _RELEASE.match(data, position)
        if found:
            candidate = (found[1].decode(), found[2].decode("ascii", "replace").strip())
            best = max(best, candidate, key=lambda item: (bool(item[0]), len(item[1])))
        position = data.find(b"OpenSSH_", position + 8)
    return best


_RELEASE = re.compile(rb"OpenSSH_(\d{1,3}\.\d{1,3}(?:\.\d{1,3})?p\d{1,2})((?: [\x21-\x7e]{1,60})?)\0")


def _list_around(data: bytes, anchor: bytes) -> list[str]:
    """The comma-separated C string that holds `anchor`."""
    position = data.find(anchor)
    if position < 0:
        return []
    start = data.rfind(b"\0", max(0, position - 2048), position) + 1
    end = data.find(b"\0", position, position + 4096)
    text = data[start:end] if end > 0 else b""
    return text.decode().split(",") if _LIST.fullmatch(text) else []


_LIST = re.compile(rb"[A-Za-z0-9@._,-]+")

_ANCHORS = {
    "ciphers": b"chacha20-poly1305@openssh.com,",
    "macs": b"umac-64-etm@openssh.com,",
    "kex_algorithms": b"curve25519-sha256,curve25519-sha256@libssh.org,",
    "host_key_algorithms": b"ssh-ed25519-cert-v01@openssh.com,",
    "gssapi_kex_algorithms": b"gss-group14-sha256-,",
}

_PATCHES = {
    "debian_banner": b"debianbanner",
    "gssapi_key_exchange": b"gssapikeyexchange",
    "gssapi_store_credentials_on_rekey": b"gssapistorecredentialsonrekey",
    "gssapi_kex_algorithms": b"gssapikexalgorithms",
}
