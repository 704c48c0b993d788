"""All that a configuration or plan declares, with look-ups along references: whose public access block is this?"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.declared import Declared


@dataclass(slots=True)
class Configuration:
    """Declared resources by type."""

    by_type: dict[str, list[Declared]] = field(default_factory=dict)

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
        """The resources of a type whose `attribute` leads to the target: by reference, or by the value of one of the
        target's attributes in `names` (a bucket's name). A reference that cannot be resolved leads nowhere."""
        texts = {value for name in names if isinstance(value := target.attributes.get(name), str)}
        return [each for each in self.by_type.get(type_, ()) if _leads(each.attributes.get(attribute), target, texts)]

    def unresolved(self, type_: str, attribute: str) -> Unknown | None:
        """A link of this kind that leads nobody knows where: whoever has no link of its own may be its target."""
        for each in self.by_type.get(type_, ()):
            value = each.attributes.get(attribute)
            if isinstance(value, Unknown) and not value.target:
                return value
        return None


def _leads(value: Value, target: Declared, texts: set[str]) -> bool:
    if isinstance(value, Unknown):
        return value.target == target.address
    return isinstance(value, str) and value in texts
