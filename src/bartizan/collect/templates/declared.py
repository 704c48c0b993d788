"""What a configuration or a plan declares: resources as the provider's schema names them, before they are normalised.

Blocks are lists of objects under their type, as in a plan's JSON, so a configuration and its plan look alike here.
"""

from dataclasses import dataclass, field
from typing import Protocol

from bartizan.collect.resources.values import Value
from bartizan.model.resource import Location


@dataclass(frozen=True, slots=True)
class Step:
    """A place that a value was handed through: `main.tf:12 acl = var.acl`."""

    path: str
    """Empty for what came from the command line."""
    line: int
    """From 1; 0 where the source has no lines."""
    text: str
    """The assignment in one line, with nothing in it that looks like a secret."""


MAX_STEPS = 12
"""Steps that are told of one value."""


class Origin(Protocol):
    """Where the value of an attribute came from, by the attribute's dotted path (`versioning[0].enabled`): the
    attribute's own place first, then whatever it was taken from. Nothing for what is not written down. `hide` leaves
    every text and number out, for what is known to be about a secret."""

    def __call__(self, path: str, hide: bool = False) -> tuple[Step, ...]: ...


def nowhere(path: str, hide: bool = False) -> tuple[Step, ...]:
    """The origin of what does not know where it is from."""
    return ()


@dataclass(slots=True, kw_only=True)
class Declared:
    """One instance of a resource or data source."""

    address: str
    """`module.net.aws_subnet.private["a"]`."""
    type: str
    """`aws_subnet`."""
    name: str
    module: str = ""
    """`module.net`; empty at the root."""
    data: bool = False
    provider: str = ""
    """Local name of the provider's configuration: `aws.west`; empty for the default."""
    attributes: dict[str, Value] = field(default_factory=dict)
    location: Location
    origin: Origin = nowhere
    uncertain: str = ""
    """Why it is not known whether there is such an instance, or how many (count or for_each is unknown)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateProblem:
    """Something that was not read, and where."""

    path: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"
