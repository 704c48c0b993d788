"""The door that every collector reads through.

Paths are absolute, POSIX, within the viewed root; names that are not UTF-8 are kept with `surrogateescape`. Symbolic
links resolve inside the view and never leave it: `/etc/passwd -> ../../../etc/passwd` in a folder still reads the
folder's own file. Only regular files are read: a FIFO or a device never blocks a scan.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol


class FileKind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class FileStat(NamedTuple):
    """What `stat(2)` tells that survives in an image or a tar."""

    kind: FileKind
    mode: int
    """Permission bits with setuid, setgid and sticky: `0o4755`."""
    uid: int
    gid: int
    size: int
    """Bytes; 0 for what is not a regular file."""
    mtime: int
    """Seconds since 1970."""
    device: int = 0
    inode: int = 0
    """0 where the view has no such thing."""
    links: int = 1


class Entry(NamedTuple):
    """One name in a folder; a walk makes one for each file, so it is made quickly."""

    name: str
    path: str
    kind: FileKind


class FilesystemError(Exception):
    """Reading failed; `path` is within the view and `reason` is for a person."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class LayerError(Exception):
    """A layer of an image cannot be used; what depends on it is unknown."""


class Missing(FilesystemError):
    """There is nothing at that path. Absence is a fact, not a problem."""


class TooLarge(FilesystemError):
    """The file is larger than the reader's limit."""


class FilesystemView(Protocol):
    """Read-only access to one root. Every method raises `Missing` or another `FilesystemError`, never `OSError`."""

    live: bool
    """True where the view is the running system itself, so that `/proc` and `/sys` speak of it."""

    def open(self, path: str) -> BinaryIO:
        """A regular file for reading, links followed within the view; seekable."""

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        """Whole contents; `TooLarge` over `limit` bytes."""

    def stat(self, path: str) -> FileStat:
        """The file that the path leads to, links followed within the view."""

    def lstat(self, path: str) -> FileStat:
        """The last component itself, a link not followed."""

    def readlink(self, path: str) -> str:
        """The target as written."""

    def resolve(self, path: str) -> str:
        """The path with every link followed within the view; raises `FilesystemError` on a loop."""

    def list(self, path: str) -> Sequence[Entry]:
        """The names in a folder, sorted."""

    def walk(self, top: str = "/", prune: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        """Every entry below `top` in sorted depth-first order, links not followed, other file systems (`/proc`, network
        mounts) left out. Folders that cannot be read are skipped and reported by `skipped`. A folder for which `prune`
        is true is named but not entered; it is asked for folders only."""

    def skipped(self) -> Sequence[FilesystemError]:
        """What `walk` could not enter since the view was made."""


def exists(view: FilesystemView, path: str) -> bool:
    """Whether the path leads anywhere."""
    try:
        view.stat(path)
    except Missing:
        return False
    return True
