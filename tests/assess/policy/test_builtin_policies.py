"""Every built-in policy loads and judges its own good and bad cases as it says."""

import pytest

from bartizan.assess.policy.cases import run_case, uncovered
from bartizan.assess.policy.engine import load_policies

POLICIES = load_policies()
CASES = [(each, case) for each in POLICIES.compiled.values() for case in each.policy.cases]


def test_everything_loads() -> None:
    assert [str(error) for error in POLICIES.errors] == []


def test_every_policy_has_a_good_and_a_bad_case() -> None:
    assert uncovered(POLICIES.compiled.values()) == []


@pytest.mark.parametrize(
    ("compiled", "case"), CASES, ids=[f"{each.policy.id}-{case.expect.value}-{case.name}" for each, case in CASES]
)
def test_a_case_is_judged_as_it_says(compiled, case) -> None:  # type: ignore[no-untyped-def]
    outcome = run_case(POLICIES, compiled, case)
    assert outcome.ok, f"{outcome.path}:{outcome.line}: found {outcome.found} by {outcome.values} {outcome.reasons}"
