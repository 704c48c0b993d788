"""What policies grant beyond need."""

from typing import Any

import pytest

from bartizan.collect.resources.iam_access import (
    administrator,
    allows_by_exception,
    escalations,
    grants,
    open_federation,
    service_wide,
)
from bartizan.collect.resources.iam_document import statements
from bartizan.collect.resources.values import Unknown


def policy(*found: dict[str, Any]) -> Any:
    return statements({"Statement": [{"Effect": "Allow", "Resource": "*", **each} for each in found]})


def test_everything_on_everything_is_administration() -> None:
    assert administrator(policy({"Action": "*"})) is True
    assert administrator(policy({"Action": "*:*"})) is True
    assert administrator(policy({"Action": "*", "Resource": "arn:aws:s3:::mine/*"})) is False
    assert administrator(policy({"Action": "*", "Effect": "Deny"})) is False


def test_a_document_that_is_not_known_grants_nobody_knows_what() -> None:
    unknown = Unknown("variable has no value")
    assert administrator(statements(unknown)) is unknown
    assert escalations(statements(unknown)) is unknown


def test_whole_services_are_named() -> None:
    assert service_wide(policy({"Action": ["S3:*", "ec2:Describe*"]})) == ["s3"]
    assert service_wide(policy({"Action": "s3:*", "Resource": "arn:aws:s3:::mine"})) == []


@pytest.mark.parametrize(
    ("actions", "ways"),
    [
        (["iam:CreatePolicyVersion"], ["iam:CreatePolicyVersion"]),
        (["iam:PassRole"], []),
        (["iam:PassRole", "ec2:RunInstances"], ["iam:PassRole + ec2:RunInstances"]),
        (["iam:Put?serPolicy"], ["iam:PutUserPolicy"]),
        (["s3:GetObject"], []),
    ],
)
def test_ways_to_more_privilege(actions: list[str], ways: list[str]) -> None:
    assert escalations(policy({"Action": actions})) == ways


def test_a_denial_or_a_condition_takes_the_way_back() -> None:
    allowed = {"Action": "iam:*"}
    assert grants(policy(allowed), "iam:PassRole") is True
    assert grants(policy(allowed, {"Effect": "Deny", "Action": "iam:Pass*"}), "iam:PassRole") is False
    bound = {"Action": "iam:*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    assert grants(policy(bound), "iam:PassRole") is False


def test_allowing_all_but_something() -> None:
    found = policy({"NotAction": "iam:*"})
    assert allows_by_exception(found) is True
    assert grants(found, "s3:GetObject") is True
    assert grants(found, "iam:PassRole") is False


GITHUB = {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"}


@pytest.mark.parametrize(
    ("condition", "is_open"),
    [
        ({}, True),
        ({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}, True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}, True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:mine/app:*"}}, False),
    ],
)
def test_a_public_identity_provider_is_bound_by_the_subject(condition: dict[str, Any], is_open: bool) -> None:
    trust = {"Principal": GITHUB, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}
    assert open_federation(policy(trust)) is is_open


def test_a_provider_of_ones_own_is_not_public() -> None:
    trust = {"Principal": {"Federated": "arn:aws:iam::1:oidc-provider/login.mine.example"}}
    assert open_federation(policy(trust)) is False
