"""Functions of ARM templates and Bicep that need nothing but their arguments.

Microsoft Learn, "ARM template functions". Arguments are known but where a function says otherwise; what it cannot work
out it raises as ValueError, which becomes an unknown with that reason.
"""

import base64
import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.collect.templates.budget import MAX_TEXT

MAX_ITEMS = 10_000
MAX_PAIRS = 4_000_000
_BITS = 256
"""Of a whole number; ARM's have 64."""


def shown(value: Value) -> str | None:
    """A value as it stands in a text; None where it is not one."""
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value) if isinstance(value, (str, int, float)) else None


def text_of(value: Value) -> str:
    """What is known of a text, with the unknown parts named."""
    if isinstance(value, Unknown):
        return value.text or "${…}"
    return shown(value) or ""


def joined(parts: list[Value]) -> Value:
    """Texts as one; unknown with what is known of it where a part is."""
    unknown = next((each for each in parts if isinstance(each, Unknown)), None)
    if unknown is None:
        return "".join(text_of(each) for each in parts)
    return Unknown(unknown.reason, text="".join(text_of(each) for each in parts))


def concat(*parts: Value) -> Value:
    """Lists as one list, or texts as one text; parts may be unknown."""
    if any(isinstance(each, list) for each in parts):
        unknown = next((each for each in parts if isinstance(each, Unknown)), None)
        return unknown or [item for each in parts for item in each]
    return joined(list(parts))


def format_text(*parts: Value) -> Value:
    """`format('{0}-{1}', a, b)`; arguments may be unknown."""
    pattern, values = parts[0], parts[1:]
    if not isinstance(pattern, str):
        return pattern if isinstance(pattern, Unknown) else Unknown("format needs a text")
    unknown: Unknown | None = None

    def one(match: re.Match[str]) -> str:
        nonlocal unknown
        index = int(match.group(1))
        value = values[index] if index < len(values) else Unknown(f"format has no argument {index}")
        if isinstance(value, Unknown):
            unknown = unknown or value
        return text_of(value)

    whole = re.sub(r"\{(\d+)(?::[^}]*)?\}", one, pattern).replace("{{", "{").replace("}}", "}")
    return Unknown(unknown.reason, text=whole) if unknown is not None else whole


def union(*parts: Value) -> Value:
    """Objects merged, deep; or lists without repetition. Unknown values within objects stay where they are."""
    if any(isinstance(each, Unknown) for each in parts):
        return next(each for each in parts if isinstance(each, Unknown))
    if all(isinstance(each, list) for each in parts):
        out: list[Value] = []
        for each in parts:
            if len(out) * len(each) > MAX_PAIRS:
                return Unknown("union: the lists are too long to compare")
            out += [item for item in each if item not in out]
        return out
    merged: dict[str, Value] = {}
    for each in parts:
        merged = _merged(merged, each)
    return merged


def _merged(left: dict[str, Value], right: dict[str, Value]) -> dict[str, Value]:
    out = dict(left)
    for key, value in right.items():
        both = isinstance(out.get(key), dict) and isinstance(value, dict)
        out[key] = _merged(out[key], value) if both else value
    return out


def _number(work: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Arithmetic on numbers alone: Python would repeat a text by `*` and fill it in by `%`."""

    def run(left: Any, right: Any) -> Any:
        for each in (left, right):
            if isinstance(each, bool) or not isinstance(each, (int, float)):
                raise TypeError(f"{each!r} is not a number"[:100])
            if isinstance(each, int) and each.bit_length() > _BITS:
                raise ValueError("the number is too large")
        return work(left, right)

    return run


def _replace(text: str, old: str, new: str) -> str:
    _bounded(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _join(items: list[Any], separator: str) -> str:
    texts = [text_of(each) for each in items]
    _bounded(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _bounded(length: int) -> None:
    if length > MAX_TEXT:
        raise ValueError(f"a text of more than {MAX_TEXT} characters")


def _comparable(left: Any, right: Any) -> None:
    if len(left) * len(right) > MAX_PAIRS:
        raise ValueError("the lists are too long to compare")


def _contains(within: Any, item: Any) -> bool:
    if isinstance(within, str):
        return str(item) in within
    if isinstance(within, dict):
        return str(item).lower() in (key.lower() for key in within)
    return item in within


def _take(value: Any, count: int) -> Any:
    return value[: max(count, 0)]


def _skip(value: Any, count: int) -> Any:
    return value[max(count, 0) :]


def _range(start: int, count: int) -> list[int]:
    if count > MAX_ITEMS:
        raise ValueError(f"range makes more than {MAX_ITEMS} numbers")
    return list(range(start, start + count))


def _substring(text: str, start: int, length: int | None = None) -> str:
    return text[start:] if length is None else text[start : start + length]


def _split(text: str, separators: str | list[str]) -> list[str]:
    found = separators if isinstance(separators, list) else [separators]
    return re.split("|".join(re.escape(each) for each in found), text)


def _pad(text: Any, width: int, fill: str = " ") -> str:
    return str(text).rjust(min(width, MAX_ITEMS), fill)


def _string(value: Any) -> Any:
    plain = shown(value)
    return Document(value) if plain is None else plain


def _json(text: Any) -> Any:
    if isinstance(text, Document):
        return text.value
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"json: {error}") from None


def _bool(value: Any) -> bool:
    return value.lower() in ("true", "1") if isinstance(value, str) else bool(value)


def _intersection(*parts: Any) -> Any:
    first, *others = parts
    if isinstance(first, list):
        for other in others:
            _comparable(first, other)
        return [each for each in first if all(each in other for other in others)]
    return {key: value for key, value in first.items() if all(key in other for other in others)}


def _flatten(items: list[Any]) -> list[Any]:
    return [inner for each in items for inner in each]


def _min_max(choose: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *values: choose(values[0] if len(values) == 1 and isinstance(values[0], list) else values)


def _object(*pairs: Any) -> dict[str, Any]:
    return {str(pairs[index]): pairs[index + 1] for index in range(0, len(pairs) - 1, 2)}


def _subnet(block: str, prefix: int, index: int) -> str:
    network = ipaddress.ip_network(block, strict=False)
    width = network.max_prefixlen - prefix
    return f"{ipaddress.ip_address(int(network.network_address) + (index << width))}/{prefix}"


def _host(block: str, number: int) -> str:
    network = ipaddress.ip_network(block, strict=False)
    return str(ipaddress.ip_address(int(network.network_address) + number + 1))


def _data_uri(text: str) -> str:
    return f"data:text/plain;charset=utf8;base64,{base64.b64encode(text.encode()).decode()}"


def _data_uri_text(text: str) -> str:
    return base64.b64decode(text.partition(",")[2]).decode()


def _divided(left: int, right: int) -> int:
    if right == 0:
        raise ValueError("division by zero")
    return int(left / right)


def _try_get(value: Any, *keys: Any) -> Any:
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


WITH_UNKNOWNS: dict[str, Callable[..., Value]] = {"concat": concat, "format": format_text, "union": union}
"""Functions that can do something with unknown arguments."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": _number(lambda a, b: a + b),
    "array": lambda value: value if isinstance(value, list) else [value],
    "base64": lambda text: base64.b64encode(str(text).encode()).decode(),
    "base64tojson": lambda text: _json(base64.b64decode(text).decode()),
    "base64tostring": lambda text: base64.b64decode(text).decode(),
    "bool": _bool,
    "cidrsubnet": _subnet,
    "cidrhost": _host,
    "contains": _contains,
    "createarray": lambda *items: list(items),
    "createobject": _object,
    "datauri": _data_uri,
    "datauritostring": _data_uri_text,
    "div": _number(_divided),
    "empty": lambda value: value is None or len(value) == 0,
    "endswith": lambda text, end: text.lower().endswith(end.lower()),
    "equals": lambda a, b: a == b,
    "false": lambda: False,
    "first": lambda value: value[0] if value else None,
    "flatten": _flatten,
    "float": float,
    "greater": lambda a, b: a > b,
    "greaterorequals": lambda a, b: a >= b,
    "indexof": lambda text, part: text.lower().find(part.lower()) if isinstance(text, str) else text.index(part),
    "int": lambda value: int(float(value)),
    "intersection": _intersection,
    "items": lambda value: [{"key": key, "value": value[key]} for key in sorted(value)],
    "join": _join,
    "json": _json,
    "last": lambda value: value[-1] if value else None,
    "lastindexof": lambda text, part: text.lower().rfind(part.lower()),
    "length": len,
    "less": lambda a, b: a < b,
    "lessorequals": lambda a, b: a <= b,
    "max": _min_max(max),
    "min": _min_max(min),
    "mod": _number(lambda a, b: a - b * int(a / b)),
    "mul": _number(lambda a, b: a * b),
    "null": lambda: None,
    "objectkeys": sorted,
    "padleft": _pad,
    "range": _range,
    "replace": _replace,
    "shallowmerge": lambda items: {key: value for each in items for key, value in each.items()},
    "skip": _skip,
    "split": _split,
    "startswith": lambda text, start: text.lower().startswith(start.lower()),
    "string": _string,
    "objectvalues": lambda value: [value[key] for key in sorted(value)],
    "sub": _number(lambda a, b: a - b),
    "substring": _substring,
    "take": _take,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "true": lambda: True,
    "tryget": _try_get,
    "uri": lambda start, end: f"{start.rstrip('/')}/{end.lstrip('/')}",
    "uricomponent": lambda text: quote(text, safe=""),
    "uricomponenttostring": unquote,
}
"""By name in lower case: names of functions have no case."""
