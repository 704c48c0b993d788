"""The ignore file of a project, `.bartizan.yaml`: findings that somebody accepted, with the reason and until when.

    ignore:
      - rule: CVE-2024-21626
        reason: runc is not used by this job
        expires: 2027-01-31
      - purl: pkg:npm/lodash*
        path: /srv/legacy/**
        reason: goes with the legacy application in March
        expires: 2027-03-31
      - query: kind:policy rule:host-ssh-* asset.name:lab-* severity<=medium
        reason: the laboratory is not reachable

`rule`, `purl` and `path` are patterns (`*` within a name, `**` over folders in a path). `query` is in the query
language of the server (docs/query.md), as far as a scan knows its fields; the locator of what a template declares ends
with its address: `locator:*aws_s3_bucket.logs*`. All that an entry names must hold; one at least is needed, and so is a
reason. A rule is also met by the aliases of a vulnerability. A day that is over ends the entry: it no longer applies,
and is reported.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import translate
from functools import lru_cache
from typing import Any

from bartizan.content.documents import Document, parse_document
from bartizan.inventory.query import Query, QueryError, evaluate, parse
from bartizan.inventory.query.tree import Age, Match, walk
from bartizan.model.asset import AssetRef
from bartizan.model.finding import Finding, FixState
from bartizan.model.package import purl

_ABOUT = ("rule", "purl", "path", "query")
_KEYS = (*_ABOUT, "reason", "expires")
_KNOWN = frozenset(
    {
        "rule", "kind", "severity", "score", "title", "package", "installed", "locator", "kev", "epss", "fix",
        "fixable", "part", "origin", "layer", "base", "asset.name", "asset.kind", "asset.key",
    }
)  # fmt: skip
"""Fields of the query language that a scan knows: it has no history, no tags, and no numbers of assets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """One entry."""

    rule: str = ""
    purl: str = ""
    path: str = ""
    query: Query | None = None
    reason: str
    expires: date | None = None
    where: str
    """`.bartizan.yaml:3`."""

    def applies(self, today: date) -> bool:
        return self.expires is None or today <= self.expires

    def matches(self, finding: Finding, asset: AssetRef) -> bool:
        """Whether every pattern of the entry holds for the finding, whatever the day."""
        return (
            (not self.rule or any(_glob(self.rule).match(name) for name in _names(finding)))
            and (not self.purl or any(_glob(self.purl).match(url) for url in _urls(finding)))
            and (not self.path or any(_path_glob(self.path).match(path) for path in _paths(finding)))
            and (self.query is None or evaluate(self.query, _record(finding, asset), 0))
        )

    def text(self) -> str:
        parts = [f"{name} {getattr(self, name)}" for name in ("rule", "purl", "path") if getattr(self, name)]
        return ", ".join([*parts, f"query {self.query.text}"] if self.query else parts)


def read_ignore_file(data: bytes, name: str) -> tuple[Ignored, ...]:
    """The entries; raises `ContentError` with file and line of whatever cannot be used."""
    document = parse_document(data, name)
    if document.value is None:
        return ()
    if not isinstance(document.value, dict) or not isinstance(document.value.get("ignore"), list):
        raise document.error((), "`ignore:` with a list of entries is needed")
    for key in document.value:
        if key != "ignore":
            raise document.error((key,), f"there is no key {key!r} (there is ignore)")
    return tuple(_entry(document, place, entry) for place, entry in enumerate(document.value["ignore"]))


def _entry(document: Document, place: int, entry: Any) -> Ignored:
    where = ("ignore", place)
    if not isinstance(entry, Mapping):
        raise document.error(where, "an entry is a mapping with a rule, purl, path or query, and a reason")
    for key, value in entry.items():
        if key not in _KEYS:
            raise document.error((*where, key), f"an entry has no key {key!r} (it has {', '.join(_KEYS)})")
        if not isinstance(value, str) or not value.strip():
            raise document.error((*where, key), f"{key} must be text")
    if not any(key in entry for key in _ABOUT):
        raise document.error(where, "an entry needs a rule, a purl, a path or a query")
    if "reason" not in entry:
        raise document.error(where, "an entry needs a reason: who reads this in a year wants to know why")
    fields = {key: entry[key] for key in ("rule", "purl", "path", "reason") if key in entry}
    return Ignored(
        **fields,
        query=_query(document, where, entry),
        expires=_day(document, where, entry),
        where=f"{document.path}:{document.line(where)}",
    )


def _query(document: Document, where: tuple[str | int, ...], entry: Mapping[str, str]) -> Query | None:
    if "query" not in entry:
        return None
    try:
        query = parse(entry["query"])
    except QueryError as error:
        raise document.error((*where, "query"), str(error)) from None
    for node in walk(query.root):
        if isinstance(node, (Match, Age)) and node.field.name not in _KNOWN:
            why = f"a scan does not know {node.field.name} (it knows {', '.join(sorted(_KNOWN))})"
            raise document.error((*where, "query"), why)
    return query


def _record(finding: Finding, asset: AssetRef) -> dict[str, Any]:
    """The finding as the query language sees it, with its asset."""
    package, told = finding.evidence.get("package"), finding.evidence.get("origin")
    of_package = package if isinstance(package, Mapping) else {"name": package}
    origin = told if isinstance(told, Mapping) else {}
    kev, epss = finding.evidence.get("kev"), finding.evidence.get("epss")
    return {
        "rule": _names(finding),
        "kind": finding.kind.value,
        "severity": finding.severity.rank,
        "score": finding.score,
        "title": finding.title,
        "package": of_package.get("name") or "",
        "installed": finding.evidence.get("installed") or of_package.get("version") or "",
        "locator": finding.locator,
        "kev": bool(kev),
        "epss": epss.get("probability", epss.get("score")) if isinstance(epss, Mapping) else epss,
        "fix": finding.fix.state.value,
        "fixable": finding.fix.state is FixState.FIXED,
        "part": origin.get("part") or None,
        "origin": origin.get("kind") or None,
        "layer": origin.get("layer") or None,
        "base": origin.get("base") or None,
        "asset.name": asset.name,
        "asset.kind": asset.kind.value,
        "asset.key": asset.key,
    }


def _day(document: Document, where: tuple[str | int, ...], entry: Mapping[str, str]) -> date | None:
    if "expires" not in entry:
        return None
    try:
        return date.fromisoformat(entry["expires"])
    except ValueError:
        raise document.error((*where, "expires"), "expires must be a day, like 2027-01-31") from None


def _names(finding: Finding) -> list[str]:
    aliases = finding.evidence.get("aliases")
    return [finding.rule, *(str(each) for each in (aliases if isinstance(aliases, list) else ()))]


def _urls(finding: Finding) -> list[str]:
    """The package URL of what the finding is about, and those of the packages that have it, with versions."""
    locator = finding.locator.partition("#")[0]
    if not locator.startswith("pkg:"):
        return []
    base = locator.rpartition("/")[0]
    packages = finding.evidence.get("packages")
    out = [locator]
    for each in packages if isinstance(packages, list) else ():
        if isinstance(each, dict):
            own = purl("x", "", str(each.get("name", "")), str(each.get("version", "")))
            out += [f"{base}/{own.removeprefix('pkg:x/')}"]
    return out


def _paths(finding: Finding) -> list[str]:
    """Where the finding is, and where it is written down."""
    locator, _, path = finding.locator.partition("#")
    out = [path] if path else []
    if locator.startswith("/"):
        out.append(locator)
    for key in ("location", "path"):
        value = finding.evidence.get(key)
        told = value.get("path") if isinstance(value, Mapping) else value
        if isinstance(told, str) and told:
            out += [told, "/" + told.lstrip("/")]
    return out


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


@lru_cache(maxsize=1024)
def _path_glob(pattern: str) -> re.Pattern[str]:
    """`*` stays within a folder, `**` does not; a pattern without a slash is about the last part."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    written = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = "".join(written.get(part, re.escape(part)) for part in parts)
    return re.compile(rf"(?:.*/)?{text}\Z" if "/" not in pattern else rf"{text}\Z", re.DOTALL)
