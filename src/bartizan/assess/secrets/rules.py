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
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bartizan.assess.secrets.assessor import FIX
from bartizan.content import FOLDER
from bartizan.content.documents import ContentError, Document, Where, read_document
from bartizan.model.record import dataclass
from bartizan.model.severity import Severity
from bartizan.model.wire import digest

_KEYS = ("id", "title", "severity", "keywords", "pattern", "entropy", "allow", "bad", "good", "fix")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRule:
    id: str
    title: str
    severity: Severity
    keywords: tuple[bytes, ...]
    pattern: "Pattern"
    entropy: float
    allow: tuple["Pattern", ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    fix: str


class Pattern:
    """RE2 over bytes, compiled when it is first tried: few files have a keyword, and most rules are never needed."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._compiled: Any = None

    @property
    def compiled(self) -> Any:
        """The pattern; raises `re2.error` where RE2 cannot have it."""
        if self._compiled is None:
            import re2

            self._compiled = re2.compile(self.source, _options())
        return self._compiled


@dataclass(frozen=True, slots=True)
class SecretRules:
    """All rules, and the gate that finds out which of them are worth trying."""

    digest: str
    by_id: Mapping[str, SecretRule]
    by_keyword: Mapping[bytes, tuple[SecretRule, ...]]
    gate: Pattern
    """Every keyword."""


def load_rules(folders: Sequence[Path] = ()) -> SecretRules:
    """Built-in rules and those below `secrets/` of further folders; raises `ContentError` with file and line."""
    rules: dict[str, SecretRule] = {}
    for folder in (FOLDER, *folders):
        for path in sorted((folder / "secrets").glob("*.yaml")):
            document = read_document(path, f"secrets/{path.name}")
            for rule in _read(document, trusted=folder == FOLDER):
                if rule.id in rules:
                    raise ContentError(document.path, 0, f"rule {rule.id!r} exists already (choose another id)")
                rules[rule.id] = rule
    by_keyword: dict[bytes, list[SecretRule]] = {}
    for rule in rules.values():
        for keyword in rule.keywords:
            by_keyword.setdefault(keyword, []).append(rule)
    words = sorted(by_keyword, key=lambda word: (-len(word), word))
    told = [
        [rule.id, rule.title, rule.severity.value, rule.pattern.source.decode(), rule.entropy, rule.fix]
        + [keyword.decode() for keyword in rule.keywords]
        + [each.source.decode() for each in rule.allow]
        for rule in rules.values()
    ]
    return SecretRules(
        digest=digest(sorted(told)),
        by_id=rules,
        by_keyword={word: tuple(found) for word, found in by_keyword.items()},
        gate=Pattern(b"|".join(re.escape(word) for word in words) or rb"\z\A."),
    )


def _read(document: Document, *, trusted: bool) -> Iterator[SecretRule]:
    """The rules of one file; patterns that are not `trusted` to compile (our tests compile our own) are tried."""
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
        except ValueError as error:
            raise document.error(where, f"cannot be used: {error}") from None
        pattern = Pattern(entry["pattern"].encode())
        allow = tuple(Pattern(str(each).encode()) for each in entry.get("allow") or ())
        if not trusted:
            _try(document, where, (pattern, *allow))
        yield SecretRule(
            id=entry["id"],
            title=entry["title"],
            severity=severity,
            keywords=keywords,
            pattern=pattern,
            entropy=float(entry.get("entropy") or 0),
            allow=allow,
            bad=tuple(map(str, entry.get("bad") or ())),
            good=tuple(map(str, entry.get("good") or ())),
            fix=str(entry.get("fix") or FIX),
        )


def _try(document: Document, where: Where, patterns: Sequence[Pattern]) -> None:
    import re2

    for pattern in patterns:
        try:
            _ = pattern.compiled
        except re2.error as error:
            raise document.error(where, f"cannot be used: {error}") from None


def _options() -> Any:
    import re2

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
_TEMPLATE = re.compile(r"\{\{([a-z0-9]+):(\d{1,4})\}\}")


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
