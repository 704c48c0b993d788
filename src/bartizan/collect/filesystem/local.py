"""A folder of this machine as a filesystem view: the running host (`/`), a mounted disk, an unpacked image.

Below another root than `/` paths are walked one component at a time with directory descriptors and `O_NOFOLLOW`, so a
link resolves inside the root whoever wrote it, and nobody can swap a folder for a link in between:

    LocalView("/mnt/disk").read("/etc/localtime")    # -> ../usr/share/zoneinfo/UTC, read below /mnt/disk

Where the root is `/` the kernel does the same work in one call. What is not a regular file is never opened.
"""
# ruff: noqa: PTH112, PTH115 - paths here may hold bytes that are not UTF-8; descriptors of folders stand in for paths

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from typing import Any, BinaryIO, TypeVar, cast

from bartizan.collect.filesystem.interface import (
    Entry,
    FileKind,
    FileStat,
    FilesystemError,
    Missing,
    TooLarge,
)
from bartizan.collect.filesystem.mounts import left_out

MAX_LINKS = 40
"""As in the kernel (path_resolution(7)): more links than this in one path count as a loop."""

MAX_DEPTH = 256
"""Folders below one another that `walk` enters; each holds a descriptor."""

Result = TypeVar("Result")

_Level = tuple[int, str, Iterator[os.DirEntry[str]]]
"""A folder that a walk is in: its descriptor, its path with a slash, what is left of its entries."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PATH_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK = 1 << 20
_LOOP = "too many levels of symbolic links"


class LocalView:
    """A `FilesystemView` of one folder of this machine."""

    def __init__(self, root: str = "/") -> None:
        self._root = os.path.realpath(root)
        if not os.path.isdir(self._root):
            raise FilesystemError(root, "is not a folder")
        self._direct = self._root == "/"
        self.live = self._direct
        self._skipped: list[FilesystemError] = []

    @property
    def root(self) -> str:
        """Where the view begins on this machine."""
        return self._root

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, FileIO(self._open(path), "r"))

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        fd = self._open(path)
        try:
            return _read_all(fd, path, limit)
        except OSError as error:
            raise _translated(path, error) from error
        finally:
            os.close(fd)

    def stat(self, path: str) -> FileStat:
        return _stat_record(self._stat(path))

    def lstat(self, path: str) -> FileStat:
        if self._direct:
            return _stat_record(_call(path, os.lstat, _absolute(path)))
        with _Descent(self._root, path, follow_last=False) as place:
            return _stat_record(_call(path, os.lstat, place.name, dir_fd=place.folder))

    def readlink(self, path: str) -> str:
        try:
            if self._direct:
                return os.readlink(_absolute(path))
            with _Descent(self._root, path, follow_last=False) as place:
                return os.readlink(place.name, dir_fd=place.folder)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno == errno.EINVAL:
                raise FilesystemError(path, "is not a symbolic link") from error
            raise _translated(path, error) from error

    def resolve(self, path: str) -> str:
        if self._direct:
            return str(_call(path, os.path.realpath, _absolute(path), strict=True))
        with _Descent(self._root, path, follow_last=True) as place:
            _call(path, os.lstat, place.name, dir_fd=place.folder)
            return place.path

    def list(self, path: str) -> Sequence[Entry]:
        fd = self._open_folder(path)
        prefix = path if path.endswith("/") else path + "/"
        try:
            return [Entry(name=item.name, path=prefix + item.name, kind=_kind(item)) for item in _entries(fd, path)]
        finally:
            os.close(fd)

    def walk(self, top: str = "/", prune: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        return (entry for entry, _ in self._walk(top, prune))

    def walk_stat(
        self, top: str = "/", prune: Callable[[Entry], bool] | None = None
    ) -> Iterator[tuple[Entry, os.stat_result | None]]:
        """As `walk`, with what lstat(2) tells of each entry; None for what is gone already."""
        for entry, item in self._walk(top, prune):
            try:
                found = item.stat(follow_symlinks=False)
            except OSError:
                found = None
            yield entry, found

    def _walk(self, top: str, prune: Callable[[Entry], bool] | None) -> Iterator[tuple[Entry, os.DirEntry[str]]]:
        foreign = left_out(self._root)
        stack: list[_Level] = []
        fd = self._open_folder(top)
        try:
            start = _entries(fd, top)
        except FilesystemError:
            os.close(fd)
            raise
        stack.append((fd, top.rstrip("/") + "/", iter(start)))
        try:
            while stack:
                fd, prefix, items = stack[-1]
                for item in items:
                    kind = _kind(item)
                    path = prefix + item.name
                    entry = Entry(name=item.name, path=path, kind=kind)
                    yield entry, item
                    if kind is FileKind.DIRECTORY and path not in foreign and not (prune and prune(entry)):
                        entered = self._enter(fd, item.name, path, len(stack))
                        if entered is not None:
                            stack.append((entered[0], path + "/", entered[1]))
                            break
                else:
                    stack.pop()
                    os.close(fd)
        finally:
            for fd, _, _ in stack:
                os.close(fd)

    def skipped(self) -> Sequence[FilesystemError]:
        return list(self._skipped)

    def attributes(self, path: str) -> frozenset[str]:
        """Names of the extended attributes (xattr(7)) of what the path leads to; none where there can be none."""
        try:
            if self._direct:
                return frozenset(os.listxattr(_absolute(path)))
            with _Descent(self._root, path, follow_last=True) as place:
                fd = os.open(place.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.folder)
                try:
                    return frozenset(os.listxattr(f"/proc/self/fd/{fd}"))
                finally:
                    os.close(fd)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOTSUP, errno.ENODATA):
                return frozenset()
            raise _translated(path, error) from error

    def _enter(self, parent: int, name: str, path: str, depth: int) -> tuple[int, Iterator[os.DirEntry[str]]] | None:
        if depth >= MAX_DEPTH:
            self._skipped.append(FilesystemError(path, f"more than {MAX_DEPTH} folders deep"))
            return None
        try:
            fd = os.open(name, _FOLDER, dir_fd=parent)
        except OSError as error:
            # Gone, or replaced by a link, since its parent was listed: a live system moves while it is read.
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                self._skipped.append(_translated(path, error))
            return None
        try:
            return fd, iter(_entries(fd, path))
        except FilesystemError as problem:
            os.close(fd)
            self._skipped.append(problem)
            return None

    def _stat(self, path: str) -> os.stat_result:
        if self._direct:
            return _call(path, os.stat, _absolute(path))
        with _Descent(self._root, path, follow_last=True) as place:
            return _call(path, os.lstat, place.name, dir_fd=place.folder)

    def _open(self, path: str) -> int:
        """A descriptor of a regular file. It is looked at before it is opened: opening alone can trigger a device."""
        if self._direct:
            place = _absolute(path)
            _want_file(path, _call(path, os.stat, place))
            fd = _call(path, os.open, place, _FILE)
        else:
            with _Descent(self._root, path, follow_last=True) as found:
                _want_file(path, _call(path, os.lstat, found.name, dir_fd=found.folder))
                fd = _call(path, os.open, found.name, _FILE | os.O_NOFOLLOW, dir_fd=found.folder)
        try:
            _want_file(path, os.fstat(fd))
        except FilesystemError:
            os.close(fd)
            raise
        return fd

    def _open_folder(self, path: str) -> int:
        try:
            if self._direct:
                return os.open(_absolute(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with _Descent(self._root, path, follow_last=True) as place:
                return os.open(place.name, _FOLDER, dir_fd=place.folder)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOTDIR:
                raise FilesystemError(path, "is not a folder") from error
            raise _translated(path, error) from error


class _Descent:
    """The way from the root to one path: holds a descriptor of each folder on it until it is left.

    `folder` and `name` address the last component, which is not a link when links are followed. The last component
    itself need not exist.
    """

    def __init__(self, root: str, path: str, *, follow_last: bool) -> None:
        self._given = path
        self._folders = [_call(path, os.open, root, _PATH_FOLDER)]
        self._names: list[str] = []
        self.name = "."
        try:
            self._descend(path, follow_last)
        except BaseException:
            self.close()
            raise

    def _descend(self, path: str, follow_last: bool) -> None:
        pending = _parts(path)
        links = 0
        while pending:
            part = pending.pop()
            if part == "..":
                # `name` is only set when nothing is pending, so going up is dropping the folder we are in.
                if self._names:
                    os.close(self._folders.pop())
                    self._names.pop()
                continue
            if not pending and not follow_last:
                self.name = part
                return
            target = self._target(part)
            if target is not None:
                links += 1
                if links > MAX_LINKS:
                    raise FilesystemError(self._given, _LOOP)
                if target.startswith("/"):
                    self._to_root()
                pending += _parts(target)
            elif pending:
                self._folders.append(_call(self._given, os.open, part, _PATH_FOLDER, dir_fd=self.folder))
                self._names.append(part)
            else:
                self.name = part

    def _target(self, part: str) -> str | None:
        """Where a link leads; None for what is no link or does not exist."""
        try:
            return os.readlink(part, dir_fd=self.folder)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return None
            raise _translated(self._given, error) from error
        except ValueError as error:
            raise _translated(self._given, error) from error

    def _to_root(self) -> None:
        while len(self._folders) > 1:
            os.close(self._folders.pop())
        self._names.clear()

    @property
    def folder(self) -> int:
        return self._folders[-1]

    @property
    def path(self) -> str:
        """The way without links, within the view."""
        last = [] if self.name == "." else [self.name]
        return "/" + "/".join(self._names + last)

    def close(self) -> None:
        while self._folders:
            os.close(self._folders.pop())

    def __enter__(self) -> "_Descent":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _parts(path: str) -> list[str]:
    """Components, last first."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _absolute(path: str) -> str:
    return path if path.startswith("/") else "/" + path


def _call(path: str, function: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    try:
        return function(*arguments, **named)
    except (OSError, ValueError) as error:
        raise _translated(path, error) from error


def _translated(path: str, error: OSError | ValueError) -> FilesystemError:
    if not isinstance(error, OSError):
        return Missing(path, "no file can have this name")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESRCH, errno.ENAMETOOLONG):
        return Missing(path, "does not exist")
    if error.errno == errno.ELOOP:
        return FilesystemError(path, _LOOP)
    return FilesystemError(path, (error.strerror or str(error)).lower())


def _want_file(path: str, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    if stat.S_ISDIR(found.st_mode):
        raise FilesystemError(path, "is a folder")
    raise FilesystemError(path, "is not a regular file")


def _read_all(fd: int, path: str, limit: int) -> bytes:
    """Until the end, whatever `st_size` says: files of `/proc` claim to be empty."""
    chunks: list[bytes] = []
    total = 0
    while True:
        chunk = os.read(fd, min(_CHUNK, limit + 1 - total))
        if not chunk:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        total += len(chunk)
        if total > limit:
            raise TooLarge(path, f"is larger than {limit} bytes")
        chunks.append(chunk)


def _stat_record(found: os.stat_result) -> FileStat:
    mode = found.st_mode
    return FileStat(
        kind=_KINDS.get(stat.S_IFMT(mode), FileKind.OTHER),
        mode=stat.S_IMODE(mode),
        uid=found.st_uid,
        gid=found.st_gid,
        size=found.st_size if stat.S_ISREG(mode) else 0,
        mtime=int(found.st_mtime),
        device=found.st_dev,
        inode=found.st_ino,
        links=found.st_nlink,
    )


_KINDS = {stat.S_IFREG: FileKind.FILE, stat.S_IFDIR: FileKind.DIRECTORY, stat.S_IFLNK: FileKind.LINK}


def _entries(fd: int, path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(fd) as found:
            items = list(found)
    except OSError as error:
        raise _translated(path, error) from error
    items.sort(key=_name)
    return items


def _name(item: os.DirEntry[str]) -> str:
    return item.name


def _kind(item: os.DirEntry[str]) -> FileKind:
    try:
        if item.is_file(follow_symlinks=False):
            return FileKind.FILE
        if item.is_dir(follow_symlinks=False):
            return FileKind.DIRECTORY
        if item.is_symlink():
            return FileKind.LINK
    except OSError:
        return FileKind.OTHER
    return FileKind.OTHER
