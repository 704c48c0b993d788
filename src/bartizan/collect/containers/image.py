"""Images as the OCI image specification and Docker's older manifests describe them.

A manifest (`application/vnd.oci.image.manifest.v1+json`, `application/vnd.docker.distribution.manifest.v2+json`):

    {"config": {"digest": "sha256:...", "size": 1512}, "layers": [{"mediaType": "...tar+gzip", "digest": "sha256:..."}]}

An index or manifest list offers one manifest a platform. The configuration holds what a container starts with, the diff
ids of the layers, and the history of build steps.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from bartizan.model.record import dataclass

if TYPE_CHECKING:
    from bartizan.collect.filesystem.layer import Layer, LayerBlob, LayerLimits, Visitor, Wanted

JSON_LIMIT = 8 << 20
"""Largest manifest or configuration that is read, in bytes."""

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


class ImageError(Exception):
    """The image cannot be read; the message says where and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What an index chooses by."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""

    @staticmethod
    def parse(text: str) -> "Platform":
        """`linux/arm64/v8`."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise ImageError(f"not a platform: {text!r}; write it like linux/arm64 or linux/arm/v7")
        return Platform(os=parts[0], architecture=parts[1], variant=parts[2] if len(parts) == 3 else "")

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStep:
    """An entry of the configuration's history."""

    created_by: str
    created: str
    empty: bool
    """True for a step that made no layer: ENV, USER, CMD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a source says of an image before its layers are read."""

    name: str
    """Reference that people use, or the file it came from."""
    digest: str
    """Digest of the manifest; empty where there is none (an old archive)."""
    id: str
    """Digest of the configuration: the same image has the same one wherever it is stored."""
    config: Mapping[str, Any]
    layers: tuple["LayerBlob", ...]
    tags: tuple[str, ...] = ()

    @property
    def platform(self) -> Platform:
        return Platform(
            os=str(self.config.get("os") or "linux"),
            architecture=str(self.config.get("architecture") or ""),
            variant=str(self.config.get("variant") or ""),
        )

    @property
    def history(self) -> tuple[BuildStep, ...]:
        """The build steps, oldest first."""
        return tuple(
            BuildStep(
                created_by=str(step.get("created_by") or step.get("comment") or ""),
                created=str(step.get("created") or ""),
                empty=bool(step.get("empty_layer")),
            )
            for step in _list(self.config, "history")
            if isinstance(step, dict)
        )

    def step_of_layer(self, index: int) -> BuildStep | None:
        """The build step that made a layer; None where the history does not tell."""
        steps = [step for step in self.history if not step.empty]
        return steps[index] if len(steps) == len(self.layers) else None


@dataclass(slots=True)
class WalkedImage:
    """An image whose layers were read."""

    image: Image
    layers: list["Layer"] = field(default_factory=list)
    visited: list[int] = field(default_factory=list)
    """For each layer, the index under which its visitor was asked for; empty where that is its own. A stream has its
    layers in any order, and one that an image uses twice but once."""


LayerVisitor = Callable[[int], "Visitor"]
"""Makes the visitor of one layer, by its index."""


class ImageSource(Protocol):
    """Where an image comes from."""

    def walk(self, wanted: "Wanted", visit: LayerVisitor, limits: "LayerLimits") -> WalkedImage:
        """Read every layer once."""

    @property
    def image(self) -> Image:
        """What is known before reading the layers; a source that is a stream reads them for that."""


def walk_layers(image: Image, wanted: "Wanted", visit: LayerVisitor, limits: "LayerLimits") -> WalkedImage:
    """Read the layers of an image one after the other; the digests of each are taken beside it in threads."""
    from bartizan.collect.filesystem.layer import walk_layer  # not needed for an image whose facts are known

    walked = WalkedImage(image)
    for index, blob in enumerate(image.layers):
        walked.layers.append(walk_layer(blob, wanted=wanted, visit=visit(index), limits=limits))
    return walked


def choose(index: Mapping[str, Any], platform: Platform) -> Mapping[str, Any]:
    """The manifest descriptor of an index that fits the platform.

    Attestation manifests (platform `unknown/unknown`) are never chosen; a single image without a platform is.
    """
    images = [entry for entry in entries(index, "manifests") if _platform(entry).os != "unknown"]
    for entry in images:
        offered = _platform(entry)
        if (
            offered.os == platform.os
            and offered.architecture == platform.architecture
            and platform.variant in ("", offered.variant)
        ):
            return entry
    if len(images) == 1 and "platform" not in images[0]:
        return images[0]
    known = ", ".join(sorted({str(_platform(entry)) for entry in images})) or "none"
    raise ImageError(f"there is no image for {platform}; offered are: {known} (choose with --platform)")


def entries(index: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in a list of a document, whatever else it holds."""
    return [entry for entry in _list(index, key) if isinstance(entry, dict)]


def is_index(document: Mapping[str, Any]) -> bool:
    """Whether a document is an index rather than a manifest; the media type may be left out (OCI image index)."""
    return document.get("mediaType") in _INDEXES or ("manifests" in document and "layers" not in document)


def document(data: bytes, where: str, digest: str = "") -> dict[str, Any]:
    """A JSON document of an image, its digest verified where one is stated."""
    if len(data) > JSON_LIMIT:
        raise ImageError(f"{where}: {len(data)} bytes are too many for a manifest or configuration")
    if digest and digest != sha256(data):
        raise ImageError(f"{where}: the digest is {sha256(data)}, {digest} was expected; fetch the image again")
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageError(f"{where}: not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise ImageError(f"{where}: a JSON object was expected, found {type(parsed).__name__}")
    return parsed


def diff_ids(config: Mapping[str, Any], layers: int, where: str) -> Sequence[str]:
    """The diff ids of a configuration; as many as there are layers, or none are stated."""
    rootfs = config.get("rootfs")
    ids = [str(item) for item in _list(rootfs, "diff_ids")] if isinstance(rootfs, dict) else []
    if ids and len(ids) != layers:
        raise ImageError(f"{where}: the configuration lists {len(ids)} layers, the manifest {layers}")
    return ids or [""] * layers


def sha256(data: bytes) -> str:
    """`sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []


def _platform(entry: Mapping[str, Any]) -> Platform:
    stated = entry.get("platform")
    if not isinstance(stated, dict):
        return Platform(os="", architecture="")
    return Platform(
        os=str(stated.get("os") or ""),
        architecture=str(stated.get("architecture") or ""),
        variant=str(stated.get("variant") or ""),
    )
