"""Who walks along: a file system is walked once, and others than the readers of packages may see what there is.

A companion walks the view in the readers' place, shows them every entry, and may ask which packages own some paths.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from bartizan.collect.filesystem.interface import Entry, FileStat


class Companion(Protocol):
    """What `read_packages` asks of it, in this order."""

    def walk(self, top: str, prune: Callable[[Entry], bool]) -> Iterator[Entry]:
        """As the view's own walk: every entry, but for what is below folders for which `prune` is true."""

    def lstat(self, path: str) -> FileStat:
        """As the view's own; quick for the entry that the walk is at."""

    def paths(self) -> Iterable[str]:
        """Paths whose owners it wants to know; asked after the walk."""

    def owned(self, owners: Mapping[str, str]) -> None:
        """Path to the name of the package that owns it, for those of its paths that a package owns."""
