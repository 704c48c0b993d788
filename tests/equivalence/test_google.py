"""Google Cloud: the same state in Terraform, in its plan and live gets the same verdicts by every policy."""

import pytest

from bartizan.assess.policy.engine import PolicySet, load_policies
from equivalence.cloud_states import State, check, states, unmet

STATES = states("google")


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_has_the_same_verdicts_in_every_notation(policies: PolicySet, state: State) -> None:
    check(state, policies)


def test_every_policy_meets_a_good_and_a_bad_state(policies: PolicySet) -> None:
    assert unmet(STATES, policies) == []
