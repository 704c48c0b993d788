"""Two results of one asset compared: what is new, gone or changed, and whether the asset or the knowledge made it so.

    compare(old, new) -> Comparison(new, fixed, changed)         of two results in the JSON format

A finding about packages that were there before in the same versions is new because more is known; one about a package
that was not there is new because the asset changed. A result names its packages, the digests of its sections and the
knowledge that it was made with, so both can be told without the facts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bartizan.pipeline.package_key import package_key

Key = tuple[str, str, str]
_TOLD = ("severity", "verdict", "score")
_INDIFFERENT = 5.0
"""A score that moved less than this changed in nobody's eyes."""


class Cause(StrEnum):
    ASSET = "asset"
    KNOWLEDGE = "knowledge"
    DECISION = "decision"
    """Somebody settled it, or what somebody settled no longer holds."""
    EITHER = "asset or knowledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One finding that is not as it was."""

    finding: Mapping[str, Any]
    """As the newer result has it; a fixed one as the older had it."""
    cause: Cause
    was: Mapping[str, Any] | None = None
    """For a changed finding: fields of the older that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    same_asset: bool
    asset_changed: bool
    """Some section of facts has another digest."""
    knowledge_changed: bool
    new: tuple[Difference, ...]
    fixed: tuple[Difference, ...]
    changed: tuple[Difference, ...]
    unchanged: int


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
    """Compare two results, the older first."""
    before, after = _Result(old), _Result(new)
    added = [
        Difference(finding=finding, cause=_cause_of_new(finding, key, before, after))
        for key, finding in after.findings.items()
        if key not in before.findings
    ]
    gone = [
        Difference(finding=finding, cause=_cause_of_gone(finding, key, before, after))
        for key, finding in before.findings.items()
        if key not in after.findings
    ]
    changed = []
    for key, finding in after.findings.items():
        was = before.findings.get(key)
        differing = _differing(was, finding) if was is not None else {}
        if differing:
            changed.append(Difference(finding=finding, cause=_cause_of_changed(finding, before, after), was=differing))
    return Comparison(
        same_asset=before.asset == after.asset,
        asset_changed=before.packages != after.packages or not before.same_facts(after),
        knowledge_changed=before.knowledge != after.knowledge,
        new=tuple(added),
        fixed=tuple(gone),
        changed=tuple(changed),
        unchanged=len(after.findings) - len(added) - len(changed),
    )


class _Result:
    """What is needed of a result."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        asset = _object(document.get("asset"))
        known = _object(document.get("knowledge"))
        self.asset = (asset.get("kind"), asset.get("name"))
        self.advisories = known.get("advisories")
        self.policies = known.get("policies")
        self.knowledge = (self.advisories, self.policies, *_assessors(document))
        self.sections = {str(each.get("name")): each.get("digest") for each in _items(document.get("sections"))}
        self.packages = {str(each) for each in document.get("packages") or ()}
        self.findings = {_key(each): each for each in _items(document.get("findings"))}
        self.suppressed = {_key(_object(each.get("finding"))) for each in _items(document.get("suppressed"))}

    def same_facts(self, other: "_Result") -> bool:
        """Whether the sections that both have are the same; a bill of materials has fewer than its asset. Where values
        came from is gathered for what was found, so it hangs on knowledge too."""
        shared = {name for name in self.sections.keys() & other.sections.keys() if not name.startswith("origins_")}
        return all(self.sections[name] == other.sections[name] for name in shared)


def _assessors(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What each assessor judged by; the section that it judged may have come or gone, so only families are told."""
    told = {
        (str(each.get("assessor")).partition(":")[0], str(each.get("knowledge")))
        for each in _items(document.get("assessments"))
    }
    return sorted(told)


def _cause_of_new(finding: Mapping[str, Any], key: Key, before: _Result, after: _Result) -> Cause:
    if key in before.suppressed:
        return Cause.DECISION
    return _cause(finding, before.packages, before, after)


def _cause_of_gone(finding: Mapping[str, Any], key: Key, before: _Result, after: _Result) -> Cause:
    if key in after.suppressed:
        return Cause.DECISION
    return _cause(finding, after.packages, before, after)


def _cause_of_changed(finding: Mapping[str, Any], before: _Result, after: _Result) -> Cause:
    return _cause(finding, before.packages & after.packages, before, after)


def _cause(finding: Mapping[str, Any], there: set[str], before: _Result, after: _Result) -> Cause:
    """`there`: the packages of the other result."""
    names = _packages(finding)
    if names and (before.packages or after.packages):
        return Cause.KNOWLEDGE if all(name in there for name in names) else Cause.ASSET
    same_facts, same_knowledge = before.same_facts(after), before.knowledge == after.knowledge
    if same_facts and not same_knowledge:
        return Cause.KNOWLEDGE
    return Cause.ASSET if same_knowledge else Cause.EITHER


def _packages(finding: Mapping[str, Any]) -> list[str]:
    """The packages of a finding as `package_key` writes them."""
    evidence = _object(finding.get("evidence"))
    kind = str(_object(evidence.get("package")).get("type", ""))
    return [package_key(kind, each) for each in _items(evidence.get("packages"))]


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    out = {name: was.get(name) for name in _TOLD[:2] if was.get(name) != now.get(name)}
    before, after = _number(was.get("score")), _number(now.get("score"))
    if abs(before - after) >= _INDIFFERENT:
        out["score"] = before
    old_fix, new_fix = (_object(each.get("fix")).get("version", "") for each in (was, now))
    if old_fix != new_fix:
        out["fix"] = old_fix
    return out


def _key(finding: Mapping[str, Any]) -> Key:
    return (str(finding.get("kind")), str(finding.get("rule")), str(finding.get("locator")))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> Iterable[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
