"""Chisel: `/var/lib/chisel/manifest.wall` of chiselled Ubuntu images, "jsonwall" lines compressed with Zstandard.

{"kind":"package","name":"openssl","version":"3.0.2-0ubuntu1.18","sha256":"...","arch":"amd64"}

Zstandard came to the standard library with Python 3.14. Where there is none the manifest is reported as unreadable: the
image's packages are then unknown, not absent.
"""

import importlib
import json
from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_bytes
from bartizan.collect.packages.distribution.release import read_release
from bartizan.model.package import Package

LIMIT = 64 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The Debian packages that the slices were cut from."""
    data = read_bytes(view, path, problems, LIMIT)
    if not data:
        return
    lines = _decompressed(data, path, problems).split(b"\n")
    release = read_release(view)
    for number, line in enumerate(lines, 1):
        if b'"kind":"package"' not in line:
            continue
        try:
            item = json.loads(line)
            name, version = str(item["name"]), str(item["version"])
        except (ValueError, KeyError, TypeError):
            problems.add(f"{path}:{number}", "is not a package with a name and a version")
            continue
        yield Package(
            type="deb",
            namespace=release.id or "ubuntu",
            name=name,
            version=version,
            arch=str(item.get("arch", "")),
            distro=release.distro,
            path=path,
        )


def _decompressed(data: bytes, path: str, problems: Problems) -> bytes:
    try:
        zstd: Any = importlib.import_module("compression.zstd")
    except ImportError:
        problems.add(path, "is compressed with Zstandard, which needs Python 3.14 or newer: packages are not known")
        return b""
    try:
        out: bytes = zstd.ZstdDecompressor().decompress(data, LIMIT)
    except zstd.ZstdError as error:
        problems.add(path, f"is not Zstandard: {error}")
        return b""
    return out
