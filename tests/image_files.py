"""Builds images for tests and benchmarks: layers as tars, in Docker archives and OCI layouts, with true digests."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import zstandard

Compression = Literal["none", "gzip", "zstd"]
_MEDIA = {"none": "tar", "gzip": "tar+gzip", "zstd": "tar+zstd"}


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_tar(
    files: Mapping[str, bytes | None],
    *,
    links: Mapping[str, str] | None = None,
    hard_links: Mapping[str, str] | None = None,
    modes: Mapping[str, int] | None = None,
    format: int = tarfile.GNU_FORMAT,
) -> bytes:
    """A plain tar; None as contents makes a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for path, contents in files.items():
            info = tarfile.TarInfo(path)
            info.mode = (modes or {}).get(path, 0o755 if contents is None else 0o644)
            info.mtime = 1_700_000_000
            if contents is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(contents)
                archive.addfile(info, io.BytesIO(contents))
        for kind, pairs in ((tarfile.SYMTYPE, links), (tarfile.LNKTYPE, hard_links)):
            for path, target in (pairs or {}).items():
                info = tarfile.TarInfo(path)
                info.type, info.linkname = kind, target
                archive.addfile(info)
    return out.getvalue()


def folder_tar(folder: Path) -> bytes:
    """A plain tar of a folder as root would pack it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(folder, arcname=".", recursive=True)
    return out.getvalue()


def compressed(tar: bytes, how: Compression) -> bytes:
    if how == "gzip":
        return gzip.compress(tar, 6, mtime=0)
    if how == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(tar)
    return tar


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """An image's blobs and manifest, ready to be put into any kind of store."""

    config: bytes
    layers: tuple[bytes, ...]
    """As transported."""
    tars: tuple[bytes, ...]
    manifest: bytes
    tag: str

    @property
    def blobs(self) -> dict[str, bytes]:
        return {digest(data): data for data in (self.config, self.manifest, *self.layers)}


def image_files(
    tars: Sequence[bytes],
    *,
    compression: Compression = "gzip",
    tag: str = "app:1.0",
    config: Mapping[str, Any] | None = None,
    steps: Sequence[str] = (),
    architecture: str = "amd64",
) -> ImageFiles:
    layers = tuple(compressed(tar, compression) for tar in tars)
    history = [{"created_by": step, "created": "2026-01-01T00:00:00Z"} for step in steps]
    document = {
        "architecture": architecture,
        "os": "linux",
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]},
        "history": history,
    }
    config_data = json.dumps(document).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(config_data),
            "size": len(config_data),
        },
        "layers": [
            {
                "mediaType": f"application/vnd.oci.image.layer.v1.{_MEDIA[compression]}",
                "digest": digest(layer),
                "size": len(layer),
            }
            for layer in layers
        ],
    }
    return ImageFiles(config_data, layers, tuple(tars), json.dumps(manifest).encode(), tag)


def index_of(images: Iterable[ImageFiles]) -> bytes:
    entries = []
    for image in images:
        config = json.loads(image.config)
        entries.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest(image.manifest),
                "size": len(image.manifest),
                "platform": {"os": config["os"], "architecture": config["architecture"]},
                "annotations": {"org.opencontainers.image.ref.name": image.tag},
            }
        )
    return json.dumps({"schemaVersion": 2, "manifests": entries}).encode()


def write_layout(folder: Path, *images: ImageFiles) -> Path:
    """An OCI layout folder."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for image in images:
        for name, data in image.blobs.items():
            (blobs / name.removeprefix("sha256:")).write_bytes(data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_bytes(index_of(images))
    return folder


def write_docker_archive(path: Path, *images: ImageFiles) -> Path:
    """What an old `docker save` writes: plain layers in folders and manifest.json last."""
    with tarfile.open(path, "w") as archive:
        manifest = []
        for image in images:
            names = []
            for tar in image.tars:
                name = f"{digest(tar).removeprefix('sha256:')}/layer.tar"
                _add(archive, name, tar)
                names.append(name)
            config = f"{digest(image.config).removeprefix('sha256:')}.json"
            _add(archive, config, image.config)
            manifest.append({"Config": config, "RepoTags": [image.tag], "Layers": names})
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return path


def write_oci_archive(path: Path, *images: ImageFiles) -> Path:
    """An OCI layout in a tar."""
    with tarfile.open(path, "w") as archive:
        for image in images:
            for name, data in image.blobs.items():
                _add(archive, f"blobs/sha256/{name.removeprefix('sha256:')}", data)
        _add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        _add(archive, "index.json", index_of(images))
    return path


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
