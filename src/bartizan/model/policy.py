"""Policies: one check each, as content in YAML and as a record here.

id: host-ssh-root-login
title: SSH does not let root sign in with a password
severity: high
resource: host
applies: resource.sshd.present
check: resource.sshd.effective.permit_root_login in ["no", "prohibit-password", "forced-commands-only"]
why: ...
fix: {text: ..., command: ...}
controls: {nist-800-53: [AC-6(2), IA-2], cis-controls-8: ["5.4"]}
good: [...]
bad: [...]
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from bartizan.model.record import dataclass
from bartizan.model.severity import Severity


class PolicyResult(StrEnum):
    """The four results that a policy can have for a resource."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """An example that a policy must judge as stated."""

    name: str
    attributes: Mapping[str, Any]
    """Overrides on the schema's defaults for this resource type."""
    unknowns: Mapping[str, str] = field(default_factory=dict)
    """Dotted path to reason."""
    declared: bool = False
    """Written down in a template, rather than live."""
    expect: PolicyResult = PolicyResult.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    """How to mend it, in our own words."""

    text: str
    command: str = ""
    template: str = ""
    """A snippet for the template language that the resource type is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One check over one resource type."""

    id: str
    title: str
    severity: Severity
    resource: str
    """The resource type that it judges."""
    check: str
    """CEL expression that is true where the resource passes."""
    applies: str = ""
    """CEL expression that is true where the policy applies; empty means always."""
    why: str = ""
    fix: Remediation = field(default_factory=lambda: Remediation(text=""))
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Framework id to control ids."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Name to default value; read in expressions as `params.<name>`."""
    cases: tuple[PolicyCase, ...] = ()
    group: str = ""
    """For people to browse by: `ssh`, `users`, `kernel`."""
