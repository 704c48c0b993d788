"""Functions of Go templates, Sprig and Helm over lists and mappings, and comparisons.

Changing functions (`set`, `merge`) change their first argument, as Sprig's do: charts rely on it.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from bartizan.collect.resources.values import Value
from bartizan.collect.templates.kubernetes.helm.evaluate import Refused
from bartizan.collect.templates.kubernetes.helm.text_functions import to_string

MAX_LIST = 100_000


def _list(value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    raise Refused("a list is wanted")


def _mapping(value: Value) -> dict[str, Value]:
    if isinstance(value, dict):
        return value
    raise Refused("a mapping is wanted")


def equal(first: Value, *others: Value) -> bool:
    """Whether the first is one of the others; texts and numbers are never equal."""
    return any(_same(first, each) for each in others)


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b)


def compare(a: Value, b: Value) -> int:
    if isinstance(a, str) != isinstance(b, str):
        raise Refused("a text and a number cannot be compared")
    return int(a > b) - int(a < b)


def index(value: Value, *keys: Value) -> Value:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, (list, str)):
            if not 0 <= key < len(value):
                raise Refused(f"there is no element {key} in a list of {len(value)}")
            value = value[key]
        else:
            raise Refused("index is used on what is no list and no mapping")
    return value


def slice_of(value: Value, *bounds: Value) -> Value:
    return value[(bounds[0] if bounds else 0) : (bounds[1] if len(bounds) > 1 else None)]


def dictionary(*pairs: Value) -> dict[str, Value]:
    return {to_string(key): pairs[at + 1] if at + 1 < len(pairs) else "" for at, key in enumerate(pairs) if at % 2 == 0}


def set_key(target: Value, key: Value, value: Value) -> Value:
    _mapping(target)[to_string(key)] = value
    return target


def unset_key(target: Value, key: Value) -> Value:
    _mapping(target).pop(to_string(key), None)
    return target


def merged(target: dict[str, Value], source: Mapping[str, Value], *, overwrite: bool) -> dict[str, Value]:
    """`source` merged into `target`, which is changed; who has a key already keeps it unless overwritten."""
    for key, value in source.items():
        mine = target.get(key)
        if isinstance(mine, dict) and isinstance(value, Mapping):
            merged(mine, value, overwrite=overwrite)
        elif overwrite or key not in target or not mine:
            target[key] = copy.deepcopy(value) if isinstance(value, (dict, list)) else value
    return target


def _merge(overwrite: bool) -> Callable[..., Value]:
    def merge(target: Value, *sources: Value) -> Value:
        for each in sources:
            if each is not None:
                merged(_mapping(target), _mapping(each), overwrite=overwrite)
        return target

    return merge


def dig(*arguments: Value) -> Value:
    *keys, default, value = arguments
    for key in keys:
        if not isinstance(value, Mapping) or value.get(key) is None:
            return default
        value = value[key]
    return value


def until(end: Value, start: Value = 0, step: Value = 1) -> list[int]:
    found = range(start, end, step)
    if len(found) > MAX_LIST:
        raise Refused(f"a list of {len(found)} numbers is too long")
    return list(found)


def unique(values: Value) -> list[Value]:
    out: list[Value] = []
    for each in _list(values):
        if each not in out:
            out.append(each)
    return out


def flat(values: tuple[Value, ...]) -> list[Value]:
    return [item for each in values for item in _list(each)]


def _at(number: int) -> Callable[[Value], Value]:
    def pick(value: Value) -> Value:
        if isinstance(value, str):
            return value[number] if value else ""
        return _list(value)[number] if value else None

    return pick


def _length(value: Value) -> int:
    if not hasattr(value, "__len__"):
        raise Refused("it has no length")
    return len(value)


def _has(item: Value, values: Value) -> bool:
    return values is not None and any(_same(item, each) for each in _list(values))


def _split(separator: Value, text: Value) -> list[str]:
    return str(text).split(str(separator)) if separator else list(str(text))


def _joined(separator: Value, values: Value) -> str:
    found = values if isinstance(values, list) else [values]
    return str(separator).join(to_string(each) for each in found if each is not None)


def collection_functions() -> dict[str, Callable[..., Value]]:
    """The functions by name."""
    functions: dict[str, Any] = {
        "eq": equal,
        "ne": lambda a, b: not _same(a, b),
        "lt": lambda a, b: compare(a, b) < 0,
        "le": lambda a, b: compare(a, b) <= 0,
        "gt": lambda a, b: compare(a, b) > 0,
        "ge": lambda a, b: compare(a, b) >= 0,
        "len": _length,
        "index": index,
        "slice": slice_of,
        "list": lambda *values: list(values),
        "tuple": lambda *values: list(values),
        "dict": dictionary,
        "set": set_key,
        "unset": unset_key,
        "get": lambda value, key: _mapping(value).get(to_string(key), ""),
        "hasKey": lambda value, key: to_string(key) in (value or {}),
        "dig": dig,
        "keys": lambda *values: sorted({key for each in values for key in _mapping(each)}),
        "values": lambda value: [_mapping(value)[key] for key in sorted(value)],
        "pluck": lambda key, *values: [each[key] for each in values if key in each],
        "pick": lambda value, *names: {key: value[key] for key in names if key in value},
        "omit": lambda value, *names: {key: each for key, each in _mapping(value).items() if key not in names},
        "merge": _merge(overwrite=False),
        "mustMerge": _merge(overwrite=False),
        "mergeOverwrite": _merge(overwrite=True),
        "mustMergeOverwrite": _merge(overwrite=True),
        "deepCopy": copy.deepcopy,
        "mustDeepCopy": copy.deepcopy,
        "append": lambda values, item: [*(values or []), item],
        "prepend": lambda values, item: [item, *(values or [])],
        "concat": lambda *values: flat(values),
        "first": _at(0),
        "last": _at(-1),
        "rest": lambda values: _list(values)[1:],
        "initial": lambda values: _list(values)[:-1],
        "reverse": lambda values: _list(values)[::-1],
        "uniq": unique,
        "without": lambda values, *dropped: [each for each in _list(values) if each not in dropped],
        "compact": lambda values: [each for each in _list(values) if each],
        "has": _has,
        "sortAlpha": lambda values: sorted(map(to_string, _list(values))),
        "join": _joined,
        "splitList": _split,
        "split": lambda separator, text: {f"_{n}": each for n, each in enumerate(_split(separator, text))},
        "splitn": lambda sep, n, text: {f"_{i}": each for i, each in enumerate(str(text).split(sep, n - 1))},
        "toStrings": lambda values: [to_string(each) for each in _list(values)],
        "until": until,
        "untilStep": lambda start, end, step: until(end, start, step),
        "seq": lambda *bounds: " ".join(map(str, range(bounds[0] if len(bounds) > 1 else 1, bounds[-1] + 1))),
    }
    for name in (
        "first",
        "last",
        "rest",
        "initial",
        "reverse",
        "uniq",
        "without",
        "compact",
        "has",
        "append",
        "prepend",
    ):
        functions["must" + name[0].upper() + name[1:]] = functions[name]
    return functions
