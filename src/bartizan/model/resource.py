"""Resources: the normalised thing a policy judges, whether it came from a host, a template or a live API.

A host is one resource of type `host` whose attributes are its sections. A bucket in Terraform and the live bucket are
both `aws.s3.bucket` with the same attributes; what a template cannot resolve is listed in `unknowns`.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from bartizan.model.record import dataclass

ONLY_LIVE = "only what is live tells this, and it did not"
"""Reason of a field that no template has, such as when a key was last used: a policy that needs it does not apply to
what is written down, and is unknown for what is live."""
ONLY_TEMPLATE = "only a template tells this"
"""Reason of a field that speaks of how a template is written: a policy that needs it applies to nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a resource is written down."""

    path: str
    line: int = 0
    """From 1; 0 where the source has no lines."""
    end_line: int = 0
    module: str = ""
    """Module path in a template: `module.network.module.subnets[0]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A value that is not known, and why."""

    path: str
    """Dotted attribute path: `encryption.key_id`, `shadow`, `statements[2].principal`. Covers everything below it."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A directed edge to another resource."""

    kind: str
    """`attached-to`, `member-of`, `runs-in`, `encrypts`, ..."""
    target: str
    """The other resource's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that policies judge."""

    type: str
    """`host`, `aws.s3.bucket`, `docker.container`, `kubernetes.workload`, ...: names a schema in `content/schemas`."""
    id: str
    name: str = ""
    provider: str = ""
    account: str = ""
    region: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()
    location: Location | None = None
    unknowns: tuple[Unknown, ...] = ()


def resource_from(facts: Mapping[str, Any]) -> Resource:
    """The resource that `wire.plain` wrote. Raises `TypeError` on a field that is unknown or missing."""
    values = dict(facts)
    location = values.get("location")
    values["location"] = Location(**location) if location else None
    values["relations"] = tuple(Relation(**each) for each in values.get("relations", ()))
    values["unknowns"] = tuple(Unknown(**each) for each in values.get("unknowns", ()))
    return Resource(**values)
