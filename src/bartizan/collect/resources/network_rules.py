"""Rules of firewalls in one form, and whether they let the internet in: security groups and network ACLs.

EC2 API Reference, IpPermission: protocol numbers or names, -1 for all; ports -1 or absent mean all of them. In normal
form a rule is

    {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidrs": ["0.0.0.0/0"], "groups": [], "public": true}

with the protocols `tcp`, `udp`, `icmp`, `icmpv6`, `all` or a number. Ranges are never expanded.
"""

import ipaddress
from collections.abc import Iterable

from bartizan.collect.resources.values import Unknown, Value

_PROTOCOLS = {"-1": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_WIDE_4, _WIDE_6 = 8, 16
"""Prefix lengths up to which a block of public addresses counts as the internet."""
LAST_PORT = 65535


def protocol(value: Value) -> Value:
    """A protocol's name; `all` where nothing is said."""
    if isinstance(value, Unknown):
        return value
    text = "-1" if value is None or value == "" else str(value).lower()
    return _PROTOCOLS.get(text, text)


def ports(kind: Value, first: Value, last: Value) -> tuple[Value, Value]:
    """The range of ports that a rule speaks of: all of them for every protocol, none for those without ports."""
    if kind == "all":
        return 0, LAST_PORT
    if isinstance(kind, str) and kind not in ("tcp", "udp"):
        return 0, 0
    low, high = _port(first, 0), _port(last, LAST_PORT)
    return low, high


def _port(value: Value, whole: int) -> Value:
    if isinstance(value, Unknown):
        return value
    try:
        number = int(float(value)) if value is not None and value != "" else -1
    except (ValueError, TypeError):
        return Unknown(f"{value!r} is not a port")
    return whole if number < 0 else number


def wide(cidr: Value) -> bool | Unknown:
    """Whether a block is the internet or a large part of it."""
    if isinstance(cidr, Unknown):
        return cidr
    try:
        network = ipaddress.ip_network(str(cidr).strip(), strict=False)
    except ValueError:
        return Unknown(f"{cidr!r} is not a block of addresses")
    if network.prefixlen == 0:
        return True
    if network.version == 4:
        return network.prefixlen <= _WIDE_4 and not network.is_private
    return network.prefixlen <= _WIDE_6 and not network.is_private


def any_wide(cidrs: Value) -> bool | Unknown:
    """Whether one of the blocks is the internet; three-valued. A reference to another resource's own block is not."""
    if isinstance(cidrs, Unknown):
        return False if cidrs.target else cidrs
    doubt: Unknown | None = None
    for each in cidrs if isinstance(cidrs, list) else []:
        if isinstance(each, Unknown) and each.target:
            continue
        verdict = wide(each)
        if verdict is True:
            return True
        if isinstance(verdict, Unknown):
            doubt = doubt or verdict
    return doubt or False


def rule(
    *,
    kind: Value,
    first: Value,
    last: Value,
    cidrs: Value,
    groups: Value = None,
    description: Value = None,
) -> dict[str, Value]:
    """A security group's rule in normal form; `cidrs` holds blocks of both versions of IP."""
    name = protocol(kind)
    low, high = ports(name, first, last)
    return {
        "protocol": name,
        "from_port": low,
        "to_port": high,
        "cidrs": _texts(cidrs),
        "groups": _texts(groups),
        "public": any_wide(cidrs),
        "description": description or "",
    }


def _texts(value: Value) -> Value:
    if isinstance(value, Unknown):
        return [value.target] if value.target else value
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [each.target if isinstance(each, Unknown) and each.target else each for each in items]


def unknown_rule(reason: Unknown) -> dict[str, Value]:
    """A rule of which nothing is known."""
    return dict.fromkeys(("protocol", "from_port", "to_port", "cidrs", "groups", "public"), reason) | {
        "description": reason
    }


def opens(rules: Iterable[dict[str, Value]]) -> bool | Unknown:
    """Whether some rule lets the internet in; three-valued."""
    doubt: Unknown | None = None
    for each in rules:
        verdict = each["public"]
        if verdict is True:
            return True
        if isinstance(verdict, Unknown):
            doubt = doubt or verdict
    return doubt or False


def exposed(public_address: bool | Unknown, groups: Iterable[bool | Unknown]) -> bool | Unknown:
    """Whether the internet reaches a machine: it has a public address, and one of its security groups lets it in."""
    if public_address is False:
        return False
    doubt: Unknown | None = None
    for each in groups:
        if each is True:
            return public_address
        if isinstance(each, Unknown):
            doubt = doubt or each
    return doubt or False
