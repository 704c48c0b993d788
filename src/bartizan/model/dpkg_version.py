"""Order of Debian package versions: Debian Policy 5.6.12 and deb-version(7).

    [epoch:]upstream[-revision]        1:9.2p1-2+deb12u3

Parts without digits and parts of digits alternate. Digits compare as numbers; in the rest `~` sorts before the end of
the part, the end before letters, letters before everything else. No revision equals revision `0`.

Standard library only: a collector needs the order too, for the lists of the package manager.
"""

import re
from functools import lru_cache

Part = tuple[str | int, ...]
DpkgKey = tuple[int, Part, Part]

_PIECES = re.compile(r"([^0-9]*)([0-9]*)")
_END = "\x02"
_ORDER = {ord("~"): 1} | {code: code + 0x80 for code in range(3, 0x80) if code != ord("~") and not chr(code).isalpha()}
"""Code points that sort as dpkg wants: `~`, end of part, letters where ASCII has them, all others above."""


@lru_cache(maxsize=65536)
def sort_key(version: str) -> DpkgKey:
    """A key that orders as dpkg does. Raises ValueError where the epoch is not a number or nothing follows it."""
    text = version.strip()
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    if not rest or not (epoch.isascii() and epoch.isdigit()):
        raise ValueError(f"not a Debian version: {version!r}")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "0")
    return (int(epoch), _part(upstream), _part(revision))


def compare(a: str, b: str) -> int:
    """-1, 0 or 1 as `a` is earlier than, equal to or later than `b`."""
    left, right = sort_key(a), sort_key(b)
    return (left > right) - (left < right)


def _part(text: str) -> Part:
    out: list[str | int] = []
    for other, digits in _PIECES.findall(text or "0"):
        if other or digits:
            out += (other.translate(_ORDER) + _END, int(digits or 0))
    out.append(_END)
    return tuple(out)
