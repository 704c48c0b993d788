"""Where the values came from that decided about a finding in a template: from its evidence, in words for people.

"origins": [{"field": "acl", "steps": [{"path": "/modules/s3/main.tf", "line": 4, "text": "acl = var.acl"},
                                        {"path": "/main.tf", "line": 9, "text": "acl = \"public-read\""}]}]

reads: acl = var.acl ← /main.tf:9 acl = "public-read"
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bartizan.model.finding import Finding

ARROW = " ← "


@dataclass(frozen=True, slots=True)
class Step:
    """One place that a value was handed through."""

    path: str
    """Empty for what came from the command line."""
    line: int
    """0 where the source has no lines."""
    text: str

    @property
    def place(self) -> str:
        """`/main.tf:9`; empty for the command line."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one field's value came from."""

    field: str
    steps: tuple[Step, ...]
    """At least one: the attribute of the resource first."""


def origins(evidence: Mapping[str, Any]) -> tuple[Origin, ...]:
    """The origins that evidence tells of, the longest first; what is no origin is left out."""
    found = evidence.get("origins")
    return tuple(_origins(found)) if isinstance(found, list) else ()


def _origins(found: list[Any]) -> Iterator[Origin]:
    for each in found:
        told = each.get("steps") if isinstance(each, Mapping) else None
        steps = tuple(
            Step(str(step.get("path", "")), line if isinstance(line := step.get("line"), int) else 0, str(step["text"]))
            for step in (told if isinstance(told, list) else ())
            if isinstance(step, Mapping) and "text" in step
        )
        if steps:
            yield Origin(str(each.get("field", "")), steps)


def chain(finding: Finding) -> str:
    """The origin that tells most, in one line: what the attribute says, and the places before it. Empty where nothing
    is known of any."""
    found = origins(finding.evidence)
    return _line(found[0]) if found else ""


def chains(finding: Finding) -> tuple[str, ...]:
    """Every origin in one line, each with the place of its attribute."""
    return tuple(f"{each.steps[0].place} {_line(each)}".lstrip() for each in origins(finding.evidence))


def _line(origin: Origin) -> str:
    first, *others = origin.steps
    return ARROW.join([first.text, *(f"{each.place} {each.text}".lstrip() for each in others)])
