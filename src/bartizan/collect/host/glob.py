"""glob(7) over a view: a wildcard matches within one component, and a leading dot only when it is written."""

import fnmatch

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.host.text import caught
from bartizan.collect.interface import Problems

_WILD = frozenset("*?[")


def glob(view: FilesystemView, problems: Problems, pattern: str, attribute: str = "") -> list[str]:
    """Paths that match, sorted. A path without wildcards is returned whether or not it exists.

    A folder that cannot be listed is a problem of that folder, or of `attribute` where that is given.
    """
    parts = [part for part in pattern.split("/") if part]
    if _WILD.isdisjoint(pattern):
        return ["/" + "/".join(parts)]
    found = [""]
    for position, part in enumerate(parts):
        if _WILD.isdisjoint(part):
            found = [f"{folder}/{part}" for folder in found]
            continue
        step: list[str] = []
        for folder in found:
            names = _names(view, problems, folder or "/", attribute)
            shown = names if part.startswith(".") else [name for name in names if not name.startswith(".")]
            step += [f"{folder}/{name}" for name in shown if fnmatch.fnmatchcase(name, part)]
        found = step
        if position < len(parts) - 1 and not found:
            return []
    return sorted(found)


def _names(view: FilesystemView, problems: Problems, folder: str, attribute: str) -> list[str]:
    try:
        return [entry.name for entry in view.list(folder)]
    except FilesystemError as error:
        if error.reason != "is not a folder":
            caught(problems, error, attribute)
        return []
