"""The file systems of a disk as one view, the root's with the others where fstab(5) puts them.

A folder is entered once in a walk, whatever a disk claims: on a sound one it has one name, on a forged one it may
hold itself.
"""

import io
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

from bartizan.collect.filesystem.ext4 import FILE, FOLDER, LINK, ROOT, Ext4, Ext4Error, Inode, Run
from bartizan.collect.filesystem.interface import Entry, FileKind, FileStat, FilesystemError, Missing, TooLarge

MAX_LINKS = 40
MAX_DEPTH = 256
_MAX_ENTRIES = 5_000_000
"""Names that one walk gives."""
_MAX_READ = 1 << 31
"""Bytes of folders that one walk reads; a forged disk may show the same ones again and again."""
_FOLDERS, _NAMES = 4096, 1 << 19
"""Folders, and names in all, that are remembered between look-ups."""
_KINDS = {FILE: FileKind.FILE, FOLDER: FileKind.DIRECTORY, LINK: FileKind.LINK}
_TOLD = {1: FileKind.FILE, 2: FileKind.DIRECTORY, 7: FileKind.LINK}

Place = tuple[int, int]
"""Which file system, and which of its inodes."""
_Listed = list[tuple[Entry, Place]]


class DiskView:
    """A `FilesystemView` of file systems, the root first."""

    live = False

    def __init__(self, root: Ext4) -> None:
        self._systems = [root]
        self._mounted: dict[Place, Place] = {}
        self._folders: dict[Place, dict[bytes, tuple[int, int]]] = {}
        self._remembered = 0
        self._notes: list[FilesystemError] = []
        self._skipped: list[FilesystemError] = []

    def mount(self, path: str, system: Ext4) -> None:
        """Show a file system at a folder; raises `FilesystemError` where there is none."""
        place, inode, _ = self._find(path)
        if inode.kind != FOLDER:
            raise FilesystemError(path, "is not a folder")
        self._systems.append(system)
        self._mounted[place] = (len(self._systems) - 1, ROOT)

    def note(self, path: str, reason: str) -> None:
        """Something that is not known of the whole disk: every walk from the root reports it."""
        self._notes.append(FilesystemError(path, reason))

    # The interface

    def open(self, path: str) -> BinaryIO:
        place, inode, _ = self._find(path)
        return cast(BinaryIO, io.BufferedReader(self._contents(path, place, inode), 1 << 16))

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        place, inode, _ = self._find(path)
        if inode.kind == FILE and inode.size > limit:
            raise TooLarge(path, f"is larger than {limit} bytes")
        with self._contents(path, place, inode) as contents:
            return contents.readall()

    def stat(self, path: str) -> FileStat:
        place, inode, _ = self._find(path)
        return _stat(place, inode)

    def lstat(self, path: str) -> FileStat:
        place, inode, _ = self._find(path, follow_last=False)
        return _stat(place, inode)

    def readlink(self, path: str) -> str:
        place, inode, _ = self._find(path, follow_last=False)
        if inode.kind != LINK:
            raise FilesystemError(path, "is not a symbolic link")
        return self._target(path, place, inode)

    def resolve(self, path: str) -> str:
        return self._find(path)[2]

    def list(self, path: str) -> Sequence[Entry]:
        place, inode, _ = self._find(path)
        if inode.kind != FOLDER:
            raise FilesystemError(path, "is not a folder")
        prefix = path if path.endswith("/") else path + "/"
        return [entry for entry, _ in self._listed(path, prefix, place, inode)]

    def walk(self, top: str = "/", prune: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        if top == "/":
            self._skipped.extend(self._notes)
        place, inode, _ = self._find(top)
        if inode.kind != FOLDER:
            raise FilesystemError(top, "is not a folder")
        entered = {place}
        stack = [iter(self._listed(top, top.rstrip("/") + "/", place, inode))]
        count = size = 0
        while stack:
            for entry, below in stack[-1]:
                count += 1
                if count > _MAX_ENTRIES or size > _MAX_READ:
                    self._skipped.append(FilesystemError(entry.path, "more names than a walk over a disk reads"))
                    return
                yield entry
                if entry.kind is FileKind.DIRECTORY and not (prune and prune(entry)):
                    try:
                        place, inode = self._entered(entry.path, below, entered, len(stack))
                        size += inode.size
                        stack.append(iter(self._listed(entry.path, entry.path + "/", place, inode)))
                    except FilesystemError as error:
                        self._skipped.append(error)
                        continue
                    break
            else:
                stack.pop()

    def skipped(self) -> Sequence[FilesystemError]:
        return list(self._skipped)

    def attributes(self, path: str) -> frozenset[str]:
        """Names of the extended attributes (xattr(7)) of what the path leads to."""
        place, inode, _ = self._find(path)
        try:
            return self._systems[place[0]].attribute_names(inode)
        except Ext4Error as error:
            raise FilesystemError(path, str(error)) from error

    # Finding things

    def _entered(self, path: str, place: Place, entered: set[Place], depth: int) -> tuple[Place, Inode]:
        place = self._mounted.get(place, place)
        if place in entered:
            raise FilesystemError(path, "is a folder that has another name already")
        if depth >= MAX_DEPTH:
            raise FilesystemError(path, f"more than {MAX_DEPTH} folders deep")
        entered.add(place)
        return place, self._inode(path, place)

    def _listed(self, path: str, prefix: str, place: Place, inode: Inode) -> _Listed:
        out = []
        for name, (number, told) in sorted(self._names(path, place, inode).items(), key=_by_name):
            text = name.decode("utf-8", "surrogateescape")
            kind = _TOLD.get(told)
            if kind is None:
                kind = FileKind.OTHER if told else self._kind(prefix + text, (place[0], number))
            out.append((Entry(name=text, path=prefix + text, kind=kind), (place[0], number)))
        return out

    def _kind(self, path: str, place: Place) -> FileKind:
        return _KINDS.get(self._inode(path, place).kind, FileKind.OTHER)

    def _names(self, path: str, place: Place, inode: Inode) -> Mapping[bytes, tuple[int, int]]:
        known = self._folders.get(place)
        if known is None:
            try:
                known = self._systems[place[0]].names(inode)
            except Ext4Error as error:
                raise FilesystemError(path, str(error)) from error
            self._remembered += len(known)
            if len(self._folders) >= _FOLDERS or self._remembered > _NAMES:
                self._folders.clear()
                self._remembered = len(known)
            self._folders[place] = known
        return known

    def _inode(self, path: str, place: Place) -> Inode:
        try:
            return self._systems[place[0]].inode(place[1])
        except Ext4Error as error:
            raise FilesystemError(path, str(error)) from error

    def _target(self, path: str, place: Place, inode: Inode) -> str:
        try:
            return self._systems[place[0]].target(inode).decode("utf-8", "surrogateescape")
        except Ext4Error as error:
            raise FilesystemError(path, str(error)) from error

    def _contents(self, path: str, place: Place, inode: Inode) -> "_Contents":
        if inode.kind == FOLDER:
            raise FilesystemError(path, "is a folder")
        if inode.kind != FILE:
            raise FilesystemError(path, "is not a regular file")
        try:
            return _Contents(path, self._systems[place[0]], inode)
        except Ext4Error as error:
            raise FilesystemError(path, str(error)) from error

    def _find(self, path: str, *, follow_last: bool = True) -> tuple[Place, Inode, str]:
        """Where a path leads, and the path without links."""
        todo = [part for part in reversed(path.split("/")) if part and part != "."]
        root = self._mounted.get((0, ROOT), (0, ROOT))
        trail: list[tuple[str, Place, Inode]] = []
        place, inode = root, self._inode(path, root)
        followed = 0
        while todo:
            part = todo.pop()
            if part == "..":
                if trail:
                    trail.pop()
                place, inode = trail[-1][1:] if trail else (root, self._inode(path, root))
                continue
            if inode.kind != FOLDER:
                raise Missing(path, "does not exist")
            try:
                found = self._names(path, place, inode).get(part.encode("utf-8", "surrogateescape"))
            except UnicodeEncodeError:
                found = None
            if found is None:
                raise Missing(path, "does not exist")
            child: Place = (place[0], found[0])
            child = self._mounted.get(child, child)
            below = self._inode(path, child)
            if below.kind == LINK and (todo or follow_last):
                followed += 1
                if followed > MAX_LINKS:
                    raise FilesystemError(path, "too many levels of symbolic links")
                target = self._target(path, child, below)
                if target.startswith("/"):
                    trail, place, inode = [], root, self._inode(path, root)
                todo += [step for step in reversed(target.split("/")) if step and step != "."]
                continue
            trail.append((part, child, below))
            place, inode = child, below
        return place, inode, "/" + "/".join(part for part, _, _ in trail)


class _Contents(io.RawIOBase):
    """A file's bytes, read where they lie."""

    def __init__(self, path: str, system: Ext4, inode: Inode) -> None:
        super().__init__()
        self._path, self._system, self._size = path, system, inode.size
        self._inline = system.inline(inode)
        self._runs = [] if self._inline is not None else system.runs(inode)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        target = memoryview(buffer).cast("B")
        data = self._piece(len(target))
        target[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        pieces = []
        while piece := self._piece(1 << 20):
            pieces.append(piece)
        return b"".join(pieces)

    def _piece(self, most: int) -> bytes:
        most = min(most, self._size - self._at)
        if most <= 0:
            return b""
        if self._inline is not None:
            piece = self._inline[self._at : self._at + most]
            self._at += len(piece)
            return piece
        size = self._system.block_size
        block = self._at // size
        index = bisect_right(self._runs, block, key=_first) - 1
        run = self._runs[index] if index >= 0 else (0, 0, 0)
        if block < run[0] + run[1]:
            start = self._at - run[0] * size
            try:
                piece = self._system.piece(run, start, min(run[1] * size, start + most))
            except Ext4Error as error:
                raise FilesystemError(self._path, str(error)) from error
        else:
            end = self._runs[index + 1][0] * size if index + 1 < len(self._runs) else self._size
            piece = bytes(min(most, end - self._at))
        self._at += len(piece)
        return piece


def _first(run: Run) -> int:
    return run[0]


def _stat(place: Place, inode: Inode) -> FileStat:
    return FileStat(
        kind=_KINDS.get(inode.kind, FileKind.OTHER),
        mode=inode.mode & 0o7777,
        uid=inode.uid,
        gid=inode.gid,
        size=inode.size if inode.kind == FILE else 0,
        mtime=inode.mtime,
        device=place[0] + 1,
        inode=inode.number,
        links=inode.links,
    )


def _by_name(item: tuple[bytes, tuple[int, int]]) -> str:
    """As the other views sort: by the name's text."""
    return item[0].decode("utf-8", "surrogateescape")
