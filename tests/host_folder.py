"""A host in a folder, for tests: files by path, as bytes or text, and the sections that collectors see there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.interface import Collector, run
from bartizan.model.snapshot import Problem

Files = Mapping[str, str | bytes]


def write(root: Path, files: Files) -> None:
    """Each file below `root`; `-> target` as contents makes a link, a path with a slash at its end a folder."""
    for name, contents in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif isinstance(contents, str) and contents.startswith("-> "):
            os.symlink(contents[3:], path)
        else:
            path.write_bytes(contents.encode() if isinstance(contents, str) else contents)


@dataclass(frozen=True)
class Seen:
    """What one collector saw; facts are plain JSON of any shape."""

    facts: Any
    problems: tuple[Problem, ...]


def see(collector: Collector, view: FilesystemView) -> Seen:
    section = run(collector, view)
    return Seen(section.facts, section.problems)


class Host:
    """A folder that is looked at as a host."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def section(self, collector: Collector, files: Files) -> Seen:
        write(self.root, files)
        return see(collector, LocalView(str(self.root)))

    def facts(self, collector: Collector, files: Files) -> Any:
        return self.section(collector, files).facts
