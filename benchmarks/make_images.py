"""Makes the images that `scan_image.py` measures: OCI layouts with gzip layers, from a fixed seed.

Contents are a mix of text, binary noise and a few package databases, so that they compress about as real layers do.
"""

import gzip
import hashlib
import io
import json
import random
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

_WORDS = [b"alpha", b"server", b"config", b"return", b"import", b"value", b"0x7f", b"\n", b"    ", b"import os\n"]


@dataclass(frozen=True)
class Shape:
    """What an image is made of."""

    name: str
    layers: int
    files: int
    megabytes: int
    distribution_packages: int
    python_packages: int
    node_packages: int


SHAPES = {
    "small": Shape("small", 1, 500, 6, 90, 5, 5),
    "layer-400MB": Shape("layer-400MB", 1, 45_000, 400, 400, 80, 900),
    "image-3GB": Shape("image-3GB", 12, 180_000, 3000, 600, 300, 4000),
}


def make(shape: Shape, folder: Path) -> Path:
    """Write the image once; an existing one is kept."""
    target = folder / shape.name
    if (target / "index.json").exists():
        return target
    blobs = target / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    noise = random.Random(shape.name)  # a fixed seed: the same image on every machine
    pool = noise.randbytes(8 << 20) + b" ".join(noise.choices(_WORDS, k=3 << 20))
    descriptors, diff_ids = [], []
    for layer in range(shape.layers):
        with (blobs / "layer.tmp").open("wb") as file:
            compressed = _Digested(file)
            with gzip.GzipFile(fileobj=cast("IO[bytes]", compressed), mode="wb", compresslevel=1, mtime=0) as packed:
                plain = _Digested(packed)
                target_file = cast("IO[bytes]", plain)
                with tarfile.open(fileobj=target_file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                    _fill(archive, shape, layer, noise, pool)
        digest = compressed.hash.hexdigest()
        (blobs / "layer.tmp").rename(blobs / digest)
        descriptors.append(
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": f"sha256:{digest}",
                "size": (blobs / digest).stat().st_size,
            }
        )
        diff_ids.append(f"sha256:{plain.hash.hexdigest()}")
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    config_digest = _blob(blobs, json.dumps(config).encode())
    manifest = {"schemaVersion": 2, "config": {"digest": config_digest}, "layers": descriptors}
    manifest_digest = _blob(blobs, json.dumps(manifest).encode())
    (target / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (target / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{"digest": manifest_digest}]}))
    return target


class _Digested:
    """Passes on what is written and takes its digest."""

    def __init__(self, target: IO[bytes] | gzip.GzipFile) -> None:
        self.hash = hashlib.sha256()
        self._target = target

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self._target.write(data)
        return len(data)

    def flush(self) -> None:
        self._target.flush()


def _fill(archive: tarfile.TarFile, shape: Shape, layer: int, noise: random.Random, pool: bytes) -> None:
    def add(path: str, data: bytes, mode: int = 0o644) -> None:
        info = tarfile.TarInfo(path)
        info.size, info.mode, info.mtime = len(data), mode, 1_700_000_000
        archive.addfile(info, io.BytesIO(data))

    if layer == 0:
        add("etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
        add("etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n")
        status = "".join(
            f"Package: lib{number}\nStatus: install ok installed\nArchitecture: amd64\nSource: source{number // 3}\n"
            f"Version: 1.{number}-{number % 7}+deb12u1\nDescription: package {number}\n\n"
            for number in range(shape.distribution_packages)
        )
        add("var/lib/dpkg/status", status.encode())
    last = layer == shape.layers - 1
    if last:
        for number in range(shape.python_packages):
            metadata = f"Metadata-Version: 2.1\nName: module{number}\nVersion: {number}.1.0\n"
            add(
                f"usr/local/lib/python3.11/site-packages/module{number}-{number}.1.0.dist-info/METADATA",
                metadata.encode(),
            )
        for number in range(shape.node_packages):
            package = {"name": f"package-{number}", "version": f"{number % 30}.{number % 7}.0", "license": "MIT"}
            add(f"app/node_modules/package-{number}/package.json", json.dumps(package).encode())
    files = shape.files // shape.layers
    room = (shape.megabytes << 20) // shape.layers
    for number in range(files):
        share = room // files
        size = max(16, int(share * noise.choice((0.1, 0.2, 0.5, 0.5, 1.0, 1.0, 3.7))))
        start = noise.randrange(len(pool) - min(size, len(pool) // 2))
        data = pool[start : start + size]
        executable = number % 90 == 0
        folder = f"usr/lib/part{layer}/{number // 400:03}/{number // 40 % 10}"
        add(
            f"{folder}/file{number}.{noise.choice(('py', 'js', 'so', 'txt', 'json'))}",
            data,
            0o755 if executable else 0o644,
        )


def _blob(blobs: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return f"sha256:{digest}"


if __name__ == "__main__":
    for wanted in sys.argv[2:] or list(SHAPES):
        print(make(SHAPES[wanted], Path(sys.argv[1])))
