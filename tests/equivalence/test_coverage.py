"""How many policies are held to one verdict over the notations: each has a good and a bad state, and each state is
judged alike as a live resource and in two more notations at least."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bartizan.assess.policy.engine import load_policies
from bartizan.assess.policy.library import Compiled
from bartizan.model.policy import PolicyResult
from equivalence import aws_states, cloud_states

State = aws_states.State | cloud_states.State
Met = dict[tuple[str, PolicyResult], set[str]]
"""The notations in which a policy's result is met."""

COUNTED = {"aws": 282, "azure": 118, "google": 89}


def _notations(state: State) -> set[str]:
    found = {"live"}
    if state.terraform:
        found |= {"terraform", "plan", "state"}
    if getattr(state, "cloudformation", None):
        found.add("cloudformation")
    if getattr(state, "arm", None):
        found |= {"arm", "bicep"}
    return found


def test_each_provider_has_so_many_controls_with_good_and_bad_states_in_three_notations() -> None:
    policies = load_policies()
    counted = {}
    for provider, states in (
        ("aws", aws_states.states()),
        ("azure", cloud_states.states("azure")),
        ("google", cloud_states.states("google")),
    ):
        met = _met(states, policies.by_type)
        both = {name for name, result in met if result is PolicyResult.PASS} & {
            name for name, result in met if result is PolicyResult.FAIL
        }
        counted[provider] = sum(
            len(met[name, PolicyResult.PASS]) >= 3 and len(met[name, PolicyResult.FAIL]) >= 3 for name in both
        )
    assert {provider: counted[provider] >= least for provider, least in COUNTED.items()} == dict.fromkeys(
        COUNTED, True
    ), counted


def _met(states: Iterable[State], by_type: Mapping[str, tuple[Compiled, ...]]) -> Met:
    met: Met = defaultdict(set)
    for state in states:
        for notation in _notations(state):
            for key in state.expected(by_type[state.type], notation).items():
                met[key].add(notation)
    return met
