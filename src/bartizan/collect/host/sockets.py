"""Section `sockets`: what listens on the network, with the program and the unit behind it.

`/proc/net/tcp` (proc(5)); addresses are words of four bytes in the machine's order, state `0A` listens:

      sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
       0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21505 1 ...

Which process holds a socket is told by its descriptors: `/proc/<pid>/fd/3 -> socket:[21505]`. Ids and inodes are
not facts, for they change by themselves; neither are short-lived UDP ports of clients.
"""

import ipaddress
import re
import sys
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView
from bartizan.collect.host.text import decode, printable, read_attribute, value
from bartizan.collect.interface import Collector, Problems

TABLES = (("tcp", "/proc/net/tcp"), ("tcp", "/proc/net/tcp6"), ("udp", "/proc/net/udp"), ("udp", "/proc/net/udp6"))
_LISTEN, _UNCONNECTED = "0A", "07"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Socket:
    protocol: str
    """`tcp` or `udp`."""
    port: int
    """0 on loopback where the kernel chose one: it is another each time the program starts."""
    address: str
    """`0.0.0.0` and `::` are all addresses; `127.0.0.1` and `::1` only this machine."""
    local: bool
    """Reachable from this machine only."""
    process: str
    """Name; empty where no process could be found (a kernel socket, or not allowed to look)."""
    program: str
    """Path of the executable."""
    unit: str
    """`ssh.service`; empty outside systemd."""
    container: bool
    """The process runs in a container."""
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    listening: tuple[Socket, ...]
    """By protocol, port and address."""


@dataclass(frozen=True, slots=True)
class _Row:
    protocol: str
    address: str
    port: int
    uid: int
    inode: str


@dataclass(frozen=True, slots=True)
class _Owner:
    process: str = ""
    program: str = ""
    unit: str = ""
    container: bool = False


def collect(view: FilesystemView, problems: Problems) -> Sockets:
    low, high = _client_ports(view, problems)
    rows = []
    for protocol, path in TABLES:
        text = read_attribute(view, problems, path, "listening")
        found = parse(protocol, text or "", path, problems)
        rows += [row for row in found if protocol == "tcp" or not low <= row.port <= high]
    owners = _owners(view, problems, {row.inode for row in rows})
    listening = {_socket(row, owners.get(row.inode, _Owner()), chosen=low <= row.port <= high) for row in rows}
    return Sockets(listening=tuple(sorted(listening)))


def parse(protocol: str, text: str, path: str, problems: Problems) -> list[_Row]:
    """Sockets that wait for somebody: listening TCP, and UDP without a peer."""
    wanted = _LISTEN if protocol == "tcp" else _UNCONNECTED
    out = []
    for number, line in enumerate(text.split("\n")[1:], 2):
        fields = line.split()
        if len(fields) < 10:
            if fields:
                problems.add(f"{path}:{number}", "is not a socket: ten fields are expected")
            continue
        if fields[3] != wanted:
            continue
        try:
            address, port = parse_address(fields[1])
            out.append(_Row(protocol, address, port, int(fields[7]), fields[9]))
        except ValueError:
            problems.add(f"{path}:{number}", "is not a socket: the address or the user id cannot be read")
    return out


def parse_address(text: str) -> tuple[str, int]:
    """`0100007F:0016` is 127.0.0.1, port 22, on a little-endian machine."""
    words, _, port = text.partition(":")
    data = bytes.fromhex(words)
    if len(data) not in (4, 16):
        raise ValueError(text)
    if sys.byteorder == "little":
        data = b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))
    return str(ipaddress.ip_address(data)), int(port, 16)


def _socket(row: _Row, owner: _Owner, *, chosen: bool) -> Socket:
    address = ipaddress.ip_address(row.address)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    local = (mapped or address).is_loopback
    return Socket(
        protocol=row.protocol,
        port=0 if chosen and local else row.port,
        address=str(mapped or address),
        local=local,
        process=owner.process,
        program=owner.program,
        unit=owner.unit,
        container=owner.container,
        uid=row.uid,
    )


def _client_ports(view: FilesystemView, problems: Problems) -> tuple[int, int]:
    words = (value(view, problems, "/proc/sys/net/ipv4/ip_local_port_range") or "").split()
    return (
        (int(words[0]), int(words[1])) if len(words) == 2 and all(word.isdigit() for word in words) else (32768, 60999)
    )


def _owners(view: FilesystemView, problems: Problems, wanted: set[str]) -> dict[str, _Owner]:
    """Inode to owner. The process with the lowest id wins where several share a socket: the parent of its workers."""
    out: dict[str, _Owner] = {}
    denied = 0
    processes = sorted(int(e.name) for e in view.list("/proc") if e.name.isdigit() and e.kind is FileKind.DIRECTORY)
    for pid in processes:
        if len(out) == len(wanted):
            break
        try:
            descriptors = view.list(f"/proc/{pid}/fd")
        except FilesystemError as error:
            denied += "permi" in error.reason
            continue
        for descriptor in descriptors:
            try:
                target = view.readlink(descriptor.path)
            except FilesystemError:
                continue
            inode = target[8:-1] if target.startswith("socket:[") else ""
            if inode in wanted and inode not in out:
                out[inode] = _owner(view, pid)
    if denied and len(out) < len(wanted):
        problems.add("@listening.process", "/proc: descriptors of other users' processes: permission denied")
    return out


def _owner(view: FilesystemView, pid: int) -> _Owner:
    """What the process is called. It may end while it is looked at."""
    try:
        program = printable(view.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)")
    except FilesystemError:
        program = ""
    return _Owner(
        process=_line(view, f"/proc/{pid}/comm"),
        program=program,
        unit=unit_of(_line(view, f"/proc/{pid}/cgroup")),
        container=bool(_CONTAINER.search(_line(view, f"/proc/{pid}/cgroup"))),
    )


def _line(view: FilesystemView, path: str) -> str:
    try:
        return decode(view.read(path, 64 << 10)).strip()
    except FilesystemError:
        return ""


def unit_of(text: str) -> str:
    """The innermost unit in `/proc/<pid>/cgroup`: `0::/system.slice/ssh.service`."""
    for line in text.split("\n"):
        controllers, path = [*line.split(":", 2), "", ""][1:3]
        if controllers in ("", "name=systemd"):
            found = [part for part in path.split("/") if part.endswith((".service", ".socket"))]
            if found:
                return found[-1].removeprefix("_")
    return ""


_CONTAINER = re.compile(r"(docker|cri-containerd|crio|libpod|containerd|lxc|kubepods)[-./:]")

COLLECTOR = Collector(section="sockets", collect=collect, watches=("/proc/net/tcp", "/proc/net/tcp6"), needs_live=True)
