"""Which attributes of a template decided a field of a resource, and where their values came from.

Nothing is noted while a template is read. For a field that is asked about the resource is drafted again with attributes
made unknown: the attribute without which the field is not known any more is what the field hangs on. That holds for
every notation whose resources are drafted from declared attributes, and for whatever a draft works out of them.

    {"steps": [{"path": "/main.tf", "line": 12, "text": "acl = var.acl"}, ...],
     "resources": {"/#aws_s3_bucket.b": {"acl": [0, 1]}}}
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.attribute_path import Part, parts_of, path_of
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared, Step
from bartizan.collect.templates.family import Family
from bartizan.model.resource import Resource

MAX_FIELDS = 30_000
"""Fields that are traced of one scan; whoever asks names the worst first."""
MAX_DRAFTS = 150_000
"""Drafts that tracing one scan may make; what is asked for beyond is not traced."""
_MAX_DRAFTS_OF_FIELD = 60
_MAX_RELATED = 12
"""Resources that one resource may be drafted from."""
_MAX_DEPTH = 8
_MAX_LEAVES = 400
_MAX_ELEMENTS = 20
_MARK = "\0traced "
_OF_SECRETS = re.compile("secret|password|_in_template")
"""Fields that tell of a secret in the clear: no text is told of what they come from."""
_ABSENT = object()
_TROUBLE = (ValueError, TypeError, LookupError, AttributeError)
"""What drafting from unknowns may raise where it was not meant for them; nothing is told then."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value within the attributes of one of the resources that a draft is made from."""

    of: int
    """Which of them: 0 is the resource itself."""
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Drafted:
    """A configuration with what drafts its resources, kept for being asked."""

    configuration: Configuration
    families: Mapping[str, Family]
    known: dict[Any, dict[str, Attribute]] = field(default_factory=dict)
    """Which attributes decided: resources that a loop made alike have the same."""

    def find(self, id_: str) -> Declared | None:
        """The resource with an address."""
        return self.configuration.at(id_)


class Tracer:
    """Answers for a whole scan. Made by whoever reads, asked by whoever judged."""

    def __init__(self) -> None:
        self._read: dict[str, list[tuple[str, Drafted]]] = {}
        self._left, self._fields_left = MAX_DRAFTS, MAX_FIELDS

    def keep(self, section: str, path: str, drafted: Drafted) -> None:
        """Remember what the template at a path declares."""
        self._read.setdefault(section, []).append((path, drafted))

    def trace(self, section: str, wanted: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any] | None:
        """The facts of a section's origins: for each (resource's id, type) of `wanted`, with the values of the fields
        that are asked about, the steps of these. None where nothing is known of any."""
        read = dict(self._read.get(section, ()))
        numbers: dict[Step, int] = {}
        resources: dict[str, dict[str, list[int]]] = {}
        for (id_, type_), fields in wanted.items():
            path, _, address = id_.partition("#")
            drafted = read.get(path)
            if drafted is None or self._left <= 0 or self._fields_left <= 0:
                continue
            self._fields_left -= len(fields)
            told = {
                name: [numbers.setdefault(step, len(numbers)) for step in steps]
                for name, steps in self._origins(drafted, address, type_, fields)
                if steps
            }
            if told:
                resources.setdefault(id_, {}).update(told)
        if not resources:
            return None
        return {
            "steps": [{"path": each.path, "line": each.line, "text": each.text} for each in numbers],
            "resources": dict(sorted(resources.items())),
        }

    def _origins(
        self, drafted: Drafted, address: str, type_: str, fields: Mapping[str, Any]
    ) -> Iterator[tuple[str, tuple[Step, ...]]]:
        declared = drafted.find(address)
        family = drafted.families.get(declared.type) if declared is not None else None
        if declared is None or family is None:
            return
        location = declared.location
        key = (location.path, location.line, type_, repr(fields))
        known = drafted.known.get(key)
        related = [declared]
        if known is None or any(each.of for each in known.values()):
            trial = _Trial(declared, type_, family, drafted.configuration)
            if known is None:
                known = drafted.known[key] = trial.attributes(list(fields))
            related = trial.related
            self._left -= trial.drafts
        for name, each in known.items():
            if each.of < len(related):
                yield name, related[each.of].origin(path_of(each.parts), hide=bool(_OF_SECRETS.search(name)))


class _Watched(Configuration):
    """A configuration that notes which resources it was asked for."""

    __slots__ = ("_of", "seen")

    def __init__(self, of: Configuration) -> None:
        super().__init__(of.by_type, of._links, of._places)
        self._of = of
        self.seen: dict[int, Declared] = {}

    @property
    def identities(self) -> dict[str, Declared]:
        return self._of.identities

    def linked(self, target: Declared, type_: str, attribute: str, *names: str) -> list[Declared]:
        return self._noted(super().linked(target, type_, attribute, *names))

    def at(self, value: Value) -> Declared | None:
        found = super().at(value)
        self._noted([found] if found is not None else [])
        return found

    def find(self, value: Value, types: Iterable[str], *names: str) -> Declared | None:
        found = super().find(value, types, *names)
        self._noted([found] if found is not None else [])
        return found

    def _noted(self, found: list[Declared]) -> list[Declared]:
        for each in found[:_MAX_RELATED]:
            self.seen[id(each)] = each
        return found


class _Trial:
    """One resource, drafted again and again with less and less known."""

    def __init__(self, declared: Declared, type_: str, family: Family, configuration: Configuration) -> None:
        self._declared, self._type, self._family, self._configuration = declared, type_, family, configuration
        self.drafts = 0
        watched = _Watched(configuration)
        self.base = self._draft(watched)
        others = [each for each in watched.seen.values() if each is not declared]
        self.related: list[Declared] = [declared, *others[: _MAX_RELATED - 1]]

    def attributes(self, fields: Sequence[str]) -> dict[str, Attribute]:
        """The attribute that each field hangs on; fields that hang on none, such as defaults, are left out."""
        if self.base is None:
            return {}
        leaves = self._leaves()
        whole = self._with({leaf: Unknown(f"{_MARK}{number}\0") for number, leaf in enumerate(leaves)})
        out: dict[str, Attribute] = {}
        for name in fields:
            before = _told(self.base, name)
            if whole is not None and _told(whole, name) == before:
                continue
            guess = _guess(whole, name, leaves) if whole is not None else None
            hangs = guess is not None and self._hangs(name, before, guess) is not None
            found = guess if hangs else self._searched(name, before) or guess
            if found is not None:
                out[name] = self._element(name, before, found)
        return out

    def _element(self, name: str, before: tuple[Any, ...], found: Attribute) -> Attribute:
        """Of a list of plain values the one that decided: a field may not be known as soon as any is unknown, but it
        changes only without that one."""
        *above, index = found.parts
        whole = Attribute(found.of, tuple(above))
        items = self._value(whole) if above else None
        if not isinstance(items, list) or len(items) < 2 or not isinstance(index, int):
            return found
        for at in range(min(len(items), _MAX_ELEMENTS)):
            without = self._with({whole: items[:at] + items[at + 1 :]})
            if without is not None and _told(without, name) != before:
                return Attribute(found.of, (*above, at))
        return found

    def _searched(self, name: str, before: tuple[Any, ...]) -> Attribute | None:
        """By trial: the attribute whose absence the field notices most closely, as deep as it can be followed."""
        limit = self.drafts + _MAX_DRAFTS_OF_FIELD
        best: tuple[int, Attribute] | None = None
        ahead = [Attribute(of, (key,)) for of, each in enumerate(self.related) for key in each.attributes]
        depth = 0
        while ahead and self.drafts < limit and depth < _MAX_DEPTH:
            closest: tuple[int, Attribute] | None = None
            for each in ahead:
                distance = self._hangs(name, before, each) if self.drafts < limit else None
                if distance is not None and (closest is None or distance < closest[0]):
                    closest = (distance, each)
            if closest is None:
                break
            best = closest
            inner = self._value(closest[1])
            ahead = [Attribute(closest[1].of, (*closest[1].parts, part)) for part, _ in _children(inner)]
            depth += 1
        return best[1] if best is not None else None

    def _hangs(self, name: str, before: tuple[Any, ...], attribute: Attribute) -> int | None:
        """How closely a field notices that an attribute is unknown: 0 where it is the field itself that is unknown
        then, 1 where something around it is, 2 where it is something else; None where it does not notice."""
        found = self._with({attribute: Unknown(_MARK)})
        if found is None or _told(found, name) == before:
            return None
        marked = [path for path, reason in _unknowns(found) if reason.startswith(_MARK)]
        if any(_covers(name, path) for path in marked):
            return 0
        return 1 if any(_covers(path, name) for path in marked) else 2

    def _leaves(self) -> list[Attribute]:
        out: list[Attribute] = []
        for of, each in enumerate(self.related):
            ahead: list[tuple[tuple[Part, ...], Value]] = [((key,), value) for key, value in each.attributes.items()]
            while ahead and len(out) < _MAX_LEAVES:
                parts, value = ahead.pop(0)
                children = _children(value)
                if children and len(parts) < _MAX_DEPTH:
                    ahead += [((*parts, part), inner) for part, inner in children]
                elif not (isinstance(value, Unknown) and value.target):
                    out.append(Attribute(of, parts))
        return out

    def _value(self, attribute: Attribute) -> Value:
        value: Value = self.related[attribute.of].attributes
        for part in attribute.parts:
            if isinstance(value, list) and isinstance(part, int):
                value = value[part]
            else:
                value = value[str(part)] if isinstance(value, dict) else None
        return value

    def _with(self, values: Mapping[Attribute, Value]) -> Resource | None:
        """The draft with these values in the place of what the attributes have."""
        by_resource: dict[int, dict[str, Value]] = {}
        for attribute, new in values.items():
            key, *rest = attribute.parts
            held = by_resource.setdefault(attribute.of, {})
            name = str(key)
            value = held[name] if name in held else self.related[attribute.of].attributes[name]
            held[name] = _put(value, tuple(rest), new)
        kept = {of: self.related[of].attributes for of in by_resource}
        try:
            for of, changed in by_resource.items():
                self.related[of].attributes = {**kept[of], **changed}
            return self._draft(self._configuration)
        finally:
            for of, attributes in kept.items():
                self.related[of].attributes = attributes

    def _draft(self, configuration: Configuration) -> Resource | None:
        self.drafts += 1
        try:
            drafts = list(self._family.draft(self._declared, configuration))
        except _TROUBLE:
            return None
        wanted = (self._type, self._declared.address)
        return next((each.resource() for each in drafts if (each.type, each.id) == wanted), None)


def _children(value: Value) -> list[tuple[Part, Value]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _put(value: Value, parts: tuple[Part, ...], new: Value) -> Value:
    if not parts:
        return new
    key, rest = parts[0], parts[1:]
    if isinstance(value, dict) and key in value:
        return {**value, key: _put(value[key], rest, new)}
    if isinstance(value, list) and isinstance(key, int):
        return [_put(item, rest, new) if at == key else item for at, item in enumerate(value)]
    return value


def _guess(drafted: Resource, name: str, leaves: list[Attribute]) -> Attribute | None:
    """The leaf that a field is unknown for where all are."""
    exact = [reason for path, reason in _unknowns(drafted) if path == name]
    near = [reason for path, reason in _unknowns(drafted) if _covers(name, path) or _covers(path, name)]
    for reason in (*exact, *near):
        _, mark, rest = reason.partition(_MARK)
        number = rest.partition("\0")[0]
        if mark and number.isdecimal():
            return leaves[int(number)]
    return None


def _unknowns(drafted: Resource) -> list[tuple[str, str]]:
    return [(each.path, each.reason) for each in drafted.unknowns]


def _told(drafted: Resource, name: str) -> tuple[Any, ...]:
    """What a draft says of a field: its value, and why it or something below or around it is not known."""
    value: Any = drafted.attributes
    for part in parts_of(name):
        if isinstance(value, Mapping):
            value = value.get(str(part), _ABSENT)
        else:
            value = value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else _ABSENT
    reasons = tuple(each.reason for each in drafted.unknowns if _covers(name, each.path) or _covers(each.path, name))
    return ("absent" if value is _ABSENT else value, reasons)


def _covers(outer: str, inner: str) -> bool:
    return inner == outer or (inner.startswith(outer) and inner[len(outer)] in ".[")
