"""The ignore file of a project, `.bartizan.yaml`: findings that somebody accepted, with the reason and until when.

    ignore:
      - rule: CVE-2024-21626
        reason: runc is not used by this job
        expires: 2027-01-31
      - purl: pkg:npm/lodash*
        path: /srv/legacy/**
        reason: goes with the legacy application in March
        expires: 2027-03-31

`rule`, `purl` and `path` are patterns (`*` within a name, `**` over folders in a path) and must all hold; one at least
is needed, and so is a reason. A rule is also met by the aliases of a vulnerability. A day that is over ends the entry:
it no longer applies, and is reported.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import translate
from functools import lru_cache
from typing import Any

from bartizan.content.documents import Document, parse_document
from bartizan.model.finding import Finding
from bartizan.model.package import purl

_KEYS = ("rule", "purl", "path", "reason", "expires")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """One entry."""

    rule: str = ""
    purl: str = ""
    path: str = ""
    reason: str
    expires: date | None = None
    where: str
    """`.bartizan.yaml:3`."""

    def applies(self, today: date) -> bool:
        return self.expires is None or today <= self.expires

    def matches(self, finding: Finding) -> bool:
        """Whether every pattern of the entry holds for the finding, whatever the day."""
        return (
            (not self.rule or any(_glob(self.rule).match(name) for name in _names(finding)))
            and (not self.purl or any(_glob(self.purl).match(url) for url in _urls(finding)))
            and (not self.path or any(_path_glob(self.path).match(path) for path in _paths(finding)))
        )

    def text(self) -> str:
        parts = (f"{name} {getattr(self, name)}" for name in ("rule", "purl", "path") if getattr(self, name))
        return ", ".join(parts)


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
        raise document.error(where, "an entry is a mapping with a rule, purl or path, and a reason")
    for key, value in entry.items():
        if key not in _KEYS:
            raise document.error((*where, key), f"an entry has no key {key!r} (it has {', '.join(_KEYS)})")
        if not isinstance(value, str) or not value.strip():
            raise document.error((*where, key), f"{key} must be text")
    if not any(key in entry for key in ("rule", "purl", "path")):
        raise document.error(where, "an entry needs a rule, a purl or a path")
    if "reason" not in entry:
        raise document.error(where, "an entry needs a reason: who reads this in a year wants to know why")
    fields = {key: entry[key] for key in ("rule", "purl", "path", "reason") if key in entry}
    return Ignored(**fields, expires=_day(document, where, entry), where=f"{document.path}:{document.line(where)}")


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
