"""Two sentences on why a finding matters, made from its evidence: what is wrong, and what makes it urgent or not."""

from collections.abc import Mapping
from typing import Any

PERCENT = 0.10
"""EPSS from which the likelihood is worth a word."""


def why(kind: str, title: str, severity: str, verdict: str, evidence: Mapping[str, Any], elsewhere: int) -> str:
    """In the words of a colleague."""
    if verdict == "unknown":
        return _unknown(evidence)
    if kind == "vulnerability":
        return _vulnerability(severity, evidence, elsewhere)
    if kind == "secret" and not evidence.get("why"):
        return f"{_secret(evidence)} {_spread(elsewhere)}"
    first = str(evidence.get("why") or title).strip().rstrip(".")
    return f"{first}. {_spread(elsewhere)}"


def _secret(evidence: Mapping[str, Any]) -> str:
    location = evidence.get("location")
    path = location.get("path") if isinstance(location, Mapping) else None
    where = f"read {path}" if path else "read it"
    if isinstance(evidence.get("origin"), Mapping):
        return f"Whoever can pull the image can {where} and use it, even if a later layer deletes the file."
    return f"Whoever can {where} can use it in your name."


def _unknown(evidence: Mapping[str, Any]) -> str:
    reason = str(evidence.get("reason") or "").strip().rstrip(".")
    unknowns = evidence.get("unknowns")
    if not reason and isinstance(unknowns, list) and unknowns:
        first = unknowns[0]
        reason = str(first.get("reason", "")) if isinstance(first, Mapping) else str(first)
    if not reason and isinstance(unknowns, Mapping) and unknowns:
        path, told = next(iter(unknowns.items()))
        reason = f"{path}: {told}"
    return f"This could not be judged: {reason or 'what it depends on is not known'}. What is not known is not safe."


def _vulnerability(severity: str, evidence: Mapping[str, Any], elsewhere: int) -> str:
    package = evidence.get("package")
    name = package.get("name", "") if isinstance(package, Mapping) else ""
    installed, fixed = evidence.get("installed") or "", evidence.get("fixed") or ""
    what = f"{name} {installed} is affected" if name else "An installed package is affected"
    rated = f"by a flaw that is rated {severity}" if severity != "unknown" else "by a flaw that nobody rated yet"
    remedy = f"{fixed} fixes it" if fixed else "there is no fixed version yet"
    return f"{what} {rated}; {remedy}. {_urgency(evidence, elsewhere)}"


def _urgency(evidence: Mapping[str, Any], elsewhere: int) -> str:
    if evidence.get("kev"):
        return "It is being exploited: CISA lists it among known exploited vulnerabilities."
    epss = evidence.get("epss")
    score = epss.get("score") if isinstance(epss, Mapping) else None
    if isinstance(score, int | float) and score >= PERCENT:
        return f"It is likely to be exploited: {score:.0%} within 30 days, by EPSS."
    return _spread(elsewhere)


def _spread(elsewhere: int) -> str:
    if elsewhere == 0:
        return "No other asset has it."
    return f"{elsewhere} other asset{'s have' if elsewhere > 1 else ' has'} it too."
