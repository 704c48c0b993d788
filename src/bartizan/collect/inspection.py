"""Inspectors on a file system that stands still: every file of a host, a folder or a disk is shown to them.

Of an image they see the files while its layers pass (`containers/snapshot.py`); here it takes a walk of its own, which
reads everything that they want, so it is done only where somebody asks for it.
"""

from collections.abc import Sequence
from typing import Any

from bartizan.collect.filesystem.interface import Entry, FileKind, FilesystemError, FilesystemView
from bartizan.collect.interface import Inspector
from bartizan.collect.packages.discover import visible
from bartizan.collect.packages.selection import holds_nothing, is_other_system
from bartizan.model.snapshot import Problem, Section

LARGEST = 256 << 20
"""Bytes of a file that is read at all."""


def inspect_files(view: FilesystemView, inspectors: Sequence[Inspector]) -> dict[str, Section]:
    """A section for each inspector."""
    facts: dict[str, list[Any]] = {each.section: [] for each in inspectors}
    problems: dict[str, list[Problem]] = {each.section: [] for each in inspectors}
    for entry in view.walk("/", _passed_over):
        if entry.kind is not FileKind.FILE:
            continue
        try:
            found = view.lstat(entry.path)
        except FilesystemError:
            continue  # gone since it was listed
        wanting = [each for each in inspectors if each.wants(entry.path, found.size, found.mode)]
        if not wanting:
            continue
        path = visible(entry.path)
        try:
            contents = view.read(entry.path, LARGEST)
        except FilesystemError as error:
            for each in wanting:
                problems[each.section].append(Problem(path=path, reason=error.reason))
            continue
        for each in wanting:
            facts[each.section] += [{**fact, "path": path} for fact in each.inspect(entry.path, contents)]
    skipped = [Problem(path=visible(error.path), reason=error.reason) for error in view.skipped()]
    out = {}
    for each in inspectors:
        refused = [Problem(path=visible(path), reason=reason) for path, reason in each.refused()]
        about = list(each.inspect_configuration({}))
        out[each.section] = Section(
            name=each.section,
            facts=[*facts[each.section], *about],
            problems=tuple(dict.fromkeys([*problems[each.section], *refused, *skipped])),
        )
    return out


def _passed_over(entry: Entry) -> bool:
    return is_other_system(entry.path) or holds_nothing(entry.path)
