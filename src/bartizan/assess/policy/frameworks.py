"""Compliance frameworks: their controls as facts, and what the results of policies say about each control.

id: nist-800-53
title: NIST SP 800-53 revision 5
controls:
  AC-6(2): Non-privileged access for non-security functions
  PE-3: {title: Physical access control, manual: true}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bartizan.content.documents import ContentError, Document, read_document


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement of a framework."""

    id: str
    title: str
    manual: bool = False
    """No fact of a machine can prove it: an interview, a document, a door."""


@dataclass(frozen=True, slots=True)
class Framework:
    id: str
    title: str
    version: str
    controls: Mapping[str, Control]

    @property
    def titles(self) -> dict[str, str]:
        return {key: each.title for key, each in self.controls.items()}


def read_frameworks(folders: Sequence[Path]) -> tuple[dict[str, Framework], list[ContentError]]:
    """The frameworks of each folder's `frameworks/`; broken files are told and left out."""
    frameworks: dict[str, Framework] = {}
    errors: list[ContentError] = []
    for folder in folders:
        for path in sorted((folder / "frameworks").glob("*.yaml")):
            try:
                framework = read_framework(read_document(path))
            except ContentError as error:
                errors.append(error)
            else:
                frameworks.setdefault(framework.id, framework)
    return frameworks, errors


def read_framework(document: Document) -> Framework:
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("controls"), dict):
        raise document.error((), "a framework needs id, title and `controls:` with a mapping of ids to titles")
    for key in value:
        if key not in ("id", "title", "version", "controls"):
            raise document.error((key,), f"a framework has no key {key!r} (it has id, title, version, controls)")
    for key in ("id", "title"):
        if not isinstance(value.get(key), str):
            raise document.error((), f"a framework needs `{key}:` with text")
    controls = {key: _control(document, key, each) for key, each in value["controls"].items()}
    return Framework(value["id"], value["title"], str(value.get("version", "")), controls)


def _control(document: Document, key: str, value: Any) -> Control:
    if isinstance(value, str):
        return Control(key, value)
    if isinstance(value, dict) and isinstance(value.get("title"), str) and not set(value) - {"title", "manual"}:
        return Control(key, value["title"], value.get("manual") is True)
    raise document.error(("controls", key), f"control {key} must be a title, or a mapping with title and manual")
