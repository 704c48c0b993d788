"""What a policy makes of an expression: the best of alternatives (OR), the worst of what applies together (AND).

    packages: application
    deny:      {licences: [network-copyleft, SSPL-1.0], severity: medium}
    review:    {licences: [proprietary], severity: low}
    allow:     [GPL-2.0-only WITH Classpath-exception-2.0]
    unknown:   ignore
    exceptions:
      - {package: "pkg:npm/some-name", reason: "bought a licence"}

An identifier, perhaps with its exception, wins over a class, and of two that say the same deny wins over review, review
over allow. What nothing is said of is allowed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bartizan.assess.licences.names import UNKNOWN, class_of, tables
from bartizan.content import FOLDER
from bartizan.content.documents import Document, read_document
from bartizan.model.record import dataclass
from bartizan.model.severity import Severity
from bartizan.model.wire import digest

ALLOW, REVIEW, UNSTATED, DENY = range(4)
"""Verdicts, better ones first."""
REVISION = 1
"""Raised when the same policy judges otherwise."""
_KEYS = {"packages", "deny", "review", "allow", "unknown", "exceptions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LicencePolicy:
    digest: str
    verdicts: Mapping[str, int]
    """Identifier (with its exception) or class to what is made of it."""
    severities: Mapping[int, Severity]
    """Of `DENY`, `REVIEW`, and of `UNSTATED` where it is told."""
    every_package: bool
    """The distribution's packages too."""
    exceptions: Mapping[str, str]
    """Package URL without version to the reason."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and what led to it."""

    verdict: int
    terms: tuple[tuple[str, str], ...]
    """(licence, class) of those that decided."""


def load_policy(path: Path | None = None) -> LicencePolicy:
    """The user's, else the built-in one; raises `ContentError` with file and line."""
    document = read_document(path) if path else read_document(FOLDER / "licences/policy.yaml", "licences/policy.yaml")
    told = document.value
    if not isinstance(told, dict) or told.keys() - _KEYS:
        raise document.error((), f"a policy for licences has {', '.join(sorted(_KEYS))}")
    if told.get("packages", "application") not in {"application", "all"}:
        raise document.error(("packages",), "packages are application or all")
    verdicts: dict[str, int] = dict.fromkeys(_licences(document, ("allow",), told.get("allow")), ALLOW)
    severities = {}
    for name, verdict, usual in (("review", REVIEW, Severity.LOW), ("deny", DENY, Severity.MEDIUM)):
        part = told.get(name) or {}
        if not isinstance(part, dict) or part.keys() - {"licences", "severity"}:
            raise document.error((name,), f"{name} has licences and a severity")
        verdicts |= dict.fromkeys(_licences(document, (name, "licences"), part.get("licences")), verdict)
        severities[verdict] = _severity(document, (name, "severity"), part.get("severity", usual.value))
    unknown = told.get("unknown", "ignore")
    if unknown != "ignore":
        severities[UNSTATED] = _severity(document, ("unknown",), unknown)
    return LicencePolicy(
        digest=digest([REVISION, told, dict(tables().classes), dict(tables().identifiers), sorted(tables().linking)]),
        verdicts=verdicts,
        severities=severities,
        every_package=told.get("packages") == "all",
        exceptions=dict(_exceptions(document, told.get("exceptions") or [])),
    )


def _licences(document: Document, where: tuple[str, ...], told: Any) -> list[str]:
    classes = set(tables().classes.values()) | {"unclassified"}
    out = []
    for place, entry in enumerate(told if isinstance(told, list) else ()):
        text = str(entry)
        if "-" not in text and text not in classes and text.lower() not in tables().identifiers:
            raise document.error(
                (*where, place), f"{text!r} is neither a class ({', '.join(sorted(classes))}) nor SPDX"
            )
        out.append(text if text in classes else _canonical(text))
    return out


def _canonical(text: str) -> str:
    return " WITH ".join(tables().identifiers.get(part.lower(), part) for part in text.split(" WITH "))


def _severity(document: Document, where: tuple[str, ...], told: Any) -> Severity:
    try:
        return Severity(str(told))
    except ValueError:
        raise document.error(where, f"there is no severity {told!r}") from None


def _exceptions(document: Document, told: Any) -> list[tuple[str, str]]:
    out = []
    for place, entry in enumerate(told if isinstance(told, list) else ()):
        if not isinstance(entry, dict) or not entry.get("package") or not entry.get("reason"):
            raise document.error(("exceptions", place), "an exception has a package (its purl) and a reason")
        out.append((str(entry["package"]).partition("@")[0] or str(entry["package"]), str(entry["reason"])))
    return out


def judge(text: str, policy: LicencePolicy) -> Judged:
    """What the policy makes of an SPDX expression."""
    if " " not in text:
        return _term(text, "", policy)
    from license_expression import Licensing

    return _node(Licensing().parse(text), policy)


def _node(node: Any, policy: LicencePolicy) -> Judged:
    operator = getattr(node, "operator", "").strip()
    if operator in {"AND", "OR"}:
        judged = [_node(each, policy) for each in node.args]
        decides = (min if operator == "OR" else max)(each.verdict for each in judged)
        deciding = [each for each in judged if each.verdict == decides]
        terms = [term for each in (deciding[:1] if operator == "OR" else deciding) for term in each.terms]
        return Judged(decides, tuple(dict.fromkeys(terms)))
    if hasattr(node, "license_symbol"):
        return _term(str(node.license_symbol.key), str(node.exception_symbol.key), policy)
    return _term(str(node.key), "", policy)


def _term(licence: str, exception: str, policy: LicencePolicy) -> Judged:
    name = f"{licence} WITH {exception}" if exception else licence
    class_ = class_of(licence, exception)
    usual = UNSTATED if licence.startswith(UNKNOWN) else ALLOW
    verdict = policy.verdicts.get(name, policy.verdicts.get(licence, policy.verdicts.get(class_, usual)))
    return Judged(verdict, ((name, class_),))
