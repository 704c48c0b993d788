"""One layer of an image: a tar, perhaps compressed, walked once from its first to its last byte.

While the layer streams by, its digests are verified and the files that somebody wants are kept in memory or shown to a
visitor; everything else is passed over. Nothing is written to disk. A file that turns out to be needed later (the
target of a hard link, say) is fetched by walking the layer again, a bounded number of times.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, nullcontext
from dataclasses import field
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from bartizan.collect.filesystem.byte_source import (
    Ahead,
    ChunkSource,
    DamagedError,
    Digest,
    MappedSource,
    ReadStream,
    inflated,
    read_chunks,
)
from bartizan.collect.filesystem.interface import LayerError
from bartizan.collect.filesystem.tar import FILE, ByteSource, Member, TarError, members
from bartizan.model.record import dataclass

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_SECOND_WALKS = 8
_SMALL = 64 << 10
"""Files up to this size are kept by a second walk whether asked for or not: what asks for one small file that was
passed over soon asks for its neighbours."""
_SMALL_IN_ALL = 128 << 20
_FILE = 256 << 20
_MAX_MEMBERS = 5_000_000


class LayerBlob(Protocol):
    """Where a layer's bytes come from."""

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the bytes that `open` gives; empty where nothing states it."""

    @property
    def diff_id(self) -> str:
        """`sha256:<hex>` of the tar within; empty where nothing states it."""

    def open(self) -> ReadStream:
        """The bytes from the start, as often as asked."""

    def mapped(self) -> memoryview | None:
        """The plain tar where it lies in memory or in a mapped file: contents need not be kept then."""


class Want(Enum):
    """What to do with a file's contents while they stream by."""

    SKIP = 0
    KEEP = 1
    VISIT = 2
    BOTH = 3
    PART = 4
    """Keep what the visitor returns. Where contents need not be kept, it is not asked."""


_VISITED = frozenset({Want.VISIT, Want.BOTH})

Wanted = Callable[[Member], Want]
Visitor = Callable[[Member, bytes], bytes | None]
"""Returns what to keep in place of the contents, if they are kept; None for the whole."""


def keep_nothing(_: Member) -> Want:
    """Index only."""
    return Want.SKIP


def visit_nothing(_: Member, __: bytes) -> None:
    """For layers whose contents nobody visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLimits:
    """Bounds on what one layer may cost."""

    file: int = _FILE
    """Largest file that is kept or visited, in bytes."""
    kept: int = 512 << 20
    """Bytes that are kept in all."""
    inflated: int = 64 << 30
    """Bytes that the layer may inflate to."""


@dataclass(slots=True)
class Layer:
    """A walked layer."""

    blob: LayerBlob
    digest: str
    """The diff id: the digest of the plain tar, verified or computed."""
    members: list[Member]
    contents: dict[int, bytes] = field(default_factory=dict)
    """Kept contents by the offset of their member."""
    size: int = 0
    """Bytes of the plain tar."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of wanted files that were over a limit."""
    walks: int = 1

    def content(self, member: Member) -> bytes:
        """The contents of a regular file of this layer; raises `LayerError`."""
        kept = self.contents.get(member.offset)
        if kept is not None:
            return kept
        mapped = self.blob.mapped()
        if mapped is not None:
            if member.sparse and member.size > _FILE:
                raise LayerError(f"a sparse file of {member.size} bytes is over the limit of {_FILE}")
            return member.whole(bytes(mapped[member.offset : member.offset + member.stored]))
        if member.size == 0:
            return b""
        self.fetch([member])
        return self.contents[member.offset]

    def fetch(self, wanted: Collection[Member], limits: LayerLimits | None = None) -> None:
        """Walk the layer once more for these files and keep them."""
        offsets = {member.offset for member in wanted} - self.contents.keys()
        if not offsets or self.blob.mapped() is not None:
            return
        if self.walks > _SECOND_WALKS:
            raise LayerError(f"layer {self.digest[:19]} was walked {self.walks} times already")
        self.walks += 1
        budget = _SMALL_IN_ALL if self.walks == 2 else 0

        def again_wanted(member: Member) -> Want:
            nonlocal budget
            if member.offset in offsets:
                return Want.KEEP
            if member.size <= min(_SMALL, budget):
                budget -= member.size
                return Want.KEEP
            return Want.SKIP

        again = walk_layer(self.blob, wanted=again_wanted, limits=limits, verify=False)
        self.contents.update(again.contents)
        missing = offsets - self.contents.keys()
        if missing:
            raise LayerError(f"{len(missing)} files of layer {self.digest[:19]} are over the size limit")


def walk_layer(
    blob: LayerBlob,
    *,
    wanted: Wanted = keep_nothing,
    visit: Visitor = visit_nothing,
    limits: LayerLimits | None = None,
    verify: bool = True,
) -> Layer:
    """Walk a layer; raises `LayerError` with the reason where it is damaged or is not what its digests say."""
    limits = limits or LayerLimits()
    layer = Layer(blob=blob, digest=blob.diff_id, members=[])
    mapped = blob.mapped()
    try:
        if mapped is not None:
            _walk_mapped(layer, mapped, wanted, visit, limits, verify)
        else:
            with closing(blob.open()) as stream:
                _walk_stream(layer, stream, wanted, visit, limits, verify)
    except (TarError, DamagedError, OSError) as error:
        raise LayerError(f"layer {(blob.digest or blob.diff_id)[:19]}: {error}") from error
    return layer


def _walk_mapped(
    layer: Layer, mapped: memoryview, wanted: Wanted, visit: Visitor, limits: LayerLimits, verify: bool
) -> None:
    with closing(Digest(mapped)) if verify else nullcontext() as digest:
        source = MappedSource(mapped)
        for member in members(source, checksums=not layer.blob.diff_id):
            _add(layer, member, source)
            if member.kind == FILE and wanted(member) in _VISITED and _affordable(layer, member, limits):
                visit(member, member.whole(bytes(mapped[member.offset : member.offset + member.stored])))
        layer.size = len(mapped)
        if digest:
            _accept(layer, diff_id=digest.value(), digest="")


def _walk_stream(
    layer: Layer, stream: ReadStream, wanted: Wanted, visit: Visitor, limits: LayerLimits, verify: bool
) -> None:
    outer = sha256() if verify and layer.blob.digest and layer.blob.digest != layer.blob.diff_id else None
    inner = sha256() if verify else None
    plain = _hashed(_bounded(inflated(_hashed(read_chunks(stream), outer)), limits.inflated), inner)
    with closing(Ahead(plain)) as ahead:
        _walk_source(layer, ChunkSource(iter(ahead)), wanted, visit, limits)
    if inner:
        digest = f"sha256:{outer.hexdigest()}" if outer else ""
        _accept(layer, diff_id=f"sha256:{inner.hexdigest()}", digest=digest)


def _walk_source(layer: Layer, source: ChunkSource, wanted: Wanted, visit: Visitor, limits: LayerLimits) -> None:
    kept = 0
    for member in members(source, checksums=not layer.blob.diff_id):
        _add(layer, member, source)
        if member.kind != FILE or not member.size:
            continue
        want = wanted(member)
        if want is Want.SKIP or not _affordable(layer, member, limits):
            continue
        if want is not Want.VISIT and kept + member.size > limits.kept:
            layer.refused.append((member.path, f"more than {limits.kept} bytes to keep in one layer"))
            continue
        contents = source.take(member.stored)
        if len(contents) < member.stored:
            raise TarError(member.offset, "the archive ends within an entry's contents")
        contents = member.whole(contents)
        if want in _VISITED or want is Want.PART:
            part = visit(member, contents)
            contents = contents if part is None else part
        if want is not Want.VISIT:
            kept += len(contents)
            layer.contents[member.offset] = contents
    source.skip(limits.inflated)
    layer.size = source.position


def _add(layer: Layer, member: Member, source: ByteSource) -> None:
    if len(layer.members) >= _MAX_MEMBERS:
        raise TarError(source.position, f"more than {_MAX_MEMBERS} entries")
    layer.members.append(member)


def _affordable(layer: Layer, member: Member, limits: LayerLimits) -> bool:
    if member.size > limits.file:
        layer.refused.append((member.path, f"{member.size} bytes are over the limit of {limits.file}"))
        return False
    return True


def _hashed(chunks: Iterator[bytes], total: "Hash | None") -> Iterator[bytes]:
    for chunk in chunks:
        if total:
            total.update(chunk)
        yield chunk


def _bounded(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            raise DamagedError(f"the layer inflates to more than {limit} bytes")
        yield chunk


def _accept(layer: Layer, *, diff_id: str, digest: str) -> None:
    stated = layer.blob
    if stated.diff_id and stated.diff_id != diff_id:
        raise DamagedError(f"the contents' digest is {diff_id}, the image's configuration says {stated.diff_id}")
    if digest and stated.digest != digest:
        raise DamagedError(f"the blob's digest is {digest}, the manifest says {stated.digest}")
    layer.digest = diff_id
