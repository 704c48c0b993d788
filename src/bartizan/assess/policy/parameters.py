"""An organisation's own values for parameters of policies, in a file: what a one-shot scan judges by in place of the
defaults. A server keeps them in its database.

    host-pam-quality-length:
      least: 16
    host-disk-writable-folders:
      accepted: [/srv/drop]
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bartizan.assess.policy.engine import Parameters, PolicySet, misfit_of, nearest_policy
from bartizan.content.documents import ContentError, Document, read_document


def read_parameters(path: Path, policies: PolicySet) -> tuple[Parameters, list[ContentError]]:
    """Policy to parameter to value, and everything that cannot be used, with file and line. Raises `ContentError` where
    the file is no such file at all."""
    document = read_document(path)
    if document.value is None:
        return {}, []
    if not isinstance(document.value, dict):
        raise document.error((), "a file of parameters maps policies to names and values (policy-id: {name: value})")
    errors: list[ContentError] = []
    for id_, given in document.value.items():
        errors += _problems(document, policies, id_, given)
    return document.value, errors


def _problems(document: Document, policies: PolicySet, id_: str, given: Any) -> list[ContentError]:
    policy = policies.policies.get(id_)
    if policy is None:
        remedy = nearest_policy(policies, id_) or " (see all: bartizan policy list)"
        return [document.error((id_,), f"there is no policy {id_!r}{remedy}")]
    if not isinstance(given, Mapping):
        names = ", ".join(policy.parameters) or "none"
        return [document.error((id_,), f"{id_} must map names of parameters to values (it has {names})")]
    wrong = ((name, misfit_of(policy.parameters, name, value)) for name, value in given.items())
    return [document.error((id_, name), f"{id_}: {why}") for name, why in wrong if why]
