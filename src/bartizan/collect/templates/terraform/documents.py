"""`data.aws_iam_policy_document`: the JSON that AWS would make of its statements, known before anything is applied.

Registry documentation: aws provider, data source aws_iam_policy_document; defaults as documented there.
"""

from collections.abc import Callable, Collection
from typing import Any

from bartizan.collect.resources.values import Document, Unknown, Value

_SOURCES = ("source_policy_documents", "override_policy_documents", "source_json", "override_json")


def policy_document(
    type_: str, attribute: str, configured: Collection[str], get: Callable[[str], Value]
) -> Document | None:
    """The document that a data source of a type stands for, by its configured attributes; None where the data source or
    the attribute is another."""
    if attribute not in ("json", "minified_json") or type_ != "aws_iam_policy_document":
        return None
    statements: list[Value] = []
    for name in _SOURCES:
        if name in configured:
            statements += _inherited(get(name))
    blocks = get("statement")
    for block in blocks if isinstance(blocks, list) else []:
        statements.append(_statement(block) if isinstance(block, dict) else block)
    return Document({"Version": "2012-10-17", "Statement": statements})


def _inherited(value: Value) -> list[Value]:
    out: list[Value] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Document) and isinstance(item.value, dict):
            inner = item.value.get("Statement", [])
            out += inner if isinstance(inner, list) else [inner]
        else:
            out.append(item if isinstance(item, Unknown) else Unknown("a policy document is not readable"))
    return out


def _statement(block: dict[str, Value]) -> dict[str, Value]:
    out: dict[str, Value] = {"Effect": block.get("effect", "Allow")}
    for name, key in (
        ("sid", "Sid"),
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ):
        if block.get(name) is not None:
            out[key] = block[name]
    for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if block.get(name):
            out[key] = _principals(block[name])
    conditions = block.get("condition")
    if conditions:
        out["Condition"] = _conditions(conditions)
    return out


def _principals(blocks: Value) -> Value:
    out: dict[str, Any] = {}
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict):
            return block
        kind, identifiers = block.get("type"), block.get("identifiers")
        if isinstance(kind, Unknown):
            return kind
        if kind == "*" and identifiers == ["*"]:
            return "*"
        known = out.setdefault(str(kind), [])
        if isinstance(identifiers, list) and isinstance(known, list):
            known += identifiers
        else:
            out[str(kind)] = identifiers
    return out


def _conditions(blocks: Value) -> Value:
    out: dict[str, dict[str, Value]] = {}
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict):
            return block
        test, variable = block.get("test"), block.get("variable")
        if isinstance(test, Unknown) or isinstance(variable, Unknown):
            return test if isinstance(test, Unknown) else variable
        out.setdefault(str(test), {})[str(variable)] = block.get("values")
    return out
