"""Dotted paths of attributes, and their parts: `ingress[0].cidr_blocks[1]` is ("ingress", 0, "cidr_blocks", 1).

A key that a path could not hold plainly stands in brackets with quotes: `tags["kubernetes.io/name"]`.
"""

import re
from collections.abc import Iterable

Part = str | int

_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[([^\]]*)\]|([^.\[]+)')
_PLAIN = re.compile(r"[^.\[\]\"\\]+")


def parts_of(path: str) -> tuple[Part, ...]:
    """The parts of a path; what stands in brackets without quotes and is no number is a key."""
    out: list[Part] = []
    for match in _PART.finditer(path):
        quoted, index, key, name = match.groups()
        if index is not None:
            out.append(int(index))
        elif quoted is not None:
            out.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            out.append(key if key is not None else name)
    return tuple(out)


def path_of(parts: Iterable[Part]) -> str:
    """The path of parts; `parts_of` reads it back."""
    out = ""
    for part in parts:
        if isinstance(part, int):
            out += f"[{part}]"
        elif _PLAIN.fullmatch(part) and not part.isdigit():
            out += f".{part}" if out else part
        else:
            escaped = re.sub(r'(["\\])', r"\\\1", part)
            out += f'["{escaped}"]'
    return out
