r"""The rules by which secrets are recognised: YAML files in `content/secrets`.

rules:
  - id: secret-github-personal-token
    title: Personal access token of GitHub
    severity: critical
    keywords: [ghp_]                        # one of them must be in the file, or the pattern is not tried
    pattern: '\b(ghp_[A-Za-z0-9]{36})\b'    # RE2; group 1 is the secret
    entropy: 3.0                            # bits a character that the secret must have at least
    allow: ['^ghp_0+$']                     # what is no secret although it matches
    bad: ['ghp_{{alnum:36}}']               # must be found; {{alnum:36}} stands for so many characters
    good: ['ghp_x']                         # must not be found
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import re2

from bartizan.assess.secrets.assessor import FIX
from bartizan.content import FOLDER
from bartizan.content.documents import ContentError, Document, read_document
from bartizan.model.severity import Severity
from bartizan.model.wire import digest

_KEYS = ("id", "title", "severity", "keywords", "pattern", "entropy", "allow", "bad", "good", "fix")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRule:
    id: str
    title: str
    severity: Severity
    keywords: tuple[bytes, ...]
    pattern: Any
    """Compiled RE2 over bytes."""
    source: str
    entropy: float
    allow: tuple[Any, ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    fix: str


@dataclass(frozen=True, slots=True)
class SecretRules:
    """All rules, and the gate that finds out which of them are worth trying."""

    digest: str
    by_id: Mapping[str, SecretRule]
    by_keyword: Mapping[bytes, tuple[SecretRule, ...]]
    gate: Any
    """RE2 of every keyword."""


def load_rules(folders: Sequence[Path] = ()) -> SecretRules:
    """Built-in rules and those below `secrets/` of further folders; raises `ContentError` with file and line."""
    rules: dict[str, SecretRule] = {}
    for folder in (FOLDER, *folders):
        for path in sorted((folder / "secrets").glob("*.yaml")):
            document = read_document(path, f"secrets/{path.name}")
            for rule in _read(document):
                if rule.id in rules:
                    raise ContentError(document.path, 0, f"rule {rule.id!r} exists already (choose another id)")
                rules[rule.id] = rule
    by_keyword: dict[bytes, list[SecretRule]] = {}
    for rule in rules.values():
        for keyword in rule.keywords:
            by_keyword.setdefault(keyword, []).append(rule)
    words = sorted(by_keyword, key=lambda word: (-len(word), word))
    told = [
        [rule.id, rule.title, rule.severity.value, rule.source, rule.entropy, rule.fix]
        + [keyword.decode() for keyword in rule.keywords]
        + [each.pattern.decode() for each in rule.allow]
        for rule in rules.values()
    ]
    return SecretRules(
        digest=digest(sorted(told)),
        by_id=rules,
        by_keyword={word: tuple(found) for word, found in by_keyword.items()},
        gate=re2.compile(b"|".join(re2.escape(word) for word in words) or rb"\z\A.", _options()),
    )


def _read(document: Document) -> Iterator[SecretRule]:
    if not isinstance(document.value, dict) or not isinstance(document.value.get("rules"), list):
        raise document.error((), "`rules:` with a list is needed")
    for place, entry in enumerate(document.value["rules"]):
        where = ("rules", place)
        if not isinstance(entry, dict):
            raise document.error(where, "a rule is a mapping")
        for key in entry:
            if key not in _KEYS:
                raise document.error((*where, key), f"a rule has no key {key!r} (it has {', '.join(_KEYS)})")
        for key in ("id", "title", "pattern"):
            if not isinstance(entry.get(key), str):
                raise document.error(where, f"a rule needs {key}")
        keywords = tuple(str(each).encode() for each in entry.get("keywords") or ())
        if not keywords:
            raise document.error(where, "a rule needs keywords: without them every file would be searched")
        try:
            severity = Severity(str(entry.get("severity", "high")))
            pattern = re2.compile(entry["pattern"].encode(), _options())
            allow = tuple(re2.compile(str(each).encode(), _options()) for each in entry.get("allow") or ())
        except (ValueError, re2.error) as error:
            raise document.error(where, f"cannot be used: {error}") from None
        yield SecretRule(
            id=entry["id"],
            title=entry["title"],
            severity=severity,
            keywords=keywords,
            pattern=pattern,
            source=entry["pattern"],
            entropy=float(entry.get("entropy") or 0),
            allow=allow,
            bad=tuple(map(str, entry.get("bad") or ())),
            good=tuple(map(str, entry.get("good") or ())),
            fix=str(entry.get("fix") or FIX),
        )


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return options


_ALPHABETS = {
    "alnum": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "lower": "abcdefghijklmnopqrstuvwxyz0123456789",
    "hex": "0123456789abcdef",
    "digits": "0123456789",
    "base32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "base64": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "bech32": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
_TEMPLATE = re2.compile(r"\{\{([a-z0-9]+):(\d{1,4})\}\}")


def filled(case: str, seed: str) -> str:
    """A case with its templates filled: the same characters for the same seed, so no file needs to hold a token."""
    out: list[str] = []
    end = 0
    for number, match in enumerate(_TEMPLATE.finditer(case)):
        alphabet = _ALPHABETS[match.group(1)]
        noise = hashlib.shake_256(f"{seed} {number}".encode()).digest(int(match.group(2)))
        out += [case[end : match.start()], "".join(alphabet[byte % len(alphabet)] for byte in noise)]
        end = match.end()
    return "".join(out) + case[end:]
