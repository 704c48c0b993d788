"""All that a configuration or plan declares, with look-ups along references: whose public access block is this?"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.declared import Declared

_IDENTITIES = ("id", "arn", "self_link")
"""Attributes that providers set on what exists, and that others refer by."""
_CALLED = (*_IDENTITIES, "zone_id", "key_id")
"""More of them, which those that refer have too."""


@dataclass(slots=True)
class Configuration:
    """Declared resources by type."""

    by_type: dict[str, list[Declared]] = field(default_factory=dict)
    _links: dict[tuple[str, str], "_Links"] = field(default_factory=dict)
    _places: dict[str, Declared] = field(default_factory=dict)
    _identities: dict[str, Declared] | None = None

    @staticmethod
    def of(declared: Iterable[Declared]) -> "Configuration":
        """Index what is declared; data sources describe what exists elsewhere and are left out."""
        found = Configuration()
        for each in declared:
            if not each.data:
                found.by_type.setdefault(each.type, []).append(each)
        return found

    def of_type(self, *types: str) -> list[Declared]:
        """The resources of these types."""
        return [each for type_ in types for each in self.by_type.get(type_, ())]

    def linked(self, target: Declared, type_: str, attribute: str, *names: str) -> list[Declared]:
        """The resources of a type whose `attribute` leads to the target: by reference, by the value of one of the
        target's attributes in `names` (a bucket's name), or by what it is called once it exists. A reference that
        cannot be resolved leads nowhere."""
        links = self._linking(type_, attribute)
        if not links.by_place:
            return []
        named = [place for name in (*names, *_CALLED) if (place := _place(target.attributes.get(name))) is not None]
        found = [each for place in (target.address, *named) for each in links.by_place.get(place, ())]
        return list({id(each): each for each in found}.values())

    def has(self, target: Declared, type_: str, attribute: str, *names: str) -> bool | Unknown:
        """Whether some resource of the type leads to the target."""
        return bool(self.linked(target, type_, attribute, *names)) or self.unresolved(type_, attribute) or False

    def count(self, target: Declared, type_: str, attribute: str, *names: str) -> int | Unknown:
        """How many resources of the type lead to the target; unknown where one leads nobody knows where."""
        return self.unresolved(type_, attribute) or len(self.linked(target, type_, attribute, *names))

    def unresolved(self, type_: str, attribute: str) -> Unknown | None:
        """A link of this kind that leads nobody knows where: whoever has no link of its own may be its target."""
        return self._linking(type_, attribute).stray

    def at(self, value: Value) -> Declared | None:
        """The resource that a value refers to, where it is declared here."""
        address = value.target if isinstance(value, Unknown) else value
        if not isinstance(address, str) or not address:
            return None
        if not self._places:
            self._places.update((each.address, each) for found in self.by_type.values() for each in found)
        return self._places.get(address) or self.identities.get(address)

    @property
    def identities(self) -> dict[str, Declared]:
        """What exists already, by its id and the like: states and plans of what exists refer by these and not by
        address. What only adds to another often has that one's id; the shorter type is the thing itself
        (`aws_s3_bucket`, `aws_s3_bucket_policy`)."""
        if self._identities is None:
            found: dict[str, Declared] = {}
            for type_ in sorted(self.by_type, key=len):
                for each in self.by_type[type_]:
                    for name in _IDENTITIES:
                        value = each.attributes.get(name)
                        if isinstance(value, str) and value:
                            found.setdefault(value, each)
            self._identities = found
        return self._identities

    def find(self, value: Value, types: Iterable[str], *names: str) -> Declared | None:
        """The resource that a value refers to: by reference, or by the value of one of its attributes in `names`."""
        found = self.at(value)
        place = _place(value)
        if found is not None or place is None:
            return found
        for type_ in types:
            for name in names:
                named = self._linking(type_, name).by_place.get(place)
                if named:
                    return named[0]
        return None

    def _linking(self, type_: str, attribute: str) -> "_Links":
        links = self._links.get((type_, attribute))
        if links is None:
            links = self._links[type_, attribute] = _Links()
            for each in self.by_type.get(type_, ()):
                value = each.attributes.get(attribute)
                for one in value if isinstance(value, list) else [value]:
                    links.add(one, each)
        return links


@dataclass(slots=True)
class _Links:
    """Where one attribute of the resources of a type leads: to addresses, to texts, or nobody knows where."""

    by_place: dict[str | Unknown, list[Declared]] = field(default_factory=dict)
    stray: Unknown | None = None

    def add(self, value: Value, source: Declared) -> None:
        if isinstance(value, Unknown) and not value.target:
            self.stray = self.stray or value
        places = {value.target if isinstance(value, Unknown) else value, _place(value)}
        for place in places:
            if place and isinstance(place, (str, Unknown)):
                self.by_place.setdefault(place, []).append(source)


def _place(value: Value) -> str | Unknown | None:
    """What a name is compared by: its text. One of which a part is unknown is the same as one made in the same way, as
    two that are `"${data.aws_caller_identity.me.account_id}-logs"`."""
    if isinstance(value, Unknown):
        return value if value.text.strip("${}….") else None
    return value if isinstance(value, str) and value else None
