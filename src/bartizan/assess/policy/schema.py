"""Schemas of resource types: which fields there are, their types and defaults; and filling a resource by its schema.

    type: host
    fields:
      os: {id: string, version_id: string, rolling: bool = false}    # an object
      users: [{name: string, uid: int = -1, groups: list of string}]  # a list of objects
      sysctl: {"*": string}                                           # a map
      mode: int = 420 | permission bits                               # a default and a description
      ciphers: list of string? | ...                                  # where nothing is given, it is unknown
      unused_days: int? live | ...                                    # and no template has it

The normaliser gives every field a value, so a policy never meets a missing one; what is not known is a `Gap`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bartizan.assess.policy.types import (
    SCALARS,
    ZEROS,
    ListType,
    MapType,
    ObjectType,
    Primitive,
    Type,
    matches,
    suggest,
)
from bartizan.content.documents import Document, Where
from bartizan.content.plain_scalar import scalar
from bartizan.model.resource import ONLY_LIVE, Unknown


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Stands in a resource where a value is not known."""

    path: str
    reason: str


NOT_TOLD = Gap("", "the sensor did not tell")
"""The default of a field that is unknown unless a sensor gives it."""
NOT_LIVE = Gap("", ONLY_LIVE)
"""The default of a field that only the sensor of a live resource gives."""
_UNTOLD = {"?": NOT_TOLD, "? live": NOT_LIVE}


@dataclass(frozen=True, slots=True)
class Schema:
    """One resource type."""

    type: str
    title: str
    root: ObjectType
    empty: Mapping[str, Any] = field(repr=False)
    """The resource with every field at its default."""


def read_schema(document: Document) -> Schema:
    """The schema in a file of `content/schemas`; raises ContentError with the line."""
    value = document.value
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("type"), str)
        or not isinstance(value.get("fields"), dict)
    ):
        raise document.error((), "a schema needs `type: name` and `fields:` with a mapping")
    for key in value:
        if key not in ("type", "title", "fields"):
            raise document.error((key,), f"a schema has no key {key!r} (it has type, title, fields)")
    root = _read_object(document, ("fields",), value["fields"])
    return Schema(value["type"], str(value.get("title", "")), root, default(root))


def _read_object(document: Document, where: Where, fields: Mapping[str, Any]) -> ObjectType:
    types: dict[str, Type] = {}
    defaults: dict[str, Any] = {}
    described: dict[str, str] = {}
    for name, spec in fields.items():
        if not name.isidentifier():
            raise document.error((*where, name), f"field name {name!r} cannot be written in an expression")
        if isinstance(spec, str):
            written, _, described[name] = (part.strip() for part in spec.partition(" | "))
            named, equals, text = (part.strip() for part in written.partition("="))
            named, mark, live = named.partition("?")
            types[name] = _read_type(document, (*where, name), named)
            if mark:
                if mark + live not in _UNTOLD:
                    raise document.error(
                        (*where, name), f"after the type of {name} stands {mark + live!r}, not ? or ? live"
                    )
                defaults[name] = _UNTOLD[mark + live]
            elif equals:
                defaults[name] = scalar(text.strip('"'))
                if why := matches(types[name], defaults[name]):
                    raise document.error((*where, name), f"default of {name}: {why}")
        else:
            types[name] = _read_type(document, (*where, name), spec)
    return ObjectType(types, defaults, described)


def _read_type(document: Document, where: Where, spec: Any) -> Type:
    match spec:
        case {"*": item} if len(spec) == 1:
            return MapType(_read_type(document, (*where, "*"), item))
        case dict():
            return _read_object(document, where, spec)
        case [item]:
            return ListType(_read_type(document, (*where, 0), item))
        case str() if spec in SCALARS:
            return SCALARS[spec]
        case str() if spec.startswith("list of "):
            return ListType(_read_type(document, where, spec[8:].strip()))
        case str() if spec.startswith("map of "):
            return MapType(_read_type(document, where, spec[7:].strip()))
    names = ", ".join(SCALARS)
    raise document.error(where, f"unknown type {spec!r} (use {names}, list of ..., map of ..., or a mapping)")


def default(type_: Type) -> Any:
    """The value of a field that nothing was said about."""
    match type_:
        case ObjectType(fields=fields, defaults=defaults):
            return {name: defaults[name] if name in defaults else default(each) for name, each in fields.items()}
        case ListType():
            return []
        case MapType():
            return {}
        case Primitive():
            return ZEROS[type_]


def fill(type_: Type, value: Any, problems: list[str], path: str = "") -> Any:
    """The value with every missing field filled in; None means missing. What does not fit the schema becomes a Gap."""
    if value.__class__ is Gap:
        return value
    match type_:
        case ObjectType(fields=fields, defaults=defaults) if isinstance(value, dict):
            out = {}
            for name, each in fields.items():
                given = value.get(name)
                if given is None:
                    out[name] = _missing(each, defaults.get(name), f"{path}.{name}" if path else name)
                elif each.__class__ is Primitive and given.__class__ is _CLASSES[each.name]:
                    out[name] = given
                else:
                    out[name] = fill(each, given, problems, f"{path}.{name}" if path else name)
            return out
        case ListType(item=item) if isinstance(value, list):
            if item.__class__ is Primitive and all(each.__class__ is _CLASSES[item.name] for each in value):
                return value
            return [fill(item, each, problems, f"{path}[{n}]") for n, each in enumerate(value)]
        case MapType(value=item) if isinstance(value, dict):
            if item.__class__ is Primitive and all(each.__class__ is _CLASSES[item.name] for each in value.values()):
                return dict(value)
            return {key: fill(item, each, problems, f"{path}[{key}]") for key, each in value.items()}
        case Primitive() if not matches(type_, value):
            return value
        case _ if value is None:
            return default(type_)
    problems.append(path)
    return Gap(path, matches(type_, value) or f"expected {type_}")


def _missing(type_: Type, given: Any, path: str) -> Any:
    if given.__class__ is Gap:
        return Gap(path, given.reason)
    return default(type_) if given is None else given


_CLASSES = {"string": str, "int": int, "bool": bool, "double": float, "any": object}


def resource_value(schema: Schema, attributes: Mapping[str, Any], unknowns: Iterable[Unknown] = ()) -> dict[str, Any]:
    """What expressions see as `resource`: attributes filled by the schema, with gaps where they are not known."""
    value: dict[str, Any] = fill(schema.root, attributes, [])
    for unknown in unknowns:
        gap = Gap(unknown.path, unknown.reason)
        path = unknown.path
        while path and put(schema.root, value, path, gap):
            # What names nothing that there is covers what stands around it: better unknown too much than too little.
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return value


def misfit(type_: Type, path: str) -> str:
    """What is wrong with a dotted path, or nothing."""
    return put(type_, {}, path, None)


def put(type_: Type, value: Any, path: str, item: Any) -> str:
    """Set the value at a dotted path, as the schema reads it; returns what is wrong with the path, or nothing.

    Within a map all that remains is the key (`sysctl.net.ipv4.ip_forward`), unless the map holds objects: then the
    longest existing key that leads on is taken, or the key is written in brackets (`units[ssh.service].enabled`).
    A list without an index means each of its elements (`units.running`). A gap above the path covers it. What
    is missing on the way is made, for `fill` to complete.
    """
    while True:
        if isinstance(value, Gap):
            return ""
        key, rest = _step(type_, value, path)
        if isinstance(type_, ObjectType):
            if key not in type_.fields:
                return f"has no field {key!r}{suggest(key, type_.fields)}"
            below: Type = type_.fields[key]
            if rest and key not in value:
                value[key] = [] if isinstance(below, ListType) else {}
        elif isinstance(type_, MapType):
            below = type_.value
            if rest and key not in value:
                value[key] = {}
        elif isinstance(type_, ListType) and key.isdigit() and int(key) < len(value):
            below = type_.item
        elif isinstance(type_, ListType) and not key.isdigit():
            found = [put(type_.item, each, path, item) for each in value or [{}]]
            return next((why for why in found if why), "")
        else:
            return f"nothing at {path!r}"
        index = int(key) if isinstance(value, list) else key
        if not rest:
            value[index] = item
            return ""
        type_, value, path = below, value[index], rest


def _step(type_: Type, value: Any, path: str) -> tuple[str, str]:
    """The first key of a path and what follows it."""
    if path.startswith("["):
        key, _, rest = path[1:].partition("]")
        return key, rest.removeprefix(".")
    if isinstance(type_, MapType):
        if not isinstance(type_.value, ObjectType):
            return path, ""
        known = [key for key in value if path == key or path.startswith((key + ".", key + "["))]
        key = max(known, key=len) if known else path
        return key, path[len(key) :].removeprefix(".")
    ends = [at for at in (path.find("."), path.find("[")) if at >= 0]
    end = min(ends) if ends else len(path)
    return path[:end], path[end:].removeprefix(".")
