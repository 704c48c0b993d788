"""Settings in the files of the Kubernetes components, without a YAML library: what the agent carries has none.

    authentication:
      anonymous: {enabled: false}     # nobody
    readOnlyPort: 10255
    tlsCipherSuites: [TLS_AES_128_GCM_SHA256]
    registerWithTaints:
    - key: a

gives {"authentication.anonymous.enabled": "false", "readOnlyPort": "10255", "tlsCipherSuites": "TLS_..."}: scalars
by their dotted path, lists of scalars joined by commas; what is within a list is left out.
"""

import json
import re
from typing import Any

_ENTRY = re.compile(r"^( *)[\"']?([A-Za-z][\w./-]*)[\"']?:(?:\s+(.*))?$")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


class NotUnderstood(Exception):
    """The text uses more of YAML than such files do; the message tells the line."""


def settings(text: str) -> dict[str, str]:
    """Of YAML in its block style with simple flow values, or of JSON; raises `NotUnderstood`."""
    if text.lstrip().startswith("{"):
        try:
            return dict(_flat(json.loads(text), ""))
        except (ValueError, RecursionError) as error:
            raise NotUnderstood("is not JSON") from error
    out: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    skipped = -1
    for number, line in enumerate(text.splitlines(), 1):
        shown = _COMMENT.sub("", line).rstrip()
        if not shown.strip() or shown in ("---", "..."):
            continue
        indent = len(shown) - len(shown.lstrip(" "))
        if shown.lstrip().startswith("- ") or shown.strip() == "-":
            skipped = indent
            _append(out, path, indent, shown.strip()[1:].strip())
            continue
        if skipped >= 0 and indent > skipped:
            continue
        skipped = -1
        match = _ENTRY.match(shown)
        if match is None or match[3] in ("|", ">", "|-", ">-") or (match[3] or "")[:1] in ("&", "*", "!"):
            raise NotUnderstood(f"line {number} is not understood")
        while path and path[-1][0] >= indent:
            path.pop()
        dotted = ".".join((*(name for _, name in path), match[2]))
        if not match[3]:
            path.append((indent, match[2]))
        else:
            out |= _flow(match[3], dotted, number)
    return out


def _append(out: dict[str, str], path: list[tuple[int, str]], indent: int, item: str) -> None:
    """An element of the list that the innermost key opened, where it is a scalar."""
    while path and path[-1][0] > indent:
        path.pop()
    if path and item and ": " not in item and not item.endswith(":"):
        dotted = ".".join(name for _, name in path)
        out[dotted] = ",".join(filter(None, (out.get(dotted, ""), item.strip("\"'"))))


def _flow(text: str, dotted: str, number: int) -> dict[str, str]:
    """`{a: b, c: {d: e}}`, `[a, b]` or a scalar."""
    if text.startswith("{") and text.endswith("}"):
        out: dict[str, str] = {}
        for part in _parts(text[1:-1]):
            name, colon, rest = part.partition(":")
            if not colon:
                raise NotUnderstood(f"line {number} is not understood")
            out |= _flow(rest.strip(), f"{dotted}.{name.strip().strip(chr(34))}", number)
        return out
    if text.startswith("[") and text.endswith("]"):
        return {dotted: ",".join(part.strip("\"'") for part in _parts(text[1:-1]))}
    if text[:1] in "{[":
        raise NotUnderstood(f"line {number} is not understood")
    return {dotted: text.strip("\"'")}


def _parts(text: str) -> list[str]:
    """Parted at commas that stand in no bracket."""
    out, depth, begin = [], 0, 0
    for position, char in enumerate(text):
        depth += (char in "{[") - (char in "}]")
        if char == "," and depth == 0:
            out.append(text[begin:position])
            begin = position + 1
    return [part for part in (each.strip() for each in (*out, text[begin:])) if part]


def _flat(found: Any, dotted: str) -> list[tuple[str, str]]:
    if isinstance(found, dict):
        return [row for key, each in found.items() for row in _flat(each, f"{dotted}.{key}".lstrip("."))]
    if isinstance(found, list):
        scalars = [str(each) for each in found if isinstance(each, (str, int))]
        return [(dotted, ",".join(scalars))] if scalars else []
    return [(dotted, json.dumps(found) if isinstance(found, (bool, type(None))) else str(found))]
