"""Rules of Azure: network security groups in the order of their priority, firewalls of database servers.

Microsoft Learn, "Network security groups", "Azure SQL Database and Azure Synapse IP firewall rules". A rule of a group
names many ranges of ports; in normal form there is one entry for each range, none is expanded:

    {"name": "ssh", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidrs": ["*"], "public": true, ...}

Only rules that allow are kept; one that an earlier rule denies to the internet as a whole is not public.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bartizan.collect.resources.network_rules import LAST_PORT, any_wide
from bartizan.collect.resources.values import Unknown, Value, first_unknown

ZERO = str(ipaddress.IPv4Address(0))
_EVERYWHERE = ("*", "internet", "any", ZERO)
_LAST_PRIORITY = 65500


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """A rule as Azure states it."""

    name: Value
    priority: Value
    direction: Value
    access: Value
    protocol: Value
    ports: list[Value]
    """`22`, `8000-8010`, `*`."""
    addresses: list[Value]
    """The other side: blocks, addresses, service tags, `*`."""


def group_rules(rules: Iterable[GroupRule], direction: str) -> list[dict[str, Value]] | Unknown:
    """What a group lets through in one direction (`inbound`, `outbound`)."""
    found = []
    for each in rules:
        if isinstance(each.direction, Unknown):
            return each.direction
        if str(each.direction).lower() == direction:
            found.append(each)
    found.sort(key=lambda each: _number(each.priority))
    denied: list[GroupRule] = []
    out: list[dict[str, Value]] = []
    for each in found:
        if isinstance(each.access, Unknown):
            out += [entry | {"public": each.access} for entry in _entries(each)]
        elif str(each.access).lower() == "deny":
            denied.append(each)
        else:
            for entry in _entries(each):
                if any(_covers(deny, entry) for deny in denied):
                    entry["public"] = False
                out.append(entry)
    return out


def _entries(each: GroupRule) -> list[dict[str, Value]]:
    kind = each.protocol if isinstance(each.protocol, Unknown) else _protocol(each.protocol)
    public = public_addresses(each.addresses)
    cidrs = [item.target if isinstance(item, Unknown) and item.target else item for item in each.addresses]
    out = []
    for ports in each.ports or ["*"]:
        low, high = span(ports)
        out.append(
            {
                "name": each.name or "",
                "priority": each.priority if isinstance(each.priority, Unknown) else _number(each.priority),
                "protocol": kind,
                "from_port": low,
                "to_port": high,
                "cidrs": cidrs,
                "public": public,
            }
        )
    return out


def _covers(deny: GroupRule, entry: Mapping[str, Value]) -> bool:
    """Whether a rule that denies surely shuts out all of the internet from what an entry opens."""
    if public_addresses(deny.addresses) is not True or not any(_everywhere(each) for each in deny.addresses):
        return False
    kind = "" if isinstance(deny.protocol, Unknown) else _protocol(deny.protocol)
    if kind not in ("all", entry["protocol"]):
        return False
    low, high = entry["from_port"], entry["to_port"]
    if isinstance(low, Unknown) or isinstance(high, Unknown):
        return any(span(ports) == (0, LAST_PORT) for ports in deny.ports or ["*"])
    spans = [span(ports) for ports in deny.ports or ["*"]]
    return any(not isinstance(a, Unknown) and not isinstance(b, Unknown) and a <= low and high <= b for a, b in spans)


def span(ports: Value) -> tuple[Value, Value]:
    """`22`, `8000-8010` and `*` as the first and last port."""
    if isinstance(ports, Unknown):
        return ports, ports
    text = str(ports).strip()
    if text in ("*", ""):
        return 0, LAST_PORT
    low, dash, high = text.partition("-")
    try:
        return int(low), int(high if dash else low)
    except ValueError:
        wrong = Unknown(f"{text!r} is no range of ports")
        return wrong, wrong


def public_addresses(addresses: Iterable[Value]) -> bool | Unknown:
    """Whether one of the addresses stands for the internet; three-valued. Service tags other than Internet do not."""
    blocks: list[Value] = []
    for each in addresses:
        if _everywhere(each):
            return True
        if isinstance(each, Unknown) or not str(each)[:1].isalpha() or ":" in str(each):
            blocks.append(each)
    return any_wide(blocks)


def _everywhere(address: Value) -> bool:
    return isinstance(address, str) and address.strip().lower() in _EVERYWHERE


def _protocol(value: Value) -> str:
    text = str(value or "*").lower()
    return "all" if text in ("*", "any") else text


def _number(value: Value) -> int:
    try:
        return int(float(value))
    except (ValueError, TypeError):
        return _LAST_PRIORITY


def address_rule(name: Value, first: Value, last: Value) -> dict[str, Value]:
    """A rule of a server's firewall. From 0.0.0.0 to 0.0.0.0 means whatever runs in Azure, whoever it belongs to."""
    unknown = first_unknown([first, last])
    everything: bool | Unknown = unknown if unknown is not None else _many(str(first), str(last))
    azure = unknown if unknown is not None else str(first) == str(last) == ZERO
    return {"name": name or "", "first": first, "last": last, "azure": azure, "public": everything}


def _many(first: str, last: str) -> bool | Unknown:
    try:
        low, high = int(ipaddress.IPv4Address(first.strip())), int(ipaddress.IPv4Address(last.strip()))
    except ValueError:
        return Unknown(f"{first!r} to {last!r} is no range of addresses")
    return high - low >= 1 << 24
