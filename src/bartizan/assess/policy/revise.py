"""Judging a resource anew by those policies that changed, where the others' results stand.

Each policy is judged by itself, so a change of one touches no result of another. What a set of policies consists of is
told by prints, which are small enough to be kept with what was judged by them.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from bartizan.assess.policy.engine import REVISION, Parameters, PolicySet, judged_by
from bartizan.model.assessment import Assessment, Revision, Standing
from bartizan.model.finding import FindingKind, Verdict
from bartizan.model.policy import PolicyResult
from bartizan.model.wire import digest

Prints = Mapping[str, Mapping[str, str]]
"""Type of resource to policy id to a print of everything that it is judged by; under "" what concerns all of them."""
Differing = Mapping[str, AbstractSet[str] | None]
"""Type of resource to the policies that were added, changed or removed; None: all. Other types are judged as before."""


def prints(policies: PolicySet, parameters: Parameters | None = None) -> dict[str, dict[str, str]]:
    """Of policies in force with an organisation's own values."""
    found: dict[str, dict[str, str]] = {}
    for type_, compiled in policies.by_type.items():
        found[type_] = {"": _print([policies.schemas[type_].empty, REVISION])}
        for each in compiled:
            own = (parameters or {}).get(each.policy.id, {})
            found[type_][each.policy.id] = _print([judged_by(each.policy), own])
    return found


def _print(value: object) -> str:
    return digest(value)[-16:]


def differing(old: Prints, new: Prints) -> Differing:
    """By what two sets of policies can disagree."""
    found: dict[str, AbstractSet[str] | None] = {}
    for type_ in old.keys() | new.keys():
        before, now = old.get(type_, {}), new.get(type_, {})
        if before == now:
            continue
        changed = {id_ for id_ in before.keys() | now.keys() if before.get(id_) != now.get(id_)}
        found[type_] = None if "" in changed else changed
    return found


def revised(partial: Assessment, standing: Standing, changed: AbstractSet[str]) -> Revision:
    """The standing assessment of one resource with the results of the changed policies, which `partial` holds."""
    kept = [each.kind != FindingKind.POLICY or each.rule not in changed for each in standing.findings]
    passed = (*(rule for rule in standing.passed if rule not in changed), *partial.passed)
    reasons = {rule: why for rule, why in standing.not_applicable.items() if rule not in changed}
    reasons |= partial.not_applicable
    unknown = sum(each.unknown for each, stays in zip(standing.findings, kept, strict=True) if stays)
    unknown += sum(each.verdict is Verdict.UNKNOWN for each in partial.findings)
    counts = {
        PolicyResult.PASS: len(passed),
        PolicyResult.FAIL: sum(kept) + len(partial.findings) - unknown,
        PolicyResult.UNKNOWN: unknown,
        PolicyResult.NOT_APPLICABLE: len(reasons),
    }
    assessment = Assessment(
        assessor=partial.assessor,
        knowledge=partial.knowledge,
        findings=partial.findings,
        counts={result.value: number for result, number in counts.items()},
        passed=passed,
        not_applicable=reasons,
    )
    return Revision(assessment=assessment, kept=kept)


def unchanged(assessor: str, knowledge: str, standing: Standing) -> Revision:
    """The standing assessment, as it is by newer knowledge too."""
    assessment = Assessment(
        assessor=assessor,
        knowledge=knowledge,
        findings=(),
        counts=standing.counts,
        passed=tuple(standing.passed),
        not_applicable=standing.not_applicable,
    )
    return Revision(assessment=assessment, kept=[True] * len(standing.findings))
