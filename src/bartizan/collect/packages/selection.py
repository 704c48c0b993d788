"""Which files the readers want: one pass over the walk, two dictionary look-ups a file.

`package-lock.json` is found by name, `.jar` by ending, `/var/lib/dpkg/status` by path. Folders that hold other systems'
files or nothing to read are not entered; lock files inside installed dependencies are not candidates.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field

from bartizan.collect.filesystem.interface import Entry, FileKind, FilesystemError, FilesystemView, Missing
from bartizan.collect.packages.companion import Companion
from bartizan.collect.packages.interface import Reader
from bartizan.model.record import dataclass
from bartizan.model.snapshot import Problem

OTHER_SYSTEMS = frozenset(
    {
        "/var/lib/docker",
        "/var/lib/containerd",
        "/var/lib/containers/storage",
        "/var/lib/kubelet/pods",
        "/var/lib/rancher/k3s/agent/containerd",
        "/var/lib/machines",
        "/var/lib/lxc",
        "/var/lib/lxd",
        "/var/lib/incus",
        "/var/snap/docker/common/var-lib-docker",
        "/run/containerd",
        "/run/docker",
        "/var/lib/flatpak/repo",
    }
)
"""Layers and root folders of containers and machines: assets of their own, never this one's packages."""

_NOTHING_TO_READ = frozenset({"/proc", "/sys", "/dev"})
_ENGINE_IN_HOME = "/.local/share/containers/storage"
PROGRAM_SIZE = 32 << 10
"""Bytes below which no program is worth a look: the smallest that a Go or Rust compiler makes are ten times that."""

_LIBRARY_NAME = re.compile(r"\.(?:so(?:\.[0-9.]+)?|dll|exe|dylib)$", re.IGNORECASE)
_PROGRAM_NAME = re.compile(r"^(?:[^.]+|.*(?:\.(?:so|dll|exe|dylib|bin|node|smp)|[-_.]?v?\d[\w.+-]*))$", re.IGNORECASE)
"""No ending, that of a program or library, or a version at the end: `kubectl`, `libssl.so.3`, `python3.11`."""
_DEPENDENCY_FOLDER = re.compile(
    r"/(?:node_modules|site-packages|dist-packages|bower_components"
    r"|pkg/mod"  # Go module cache
    r"|\.?cargo/(?:registry|git)"
    r"|gems/[^/]+-[0-9][^/]*|bundler/gems"
    r"|vendor/[^/]+/[^/]+"  # Composer
    r"|\.m2/repository|\.gradle|\.ivy2|\.nuget/packages|\.pub-cache|\.npm|\.cache|\.hex|deps/[^/]+/deps"
    r"|Pods/[^/]+|SourcePackages/checkouts)/"
)


@dataclass(slots=True)
class Candidates:
    """What one walk found for the readers."""

    wanted: list[tuple[Reader, str]] = field(default_factory=list)
    """(reader, path), in the order of the readers' exact paths and then of the walk."""
    left_out: list[str] = field(default_factory=list)
    """Folders that hold other systems' files and were not entered."""
    problems: list[Problem] = field(default_factory=list)
    """Folders that could not be entered."""


class Wishes:
    """The readers' wishes, indexed by file name and by ending."""

    def __init__(self, readers: Iterable[Reader]) -> None:
        self.by_name: dict[str, list[tuple[str, Reader]]] = {}
        self.by_ending: dict[str, list[tuple[str, Reader]]] = {}
        self.exact: list[tuple[str, Reader]] = []
        self.folders: list[tuple[str, Reader]] = []
        self.programs: list[Reader] = []
        for reader in readers:
            if reader.binary:
                self.programs.append(reader)
            self.exact += [(path, reader) for path in reader.paths]
            self.folders += [(path, reader) for path in reader.folders]
            for name in reader.names:
                self.by_name.setdefault(name, []).append(("", reader))
            for suffix in reader.suffixes:
                _, slash, base = suffix.rpartition("/")
                if slash:
                    self.by_name.setdefault(base, []).append((suffix, reader))
                else:
                    self.by_ending.setdefault("." + suffix.rpartition(".")[2], []).append((suffix, reader))

    def of(self, path: str, name: str) -> Sequence[Reader]:
        """The readers that want this file by its name, which is the last part of its path, and by its place where that
        matters."""
        dot = name.rfind(".")
        ending = name[dot:] if dot >= 0 else "/"
        if name not in self.by_name and ending not in self.by_ending:
            return ()
        wishes = (*self.by_name.get(name, ()), *self.by_ending.get(ending, ()))
        return [reader for suffix, reader in wishes if path.endswith(suffix) and _fits(reader, path)]


def find(
    view: FilesystemView,
    readers: Iterable[Reader],
    ignore: Collection[str] = (),
    companion: Companion | None = None,
) -> Candidates:
    """Every file that a reader wants, each once per reader. A companion walks in the view's place."""
    wishes = Wishes(readers)
    found = Candidates()
    seen: set[tuple[str, str]] = set()

    def want(reader: Reader, path: str) -> None:
        if (reader.name, path) not in seen:
            seen.add((reader.name, path))
            found.wanted.append((reader, path))

    def prune(entry: Entry) -> bool:
        if is_other_system(entry.path):
            found.left_out.append(entry.path)
            return True
        return holds_nothing(entry.path) or entry.path in ignore

    for path, reader in _exact(view, wishes, found.problems):
        want(reader, path)
    known = len(view.skipped())
    walker = companion or view
    for entry in walker.walk("/", prune):
        if entry.kind is FileKind.FILE:
            for reader in wishes.of(entry.path, entry.name):
                want(reader, entry.path)
            if wishes.programs and _PROGRAM_NAME.match(entry.name) and _may_run(walker, entry):
                for reader in wishes.programs:
                    want(reader, entry.path)
    found.problems += [Problem(path=error.path, reason=error.reason) for error in view.skipped()[known:]]
    return found


def is_other_system(folder: str) -> bool:
    """Whether the folder holds layers and root folders of containers and machines."""
    return folder in OTHER_SYSTEMS or folder.endswith(_ENGINE_IN_HOME)


def holds_nothing(folder: str) -> bool:
    """Whether no reader has anything to read in the folder."""
    return folder in _NOTHING_TO_READ or folder.endswith(("/__pycache__", "/.git/objects"))


def _fits(reader: Reader, path: str) -> bool:
    if reader.matches is not None and not reader.matches(path):
        return False
    return not (reader.locked and _DEPENDENCY_FOLDER.search(path))


def may_be_program(name: str, size: int, mode: int) -> bool:
    """Whether a file of that name, size in bytes and mode is worth a look by the readers of programs."""
    if size < PROGRAM_SIZE:
        return False
    return bool(mode & 0o111 or _LIBRARY_NAME.search(name)) and bool(_PROGRAM_NAME.match(name))


def _may_run(view: FilesystemView | Companion, entry: Entry) -> bool:
    """Whether the file has the size and, unless it is a library, the mode of a program."""
    try:
        found = view.lstat(entry.path)
    except FilesystemError:
        return False
    return may_be_program(entry.name, found.size, found.mode)


def _exact(view: FilesystemView, wishes: Wishes, problems: list[Problem]) -> Iterator[tuple[str, Reader]]:
    """Files at exact paths, links followed: `/var/lib/rpm` is a link to `/usr/lib/sysimage/rpm` on some systems."""
    for path, reader in wishes.exact:
        try:
            view.stat(path)
            real = view.resolve(path)
        except Missing:
            continue
        except FilesystemError as error:
            problems.append(Problem(path=error.path, reason=error.reason))
            continue
        yield (path if real not in reader.paths else real), reader
    for folder, reader in wishes.folders:
        try:
            entries = view.list(folder)
        except Missing:
            continue
        except FilesystemError as error:
            problems.append(Problem(path=error.path, reason=error.reason))
            continue
        for entry in entries:
            if entry.kind is not FileKind.DIRECTORY:
                yield entry.path, reader
