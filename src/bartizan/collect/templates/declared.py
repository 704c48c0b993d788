"""What a configuration or a plan declares: resources as the provider's schema names them, before they are normalised.

Blocks are lists of objects under their type, as in a plan's JSON, so a configuration and its plan look alike here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bartizan.collect.resources.values import Value
from bartizan.model.resource import Location


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
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each attribute by dotted path: `versioning[0].enabled`."""
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
