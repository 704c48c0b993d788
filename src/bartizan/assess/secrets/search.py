"""Searching one text for secrets: keywords first, then the patterns of the rules that they belong to, then what tells a
secret from a sample. What is found is told by rule, line, first characters and fingerprint; the secret itself is not.
"""

import hashlib
import hmac
import math
from collections import Counter
from collections.abc import Iterator

from bartizan.assess.secrets.rules import Pattern, SecretRule, SecretRules
from bartizan.model.record import dataclass

PREVIEW = 3
"""First characters that are shown: enough to know it again, of no use to anybody else."""
MOST = 50
"""Secrets told of one file; a file of thousands is a sample or a dump, and one finding tells that too."""
_HITS = 2000
_SAMPLES = Pattern(
    rb"(?i)example|sample|placeholder|changeme|change_me|your[_-]|dummy|redacted|xxxx|\*\*\*\*|0{12}|1234567890"
    rb"|abcdefgh|lorem|foobar|^password$|^secret$|<[^>]*>|\$\{|\{\{|%\(|^test|^none$|^null$|^true$|^false$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One secret, without itself."""

    rule: str
    line: int
    preview: str
    fingerprint: str


def search(data: bytes, rules: SecretRules) -> Iterator[Found]:
    """Every secret of a text, each fingerprint once per rule."""
    told: set[str] = set()
    for rule in _worth_trying(data, rules):
        for match in rule.pattern.compiled.finditer(data):
            group = 1 if match.re.groups and match.group(1) is not None else 0
            secret = match.group(group)
            if not is_secret(secret, rule):
                continue
            found = Found(
                rule=rule.id,
                line=data.count(b"\n", 0, match.start(group)) + 1,
                preview=masked(secret),
                fingerprint=fingerprint(secret),
            )
            if found.fingerprint not in told:
                told.add(found.fingerprint)
                yield found
                if len(told) >= MOST:
                    return


def _worth_trying(data: bytes, rules: SecretRules) -> list[SecretRule]:
    """The rules one of whose keywords is in the text, specific ones before general ones."""
    words: set[bytes] = set()
    for number, match in enumerate(rules.gate.compiled.finditer(data)):
        words.add(match.group())
        if number >= _HITS:
            words |= {word for word in rules.by_keyword if word in data}
            break
    if not words:
        return []
    wanted = {rule.id: rule for word in words for rule in rules.by_keyword[word]}
    return sorted(wanted.values(), key=lambda rule: (rule.id in _GENERAL, rule.id))


_GENERAL = frozenset({"secret-password-in-assignment", "secret-token-in-assignment", "secret-jwt"})


def is_secret(secret: bytes, rule: SecretRule) -> bool:
    """Whether what matched is random enough and no sample."""
    if rule.entropy and (entropy(secret) < rule.entropy or _SAMPLES.compiled.search(secret)):
        return False
    return not any(each.compiled.search(secret) for each in rule.allow)


def entropy(text: bytes) -> float:
    """Shannon's, in bits a character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values()) if total else 0.0


def masked(secret: bytes) -> str:
    """The first characters."""
    return secret[:PREVIEW].decode("ascii", "replace") + "…"


def fingerprint(secret: bytes) -> str:
    """Tells two secrets apart and the same one again, but is too short to be guessed back: many texts share it."""
    return hmac.new(b"bartizan secret fingerprint", secret, hashlib.sha256).hexdigest()[:12]
