"""Secrets in scripts and variables are noticed, and only that they are there is told."""

import base64

import pytest

from bartizan.collect.resources.plain_secret import in_text, in_variables
from bartizan.collect.resources.values import Unknown

KEY = "AKIA" + "IOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    "text",
    [
        f"export AWS_ACCESS_KEY_ID={KEY}",
        "mysql --password=Tr0ub4dor3",
        "define('DB_PASSWORD', 'hunter22')",
        "-----BEGIN RSA PRIVATE KEY-----",
        "api_key: 0123456789",
        base64.b64encode(b"password=hunter22").decode(),
    ],
)
def test_a_script_with_a_secret(text: str) -> None:
    assert in_text(text) is True


@pytest.mark.parametrize("text", ["", "#!/bin/sh\necho hello", 'password="$PASSWORD"', "password=${password}", None])
def test_a_script_without_one(text: str | None) -> None:
    assert in_text(text) is False


def test_a_script_that_is_known_in_part() -> None:
    assert in_text(Unknown("known after apply", text=f"key={KEY} host=${{...}}")) is True
    unknown = Unknown("known after apply", text="host=${...}")
    assert in_text(unknown) is unknown


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DB_PASSWORD", "hunter22", True),
        ("ANYTHING", KEY, True),
        ("API_KEY", "0123", True),
        ("DB_PASSWORD", "", False),
        ("DB_PASSWORD", "{{resolve:secretsmanager:db}}", False),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:1:secret:db", False),
        ("DB_PASSWORD", Unknown("known after apply"), False),
        ("DB_PASSWORD_ARN", "whatever", False),
        ("STAGE", "live", False),
    ],
)
def test_variables(name: str, value: object, secret: bool) -> None:
    assert in_variables({name: value}) is secret
