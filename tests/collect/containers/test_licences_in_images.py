"""Licences of an image's Debian packages: the same through every door, of whichever layer has the last word, and
without the texts in memory."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.image import ImageSource, LayerVisitor, Platform, WalkedImage
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.filesystem.layer import LayerLimits, Wanted
from image_files import Compression, compressed, image_files, layer_tar, write_docker_archive, write_layout

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
STATUS = b"".join(
    f"Package: {name}\nStatus: install ok installed\nVersion: 1\n\n".encode()
    for name in ("tool", "libtool1", "hard", "changed", "gone", "prose", "odd")
)
LONG = b" A line of a text that nobody asks for.\n" * 5000


def copyright_file(*names: str) -> bytes:
    stanzas = (f"\nFiles: {place}\nCopyright: Ann\nLicense: {name}\n".encode() for place, name in enumerate(names))
    return FORMAT.encode() + b"".join(stanzas) + b"\nLicense: GPL-2+\n" + LONG


LOWER = layer_tar(
    {
        "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
        "var/lib/dpkg/status": STATUS,
        "usr/share/doc/tool/copyright": copyright_file("GPL-2+", "Expat"),
        "usr/share/doc/changed/copyright": copyright_file("ISC"),
        "usr/share/doc/gone/copyright": copyright_file("ISC"),
        "usr/share/doc/prose/copyright": b"It is under the GPL.\n" + LONG,
        "usr/share/odd/LICENSE": copyright_file("Zlib"),
    },
    links={"usr/share/doc/libtool1": "tool", "usr/share/doc/odd/copyright": "../../odd/LICENSE"},
    hard_links={"usr/share/doc/hard/copyright": "usr/share/doc/tool/copyright"},
)
UPPER = layer_tar(
    {
        "usr/share/doc/changed/copyright": copyright_file("BSD-3-clause or Artistic-2.0, and public-domain"),
        "usr/share/doc/gone/.wh.copyright": b"",
    }
)
TOLD = {
    "tool": ["GPL-2.0-or-later", "MIT"],
    "libtool1": ["GPL-2.0-or-later", "MIT"],
    "hard": ["GPL-2.0-or-later", "MIT"],
    "changed": ["(BSD-3-Clause OR Artistic-2.0) AND public-domain"],
    "gone": [],
    "prose": [],
    "odd": ["Zlib"],
}


class Watched:
    """A source that remembers what was walked."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self.image = source.image
        self.walked: WalkedImage | None = None

    def walk(self, wanted: Wanted, visit: LayerVisitor, limits: LayerLimits) -> WalkedImage:
        self.walked = self._source.walk(wanted, visit, limits)
        return self.walked


class Everything:
    """An inspector that wants every file whole."""

    section, identity = "everything", "1"

    def wants(self, path: str, size: int, mode: int) -> bool:
        return True

    def inspect(self, path: str, contents: bytes) -> Iterable[dict[str, Any]]:
        return [{"bytes": len(contents)}]

    def inspect_configuration(self, config: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        return []

    def refused(self) -> Iterable[tuple[str, str]]:
        return []


def licences(source: ImageSource, *inspectors: Everything) -> dict[str, Any]:
    shot = collect_image(source, sensor="test/1", now=datetime(2026, 1, 1, tzinfo=UTC), inspectors=inspectors)
    section = shot.sections["packages_deb"]
    assert section.problems == ()
    if inspectors:
        sizes = {fact["path"]: fact["bytes"] for fact in shot.facts("everything")}
        assert sizes["/usr/share/doc/tool/copyright"] == len(copyright_file("GPL-2+", "Expat"))
    return {fact["name"]: fact.get("licences", []) for fact in shot.facts("packages_deb")}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_every_door_tells_the_same(tmp_path: Path, compression: Compression) -> None:
    image = image_files([LOWER, UPPER], compression=compression)
    archive = write_docker_archive(tmp_path / "docker.tar", image)
    packed = tmp_path / "docker.tar.zst"
    packed.write_bytes(compressed(archive.read_bytes(), "zstd"))
    layout = write_layout(tmp_path / "layout", image)
    for source in (
        open_archive(archive, Platform()),
        open_archive(packed, Platform()),
        open_layout(layout, Platform()),
    ):
        assert licences(source) == TOLD


def test_an_inspector_still_sees_whole_files(tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", image_files([LOWER, UPPER], compression="gzip"))
    assert licences(open_layout(layout, Platform()), Everything()) == TOLD


def test_of_the_texts_only_names_are_kept(tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", image_files([LOWER, UPPER], compression="gzip"))
    source = Watched(open_layout(layout, Platform()))
    inspected = [Everything()]
    assert licences(source, *inspected) == TOLD and source.walked is not None
    for layer in source.walked.layers:
        for member in layer.members:
            if member.path.endswith("/copyright"):
                assert len(layer.contents.get(member.offset, b"")) < 1000 < len(LONG)
