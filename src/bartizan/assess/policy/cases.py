"""Running the good and bad cases of policies: how a policy proves that it says what it means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bartizan.assess.policy.engine import PolicySet, judge, load_policies
from bartizan.assess.policy.library import Compiled
from bartizan.assess.policy.schema import resource_value
from bartizan.content.documents import ContentError
from bartizan.model.policy import PolicyCase, PolicyResult
from bartizan.model.resource import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """How one case went."""

    policy: str
    case: str
    path: str
    line: int
    expected: PolicyResult
    found: PolicyResult
    values: dict[str, Any]
    reasons: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.expected is self.found


@dataclass(frozen=True, slots=True)
class TestReport:
    """Everything that `bartizan policy test` tells."""

    __test__ = False

    policies: int
    outcomes: tuple[CaseOutcome, ...]
    errors: tuple[ContentError, ...]
    uncovered: tuple[str, ...]
    """Policies without at least one good and one bad case."""

    @property
    def failed(self) -> tuple[CaseOutcome, ...]:
        return tuple(each for each in self.outcomes if not each.ok)

    @property
    def ok(self) -> bool:
        return not self.failed and not self.errors and not self.uncovered


def test_policies(folders: Sequence[Path] = (), *, builtin: bool = True) -> TestReport:
    """Load policies and run every case of each."""
    policies = load_policies(folders, builtin=builtin)
    chosen = [each for each in policies.compiled.values() if builtin or not each.builtin]
    outcomes = tuple(outcome for each in chosen for outcome in run_cases(policies, each))
    return TestReport(len(chosen), outcomes, policies.errors, tuple(uncovered(chosen)))


test_policies.__test__ = False  # type: ignore[attr-defined]


def run_cases(policies: PolicySet, compiled: Compiled) -> list[CaseOutcome]:
    return [run_case(policies, compiled, case) for case in compiled.policy.cases]


def run_case(policies: PolicySet, compiled: Compiled, case: PolicyCase) -> CaseOutcome:
    schema = policies.schemas[compiled.policy.resource]
    unknowns = [Unknown(path=path, reason=reason) for path, reason in case.unknowns.items()]
    value = resource_value(schema, case.attributes, unknowns)
    judgement = judge(compiled, value, compiled.policy.parameters, declared=case.declared)
    return CaseOutcome(
        policy=compiled.policy.id,
        case=case.name,
        path=compiled.path,
        line=compiled.line,
        expected=case.expect,
        found=judgement.result,
        values=dict(judgement.values),
        reasons=tuple(f"{each.path}: {each.reason}" if each.path else each.reason for each in judgement.unknowns),
    )


def uncovered(compiled: Iterable[Compiled]) -> list[str]:
    """Policies that do not show what passes and what fails."""
    wanted = {PolicyResult.PASS, PolicyResult.FAIL}
    return [each.policy.id for each in compiled if not wanted <= {case.expect for case in each.policy.cases}]
