"""The file system that an image's layers add up to, as one view.

Layers are applied from the lowest up, as the OCI image specification says ("Image Layer Filesystem Changeset"): an
entry replaces what is below at its path; `.wh.<name>` removes `<name>` of lower layers; `.wh..wh..opq` hides all that
lower layers have in its folder. A parent that is a symbolic link is followed, as the engines do when they unpack.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from bartizan.collect.filesystem.interface import (
    Entry,
    FileKind,
    FileStat,
    FilesystemError,
    LayerError,
    Missing,
    TooLarge,
)
from bartizan.collect.filesystem.layer import Layer
from bartizan.collect.filesystem.tar import DIRECTORY, FILE, HARD_LINK, SYMBOLIC_LINK, Member

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_LINKS = 40
"""Symbolic links followed in one path, as in Linux (MAXSYMLINKS)."""

_DEPTH = 256
"""Folders below one another that a walk enters, as on a disk."""
_BROKEN = 1000
"""Hard links without a target that are remembered; one is enough to know that something is amiss."""

_KINDS = {FILE: FileKind.FILE, DIRECTORY: FileKind.DIRECTORY, SYMBOLIC_LINK: FileKind.LINK}
_IMPLIED = Member("/", DIRECTORY, 0o755, 0, 0, 0, 0, "", 0, 0)


class _Node:
    """A place in the tree. `layer` is the index of the layer that put `member` here."""

    __slots__ = ("children", "layer", "member")

    def __init__(self, member: Member, layer: int) -> None:
        self.member = member
        self.layer = layer
        self.children: dict[str, _Node] | None = {} if member.kind == DIRECTORY else None


class LayeredView:
    """A `FilesystemView` over layers, the lowest first."""

    live = False

    def __init__(self, layers: Sequence[Layer], *, keep_versions_of: frozenset[str] = frozenset()) -> None:
        """`keep_versions_of` names paths whose state after each layer is remembered for `as_of`."""
        self.layers = list(layers)
        self._root = _Node(_IMPLIED, 0)
        self._last_parent = ("", self._root)
        self._broken: dict[str, str] = {}
        self._skipped: list[FilesystemError] = []
        self._versions: dict[str, list[tuple[int, _Node | None]]] = {path: [] for path in keep_versions_of}
        for index, layer in enumerate(self.layers):
            self._apply(index, layer)
            self._remember(index)

    # The interface

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self._content(path))

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        node = self._follow(path)
        if node.member.size > limit:
            raise TooLarge(path, f"{node.member.size} bytes are over the limit of {limit}")
        return self._content(path)

    def stat(self, path: str) -> FileStat:
        return _stat(self._follow(path).member)

    def lstat(self, path: str) -> FileStat:
        return _stat(self._walk_to(path, follow_last=False)[0].member)

    def readlink(self, path: str) -> str:
        member = self._walk_to(path, follow_last=False)[0].member
        if member.kind != SYMBOLIC_LINK:
            raise FilesystemError(path, "is not a symbolic link")
        return member.link

    def resolve(self, path: str) -> str:
        return self._walk_to(path)[1]

    def list(self, path: str) -> Sequence[Entry]:
        node, resolved = self._walk_to(path)
        if node.children is None:
            raise FilesystemError(path, "is not a folder")
        top = resolved.rstrip("/")
        return [_entry(name, f"{top}/{name}", child) for name, child in sorted(node.children.items())]

    def walk(self, top: str = "/", prune: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        node, resolved = self._walk_to(top)
        if not resolved.rstrip("/"):
            self._skipped.extend(self._left_out())
        if node.children is not None:
            yield from self._below(node, resolved.rstrip("/"), prune)

    def skipped(self) -> Sequence[FilesystemError]:
        return list(self._skipped)

    # What only layers can tell

    def layer_of(self, path: str) -> int:
        """Index of the layer that last wrote the file, links followed."""
        return self._follow(path).layer

    def origin_of(self, path: str) -> tuple[int, Member, str]:
        """The layer that wrote the file, the member by which it did (of another name where the path is a hard link),
        and the path without links."""
        node, resolved = self._walk_to(path)
        return node.layer, node.member, resolved

    def as_of(self, path: str) -> Sequence[tuple[int, bytes]]:
        """The contents that a remembered path had after each layer that changed it; a removal has no contents."""
        out = []
        for index, node in self._versions.get(path, ()):
            out.append((index, self._node_content(path, node) if node else b""))
        return out

    def _below(self, node: _Node, top: str, prune: Callable[[Entry], bool] | None) -> Iterator[Entry]:
        stack = [iter(sorted((node.children or {}).items()))]
        paths = [top]
        while stack:
            for name, child in stack[-1]:
                path = f"{paths[-1]}/{name}"
                entry = _entry(name, path, child)
                yield entry
                if child.children and not (prune and prune(entry)):
                    if len(stack) >= _DEPTH:
                        self._skipped.append(FilesystemError(path, f"more than {_DEPTH} folders deep"))
                        continue
                    stack.append(iter(sorted(child.children.items())))
                    paths.append(path)
                    break
            else:
                stack.pop()
                paths.pop()

    def _left_out(self) -> Iterator[FilesystemError]:
        """Files that are there, but whose contents are not: over a limit, or linked to what does not exist."""
        for index, layer in enumerate(self.layers):
            for path, reason in layer.refused:
                try:
                    current = self.layer_of(path) == index
                except FilesystemError:
                    current = False
                if current:
                    yield FilesystemError(path, reason)
        for path, target in self._broken.items():
            yield FilesystemError(path, f"is a hard link to {target}, which is not there")

    # Applying layers

    def _apply(self, index: int, layer: Layer) -> None:
        for member in layer.members:
            if "/.wh." in member.path:
                self._white_out(index, member.path)
        for member in layer.members:
            if "/.wh." not in member.path:
                self._put(index, member)
        self._last_parent = ("", self._root)

    def _white_out(self, index: int, path: str) -> None:
        folder, _, name = path.rpartition("/")
        node = self._parent(folder, index, create=False)
        if node is None or not node.children:
            return
        if name == _OPAQUE:
            node.children = {}
        elif not name.startswith(".wh..wh."):
            node.children.pop(name.removeprefix(_WHITEOUT), None)

    def _put(self, index: int, member: Member) -> None:
        folder, _, name = member.path.rpartition("/")
        if not name:
            self._root.member, self._root.layer = member, index
            return
        parent: _Node | None = self._last_parent[1]
        if self._last_parent[0] != folder:
            parent = self._parent(folder, index, create=True)
        if parent is None or parent.children is None:
            return
        old = parent.children.get(name)
        self._last_parent = (folder, parent)
        if self._broken:
            self._broken.pop(member.path, None)
        if member.kind == HARD_LINK:
            target = self._lookup(member.link)
            if target is not None and target.children is None:
                parent.children[name] = target
            elif len(self._broken) < _BROKEN:
                self._broken[member.path] = member.link
            return
        if old is not None and old.children is not None and member.kind == DIRECTORY:
            old.member, old.layer = member, index
            return
        parent.children[name] = _Node(member, index)

    def _parent(self, folder: str, index: int, *, create: bool) -> _Node | None:
        node = self._root
        for depth, part in enumerate(folder.split("/")[1:] if folder else ()):
            if node.children is None:
                return None
            child = node.children.get(part)
            if child is not None and child.member.kind == SYMBOLIC_LINK:
                try:
                    child, _ = self._walk_to("/".join(folder.split("/")[: depth + 2]))
                except FilesystemError:
                    child = None
            if child is None or child.children is None:
                if not create:
                    return None
                child = _Node(_IMPLIED, index)
                node.children[part] = child
            node = child
        return node

    def _lookup(self, link: str) -> _Node | None:
        try:
            return self._walk_to("/" + link.lstrip("/"), follow_last=False)[0]
        except FilesystemError:
            return None

    def _remember(self, index: int) -> None:
        for path, versions in self._versions.items():
            try:
                node: _Node | None = self._follow(path)
            except FilesystemError:
                node = None
            if node is not (versions[-1][1] if versions else None):
                versions.append((index, node))

    # Finding things

    def _follow(self, path: str) -> _Node:
        return self._walk_to(path)[0]

    def _walk_to(self, path: str, *, follow_last: bool = True) -> tuple[_Node, str]:
        """The node at a path and the path without links."""
        todo = [part for part in reversed(path.split("/")) if part and part != "."]
        trail: list[tuple[str, _Node]] = []
        node = self._root
        followed = 0
        while todo:
            part = todo.pop()
            if part == "..":
                if trail:
                    trail.pop()
                node = trail[-1][1] if trail else self._root
                continue
            if node.children is None:
                raise Missing(path, "a parent is not a folder")
            child = node.children.get(part)
            if child is None:
                raise Missing(path, "does not exist")
            if child.member.kind == SYMBOLIC_LINK and (todo or follow_last):
                followed += 1
                if followed > _LINKS:
                    raise FilesystemError(path, "too many symbolic links")
                if child.member.link.startswith("/"):
                    trail, node = [], self._root
                todo += [step for step in reversed(child.member.link.split("/")) if step and step != "."]
                continue
            trail.append((part, child))
            node = child
        return node, "/" + "/".join(part for part, _ in trail)

    def _content(self, path: str) -> bytes:
        return self._node_content(path, self._follow(path))

    def _node_content(self, path: str, node: _Node) -> bytes:
        if node.member.kind != FILE:
            raise FilesystemError(path, "is not a regular file")
        try:
            return self.layers[node.layer].content(node.member)
        except LayerError as error:
            raise FilesystemError(path, str(error)) from error


def _entry(name: str, path: str, node: _Node) -> Entry:
    return Entry(name=name, path=path, kind=_KINDS.get(node.member.kind, FileKind.OTHER))


def _stat(member: Member) -> FileStat:
    return FileStat(
        kind=_KINDS.get(member.kind, FileKind.OTHER),
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        size=member.size,
        mtime=member.mtime,
    )
