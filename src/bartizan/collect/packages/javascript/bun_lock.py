"""`bun.lock` (Bun's text lock file, JSON with comments and trailing commas) and its binary predecessor `bun.lockb`.

"packages": {
  "wrappy": ["wrappy@1.0.2", "", {}, "sha512-..."],
  "etag": ["etag@file:deps/etag", {}],
}
"""

import re
from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, parse_json, read_text, table_of, text_of
from bartizan.collect.packages.javascript.names import locked, split_specifier
from bartizan.collect.packages.reach import reachable
from bartizan.model.package import Package

_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])')
_OWN_CODE = ("workspace:", "link:", "file:", "root:")
_PRODUCTION = ("dependencies", "optionalDependencies", "peerDependencies")


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """What the file locks."""
    if path.endswith(".lockb"):
        problems.add(
            path, "is Bun's binary lock file, which is not read; `bun install --save-text-lockfile` writes bun.lock"
        )
        return
    text = read_text(view, path, problems)
    if text is None:
        return
    lock = table_of(parse_json(without_comments(text), path, problems))
    packages = table_of(lock.get("packages"))
    members = [table_of(one) for one in table_of(lock.get("workspaces")).values()]
    direct = {
        name for one in members for group in (*_PRODUCTION, "devDependencies") for name in table_of(one.get(group))
    }
    needed = _needed(members, packages)
    for place, value in packages.items():
        entry = list_of(value)
        name, version = split_specifier(text_of(entry[0]) if entry else "")
        if not name or not version:
            problems.add(path, f"{place!r} does not begin with a name and a version")
            continue
        if version.startswith(_OWN_CODE):
            continue
        known = version if re.match(r"\d", version) else ""  # a commit or an address otherwise
        dev = bool(members) and place.rpartition("/")[2] not in needed and place not in needed
        yield locked(name, known, path, dev=dev, direct=place in direct if members else None)


def _needed(members: list[dict[str, Any]], packages: dict[str, Any]) -> set[str]:
    """Names that production needs; names stand for all their versions, so what is doubtful counts as needed."""
    needs: dict[str, set[str]] = {}
    for place, value in packages.items():
        details = next((item for item in list_of(value) if isinstance(item, dict)), {})
        wanted = {name for group in _PRODUCTION for name in table_of(details.get(group))}
        needs.setdefault(_last_name(place), set()).update(wanted)
        needs.setdefault(place, set()).update(wanted)
    return reachable({name for one in members for group in _PRODUCTION for name in table_of(one.get(group))}, needs)


def _last_name(place: str) -> str:
    """`a/@scope/b` is a copy of `@scope/b` below `a`."""
    parts = place.split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 and parts[-2].startswith("@") else parts[-1]


def without_comments(text: str) -> str:
    """JSON from what allows comments and trailing commas; lines stay where they are."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        return found if found.startswith('"') else "\n" * found.count("\n")

    return _STRING_OR_COMMA.sub(blank, _STRING_OR_COMMENT.sub(blank, text))
