"""Terraform's built-in functions that do not touch the world (developer.hashicorp.com/terraform/language/functions).

A function gets known arguments, unless it says that it can do with unknown parts. `timestamp`, `uuid` and the like give
another value each time, so they are unknown by nature.
"""

import base64
import csv
import hashlib
import io
import ipaddress
import json
import math
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.collect.templates.budget import MAX_TEXT
from bartizan.collect.templates.located import LocatedError, refuse_depth

MAX_RANGE = 100_000
MAX_PAIRS = 4_000_000
_WIDEST = 10_000
"""Columns and digits that a format may ask for."""


class FunctionError(Exception):
    """The arguments do not suit; the message says why."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function and what it asks of its arguments."""

    run: Callable[..., Value]
    deep: bool = True
    """Unknowns within lists and objects make the result unknown."""
    lazy: bool = False
    """Takes unknown arguments as they are."""


def json_text(value: Value) -> str:
    """As `jsonencode` writes: no spaces, `<`, `>` and `&` escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _flatten(items: list[Any]) -> list[Any]:
    out: list[Any] = []
    for item in items:
        if isinstance(item, list):
            out += _flatten(item)
        else:
            out.append(item)
    return out


def _distinct(items: list[Any]) -> list[Any]:
    out: dict[Any, Any] = {}
    for item in items:
        plain = not isinstance(item, (list, dict, Document))
        out.setdefault((type(item), item) if plain else (type(item), repr(item)), item)
    return list(out.values())


def _among(items: list[Any], others: list[Any]) -> Callable[[Any], bool]:
    """Whether an item is among others; refuses what would compare each with each of many."""
    try:
        known = {(type(other), other) for other in others}
        return lambda item: (type(item), item) in known
    except TypeError:
        if len(items) * len(others) > MAX_PAIRS:
            raise FunctionError("the lists are too long to compare") from None
        return lambda item: item in others


def _merge(*objects: Any) -> Any:
    out: dict[str, Any] = {}
    for each in objects:
        if isinstance(each, Unknown):
            return each
        if each is not None:
            out |= each
    return out


def _concat(*lists: Any) -> Any:
    out: list[Any] = []
    for each in lists:
        if isinstance(each, Unknown):
            return each
        out += each
    return out


def _coalesce(*values: Any) -> Any:
    for value in values:
        if isinstance(value, Unknown) or (value is not None and value != ""):
            return value
    raise FunctionError("every argument is null or empty")


def _coalescelist(*values: list[Any]) -> list[Any]:
    for value in values:
        if value:
            return value
    raise FunctionError("every list is empty")


def _lookup(values: dict[str, Any], key: str, *default: Any) -> Any:
    if key in values:
        return values[key]
    if default:
        return default[0]
    raise FunctionError(f"there is no key {key!r}")


def _element(items: list[Any], index: int) -> Any:
    if not items:
        raise FunctionError("the list is empty")
    return items[int(index) % len(items)]


def _length(value: Any) -> int:
    return len(value)


def _contains(items: list[Any], value: Any) -> bool:
    return value in items


def _format(pattern: str, *values: Any) -> str:
    rest = list(values)

    def one(match: re.Match[str]) -> str:
        flags, verb = match.group(1), match.group(2)
        if any(int(number) > _WIDEST for number in re.findall(r"\d+", flags)):
            raise FunctionError(f"a format of more than {_WIDEST} columns")
        if verb == "%":
            return "%"
        if not rest:
            raise FunctionError("too few arguments for the format")
        value = rest.pop(0)
        if verb == "v":
            return str(value).lower() if isinstance(value, bool) else _plain(value)
        if verb == "q":
            return json.dumps(_plain(value))
        if verb == "t":
            return str(bool(value)).lower()
        if verb == "s":
            return f"%{flags}s" % _plain(value)
        return f"%{flags}{verb}" % (float(value) if verb in "eEfgG" else int(value))

    return re.sub(r"%([-+ #0]*[0-9]{0,9}(?:\.[0-9]{1,9})?)([%vsqtdboxXeEfgG])", one, pattern)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return json_text(value) if isinstance(value, (list, dict)) else str(value)


def _formatlist(pattern: str, *values: Any) -> list[str]:
    length = max((len(value) for value in values if isinstance(value, list)), default=1)
    _bounded(length * len(pattern))
    return [
        _format(pattern, *(value[at] if isinstance(value, list) else value for value in values)) for at in range(length)
    ]


def _replace(text: str, old: str, new: str) -> str:
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        return str(_pattern(old[1:-1]).sub(re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", new), text))
    _bounded(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _bounded(length: float) -> None:
    if length > MAX_TEXT:
        raise FunctionError(f"a text of more than {MAX_TEXT} characters")


def _indent(spaces: int, text: str) -> str:
    _bounded(len(text) + text.count("\n") * spaces)
    return text.replace("\n", "\n" + " " * int(spaces))


def _join(separator: str, *lists: list[Any]) -> str:
    texts = [_plain(item) for each in lists for item in each]
    _bounded(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _pow(base: Any, exponent: Any) -> Any:
    result = float(_tonumber(base)) ** float(_tonumber(exponent))
    return int(result) if result == int(result) and abs(result) < 1 << 53 else result


def _pattern(text: str) -> Any:
    """Terraform's patterns are RE2's, which take linear time on any text."""
    import re2

    try:
        return re2.compile(text)
    except re2.error as error:
        raise FunctionError(f"not a pattern: {error}") from None


def _regex(pattern: str, text: str) -> Any:
    found = _pattern(pattern).search(text)
    if not found:
        raise FunctionError("the pattern does not match")
    return _groups(found)


def _groups(found: Any) -> Any:
    if found.groupdict():
        return found.groupdict()
    return list(found.groups()) if found.groups() else found.group()


def _regexall(pattern: str, text: str) -> list[Any]:
    return [_groups(found) for found in _pattern(pattern).finditer(text)]


def _range(*limits: float) -> list[float]:
    start, stop, step = (0.0, limits[0], 1.0) if len(limits) == 1 else (*limits, 1.0)[:3]
    if step == 0 or abs((stop - start) / step) > MAX_RANGE:
        raise FunctionError("the range is endless or too long")
    whole = all(float(limit).is_integer() for limit in (start, stop, step))
    out = []
    at = start
    while at < stop if step > 0 else at > stop:
        out.append(int(at) if whole else at)
        at += step
    return out


def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    if not 0 <= start <= end <= len(items):
        raise FunctionError("the slice is outside the list")
    return items[int(start) : int(end)]


def _substr(text: str, start: int, length: int) -> str:
    start = start if start >= 0 else max(len(text) + start, 0)
    return text[start:] if length < 0 else text[start : start + length]


def _cidrsubnet(prefix: str, bits: int, number: int) -> str:
    network = ipaddress.ip_network(str(prefix), strict=False)
    length = network.prefixlen + int(bits)
    if length > network.max_prefixlen or number >= 1 << int(bits):
        raise FunctionError("the subnet does not fit")
    size = 1 << (network.max_prefixlen - length)
    return f"{type(network.network_address)(int(network.network_address) + int(number) * size)}/{length}"


def _cidrsubnets(prefix: str, *bits: int) -> list[str]:
    network = ipaddress.ip_network(str(prefix), strict=False)
    at = int(network.network_address)
    out = []
    for more in bits:
        length = network.prefixlen + int(more)
        size = 1 << (network.max_prefixlen - length)
        at = (at + size - 1) // size * size
        out.append(f"{type(network.network_address)(at)}/{length}")
        at += size
    return out


def _cidrhost(prefix: str, number: int) -> str:
    network = ipaddress.ip_network(str(prefix), strict=False)
    number = int(number) if number >= 0 else network.num_addresses + int(number)
    return str(type(network.network_address)(int(network.network_address) + number))


def _cidrnetmask(prefix: str) -> str:
    return str(ipaddress.ip_network(prefix, strict=False).netmask)


def _tobool(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise FunctionError(f"{value!r} is not true or false")


def _tonumber(value: Any) -> Any:
    if value is None or isinstance(value, (int, float)):
        return value
    number = float(value) if any(mark in value for mark in ".eE") else int(value)
    if not math.isfinite(number):
        raise FunctionError("the number is too large")
    return number


def _tostring(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else _plain(value)


def _toset(items: Any) -> list[Any]:
    return sorted(_distinct(list(items)), key=lambda item: (str(type(item)), _plain(item)))


def _transpose(values: dict[str, list[str]]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for key, items in values.items():
        for item in items:
            out.setdefault(item, []).append(key)
    return {key: sorted(items) for key, items in sorted(out.items())}


def _setproduct(*lists: list[Any]) -> list[list[Any]]:
    size = math.prod(len(each) for each in lists)
    if size > MAX_RANGE:
        raise FunctionError("the product is too large")
    return [list(each) for each in product(*lists)]


def _matchkeys(values: list[Any], keys: list[Any], wanted: list[Any]) -> list[Any]:
    among = _among(keys, wanted)
    return [value for value, key in zip(values, keys, strict=False) if among(key)]


def _setintersection(first: list[Any], *rest: list[Any]) -> list[Any]:
    for each in rest:
        first = list(filter(_among(first, each), first))
    return _toset(first)


def _setsubtract(first: list[Any], second: list[Any]) -> list[Any]:
    among = _among(first, second)
    return _toset([item for item in first if not among(item)])


def _csvdecode(text: str) -> list[dict[str, str]]:
    if text.partition("\n")[0].count(",") * text.count("\n") > MAX_PAIRS:
        raise FunctionError("the table has too many cells")
    return [dict(row) for row in csv.DictReader(io.StringIO(text))]


def _yamldecode(text: str) -> Any:
    import yaml

    if "&" in text and re.search(r"(?m)(?:^|[\s:\-\[{,])&\w", text):
        raise FunctionError("YAML with anchors is not read")
    try:
        refuse_depth(text)
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - the safe loader in C
    except yaml.YAMLError as error:
        raise FunctionError(f"not YAML: {error}") from None
    except LocatedError as error:
        raise FunctionError(f"not YAML: {error.reason}") from None


def _jsondecode(text: Any) -> Any:
    return text.value if isinstance(text, Document) else json.loads(text)


def _timeadd(moment: str, duration: str) -> str:
    seconds = sum(
        float(amount) * {"h": 3600, "m": 60, "s": 1, "ms": 0.001}[unit]
        for amount, unit in re.findall(r"(-?\d+(?:\.\d+)?)(ms|h|m|s)", duration)
    )
    then = datetime.fromisoformat(moment) + timedelta(seconds=seconds)
    return then.isoformat().replace("+00:00", "Z")


def _timecmp(one: str, other: str) -> int:
    return _signum((datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds())


def _formatdate(pattern: str, moment: str) -> str:
    """`DD MMM YYYY hh:mm ZZZ`; letters are fields, and what stands in single quotes is text."""
    then = datetime.fromisoformat(moment)
    zone = then.strftime("%z") or "+0000"
    coloned = f"{zone[:3]}:{zone[3:]}"
    hour = then.hour % 12 or 12
    fields = {
        **{"YYYY": f"{then:%Y}", "YY": f"{then:%y}", "MMMM": f"{then:%B}", "MMM": f"{then:%b}", "MM": f"{then:%m}"},
        **{"M": str(then.month), "DD": f"{then:%d}", "D": str(then.day), "EEEE": f"{then:%A}", "EEE": f"{then:%a}"},
        **{"hh": f"{then:%H}", "h": str(then.hour), "HH": f"{hour:02}", "H": str(hour), "AA": f"{then:%p}"},
        **{"aa": f"{then:%p}".lower(), "mm": f"{then:%M}", "m": str(then.minute), "ss": f"{then:%S}"},
        **{"s": str(then.second), "ZZZZZ": coloned, "ZZZZ": zone, "ZZZ": "UTC" if zone == "+0000" else zone},
        "Z": "Z" if zone == "+0000" else coloned,
    }

    def one(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return match.group(1).replace("''", "'") or "'"
        if match.group() not in fields:
            raise FunctionError(f"there is no date field {match.group()!r}")
        return fields[match.group()]

    return re.sub(r"'((?:[^']|'')*)'|([A-Za-z])\2*", one, pattern)


def _parseint(text: Any, base: int) -> int:
    return int(_plain(text), int(base))


def _uuidv5(space: str, name: str) -> str:
    import uuid

    known = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    return str(uuid.uuid5(known[space] if space in known else uuid.UUID(space), name))


def _gunzip(text: str) -> str:
    stream = zlib.decompressobj(wbits=31)
    plain = stream.decompress(base64.b64decode(text), MAX_TEXT)
    if stream.unconsumed_tail:
        raise FunctionError(f"a text of more than {MAX_TEXT} characters")
    return plain.decode()


def _cidrcontains(prefix: str, inner: str) -> bool:
    network, other = ipaddress.ip_network(prefix, strict=False), ipaddress.ip_network(inner, strict=False)
    return network.version == other.version and other.subnet_of(network)  # type: ignore[arg-type]


def _one(items: list[Any]) -> Any:
    if len(items) > 1:
        raise FunctionError("the list has more than one element")
    return items[0] if items else None


def _index(items: list[Any], value: Any) -> int:
    if value not in items:
        raise FunctionError("the list does not have the value")
    return items.index(value)


def _title(text: str) -> str:
    return re.sub(r"\b\w", lambda found: found.group().upper(), text)


def _trim(text: str, cut: str) -> str:
    return text.strip(cut)


def _hash(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _hash64(name: str) -> Callable[[str], str]:
    return lambda text: base64.b64encode(hashlib.new(name, text.encode(), usedforsecurity=False).digest()).decode()


def _always_new(name: str) -> Function:
    return Function(lambda *_: Unknown(f"{name}() gives another value each time"))


def _nonsensitive(value: Any) -> Any:
    return value


def _zipmap(keys: list[str], values: list[Any]) -> dict[str, Any]:
    return dict(zip(keys, values, strict=False))


def _signum(number: float) -> int:
    return (number > 0) - (number < 0)


_EASY: dict[str, Callable[..., Value]] = {
    "abs": abs,
    "abspath": lambda path: path,
    "alltrue": lambda items: all(_tobool(item) for item in items),
    "anytrue": lambda items: any(_tobool(item) for item in items),
    "base64decode": lambda text: base64.b64decode(text).decode(),
    "base64encode": lambda text: base64.b64encode(text.encode()).decode(),
    "base64gunzip": _gunzip,
    "base64gzip": lambda text: base64.b64encode(zlib.compress(text.encode(), wbits=31)).decode(),
    "base64sha256": _hash64("sha256"),
    "base64sha512": _hash64("sha512"),
    "basename": lambda path: path.rstrip("/").rpartition("/")[2],
    "ceil": math.ceil,
    "chomp": lambda text: text.rstrip("\r\n"),
    "chunklist": lambda items, size: [items[at : at + size] for at in range(0, len(items), size)],
    "cidrcontains": _cidrcontains,
    "cidrhost": _cidrhost,
    "cidrnetmask": _cidrnetmask,
    "cidrsubnet": _cidrsubnet,
    "cidrsubnets": _cidrsubnets,
    "coalescelist": _coalescelist,
    "compact": lambda items: [item for item in items if item not in ("", None)],
    "contains": _contains,
    "csvdecode": _csvdecode,
    "dirname": lambda path: path.rstrip("/").rpartition("/")[0] or ".",
    "endswith": lambda text, end: text.endswith(end),
    "floor": math.floor,
    "format": _format,
    "formatdate": _formatdate,
    "formatlist": _formatlist,
    "indent": _indent,
    "index": _index,
    "join": _join,
    "jsondecode": _jsondecode,
    "log": math.log,
    "lower": str.lower,
    "matchkeys": _matchkeys,
    "max": lambda *numbers: max(map(_tonumber, numbers)),
    "md5": _hash("md5"),
    "min": lambda *numbers: min(map(_tonumber, numbers)),
    "one": _one,
    "parseint": _parseint,
    "pathexpand": lambda path: path,
    "pow": _pow,
    "range": _range,
    "regex": _regex,
    "regexall": _regexall,
    "replace": _replace,
    "setintersection": _setintersection,
    "setproduct": _setproduct,
    "setsubtract": _setsubtract,
    "setunion": lambda *lists: _toset([item for each in lists for item in each]),
    "sha1": _hash("sha1"),
    "sha256": _hash("sha256"),
    "sha512": _hash("sha512"),
    "signum": _signum,
    "sort": lambda items: sorted(map(_plain, items)),
    "split": lambda separator, text: text.split(separator) if text else [],
    "startswith": lambda text, start: text.startswith(start),
    "strcontains": lambda text, part: part in text,
    "strrev": lambda text: text[::-1],
    "substr": _substr,
    "sum": lambda items: sum(map(_tonumber, items)),
    "textdecodebase64": lambda text, encoding: base64.b64decode(text).decode(encoding),
    "textencodebase64": lambda text, encoding: base64.b64encode(text.encode(encoding)).decode(),
    "timeadd": _timeadd,
    "timecmp": _timecmp,
    "title": _title,
    "tobool": _tobool,
    "tonumber": _tonumber,
    "tostring": _tostring,
    "transpose": _transpose,
    "trim": _trim,
    "trimprefix": lambda text, part: text.removeprefix(part),
    "trimspace": str.strip,
    "trimsuffix": lambda text, part: text.removesuffix(part),
    "upper": str.upper,
    "urldecode": unquote_plus,
    "urlencode": quote_plus,
    "uuidv5": _uuidv5,
    "yamldecode": _yamldecode,
}

_SHALLOW: dict[str, Callable[..., Value]] = {
    "distinct": _distinct,
    "element": _element,
    "flatten": _flatten,
    "keys": sorted,
    "length": _length,
    "lookup": _lookup,
    "reverse": lambda items: items[::-1],
    "slice": _slice,
    "tolist": list,
    "tomap": dict,
    "toset": _toset,
    "values": lambda values: [values[key] for key in sorted(values)],
    "zipmap": _zipmap,
    "issensitive": lambda _: False,
}
"""These move values about without reading them: an unknown element stays one element."""

_LAZY: dict[str, Callable[..., Value]] = {
    "coalesce": _coalesce,
    "concat": _concat,
    "defaults": _merge,
    "jsonencode": Document,
    "yamlencode": Document,
    "merge": _merge,
    "nonsensitive": _nonsensitive,
    "sensitive": _nonsensitive,
    "ephemeralasnull": lambda _: None,
}

FUNCTIONS: dict[str, Function] = {
    **{name: Function(run) for name, run in _EASY.items()},
    **{name: Function(run, deep=False) for name, run in _SHALLOW.items()},
    **{name: Function(run, lazy=True) for name, run in _LAZY.items()},
    "rsadecrypt": Function(lambda *_: Unknown("rsadecrypt() needs a private key, which is not used here")),
    **{name: _always_new(name) for name in ("timestamp", "plantimestamp", "uuid", "bcrypt")},
}
