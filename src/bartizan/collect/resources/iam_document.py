"""AWS policy documents in one form, and whether one lets everybody in.

IAM User Guide, "IAM JSON policy elements reference". A document:

    {"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": "*"}}

is, in normal form, a list of statements whose every part is a list:

    [{"effect": "Allow", "principals": ["*"], "actions": ["s3:GetObject"], "resources": ["*"], "conditions": []}]
"""

import json
from collections.abc import Mapping
from typing import Any

from bartizan.collect.resources.values import Document, Unknown, Value, first_unknown

_LISTS = {
    "Action": "actions",
    "NotAction": "not_actions",
    "Resource": "resources",
    "NotResource": "not_resources",
}
_NARROWING = frozenset(
    {
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalisawsservice",
        "aws:userid",
        "aws:username",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceip",
        "aws:vpcsourceip",
        "kms:calleraccount",
        "kms:viaservice",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "sns:endpoint",
        "elasticfilesystem:accesspointarn",
        "lambda:eventsourcetoken",
    }
)
"""Condition keys that bind a statement to somebody known (S3 User Guide, "The meaning of public"); lower case."""
_WIDE_ADDRESSES = ("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1")


def statements(document: Value) -> list[dict[str, Value]] | Unknown:
    """The statements of a document given as text, as a value, or encoded; unknown where it cannot be read."""
    if isinstance(document, Unknown):
        return document
    if isinstance(document, Document):
        document = document.value
    if isinstance(document, str):
        if not document.strip():
            return []
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            return Unknown("the policy document is not JSON")
    if not isinstance(document, Mapping):
        return document if isinstance(document, Unknown) else Unknown("the policy document is not an object")
    found = document.get("Statement", [])
    if isinstance(found, Unknown):
        return found
    out = []
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, Unknown):
            return statement
        if not isinstance(statement, Mapping):
            return Unknown("a statement of the policy document is not an object")
        out.append(_statement(statement))
    return out


def is_public(found: list[dict[str, Value]] | Unknown) -> bool | Unknown:
    """Whether some statement allows everybody something, bound by no condition that names who, where or for whom."""
    if isinstance(found, Unknown):
        return found
    doubt: Unknown | None = None
    for statement in found:
        verdict = _lets_everybody_in(statement)
        if verdict is True:
            return True
        if isinstance(verdict, Unknown):
            doubt = doubt or verdict
    return doubt or False


def _lets_everybody_in(statement: dict[str, Value]) -> bool | Unknown:
    effect, principals = statement["effect"], statement["principals"]
    if effect == "Deny":
        return False
    everybody = "*" in principals if isinstance(principals, list) else principals
    if everybody is False and not statement["not_principals"]:
        return next((item for item in principals if isinstance(item, Unknown)), False)
    if isinstance(everybody, Unknown):
        return everybody
    for condition in statement["conditions"]:
        if isinstance(condition, Unknown):
            return condition
        narrowing = _narrows(condition)
        if narrowing is not False:
            return False if narrowing is True else narrowing
    return effect if isinstance(effect, Unknown) else True


def _narrows(condition: dict[str, Value]) -> bool | Unknown:
    operator, key, values = condition["operator"], condition["key"].lower(), condition["values"]
    if key not in _NARROWING or operator.lower().endswith("ifexists") or operator.lower().startswith("not"):
        return False
    if "not" in operator.lower():
        return False
    unknown = first_unknown(values)
    if unknown is not None:
        return unknown if unknown.text.strip() in ("", "*") and not unknown.target else True
    return not any(value in _WIDE_ADDRESSES or value.strip("*?:") == "" for value in values)


def _statement(statement: Mapping[str, Any]) -> dict[str, Value]:
    out: dict[str, Value] = {
        "sid": statement.get("Sid") or "",
        "effect": statement.get("Effect", "Allow"),
        "principals": _principals(statement.get("Principal")),
        "not_principals": _principals(statement.get("NotPrincipal")),
    }
    for key, name in _LISTS.items():
        out[name] = _list(statement.get(key))
    out["conditions"] = _conditions(statement.get("Condition"))
    return out


def _principals(value: Value) -> Value:
    """`*` for everybody; services, federations and accounts by their identifiers."""
    if isinstance(value, Mapping):
        out: list[Value] = []
        for identifiers in value.values():
            out += [identifiers] if isinstance(identifiers, Unknown) else _list(identifiers)
        return out
    return _list(value)


def _conditions(value: Value) -> list[Value]:
    if isinstance(value, Unknown):
        return [value]
    out: list[Value] = []
    for operator, pairs in value.items() if isinstance(value, Mapping) else ():
        if isinstance(pairs, Unknown):
            out.append(pairs)
            continue
        for key, values in pairs.items() if isinstance(pairs, Mapping) else ():
            texts = [str(item).lower() if isinstance(item, bool) else item for item in _list(values)]
            out.append({"operator": str(operator), "key": str(key), "values": texts})
    return out


def _list(value: Value) -> list[Value]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
