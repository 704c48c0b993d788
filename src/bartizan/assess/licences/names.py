"""From a declared licence to an SPDX expression: `GPLv2+ and MIT` is `GPL-2.0-or-later AND MIT`.

Package databases write SPDX expressions (npm, cargo, newer rpm and apk), short names of their own (Debian `GPL-2+`,
Fedora `ASL 2.0`, R `GPL (>= 2)`) or free words (`MIT License`). What cannot be told is a `LicenseRef-unknown-...`,
never a guess.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from bartizan.content import FOLDER
from bartizan.content.documents import read_document
from bartizan.model.record import dataclass

UNKNOWN = "LicenseRef-unknown"
LONGEST = 2000
"""Characters of one declaration; what is longer is a text, not a name."""
_FAMILY = re.compile(
    r"(?:gnu[ -])?(a|l)?gpl[ -]?v?(?:ersion )?\s?\(?(>=|==|~)?\s?([123])(?:\.([01]))?\)?\s?"
    r"(\+|-only|-or-later|\(?or later\)?)?\Z"
)
_NOISE = re.compile(r"\b(?:the|licen[cs]ed?|osi approved)\b")
_ASIDE = re.compile(r"\s*\([^()]*\)\Z")
_OPERATOR = re.compile(r"(\(|\)|\s+(?:and|or|with)\s+|\s*[|&/;,]\s*)", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[A-Za-z0-9.+-]{2,80}\Z")
_MEANS = {"and": "AND", "or": "OR", "with": "WITH", "|": "OR", "/": "OR", "&": "AND", ",": "AND", ";": "AND"}


@dataclass(frozen=True, slots=True)
class Licences:
    """The tables of `content/licences/classes.yaml`."""

    classes: Mapping[str, str]
    """SPDX identifier to class."""
    identifiers: Mapping[str, str]
    """In lower case to as SPDX writes it, and other names."""
    linking: frozenset[str]


@cache
def tables() -> Licences:
    """Read once, when they are first needed."""
    told: Mapping[str, Any] = read_document(FOLDER / "licences/classes.yaml", "licences/classes.yaml").value
    classes = {id_: class_ for class_, ids in told["classes"].items() for id_ in map(str, ids)}
    identifiers = {id_.lower(): id_ for id_ in [*classes, *told["linking"]]}
    return Licences(classes, {**identifiers, **told["names"]}, frozenset(told["linking"]))


@cache
def expression(declared: str) -> str:
    """The SPDX expression of one declaration; what is not known in it is a `LicenseRef-unknown-...`."""
    text = " ".join(declared.split())
    if not text or len(text) > LONGEST:
        return _unknown(text)
    whole = _one(text)
    if whole:
        return whole
    parts = [part for part in _parts(text) if part]
    if len(parts) == 1:
        return _unknown(text)
    found = " ".join(parts)
    return found if _is_expression(found) else _unknown(text)


def _parts(text: str) -> Iterator[str]:
    for piece in _OPERATOR.split(text):
        stripped = piece.strip()
        if stripped in {"(", ")"}:
            yield stripped
        elif stripped.lower() in _MEANS:
            yield _MEANS[stripped.lower()]
        elif stripped:
            known = _one(stripped) or _unknown(stripped)
            yield f"({known})" if " " in known else known


def _one(name: str) -> str:
    """A single licence by any of its names; empty where it is none."""
    known = tables().identifiers
    lower = name.lower().strip(" .")
    found = known.get(lower)
    if found:
        return found
    family = _FAMILY.match(lower)
    if family:
        return _gnu(*family.groups())
    plain = " ".join(_NOISE.sub(" ", lower).split()).replace(" ,", ",").strip(" .,")
    return known.get(plain) or known.get(_ASIDE.sub("", plain)) or _rare(name)


def _rare(name: str) -> str:
    """An identifier of SPDX that no class is told for."""
    if not _IDENTIFIER.match(name):
        return ""
    return name if name.startswith("LicenseRef-") else _every_identifier().get(name.lower(), "")


@cache
def _every_identifier() -> Mapping[str, str]:
    from license_expression import get_license_index

    return {
        entry["spdx_license_key"].lower(): entry["spdx_license_key"]
        for entry in get_license_index()
        if entry.get("spdx_license_key") and not entry["spdx_license_key"].startswith("LicenseRef-")
    }


def _gnu(letter: str | None, relation: str | None, major: str, minor: str | None, later: str | None) -> str:
    open_ended = relation == ">=" or later in {"+", "-or-later", "or later", "(or later)"}
    name = f"{(letter or '').upper()}GPL-{major}.{minor or '0'}-{'or-later' if open_ended else 'only'}"
    return name if name in tables().classes else _unknown(name)


def _unknown(text: str) -> str:
    return f"{UNKNOWN}-{re.sub(r'[^A-Za-z0-9.]+', '-', text)[:60].strip('-') or 'empty'}"


_LIBRARY_ERRORS = (AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What the library raises besides its own errors on texts that are no expression."""


def _is_expression(text: str) -> bool:
    from license_expression import ExpressionError, ExpressionParseError, Licensing

    try:
        # In parentheses, as it may stand in a longer one: an operator at the end is taken where nothing follows.
        return Licensing().parse(f"({text}) AND ({text})") is not None
    except (ExpressionError, ExpressionParseError, *_LIBRARY_ERRORS):
        return False


def class_of(licence: str, exception: str = "") -> str:
    """The class of a licence; an exception for linking makes strong copyleft weak."""
    known = tables()
    class_ = known.classes.get(licence, "unknown" if licence.startswith(UNKNOWN) else "unclassified")
    return "weak-copyleft" if class_ == "strong-copyleft" and exception in known.linking else class_
