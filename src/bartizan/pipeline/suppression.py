"""Decisions applied to findings: what a VEX statement or the ignore file settles is set apart, countable, never lost.

    suppress(assessments, asset, statements, ignored, today) -> Applied(assessments, suppressed, notes)

A statement is evidence wherever it speaks of a finding. `not_affected` and `fixed` set the finding apart; `affected`
and `under_investigation` leave it where it is. Of several statements the latest counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from bartizan.model.assessment import Assessment
from bartizan.model.asset import AssetRef
from bartizan.model.finding import Finding
from bartizan.model.record import dataclass

if TYPE_CHECKING:
    from bartizan.pipeline.ignore_file import Ignored
    from bartizan.pipeline.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A finding that somebody settled."""

    finding: Finding
    by: str
    """`vex` or `ignore-file`."""
    source: str
    """The statement's document, or the entry's file and line."""
    reason: str
    """Status and justification, or the entry's reason."""
    expires: str = ""
    """The last day on which it holds, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    assessments: tuple[Assessment, ...]
    """Without what was set apart."""
    suppressed: tuple[Suppressed, ...] = ()
    notes: tuple[str, ...] = ()
    """What the user should know: entries that are over."""


def suppress(
    assessments: Iterable[Assessment],
    asset: AssetRef,
    statements: Sequence["Statement"],
    ignored: Sequence["Ignored"],
    today: date,
) -> Applied:
    """Apply both kinds of decisions; the findings of an assessment keep their order."""
    ordered = sorted(statements, key=lambda each: each.moment)
    by_name: dict[str, list[Statement]] = {}
    for statement in ordered:
        for name in statement.vulnerabilities:
            by_name.setdefault(name, []).append(statement)
    over: dict[str, tuple[Ignored, int]] = {}
    out: list[Assessment] = []
    suppressed: list[Suppressed] = []
    for assessment in assessments:
        kept = []
        for finding in assessment.findings:
            told, settled = _by_statements(finding, asset, by_name)
            settled = settled or _by_entries(told, asset, ignored, today, over)
            if settled is None:
                kept.append(told)
            else:
                suppressed.append(settled)
        out.append(replace(assessment, findings=tuple(kept)) if len(ignored) or by_name else assessment)
    notes = tuple(
        f"{entry.where}: {entry.text()} ended on {entry.expires}; findings that count again: {count}"
        for entry, count in over.values()
    )
    return Applied(assessments=tuple(out), suppressed=tuple(suppressed), notes=notes)


def _by_statements(
    finding: Finding, asset: AssetRef, by_name: "dict[str, list[Statement]]"
) -> tuple[Finding, Suppressed | None]:
    """The finding with what was said about it, and how it is settled, if it is."""
    if not by_name:
        return finding, None
    from bartizan.pipeline.coverage_of_statement import same_flaw, speaks_of  # most scans have no statements

    aliases = finding.evidence.get("aliases")
    names = [finding.rule, *(aliases if isinstance(aliases, list) else ())]
    about = {id(each): each for name in names for each in by_name.get(str(name), ())}.values()
    said = [each for each in about if same_flaw(each, finding) and speaks_of(each, finding, asset)]
    if not said:
        return finding, None
    said.sort(key=lambda each: each.moment)
    told = replace(finding, evidence={**finding.evidence, "vex": [_plain(each) for each in said]})
    last = said[-1]
    if not last.status.settles:
        return told, None
    reason = ": ".join(part for part in (last.status.value, last.justification or last.text) if part)
    return told, Suppressed(finding=told, by="vex", source=last.document, reason=reason)


def _by_entries(
    finding: Finding,
    asset: AssetRef,
    ignored: Iterable["Ignored"],
    today: date,
    over: "dict[str, tuple[Ignored, int]]",
) -> Suppressed | None:
    for entry in ignored:
        if not entry.matches(finding, asset):
            continue
        if entry.applies(today):
            expires = entry.expires.isoformat() if entry.expires else ""
            return Suppressed(
                finding=finding, by="ignore-file", source=entry.where, reason=entry.reason, expires=expires
            )
        over[entry.where] = (entry, over.get(entry.where, (entry, 0))[1] + 1)
    return None


def _plain(statement: "Statement") -> dict[str, Any]:
    told = {
        "document": statement.document,
        "author": statement.author,
        "status": statement.status.value,
        "justification": statement.justification,
        "statement": statement.text,
        "moment": statement.moment,
    }
    return {name: value for name, value in told.items() if value}
