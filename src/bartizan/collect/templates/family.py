"""The door of a family: which provider types it turns into which resources of the model.

FAMILY = Family(types=("aws_s3_bucket",), draft=draft, makes=("aws.s3.bucket",))

def draft(declared: Declared, configuration: Configuration) -> Iterable[Draft]: ...
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How some provider types are normalised."""

    types: tuple[str, ...]
    """Provider types that become a resource each."""
    parts: tuple[str, ...] = ()
    """Types that only add to another and are found by their links: `aws_s3_bucket_policy`."""
    draft: Callable[[Declared, Configuration], Iterable[Draft]]
    makes: tuple[str, ...] = ()
    """Resource types of the model that `draft` makes."""


def draft_of(type_: str, declared: Declared, provider: str, name_attribute: str = "name") -> Draft:
    """A draft with what every resource has."""
    name = declared.attributes.get(name_attribute)
    region = declared.attributes.get("region")
    return Draft(
        type_,
        id=declared.address,
        name=name if isinstance(name, str) else declared.name,
        provider=provider,
        region=region if isinstance(region, str) else "",
        location=declared.location,
    )


def block(attributes: Value, name: str) -> dict[str, Value]:
    """The only block of a type, or an empty one. A block that is unknown has every attribute unknown."""
    found = attributes.get(name) if isinstance(attributes, dict) else attributes
    if isinstance(found, list):
        found = found[0] if found else None
    if isinstance(found, dict):
        return found
    return UnknownBlock(found) if isinstance(found, Unknown) else {}


def blocks(attributes: Value, name: str) -> list[Value]:
    """Every block of a type; one that is unknown stands as such."""
    found = attributes.get(name) if isinstance(attributes, dict) else attributes
    if isinstance(found, list):
        return found
    return [] if found is None else [found]


def added(target: Declared, configuration: Configuration, type_: str, attribute: str, *names: str) -> dict[str, Value]:
    """What another resource adds to the target (`Configuration.linked`), or an empty block. Where such a resource leads
    nobody knows where, it may be this target's: then every attribute is unknown."""
    found = configuration.linked(target, type_, attribute, *names)
    if found:
        return found[0].attributes
    stray = configuration.unresolved(type_, attribute)
    return UnknownBlock(stray) if stray is not None else {}


def present(found: dict[str, Value]) -> bool | Unknown:
    """Whether there is such a block."""
    return found.unknown if isinstance(found, UnknownBlock) else bool(found)


class UnknownBlock(dict[str, Value]):
    """A block of which nothing is known."""

    def __init__(self, unknown: Unknown) -> None:
        super().__init__()
        self.unknown = unknown

    def get(self, key: str, default: Value = None) -> Value:
        return self.unknown

    def __getitem__(self, key: str) -> Value:
        return self.unknown

    def __contains__(self, key: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


def enabled(value: Value) -> Value:
    """`Enabled` and `Suspended`, `true` and `false`, as truths."""
    if isinstance(value, str):
        return value.lower() in ("enabled", "true", "on", "yes", "allow")
    return value
