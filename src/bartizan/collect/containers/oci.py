"""OCI image layouts: a folder, or the same folder in a tar.

oci-layout            {"imageLayoutVersion": "1.0.0"}
index.json            {"manifests": [{"digest": "sha256:...", "annotations": {"...ref.name": "1.0"}}]}
blobs/sha256/<hex>    manifests, configurations and layers
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bartizan.collect.containers.image import (
    JSON_LIMIT,
    Image,
    ImageError,
    LayerVisitor,
    Platform,
    WalkedImage,
    choose,
    diff_ids,
    document,
    entries,
    is_index,
    walk_layers,
)
from bartizan.collect.filesystem.byte_source import ReadStream
from bartizan.collect.filesystem.layer import LayerBlob, LayerLimits, Wanted
from bartizan.model.record import dataclass

_REF_NAME = "org.opencontainers.image.ref.name"
_FULL_NAME = "io.containerd.image.name"
_NESTED = 4
"""Indexes within indexes that are followed."""


class BlobStore(Protocol):
    """Content by digest."""

    def json(self, digest: str) -> bytes:
        """A small document."""

    def layer(self, digest: str, diff_id: str) -> LayerBlob:
        """A layer, to be read later."""


@dataclass(frozen=True, slots=True)
class FolderBlob:
    """A layer that is a file."""

    path: Path
    digest: str
    diff_id: str

    def open(self) -> ReadStream:
        return self.path.open("rb")

    def mapped(self) -> memoryview | None:
        return None


@dataclass(frozen=True, slots=True)
class FolderStore:
    """The blobs of a layout folder."""

    root: Path

    def json(self, digest: str) -> bytes:
        path = self._path(digest)
        try:
            if path.stat().st_size > JSON_LIMIT:
                raise ImageError(f"{path}: too large for a manifest or configuration")
            return path.read_bytes()
        except OSError as error:
            raise ImageError(f"{path}: {error.strerror}; the layout is not complete") from None

    def layer(self, digest: str, diff_id: str) -> LayerBlob:
        return FolderBlob(self._path(digest), digest, diff_id)

    def _path(self, digest: str) -> Path:
        algorithm, encoded = split_digest(digest)
        return self.root / "blobs" / algorithm / encoded


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An `ImageSource` whose layers can be opened one by one."""

    image: Image

    def walk(self, wanted: Wanted, visit: LayerVisitor, limits: LayerLimits) -> WalkedImage:
        return walk_layers(self.image, wanted, visit, limits)


def open_layout(root: Path, platform: Platform, tag: str = "") -> StoredImage:
    """The image of a layout folder that has the tag (any, where there is but one) and fits the platform."""
    try:
        data = (root / "index.json").read_bytes()
    except OSError as error:
        raise ImageError(f"{root}: {error.strerror}: index.json; this is not an OCI layout") from None
    index = document(data, str(root / "index.json"))
    return image_of_index(index, FolderStore(root), platform, tag=tag, where=str(root))


def image_of_index(
    index: Mapping[str, Any], store: BlobStore, platform: Platform, *, tag: str, where: str
) -> StoredImage:
    """Follow an index to the image that is wanted."""
    offers = entries(index, "manifests")
    named = [entry for entry in offers if tag and tag in _names(entry)]
    if tag and not named:
        known = ", ".join(sorted(name for entry in offers for name in _names(entry))) or "none has a name"
        raise ImageError(f"{where}: there is no image named {tag!r}; known: {known}")
    candidates = named or offers
    if not candidates:
        raise ImageError(f"{where}: the index is empty")
    descriptor: Mapping[str, Any] = (
        candidates[0] if len(candidates) == 1 else choose({"manifests": candidates}, platform)
    )
    names = _names(descriptor)
    return follow(descriptor, store.json, store.layer, platform, name=names[0] if names else where, where=where)


def follow(
    descriptor: Mapping[str, Any],
    fetch: Callable[[str], bytes],
    layer: Callable[[str, str], LayerBlob],
    platform: Platform,
    *,
    name: str,
    where: str,
) -> StoredImage:
    """From a descriptor through any indexes to the manifest, its configuration and its layers, digests verified."""
    digest = str(descriptor.get("digest") or "")
    for _ in range(_NESTED):
        manifest = document(fetch(digest), f"{where}: manifest {digest[:19]}", digest)
        if not is_index(manifest):
            return StoredImage(image_of_manifest(manifest, digest, fetch, layer, name=name, where=where))
        digest = str(choose(manifest, platform).get("digest") or "")
    raise ImageError(f"{where}: more than {_NESTED} indexes within each other")


def image_of_manifest(
    manifest: Mapping[str, Any],
    digest: str,
    fetch: Callable[[str], bytes],
    layer: Callable[[str, str], LayerBlob],
    *,
    name: str,
    where: str,
) -> Image:
    """The image that a manifest describes."""
    stated = manifest.get("config")
    config_digest = str(stated.get("digest") or "") if isinstance(stated, dict) else ""
    layers = manifest.get("layers")
    if not isinstance(layers, list) or not all(isinstance(entry, dict) for entry in layers):
        raise ImageError(f"{where}: manifest {digest[:19]} has no list of layers")
    if not config_digest or manifest.get("schemaVersion") == 1:
        raise ImageError(f"{where}: manifest {digest[:19]} has no configuration (schema 1 is not supported)")
    config = document(fetch(config_digest), f"{where}: configuration {config_digest[:19]}", config_digest)
    ids = diff_ids(config, len(layers), where)
    return Image(
        name=name,
        digest=digest,
        id=config_digest,
        config=config,
        layers=tuple(
            layer(str(entry.get("digest") or ""), diff_id) for entry, diff_id in zip(layers, ids, strict=True)
        ),
    )


def split_digest(digest: str) -> tuple[str, str]:
    """Algorithm and hex of a digest; refuses what could lead outside a folder of blobs."""
    algorithm, _, encoded = digest.partition(":")
    if algorithm not in ("sha256", "sha512") or not encoded or not set(encoded) <= set("0123456789abcdef"):
        raise ImageError(f"not a digest: {digest[:100]!r}")
    return algorithm, encoded


def _names(entry: Mapping[str, Any]) -> list[str]:
    annotations = entry.get("annotations")
    if not isinstance(annotations, dict):
        return []
    return [str(annotations[key]) for key in (_FULL_NAME, _REF_NAME) if annotations.get(key)]
