"""Which templates are judged by themselves, where some call others: those that nobody calls.

    roots(["/a", "/b", "/c"], {"/a": {"/b"}}) == ["/a", "/c"]

Of templates that call each other in a circle one stands for all, or none of them would be judged.
"""

from collections.abc import Collection, Iterable, Mapping


def roots(paths: Iterable[str], calls: Mapping[str, Collection[str]]) -> list[str]:
    """The paths to begin with, sorted; what a template calls is reached from it."""
    paths = sorted(paths)
    called = {target for path in paths for target in calls.get(path, ()) if target != path}
    found = [path for path in paths if path not in called]
    reached: set[str] = set()
    for path in found:
        _reach(path, calls, reached)
    for path in paths:
        if path not in reached:
            found.append(path)
            _reach(path, calls, reached)
    return sorted(found)


def joined(folder: str, relative: str) -> str:
    """An absolute path below the root of the view, whatever `..` says."""
    parts: list[str] = []
    for part in f"{folder}/{relative}".split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _reach(path: str, calls: Mapping[str, Collection[str]], reached: set[str]) -> None:
    waiting = [path]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += calls.get(path, ())
