"""Assessments: the outcome of one assessor on one set of inputs with one state of knowledge.

An assessment is a pure function of (assessor, input digests, knowledge), so it is computed once and shared by every
asset with the same inputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.record import dataclass
from bartizan.model.severity import Severity
from bartizan.model.wire import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What one assessor concluded."""

    assessor: str
    """`vulnerability` or `policy`, with a part where the assessor works on parts: `vulnerability:packages_deb`."""
    knowledge: str
    """Digest of the knowledge used: the advisory file's id, the policy set's digest."""
    findings: tuple[Finding, ...]
    """Failures and unknowns, ordered by identity; passes are counted, not listed."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How much was judged: `pass`, `fail`, `unknown`, `not-applicable`, `packages`, ..."""
    passed: tuple[str, ...] = ()
    """Rules that passed, for evidence of compliance; empty where counting them makes no sense (vulnerabilities)."""
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    """Rule to the reason why it does not apply."""
    depends: frozenset[int] | None = None
    """What of the knowledge was looked up, as 32-bit numbers that the assessor's family understands: newer knowledge
    that answers all of it as before gives the same assessment. None: it may hang on all of it."""
    blind: bool = False
    """The assessor had nothing to judge by: no advisories for this ecosystem, or it failed. That something is not among
    its findings then proves nothing, and what was found before stands."""


class Stood(NamedTuple):
    """A finding of an assessment that is kept: which it is, not what it tells."""

    kind: str
    rule: str
    locator: str
    unknown: bool
    """Its verdict is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was concluded of an input before, as far as judging a part of it anew needs it."""

    findings: Sequence[Stood]
    counts: Mapping[str, int]
    passed: Sequence[str]
    not_applicable: Mapping[str, str]
    depends: frozenset[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An assessment told by how it differs from the standing one, of which newer knowledge can change only a part."""

    assessment: Assessment
    """Whole but for its findings, which are those of the part that was judged anew."""
    kept: Sequence[bool]
    """Which of the standing findings stay as they are."""


def assessment_from(told: Mapping[str, Any]) -> Assessment:
    """Read back what `wire.plain` makes of one. Raises KeyError, TypeError or ValueError where it is none."""
    return Assessment(
        **{
            **told,
            "findings": tuple(_finding_from(each) for each in told["findings"]),
            "passed": tuple(told["passed"]),
        }
    )


def _finding_from(told: Mapping[str, Any]) -> Finding:
    return Finding(
        **{
            **told,
            "kind": FindingKind(told["kind"]),
            "severity": Severity(told["severity"]),
            "verdict": Verdict(told["verdict"]),
            "fix": Fix(**{**told["fix"], "state": FixState(told["fix"]["state"])}),
        }
    )


def input_digest(section_digests: Mapping[str, str]) -> str:
    """The digest of an assessor's inputs: the digests of the sections that it declares, absent ones left out."""
    return digest({name: value for name, value in section_digests.items() if value})
