"""Policies are listed, and explained with what they read and what they count for."""

import json

import pytest

from bartizan.assess.policy.engine import load_policies
from bartizan.assess.policy.explain import NoSuchPolicy, as_plain, explain, list_policies

POLICIES = load_policies()


def test_an_explanation_tells_inputs_and_controls() -> None:
    explanation = explain(POLICIES, "host-account-empty-password")
    assert [(each.path, each.type) for each in explanation.inputs] == [
        ("users.accounts", "list of object"),
        ("users.accounts[].password", "string"),
        ("users.shadow", "list of object"),
        ("users.shadow[].state", "string"),
    ]
    assert explanation.inputs[3].about == "empty, locked, none or set"
    nist = [each for each in explanation.controls if each.framework == "nist-800-53"]
    assert [each.id for each in nist] == ["IA-5", "IA-5(1)"]
    assert explanation.source.startswith("content/policies/host/accounts.yaml:")


def test_a_map_s_entry_is_an_input() -> None:
    explanation = explain(POLICIES, "host-kernel-aslr")
    assert ("kernel.runtime[kernel.randomize_va_space]", "string") in [(i.path, i.type) for i in explanation.inputs]


@pytest.mark.parametrize("policy", sorted(POLICIES.policies))
def test_every_policy_can_be_explained(policy: str) -> None:
    json.dumps(as_plain(explain(POLICIES, policy)))


def test_a_misspelt_id_is_suggested() -> None:
    with pytest.raises(NoSuchPolicy, match="did you mean 'host-ssh-root-login'"):
        explain(POLICIES, "host-ssh-rot-login")


def test_lists_are_filtered_and_ordered() -> None:
    listed = list_policies(POLICIES, resource="host", group="ssh", framework="cis-debian-12")
    assert [each.id for each in listed] == sorted(each.id for each in listed)
    assert {each.group for each in listed} == {"ssh"}
    assert len(listed) > 15
    assert all(each.builtin and each.controls for each in listed)
