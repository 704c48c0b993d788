"""Images in one tar file: `docker save` archives (old and new) and OCI archives, plain or compressed, from a file or as
a stream from an engine; and plain tars of a root file system.

    manifest.json    [{"Config": "<hex>.json", "RepoTags": ["app:1.0"], "Layers": ["<id>/layer.tar", ...]}]

A plain file is mapped and its layers are read where they lie. A stream is read once from end to end: every member that
looks like a layer is walked as it passes, and the manifest, wherever it comes, says afterwards which of them count.
"""

import json
import mmap
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bartizan.collect.containers.image import (
    JSON_LIMIT,
    Image,
    ImageError,
    LayerVisitor,
    Platform,
    WalkedImage,
    diff_ids,
    document,
    sha256,
)
from bartizan.collect.containers.oci import StoredImage, image_of_index, split_digest
from bartizan.collect.filesystem.byte_source import (
    ChunkSource,
    DamagedError,
    MappedSource,
    ReadStream,
    inflated,
    read_chunks,
)
from bartizan.collect.filesystem.interface import LayerError
from bartizan.collect.filesystem.layer import (
    Layer,
    LayerBlob,
    LayerLimits,
    Wanted,
    walk_layer,
)
from bartizan.collect.filesystem.tar import (
    FILE,
    HARD_LINK,
    SYMBOLIC_LINK,
    ByteSource,
    Member,
    TarError,
    members,
    normal,
)

_USTAR = slice(257, 262)
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
_PIECE = 1 << 20


def is_tar(head: bytes) -> bool:
    """Whether the first 512 bytes begin a tar (an empty one is all zeros)."""
    return head[_USTAR] == b"ustar" or (len(head) >= 512 and not any(head[:512]))


def open_archive(path: Path, platform: Platform, tag: str = "") -> "StoredImage | StreamedImage":
    """The image in an archive file; a tar without an image's manifest is taken as a root file system."""
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from None
    if head.startswith(_COMPRESSED):
        return StreamedImage(name=path.name, opener=lambda: path.open("rb"), platform=platform, tag=tag)
    if not is_tar(head):
        raise ImageError(f"{path}: not a tar archive; an image archive is made with 'docker save' or 'skopeo copy'")
    return _open_mapped(path, platform, tag)


# A plain file, mapped


@dataclass(slots=True)
class _MappedBlob:
    """A layer inside a mapped archive."""

    view: memoryview
    digest: str
    diff_id: str
    plain: bool

    def open(self) -> ReadStream:
        return _ViewStream(self.view)

    def mapped(self) -> memoryview | None:
        return self.view if self.plain else None


class _ViewStream:
    """Just enough of a binary file over a memory view."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        end = len(self._view) if size < 0 else self._at + size
        piece = bytes(self._view[self._at : end])
        self._at += len(piece)
        return piece

    def close(self) -> None:
        return None


@dataclass(slots=True)
class _MappedArchive:
    """The members of a mapped archive by path."""

    path: Path
    data: memoryview
    found: dict[str, Member] = field(default_factory=dict)

    def view(self, name: str) -> memoryview:
        member = self.found.get(normal(name))
        for _ in range(4):
            if member is None or member.kind not in (SYMBOLIC_LINK, HARD_LINK):
                break
            target = member.link if member.kind == HARD_LINK else f"{member.path.rpartition('/')[0]}/{member.link}"
            member = self.found.get(normal(target))
        if member is None or member.kind != FILE or member.sparse:
            raise ImageError(f"{self.path}: {name} is missing; the archive is not complete")
        view = self.data[member.offset : member.offset + member.stored]
        if len(view) < member.stored:
            raise ImageError(f"{self.path}: {name} ends early; the archive is truncated")
        return view

    def small(self, name: str) -> bytes:
        view = self.view(name)
        if len(view) > JSON_LIMIT:
            raise ImageError(f"{self.path}: {name} is too large for a manifest or configuration")
        return bytes(view)

    def json(self, digest: str) -> bytes:
        return self.small("blobs/" + "/".join(split_digest(digest)))

    def layer(self, digest: str, diff_id: str) -> LayerBlob:
        return _blob(self.view("blobs/" + "/".join(split_digest(digest))), digest, diff_id)


def _blob(view: memoryview, digest: str, diff_id: str) -> LayerBlob:
    return _MappedBlob(view, digest, diff_id, plain=is_tar(bytes(view[:512])))


def _open_mapped(path: Path, platform: Platform, tag: str) -> StoredImage:
    with path.open("rb") as stream:
        data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    archive = _MappedArchive(path, data)
    try:
        for member in members(MappedSource(data)):
            archive.found[member.path] = member
            if len(archive.found) == _ENOUGH and _looks_like_rootfs(archive.found):
                return _rootfs(path.name, _MappedBlob(data, "", "", plain=True))
    except TarError as error:
        raise ImageError(f"{path}: {error}; the archive is damaged or truncated") from None
    if "/index.json" in archive.found and "/manifest.json" not in archive.found:
        index = document(archive.small("index.json"), f"{path}: index.json")
        return image_of_index(index, archive, platform, tag=tag, where=str(path))
    if "/manifest.json" not in archive.found:
        if not _looks_like_rootfs(archive.found):
            raise ImageError(f"{path}: neither an image (no manifest.json, no index.json) nor a root file system")
        return _rootfs(path.name, _MappedBlob(data, "", "", plain=True))
    entry = _choose_saved(archive.small("manifest.json"), str(path), tag)
    config_name = str(entry.get("Config") or "")
    config_data = archive.small(config_name)
    config = document(config_data, f"{path}: {config_name}")
    names = _names(entry, "Layers")
    ids = diff_ids(config, len(names), str(path))
    blobs = tuple(_blob(archive.view(name), "", diff_id) for name, diff_id in zip(names, ids, strict=True))
    return StoredImage(_saved_image(entry, config, sha256(config_data), blobs, path.name))


_MARKS = ("/manifest.json", "/index.json", "/oci-layout", "/repositories")


_ENOUGH = 64
"""Names by which a root file system is told from an image, whose archive has blobs or a manifest among its first."""


def _looks_like_rootfs(names: Collection[str]) -> bool:
    return (
        any(name.split("/", 2)[1] in ("etc", "usr", "bin") for name in names)
        and not any(name in names for name in _MARKS)
        and not any(name.startswith("/blobs/") or name.endswith("/layer.tar") for name in names)
    )


def _rootfs(name: str, blob: Any) -> StoredImage:
    return StoredImage(Image(name=name, digest="", id="", config={}, layers=(blob,)))


def _choose_saved(manifest: bytes, where: str, tag: str) -> dict[str, Any]:
    try:
        entries = json.loads(manifest)
    except (ValueError, RecursionError) as error:
        raise ImageError(f"{where}: manifest.json is not JSON: {error}") from None
    entries = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    if tag:
        entries = [entry for entry in entries if tag in _names(entry, "RepoTags")]
    if not entries:
        raise ImageError(f"{where}: there is no image{f' tagged {tag!r}' if tag else ''} in manifest.json")
    if len(entries) > 1:
        tags = ", ".join(name for entry in entries for name in _names(entry, "RepoTags"))
        raise ImageError(f"{where}: holds {len(entries)} images; choose one with --tag: {tags}")
    if not isinstance(entries[0].get("Layers"), list):
        raise ImageError(f"{where}: manifest.json has no list of Layers")
    return dict(entries[0])


def _names(entry: dict[str, Any], key: str) -> list[str]:
    value = entry.get(key)
    return [str(name) for name in value] if isinstance(value, list) else []


def _saved_image(
    entry: dict[str, Any], config: dict[str, Any], config_digest: str, blobs: tuple[LayerBlob, ...], name: str
) -> Image:
    tags = tuple(_names(entry, "RepoTags"))
    return Image(name=tags[0] if tags else name, digest="", id=config_digest, config=config, layers=blobs, tags=tags)


# A stream, read once


@dataclass(frozen=True, slots=True)
class _PassingBlob:
    """A layer that streams by inside an archive. To read it again, the archive is opened and passed over again."""

    archive: Callable[[], ReadStream]
    member: Member
    digest: str = ""
    diff_id: str = ""

    def open(self) -> ReadStream:
        return _PassingStream(self.archive(), self.member)

    def mapped(self) -> memoryview | None:
        return None


class _PassingStream:
    """One member of an archive as a file."""

    def __init__(self, stream: ReadStream, member: Member) -> None:
        self._stream = stream
        self._source = ChunkSource(inflated(read_chunks(stream)))
        self._source.skip(member.offset)
        self._left = member.stored

    def read(self, size: int = -1, /) -> bytes:
        piece = self._source.take(min(size if size >= 0 else self._left, self._left))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._stream.close()


class StreamedImage:
    """An `ImageSource` over an archive that can only be read from its start."""

    def __init__(
        self,
        *,
        name: str,
        opener: Callable[[], ReadStream],
        platform: Platform,
        tag: str = "",
        known: Image | None = None,
    ) -> None:
        """`known` is what whoever gives the stream says of the image before it is read."""
        self._name = name
        self._opener = opener
        self._platform = platform
        self._tag = tag
        self._image = known

    @property
    def image(self) -> Image:
        if self._image is None:
            raise ImageError(f"{self._name}: the archive is a stream; its image is known once it was walked")
        return self._image

    def walk(self, wanted: Wanted, visit: LayerVisitor, limits: LayerLimits) -> WalkedImage:
        documents: dict[str, bytes] = {}
        layers: dict[str, Layer] = {}
        aliases: dict[str, str] = {}
        seen: set[str] = set()
        try:
            with closing(self._opener()) as stream:
                source = ChunkSource(inflated(read_chunks(stream)))
                for member in members(source):
                    seen.add(member.path)
                    if len(seen) == _ENOUGH and _looks_like_rootfs(seen):
                        break
                    if member.kind in (SYMBOLIC_LINK, HARD_LINK):
                        folder = member.path.rpartition("/")[0] if member.kind == SYMBOLIC_LINK else ""
                        aliases[member.path] = normal(f"{folder}/{member.link}")
                    elif member.kind == FILE and not member.sparse:
                        head = source.take(min(512, member.stored))
                        if is_tar(head) or head.startswith(_COMPRESSED):
                            blob = _Piped(_rest(head, source, member.stored))
                            layers[member.path] = walk_layer(
                                blob, wanted=wanted, visit=visit(len(layers)), limits=limits
                            )
                            layers[member.path].blob = _PassingBlob(self._opener, member)
                        elif member.stored <= JSON_LIMIT:
                            documents[member.path] = head + source.take(member.stored - len(head))
        except (TarError, DamagedError, OSError) as error:
            raise ImageError(f"{self._name}: {error}") from error
        if _looks_like_rootfs(seen):
            return self._walk_rootfs(wanted, visit, limits)
        return self._assemble(documents, layers, aliases)

    def _walk_rootfs(self, wanted: Wanted, visit: LayerVisitor, limits: LayerLimits) -> WalkedImage:
        """The whole stream as one layer."""
        blob = _WholeStream(self._opener)
        self._image = Image(name=self._name, digest="", id="", config={}, layers=(blob,))
        return WalkedImage(self._image, [walk_layer(blob, wanted=wanted, visit=visit(0), limits=limits)])

    def _assemble(self, documents: dict[str, bytes], layers: dict[str, Layer], aliases: dict[str, str]) -> WalkedImage:
        def layer(name: str) -> Layer:
            path = normal(name)
            found = layers.get(path) or layers.get(aliases.get(path, ""))
            if found is None:
                raise ImageError(f"{self._name}: {name} is missing; the archive is not complete")
            return found

        if "/manifest.json" in documents:
            entry = _choose_saved(documents["/manifest.json"], self._name, self._tag)
            config_data = documents.get(normal(str(entry.get("Config") or "")), b"")
            config = document(config_data, f"{self._name}: {entry.get('Config')}")
            walked = [layer(name) for name in _names(entry, "Layers")]
            stated = diff_ids(config, len(walked), self._name)
            image = _saved_image(entry, config, sha256(config_data), tuple(item.blob for item in walked), self._name)
        elif "/index.json" in documents:
            store = _WalkedStore(documents, layer)
            index = document(documents["/index.json"], f"{self._name}: index.json")
            image = image_of_index(index, store, self._platform, tag=self._tag, where=self._name).image
            walked = [layer("blobs/" + "/".join(split_digest(blob.digest))) for blob in image.layers]
            stated = [blob.diff_id for blob in image.layers]
        else:
            raise ImageError(f"{self._name}: neither an image (no manifest.json, no index.json) nor a root file system")
        for item, diff_id in zip(walked, stated, strict=True):
            if diff_id and item.digest != diff_id:
                raise LayerError(f"{self._name}: a layer's digest is {item.digest}, the configuration says {diff_id}")
        self._image = image
        indexes = {id(each): index for index, each in enumerate(layers.values())}
        return WalkedImage(image, walked, [indexes[id(each)] for each in walked])


@dataclass(frozen=True, slots=True)
class _WholeStream:
    """A compressed root file system as a layer."""

    opener: Callable[[], ReadStream]
    digest: str = ""
    diff_id: str = ""

    def open(self) -> ReadStream:
        return self.opener()

    def mapped(self) -> memoryview | None:
        return None


@dataclass(frozen=True, slots=True)
class _WalkedStore:
    documents: dict[str, bytes]
    layers: Callable[[str], Layer]

    def json(self, digest: str) -> bytes:
        path = "/blobs/" + "/".join(split_digest(digest))
        if path not in self.documents:
            raise ImageError(f"{digest[:19]} is missing; the archive is not complete")
        return self.documents[path]

    def layer(self, digest: str, diff_id: str) -> LayerBlob:
        return NamedBlob(digest, diff_id)


@dataclass(frozen=True, slots=True)
class NamedBlob:
    """A layer known by name only: it is walked with its archive."""

    digest: str
    diff_id: str

    def open(self) -> ReadStream:
        raise LayerError("the layer is walked with its archive")

    def mapped(self) -> memoryview | None:
        return None


class _Piped:
    """A layer that is read exactly once, as its bytes pass."""

    digest = ""
    diff_id = ""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def open(self) -> ReadStream:
        return self

    def mapped(self) -> memoryview | None:
        return None

    def read(self, size: int = -1, /) -> bytes:
        return next(self._pieces, b"")

    def close(self) -> None:
        for _piece in self._pieces:
            pass


def _rest(head: bytes, source: ByteSource, stored: int) -> Iterator[bytes]:
    yield head
    left = stored - len(head)
    while left:
        piece = source.take(min(_PIECE, left))
        if not piece:
            raise TarError(source.position, "the archive ends within a layer")
        left -= len(piece)
        yield piece
