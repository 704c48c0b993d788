"""Values of an evaluated template: plain Python values, and what cannot be known before the template is applied.

Known values are str, int, float, bool, None, list and dict. An `Unknown` stands wherever a value depends on something
that only exists later or was not given; it says why, and what it refers to where it refers to something.
"""

from dataclasses import dataclass
from typing import Any

Value = Any
"""A known value, an `Unknown`, a `Document`, or a nest of them."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known, and why."""

    reason: str
    """`variable "name" has no value`, `aws_vpc.main.id is known after apply`."""
    target: str = ""
    """Address of the resource that it refers to: `aws_s3_bucket.logs[0]`."""
    attribute: str = ""
    text: str = ""
    """What is known of a string: `arn:aws:s3:::${...}/*`."""


@dataclass(frozen=True, slots=True)
class Document:
    """The text of an encoded document (`jsonencode`, a policy document), kept as the value that it encodes: a policy
    document with one unknown name in it is still worth reading."""

    value: Value


def is_known(value: Value) -> bool:
    """Whether a value has nothing unknown in it."""
    return first_unknown(value) is None


def first_unknown(value: Value) -> Unknown | None:
    """Any unknown within a value."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Document):
        return first_unknown(value.value)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return None
    for item in value:
        found = first_unknown(item)
        if found is not None:
            return found
    return None
