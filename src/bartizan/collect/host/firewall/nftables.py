"""Base chains of nftables, asked of the kernel over netlink (netlink(7); linux/netfilter/nf_tables.h).

A message is a header of 16 bytes (length, type, flags, sequence, port), four bytes of nfgenmsg (family, version,
resource) and attributes (length, type, value padded to four bytes):

    NFT_MSG_GETCHAIN | NLM_F_DUMP  ->  {table: "filter", name: "INPUT", hook: {num: 1, priority: 0}, policy: DROP, ...}

Only chains that are attached to a hook are told: the others come and go with containers.
"""

import socket
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_SUBSYSTEM = 10 << 8  # NFNL_SUBSYS_NFTABLES
_GET_CHAIN, _NEW_CHAIN = _SUBSYSTEM | 4, _SUBSYSTEM | 3
_GET_RULE, _NEW_RULE = _SUBSYSTEM | 7, _SUBSYSTEM | 6
_ERROR, _DONE = 2, 3
_REQUEST_DUMP = 0x301
_NETFILTER = 12
_TIMEOUT = 1.0
_MAX_BYTES = 64 << 20

FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
HOOKS = {0: "prerouting", 1: "input", 2: "forward", 3: "output", 4: "postrouting"}
_DEVICE_HOOKS = {0: "ingress", 1: "egress"}
_ACCEPT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A base chain."""

    family: str
    table: str
    name: str
    type: str
    """`filter`, `nat`, `route`."""
    hook: str
    priority: int
    policy: str
    """`accept` or `drop`."""
    rules: int


class Unavailable(Exception):
    """The kernel did not answer; the message says why."""


def base_chains() -> list[Chain]:
    """Chains by family, table and name; raises Unavailable."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as link:
            link.settimeout(_TIMEOUT)
            link.bind((0, 0))
            rules = Counter(parse_rule(body) for body in _dump(link, _GET_RULE, _NEW_RULE))
            chains = [chain for body in _dump(link, _GET_CHAIN, _NEW_CHAIN) if (chain := parse_chain(body, rules))]
    except OSError as error:
        raise Unavailable(f"netlink: {(error.strerror or str(error)).lower()}") from error
    return sorted(chains, key=lambda chain: (chain.family, chain.table, chain.name))


def _dump(link: socket.socket, request: int, answer: int) -> Iterator[bytes]:
    link.send(struct.pack("=IHHIIBBH", 20, request, _REQUEST_DUMP, 1, 0, 0, 0, 0))
    received = 0
    while received < _MAX_BYTES:
        data = link.recv(1 << 18)
        received += len(data)
        for kind, body in messages(data):
            if kind == _DONE:
                return
            if kind == _ERROR:
                code = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                raise OSError(code, _ERRORS.get(code, f"error {code}"))
            if kind == answer:
                yield body
    raise OSError("more rules than can be read")


_ERRORS = {1: "operation not permitted", 13: "permission denied", 22: "the kernel has no nftables", 95: "not supported"}


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, body) of each message in a datagram."""
    position = 0
    while position + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, position)
        if length < 16 or position + length > len(data):
            return
        yield kind, data[position + 16 : position + length]
        position += (length + 3) & ~3


def attributes(data: bytes) -> dict[int, bytes]:
    """Type without flags to value; the last one of a type wins."""
    out = {}
    position = 0
    while position + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, position)
        if length < 4 or position + length > len(data):
            break
        out[kind & 0x3FFF] = data[position + 4 : position + length]
        position += (length + 3) & ~3
    return out


def parse_rule(body: bytes) -> tuple[int, str, str]:
    """(family, table, chain) of a rule: NFTA_RULE_TABLE 1, NFTA_RULE_CHAIN 2."""
    found = attributes(body[4:])
    return (body[0] if body else 0, _text(found.get(1)), _text(found.get(2)))


def parse_chain(body: bytes, rules: Counter[tuple[int, str, str]]) -> Chain | None:
    """NFTA_CHAIN_TABLE 1, NAME 3, HOOK 4 (hook number 1, priority 2), POLICY 5, TYPE 7; None for what has no hook."""
    found = attributes(body[4:])
    if len(body) < 4 or 4 not in found:
        return None
    family, table, name = body[0], _text(found.get(1)), _text(found.get(3))
    hook = attributes(found[4])
    hooks = _DEVICE_HOOKS if family == 5 else HOOKS
    return Chain(
        family=FAMILIES.get(family, str(family)),
        table=table,
        name=name,
        type=_text(found.get(7)),
        hook=hooks.get(_number(hook.get(1)), "unknown"),
        priority=_number(hook.get(2), signed=True),
        policy="accept" if _number(found.get(5), default=_ACCEPT) == _ACCEPT else "drop",
        rules=rules[(family, table, name)],
    )


def _text(value: bytes | None) -> str:
    return (value or b"").split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _number(value: bytes | None, *, signed: bool = False, default: int = 0) -> int:
    """Numbers in attributes are in network order."""
    return int.from_bytes(value, "big", signed=signed) if value is not None and len(value) == 4 else default
