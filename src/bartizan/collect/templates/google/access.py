"""What gives access to a resource: its `_iam_member`, `_iam_binding` and `_iam_policy` resources in Terraform.

    resource "google_storage_bucket_iam_member" "r" { bucket = ..., role = "roles/...", member = "allUsers" }

A policy is a document from `data.google_iam_policy` or `jsonencode`: {"bindings": [{"role": ..., "members": [...]}]}.
"""

import json
from collections.abc import Iterable, Iterator

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.google_access import binding, open_to_everybody
from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import UnknownBlock
from bartizan.collect.templates.rows import records


def access_parts(type_: str) -> tuple[str, ...]:
    """The types that give access to resources of a type."""
    return (f"{type_}_iam_member", f"{type_}_iam_binding", f"{type_}_iam_policy")


def set_access(
    out: Draft, target: Declared, configuration: Configuration, type_: str, attribute: str, *names: str
) -> bool | Unknown:
    """The bindings of a resource and whether they let everybody in."""
    found = list(bindings(target, configuration, type_, attribute, *names))
    public = open_to_everybody(found)
    out.set("access", list(found))
    out.set("public", public)
    return public


def bindings(
    target: Declared, configuration: Configuration, type_: str, attribute: str, *names: str
) -> Iterator[dict[str, Value]]:
    """The bindings that lead to a resource; one that leads nobody knows where may be one of them."""
    for each in access_parts(type_):
        for linked in configuration.linked(target, each, attribute, *names):
            yield from of_resource(linked.attributes)
        stray = configuration.unresolved(each, attribute)
        if stray is not None:
            yield {"role": stray, "members": stray, "condition": False}


def of_resource(attributes: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """The bindings that one resource states."""
    document = attributes.get("policy_data")
    if document is not None:
        yield from of_document(document)
        return
    members = attributes.get("members", attributes.get("member"))
    yield binding(attributes.get("role"), members, bool(attributes.get("condition")))


def of_document(document: Value) -> Iterable[dict[str, Value]]:
    """The bindings of a policy document."""
    if isinstance(document, Document):
        document = document.value
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            document = Unknown("the policy is not JSON")
    if not isinstance(document, dict):
        reason = document if isinstance(document, Unknown) else Unknown("the policy is not an object")
        return [{"role": reason, "members": reason, "condition": False}]
    found = records(document.get("bindings"))
    return [
        {"role": each.unknown, "members": each.unknown, "condition": False}
        if isinstance(each, UnknownBlock)
        else binding(each.get("role"), each.get("members"), bool(each.get("condition")))
        for each in found
    ]
