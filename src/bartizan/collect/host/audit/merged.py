r"""How augenrules(8) makes one list of rules out of `/etc/audit/rules.d/*.rules`.

Files in the order of `ls -v`; the last `-D` without more comes first, then the last `-b` and the last `-f`, then all
other lines in their order, and the last `-e` at the end.
"""

import re
from collections.abc import Iterable
from functools import cmp_to_key

from bartizan.collect.host.audit.rules import Line

_HOISTED = (re.compile(r"-D\s*$"), re.compile(r"-b"), re.compile(r"-f"))
_LOCK = re.compile(r"-e")


def merge(lines: Iterable[Line]) -> list[Line]:
    """The lines as augenrules writes them."""
    hoisted: dict[int, Line] = {}
    rest: list[Line] = []
    lock: list[Line] = []
    for line in lines:
        if _LOCK.match(line.text):
            lock = [line]
            continue
        for place, pattern in enumerate(_HOISTED):
            if pattern.match(line.text):
                hoisted[place] = line
                break
        else:
            rest.append(line)
    return [*(hoisted[place] for place in sorted(hoisted)), *rest, *lock]


def in_order(names: Iterable[str]) -> list[str]:
    """As `ls -v` sorts: digits by their number, letters before other signs, `~` before everything (strverscmp of
    Debian, as in gnulib's filevercmp)."""
    return sorted(names, key=cmp_to_key(_compare))


def _compare(left: str, right: str) -> int:
    heads = [_ENDING.sub("", name) or name for name in (left, right)]
    return _versions(*heads) or _versions(left, right) or (left > right) - (left < right)


_ENDING = re.compile(r"(?:\.[A-Za-z~][A-Za-z0-9~]*)*$")


def _versions(left: str, right: str) -> int:
    a, b = 0, 0
    while a < len(left) or b < len(right):
        while (a < len(left) and not left[a].isdigit()) or (b < len(right) and not right[b].isdigit()):
            x, y = _weight(left, a), _weight(right, b)
            if x != y:
                return -1 if x < y else 1
            a, b = a + 1, b + 1
        one, other = _DIGITS.match(left, a), _DIGITS.match(right, b)
        n, m = int((one and one[0]) or 0), int((other and other[0]) or 0)
        if n != m:
            return -1 if n < m else 1
        a, b = (one.end() if one else a), (other.end() if other else b)
    return 0


_DIGITS = re.compile(r"[0-9]+")


def _weight(text: str, position: int) -> int:
    if position >= len(text) or text[position].isdigit():
        return 0
    sign = text[position]
    if sign == "~":
        return -1
    return ord(sign) if sign.isalpha() else ord(sign) + 0x110000
