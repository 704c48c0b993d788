"""What policies can call: the standard functions of CEL that they need, and our own, each with its types.

Functions are pure and total over their types: what they cannot make sense of raises `ValueError` with the reason, which
makes the policy's result unknown.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import translate
from functools import lru_cache
from typing import Any

from bartizan.assess.policy.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    ListType,
    MapType,
    Type,
)
from bartizan.model.record import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """One way to call a function."""

    name: str
    parameters: tuple[Type, ...]
    """Of a method the first is what stands before the dot."""
    result: Type | None
    """None: the type of the last argument (`get`)."""
    call: Callable[..., Any]
    method: bool = False
    about: str = ""


def seconds(text: str) -> int:
    """A time span as configuration files write it (`90`, `15m`, `1h 30min`, `2d`; systemd.time(7), sshd_config(5))."""
    total, at = 0.0, 0
    text = text.strip()
    for match in re.finditer(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-zµ]*)\s*", text):
        if match.start() != at or match.group(2) not in _UNITS:
            break
        total += float(match.group(1)) * _UNITS[match.group(2)]
        at = match.end()
    if at != len(text) or not text:
        raise ValueError(f"{text!r} is not a time span")
    return int(total)


_UNITS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("us", "usec", "µs"), 0.000001),
}


def mode_at_most(mode: int, limit: str) -> bool:
    """Whether permission bits grant nothing beyond an octal limit: mode_at_most(0o600, "0640")."""
    return not mode & ~_octal(limit) & 0o7777


def mode_has(mode: int, bits: str) -> bool:
    """Whether all of the octal bits are set: mode_has(mode, "4000")."""
    wanted = _octal(bits)
    return mode & wanted == wanted


def _octal(text: str) -> int:
    if not re.fullmatch(r"[0-7]{1,5}", text):
        raise ValueError(f"{text!r} is not an octal mode")
    return int(text, 8)


def glob(text: str, pattern: str) -> bool:
    """Shell-like match of the whole text: `*`, `?`, `[...]`; `*` matches slashes too."""
    return _glob(pattern)(text) is not None


@lru_cache(maxsize=512)
def _glob(pattern: str) -> Callable[[str], Any]:
    squeezed = re.sub(r"\*{2,}", "*", pattern)
    if len(pattern) > 200 or squeezed.count("*") > 8:
        raise ValueError("glob pattern is longer than 200 characters or has more than 8 stars")
    return re.compile(translate(squeezed)).match


def matches(text: str, pattern: str) -> bool:
    """RE2's search, as the language says: linear time whatever the pattern."""
    return _expression(pattern).search(text.encode("utf-8", "surrogateescape")) is not None


@lru_cache(maxsize=512)
def _expression(pattern: str) -> Any:
    import re2  # the policies that need it are few

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode("utf-8", "surrogateescape"), options)
    except re2.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None


def version_compare(left: str, right: str) -> int:
    """-1, 0 or 1: runs of digits compare as numbers, other runs as text; `~` sorts before everything (as in dpkg)."""
    a, b = _version_key(left), _version_key(right)
    return (a > b) - (a < b)


def _version_key(text: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|~|[A-Za-z]+", text)
    keys = [(3, int(p), "") if p.isdigit() else (0, 0, "") if p == "~" else (2, 0, p) for p in parts]
    return [*keys, (1, 0, "")]


def version_at_least(version: str, wanted: str) -> bool:
    return version_compare(version, wanted) >= 0


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def cidr_contains(network: str, inner: str) -> bool:
    """Whether an address or network lies within a network; false across IP versions."""
    outer, inside = _network(network), _network(inner)
    if isinstance(outer, ipaddress.IPv4Network) and isinstance(inside, ipaddress.IPv4Network):
        return inside.subnet_of(outer)
    if isinstance(outer, ipaddress.IPv6Network) and isinstance(inside, ipaddress.IPv6Network):
        return inside.subnet_of(outer)
    return False


def cidr_public(network: str) -> bool:
    """Whether a network includes addresses of the public internet: false for private, loopback and link-local ones."""
    return not (net := _network(network)).is_private and not net.is_loopback and not net.is_link_local


def address_local(address: str) -> bool:
    """Whether an address can be reached from the machine itself only (127.0.0.0/8, ::1)."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def port_in(port: int, ranges: str) -> bool:
    """Whether a port is in a list of ports and ranges: port_in(22, "20-25,3389")."""
    return any(low <= port <= high for low, high in _ranges(ranges))


def ports_overlap(low: int, high: int, ranges: str) -> bool:
    """Whether the range low..high shares a port with the list; nothing is ever expanded."""
    return any(low <= last and first <= high for first, last in _ranges(ranges))


@lru_cache(maxsize=256)
def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    out = []
    for part in text.replace(" ", "").split(","):
        low, _, high = part.partition("-")
        if not low.isdigit() or not (high or low).isdigit():
            raise ValueError(f"{text!r} is not a list of ports and ranges")
        out.append((int(low), int(high or low)))
    return tuple(out)


def public_statements(document: Any) -> list[Any]:
    """The statements of an access policy document that allow something to anybody without a narrowing condition.

    IAM JSON policy language: Principal "*" or {"AWS": "*"} (also in a list), Effect Allow. A condition narrows where it
    compares the caller's account, organisation, ARN, network, VPC or endpoint with something other than a star.
    """
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    statements = statements if isinstance(statements, list) else [statements]
    return [each for each in statements if isinstance(each, dict) and _anybody(each)]


_NARROWING = (
    "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:sourceaccount",
    "aws:sourcearn", "aws:sourceowner", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip",
    "aws:vpcsourceip", "kms:calleraccount", "kms:viaservice",
)  # fmt: skip


def _anybody(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or "NotPrincipal" in statement:
        return statement.get("Effect") == "Allow" and "NotPrincipal" in statement
    principal = statement.get("Principal")
    values = principal.values() if isinstance(principal, dict) else [principal]
    if not any("*" in (each if isinstance(each, list) else [each]) for each in values):
        return False
    for operator, keys in (statement.get("Condition") or {}).items():
        positive = "not" not in operator.lower() and not operator.lower().endswith("ifexists")
        for key, wanted in keys.items() if isinstance(keys, dict) else ():
            wide = {"*", "0.0.0.0/0", "::/0"} & set(wanted if isinstance(wanted, list) else [wanted])
            if positive and key.lower() in _NARROWING and not wide:
                return False
    return True


def duplicates(items: list[Any]) -> list[Any]:
    """The values that stand in a list more than once, each once."""
    seen: set[Any] = set()
    found: dict[Any, None] = {}
    for item in items:
        if item in seen:
            found[item] = None
        seen.add(item)
    return list(found)


def get(mapping: Mapping[str, Any], key: str, otherwise: Any) -> Any:
    """The value at a key, or the third argument where there is none."""
    return mapping.get(key, otherwise)


def _timestamp(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _duration(text: str) -> timedelta:
    if not re.fullmatch(r"-?(?:\d+(?:\.\d+)?(?:h|m|s|ms|us|ns))+", text):
        raise ValueError(f"{text!r} is not a duration such as 1h30m")
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    total = sum(float(n) * units[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)", text))
    return timedelta(seconds=-total if text.startswith("-") else total)


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(value, "g")
    return value.decode() if isinstance(value, bytes) else str(value)


def _int(value: Any) -> int:
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,19}", value):
        raise ValueError(f"{value!r} is not a whole number")
    return int(value.timestamp()) if isinstance(value, datetime) else int(value)


_ANYS = ListType(ANY)
_STRINGS = ListType(STRING)
_MAP = MapType(ANY)

FUNCTIONS: tuple[Function, ...] = (
    *(Function("size", (each,), INT, len, method) for each in (STRING, BYTES, _ANYS, _MAP) for method in (False, True)),
    Function("contains", (STRING, STRING), BOOL, lambda text, part: part in text, method=True),
    Function("startsWith", (STRING, STRING), BOOL, str.startswith, method=True),
    Function("endsWith", (STRING, STRING), BOOL, str.endswith, method=True),
    Function("matches", (STRING, STRING), BOOL, matches, method=True, about="regular expression found in the text"),
    *(Function("int", (each,), INT, _int) for each in (INT, DOUBLE, STRING, TIMESTAMP)),
    *(Function("double", (each,), DOUBLE, float) for each in (INT, DOUBLE, STRING)),
    *(Function("string", (each,), STRING, _string) for each in (INT, DOUBLE, BOOL, STRING, BYTES)),
    Function("timestamp", (STRING,), TIMESTAMP, _timestamp, about="RFC 3339 text to a moment"),
    Function("duration", (STRING,), DURATION, _duration, about='"1h30m" to a time span'),
    Function("lower", (STRING,), STRING, str.lower, about="lower case"),
    Function("trim", (STRING,), STRING, str.strip, about="without space around"),
    Function("split", (STRING, STRING), _STRINGS, str.split, about="parts between separators"),
    Function("get", (_MAP, STRING, ANY), None, get, about="value at a key or a default"),
    Function("duplicates", (_ANYS,), _ANYS, duplicates, about="values that stand in a list more than once"),
    Function("glob", (STRING, STRING), BOOL, glob, about="shell pattern over the whole text"),
    Function("seconds", (STRING,), INT, seconds, about='"1h 30min" to seconds'),
    Function("mode_at_most", (INT, STRING), BOOL, mode_at_most, about='permission bits within "0640"'),
    Function("mode_has", (INT, STRING), BOOL, mode_has, about='all bits of "4000" set'),
    Function("version_compare", (STRING, STRING), INT, version_compare, about="-1, 0 or 1"),
    Function("version_at_least", (STRING, STRING), BOOL, version_at_least, about="version not below another"),
    Function("cidr_contains", (STRING, STRING), BOOL, cidr_contains, about="network contains address or network"),
    Function("cidr_public", (STRING,), BOOL, cidr_public, about="network reaches the public internet"),
    Function("address_local", (STRING,), BOOL, address_local, about="loopback address"),
    Function("port_in", (INT, STRING), BOOL, port_in, about='port in "22,80-90"'),
    Function("ports_overlap", (INT, INT, STRING), BOOL, ports_overlap, about="port range meets a list"),
    Function("public_statements", (ANY,), _ANYS, public_statements, about="policy statements open to anybody"),
)


@lru_cache(maxsize=1)
def by_name() -> dict[tuple[str, bool], list[Function]]:
    """(name, is a method) to the ways to call it."""
    out: dict[tuple[str, bool], list[Function]] = {}
    for function in FUNCTIONS:
        out.setdefault((function.name, function.method), []).append(function)
    return out
