"""Compliance frameworks: their controls as facts, and what the results of policies say about each control.

    id: nist-csf-2
    title: NIST Cybersecurity Framework
    controls:
      PR.AA-05: Access follows least privilege and separation of duties
      PR.AA-06: {title: Physical access is managed, manual: true}
    follows:                      # a policy mapped to the other framework's control counts here too
      nist-800-53: {AC-6: [PR.AA-05]}

A framework with `same_as: other` instead of controls has the other's, and the same policies count.

Five statuses are told apart; what is unknown is never counted as a pass.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from bartizan.content import FOLDER
from bartizan.content.documents import ContentError, Document, read_document
from bartizan.model.assessment import Assessment
from bartizan.model.finding import FindingKind, Verdict
from bartizan.model.policy import Policy, PolicyResult


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
    follows: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Another framework's id to its control to the controls here that are judged by the same policies."""

    @property
    def titles(self) -> dict[str, str]:
        return {key: each.title for key, each in self.controls.items()}


class ControlStatus(StrEnum):
    """What is known of one control."""

    PASS = "automated-pass"  # noqa: S105 - a status, not a password
    """Policies judge it, and every one that applies passed, on every asset."""
    FAIL = "automated-fail"
    """Some policy failed on some asset."""
    UNKNOWN = "unknown"
    """No policy failed, and of some it is not known; or policies judge it and none applies to any asset."""
    MANUAL = "manual"
    """It takes a person to judge it."""
    NOT_COVERED = "not-covered"
    """A machine could judge it, but no policy here does."""


@dataclass(frozen=True, slots=True)
class ControlReport:
    """One control and the results that decide its status."""

    control: Control
    status: ControlStatus
    policies: tuple[str, ...]
    results: Mapping[str, int]
    """`pass`, `fail`, `unknown`, `not-applicable` to how many results over all policies and assets."""
    failed: tuple[str, ...] = ()
    """Policies that failed somewhere."""


@dataclass(frozen=True, slots=True)
class FrameworkReport:
    """A framework's page."""

    framework: Framework
    controls: tuple[ControlReport, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Status to number of controls; every status is named."""
        found = Counter(each.status.value for each in self.controls)
        return {status.value: found[status.value] for status in ControlStatus}


Results = Iterable[tuple[str, PolicyResult]]
"""(policy id, result), one for each policy and asset."""


def results_of(assessments: Iterable[Assessment]) -> list[tuple[str, PolicyResult]]:
    """The results that policy assessments hold, of any number of assets."""
    out: list[tuple[str, PolicyResult]] = []
    for each in assessments:
        out += [(rule, PolicyResult.PASS) for rule in each.passed]
        out += [(rule, PolicyResult.NOT_APPLICABLE) for rule in each.not_applicable]
        for finding in each.findings:
            if finding.kind is FindingKind.POLICY:
                failed = finding.verdict is Verdict.FAIL
                out.append((finding.rule, PolicyResult.FAIL if failed else PolicyResult.UNKNOWN))
    return out


def report(framework: Framework, policies: Iterable[Policy], results: Results) -> FrameworkReport:
    """What the results say about each control of a framework."""
    by_policy: dict[str, Counter[PolicyResult]] = {}
    for policy, result in results:
        by_policy.setdefault(policy, Counter())[result] += 1
    return report_of_counts(framework, policies, by_policy)


def report_of_counts(
    framework: Framework, policies: Iterable[Policy], by_policy: Mapping[str, Mapping[PolicyResult, int]]
) -> FrameworkReport:
    """The same from results that are counted already: policy to how many there are of each result."""
    judged = policies_of(framework, policies)
    return FrameworkReport(
        framework,
        tuple(_control_report(control, judged.get(key, ()), by_policy) for key, control in framework.controls.items()),
    )


def policies_of(framework: Framework, policies: Iterable[Policy]) -> dict[str, tuple[str, ...]]:
    """Control to the policies that judge it: mapped to it, to one that it follows, or to one below it (`1.2` has
    `1.2.5` below it, `AC-6` has `AC-6(2)`)."""
    out: dict[str, set[str]] = {}
    for policy in policies:
        controls = set(policy.controls.get(framework.id, ()))
        for other, mapping in framework.follows.items():
            for control in policy.controls.get(other, ()):
                controls.update(mapping.get(control, ()))
        for control in controls:
            for each in _with_parents(control, framework):
                out.setdefault(each, set()).add(policy.id)
    return {key: tuple(sorted(ids)) for key, ids in out.items()}


def parent_of(control: str, framework: Framework) -> str:
    """The nearest control above that the framework has; empty where there is none."""
    above = _with_parents(control, framework)
    next(above)
    return next(above, "")


_FAMILY = re.compile(r"\d{3}\.\d+|[A-Z]{1,2}\.(?:\d+|[A-Z]{2})|[A-Za-z]+\d*|\d+")


def family_of(control: str) -> str:
    """The part of a framework that a control stands in, by its number: `AC` of `AC-6(2)`, `5` of `5.2.7`, `PR.AA` of
    `PR.AA-05`, `164.312` of `164.312(a)(1)`."""
    found = _FAMILY.match(control)
    return found.group() if found else control


def _with_parents(control: str, framework: Framework) -> Iterator[str]:
    yield control
    parent = control
    while True:
        parent = parent[: parent.rfind("(")] if parent.endswith(")") else parent.rpartition(".")[0]
        if not parent:
            return
        if parent in framework.controls:
            yield parent


def _control_report(
    control: Control, policies: Sequence[str], by_policy: Mapping[str, Mapping[PolicyResult, int]]
) -> ControlReport:
    total: Counter[PolicyResult] = Counter()
    failed = []
    for policy in policies:
        found = by_policy.get(policy, {})
        total.update(found)
        if found.get(PolicyResult.FAIL):
            failed.append(policy)
    if total[PolicyResult.FAIL]:
        status = ControlStatus.FAIL
    elif not policies:
        status = ControlStatus.MANUAL if control.manual else ControlStatus.NOT_COVERED
    elif total[PolicyResult.UNKNOWN] or not total[PolicyResult.PASS]:
        status = ControlStatus.UNKNOWN
    elif control.manual:
        # Policies support it and found nothing wrong; that does not prove what a person has to see.
        status = ControlStatus.MANUAL
    else:
        status = ControlStatus.PASS
    results = {result.value: total[result] for result in PolicyResult}
    return ControlReport(control, status, tuple(policies), results, tuple(failed))


def read_frameworks(folders: Sequence[Path]) -> tuple[dict[str, Framework], list[ContentError]]:
    """The frameworks of each folder's `frameworks/`; broken files are told and left out."""
    frameworks: dict[str, Framework] = {}
    copies: list[tuple[Document, str]] = []
    errors: list[ContentError] = []
    for folder in folders:
        for path in sorted((folder / "frameworks").glob("*.yaml")):
            name = f"content/frameworks/{path.name}" if folder == FOLDER else str(path)
            try:
                document = read_document(path, name)
                if isinstance(document.value, dict) and "same_as" in document.value:
                    copies.append((document, str(document.value["same_as"])))
                    continue
                framework = read_framework(document)
            except ContentError as error:
                errors.append(error)
            else:
                frameworks.setdefault(framework.id, framework)
    for document, other in copies:
        try:
            framework = _copy(document, frameworks.get(other))
        except ContentError as error:
            errors.append(error)
        else:
            frameworks.setdefault(framework.id, framework)
    return frameworks, errors


def _copy(document: Document, other: Framework | None) -> Framework:
    value = document.value
    for key in value:
        if key not in ("id", "title", "version", "same_as"):
            raise document.error((key,), f"a framework that is the same as another has no key {key!r}")
    if other is None:
        raise document.error(("same_as",), f"there is no framework {value['same_as']!r} with controls of its own")
    if not isinstance(value.get("id"), str) or not isinstance(value.get("title"), str):
        raise document.error((), "a framework needs `id:` and `title:` with text")
    follows = {other.id: {key: (key,) for key in other.controls}}
    return Framework(value["id"], value["title"], str(value.get("version", "")), other.controls, follows)


def read_framework(document: Document) -> Framework:
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("controls"), dict):
        raise document.error((), "a framework needs id, title and `controls:` with a mapping of ids to titles")
    for key in value:
        if key not in ("id", "title", "version", "controls", "follows"):
            raise document.error(
                (key,), f"a framework has no key {key!r} (it has id, title, version, controls, follows)"
            )
    for key in ("id", "title"):
        if not isinstance(value.get(key), str):
            raise document.error((), f"a framework needs `{key}:` with text")
    controls = {key: _control(document, key, each) for key, each in value["controls"].items()}
    follows = _follows(document, value.get("follows", {}), controls)
    return Framework(value["id"], value["title"], str(value.get("version", "")), controls, follows)


def _control(document: Document, key: str, value: Any) -> Control:
    if isinstance(value, str):
        return Control(key, value)
    if isinstance(value, dict) and isinstance(value.get("title"), str) and not set(value) - {"title", "manual"}:
        return Control(key, value["title"], value.get("manual") is True)
    raise document.error(("controls", key), f"control {key} must be a title, or a mapping with title and manual")


def _follows(document: Document, value: Any, controls: Mapping[str, Control]) -> dict[str, dict[str, tuple[str, ...]]]:
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise document.error(("follows",), "follows must map frameworks to mappings of their controls to lists of ours")
    for other, mapping in value.items():
        for control, ours in mapping.items():
            where = ("follows", other, control)
            if not isinstance(ours, list):
                raise document.error(where, f"{control} must have a list of controls of this framework")
            for each in ours:
                if each not in controls:
                    raise document.error(where, f"this framework has no control {each!r}")
    return {other: {key: tuple(ours) for key, ours in mapping.items()} for other, mapping in value.items()}
