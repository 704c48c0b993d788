"""JSON on the wire: canonical bytes, digests, and records to and from plain values, with the standard library alone.

Canonical JSON here means: UTF-8, keys sorted, no insignificant space, no NaN. Two equal values have equal bytes, so a
digest of the bytes identifies the value.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def plain(value: Any) -> Any:
    """A record (or any nest of records, tuples, sets and mappings) as plain JSON values.

    Fields that are None are kept: a fact that was looked for and is absent differs from one that nobody asked about.
    Sets come out sorted, so equal records have equal bytes.
    """
    kind = type(value)
    if kind in _SCALARS:  # nearly every value; a subclass such as a StrEnum goes the long way
        return value
    if kind is dict:
        return {
            key if type(key) is str else str(key): item if type(item) in _SCALARS else plain(item)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [item if type(item) in _SCALARS else plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    return value


_SCALARS = frozenset((str, int, float, bool, type(None)))


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(kind: type) -> tuple[str, ...]:
    """Of a record's fields."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(kind))
    return _NAMES[kind]


def canonical(value: Any) -> bytes:
    """Canonical JSON bytes of a plain value or record."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def digest(value: Any) -> str:
    """`sha256:<hex>` of the canonical bytes."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()
