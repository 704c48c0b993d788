"""A view of files that are in memory: one file of a layer as it streams by, or a handful of them."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO

from bartizan.collect.filesystem.interface import (
    Entry,
    FileKind,
    FileStat,
    FilesystemError,
    Missing,
    TooLarge,
)


class MemoryView:
    """A `FilesystemView` over contents by absolute path; folders are those that the paths imply."""

    live = False

    def __init__(self, files: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> None:
        self._files = dict(files)
        self._modes = dict(modes or {})
        self._folders: dict[str, set[str]] = {"/": set()}
        for file in self._files:
            path = file
            while path != "/":
                folder, _, name = path.rpartition("/")
                path = folder or "/"
                self._folders.setdefault(path, set()).add(name)

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self._contents(path))

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        contents = self._contents(path)
        if len(contents) > limit:
            raise TooLarge(path, f"{len(contents)} bytes are over the limit of {limit}")
        return contents

    def stat(self, path: str) -> FileStat:
        if path in self._folders:
            return FileStat(kind=FileKind.DIRECTORY, mode=0o755, uid=0, gid=0, size=0, mtime=0)
        size = len(self._contents(path))
        return FileStat(kind=FileKind.FILE, mode=self._modes.get(path, 0o644), uid=0, gid=0, size=size, mtime=0)

    def lstat(self, path: str) -> FileStat:
        return self.stat(path)

    def readlink(self, path: str) -> str:
        raise FilesystemError(path, "is not a symbolic link")

    def resolve(self, path: str) -> str:
        self.stat(path)
        return path

    def list(self, path: str) -> Sequence[Entry]:
        names = self._folders.get(path.rstrip("/") or "/")
        if names is None:
            self._contents(path)
            raise FilesystemError(path, "is not a folder")
        top = path.rstrip("/")
        return [self._entry(name, f"{top}/{name}") for name in sorted(names)]

    def walk(self, top: str = "/", prune: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        for entry in self.list(top):
            yield entry
            if entry.kind is FileKind.DIRECTORY and not (prune and prune(entry)):
                yield from self.walk(entry.path, prune)

    def skipped(self) -> Sequence[FilesystemError]:
        return ()

    def _contents(self, path: str) -> bytes:
        try:
            return self._files[path]
        except KeyError:
            raise Missing(path, "does not exist") from None

    def _entry(self, name: str, path: str) -> Entry:
        kind = FileKind.DIRECTORY if path in self._folders else FileKind.FILE
        return Entry(name=name, path=path, kind=kind)
