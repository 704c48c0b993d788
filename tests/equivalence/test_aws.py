"""AWS: the same state in Terraform, in its plan, in CloudFormation and live gets the same verdicts by every policy."""

import pytest

from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.model.policy import PolicyResult
from bartizan.model.resource import Resource
from equivalence.aws_states import State, states

STATES = states()


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


def verdicts(resource: Resource, policies: PolicySet) -> dict[str, PolicyResult]:
    """Every policy's result."""
    assessment = assess_resource(resource, policies)
    out = dict.fromkeys(assessment.passed, PolicyResult.PASS)
    out |= dict.fromkeys(assessment.not_applicable, PolicyResult.NOT_APPLICABLE)
    return out | {each.rule: PolicyResult(each.verdict.value) for each in assessment.findings}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_has_the_same_verdicts_in_every_notation(policies: PolicySet, state: State) -> None:
    for notation, resource in state.resources():
        expected = state.expected(policies.by_type[state.type], notation)
        found = verdicts(resource, policies)
        wrong = {key: (str(found.get(key)), str(value)) for key, value in expected.items() if found.get(key) != value}
        assert not wrong, f"{notation} (found, expected)"


def test_every_policy_meets_a_good_and_a_bad_state(policies: PolicySet) -> None:
    met = {pair for state in STATES for pair in state.expected(policies.by_type[state.type]).items()}
    wanted = {
        (each.policy.id, result)
        for type_ in {state.type for state in STATES} - {"aws.s3.bucket"}  # most of these are in test_notations
        for each in policies.by_type[type_]
        for result in (PolicyResult.PASS, PolicyResult.FAIL)
    }
    assert sorted(wanted - met) == []
