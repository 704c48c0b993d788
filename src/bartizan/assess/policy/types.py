"""The types that policies reason about: CEL's own plus objects with named fields.

An object is what a schema describes: every field exists. A map has any keys, all of one type.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from bartizan.model.record import dataclass


@dataclass(frozen=True, slots=True)
class Primitive:
    """`string`, `int`, `double`, `bool`, `null`, `duration`, `timestamp`, `bytes`; `any` for what nobody described."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListType:
    item: "Type"

    def __str__(self) -> str:
        return f"list of {self.item}"


@dataclass(frozen=True, slots=True)
class MapType:
    """Keys are strings."""

    value: "Type"

    def __str__(self) -> str:
        return f"map of {self.value}"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """Fields in the order of the schema: the first one tells an element from its siblings (`name`, `path`)."""

    fields: Mapping[str, "Type"]
    defaults: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Default of each scalar field that has one of its own; nested objects, lists and maps have natural ones."""
    described: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return "object"


Type = Primitive | ListType | MapType | ObjectType

STRING = Primitive("string")
INT = Primitive("int")
DOUBLE = Primitive("double")
BOOL = Primitive("bool")
NULL = Primitive("null")
DURATION = Primitive("duration")
TIMESTAMP = Primitive("timestamp")
BYTES = Primitive("bytes")
ANY = Primitive("any")

SCALARS: Mapping[str, Primitive] = {each.name: each for each in (STRING, INT, DOUBLE, BOOL, ANY)}
"""What a schema may name."""
ZEROS: Mapping[Primitive, Any] = {STRING: "", INT: 0, DOUBLE: 0.0, BOOL: False, ANY: None}


def accepts(wanted: Type, given: Type) -> bool:
    """Whether a value of type `given` can stand where `wanted` is asked for."""
    if ANY in (wanted, given) or wanted == given:
        return True
    if isinstance(wanted, ListType) and isinstance(given, ListType):
        return accepts(wanted.item, given.item)
    if isinstance(wanted, MapType):
        if isinstance(given, ObjectType):
            return all(accepts(wanted.value, each) for each in given.fields.values())
        return isinstance(given, MapType) and accepts(wanted.value, given.value)
    return False


def comparable(left: Type, right: Type) -> bool:
    """Whether `==` between the two can ever hold."""
    if accepts(left, right) or accepts(right, left):
        return True
    return {left, right} == {INT, DOUBLE} if isinstance(left, Primitive) and isinstance(right, Primitive) else False


def join(types: list[Type]) -> Type:
    """The type of a list's elements: the one they share, or `any`."""
    first = types[0] if types else ANY
    return first if all(each == first for each in types) else ANY


def type_of(value: Any) -> Type:
    """The type of a plain JSON value: how a parameter's default tells the parameter's type."""
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return DOUBLE
        case str():
            return STRING
        case list():
            return ListType(join([type_of(item) for item in value]))
        case dict():
            return MapType(join([type_of(item) for item in value.values()]))
    return NULL if value is None else ANY


def matches(type_: Type, value: Any) -> str:
    """Empty where a plain value has the type; otherwise what is wrong with it, for a person."""
    match type_:
        case ListType(item=item):
            if not isinstance(value, list):
                return f"expected a {type_}, found {describe(value)}"
            return next((f"[{n}]: {why}" for n, each in enumerate(value) if (why := matches(item, each))), "")
        case MapType(value=item) if isinstance(value, dict):
            return next((f"{key}: {why}" for key, each in value.items() if (why := matches(item, each))), "")
        case ObjectType(fields=fields) if isinstance(value, dict):
            for key, each in value.items():
                if key not in fields:
                    return f"has no field {key!r}{suggest(key, fields)}"
                if why := matches(fields[key], each):
                    return f"{key}: {why}"
            return ""
        case Primitive():
            if type_ == ANY or type_of(value) == type_ or (type_ == DOUBLE and type_of(value) == INT):
                return ""
    return f"expected {type_}, found {describe(value)}"


def describe(value: Any) -> str:
    """A value for an error message: its type, and itself where it is short."""
    if isinstance(value, (dict, list)):
        return str(type_of(value))
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return f"{type_of(value)} {text[:60]}"


def suggest(word: str, known: Mapping[str, Any] | list[str]) -> str:
    """` (did you mean 'x'?)`, or the choices where there are few, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (it has {', '.join(sorted(known))})" if 0 < len(known) <= 12 else ""
