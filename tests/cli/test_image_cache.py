"""Facts of images are remembered by what they are, and never what is in them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.cli.image_cache import cache_folder, known_image
from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.image import ImageSource, Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.snapshot import collect_image
from bartizan.model.snapshot import Snapshot
from image_files import image_files, layer_tar, write_docker_archive, write_layout

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAYER = layer_tar({"etc/os-release": b"ID=alpine\n", "lib/apk/db/installed": b"P:musl\nV:1.2.5-r0\nA:x86_64\n\n"})


def counting(source: ImageSource, calls: list[int]) -> Callable[[], Snapshot]:
    def collect() -> Snapshot:
        calls.append(1)
        return collect_image(source, sensor="cli/test", now=NOW)

    return collect


def test_the_same_image_is_read_once_through_whichever_door(tmp_path: Path) -> None:
    image = image_files([LAYER])
    layout = open_layout(write_layout(tmp_path / "layout", image), Platform())
    archive = open_archive(write_docker_archive(tmp_path / "a.tar", image), Platform())
    calls: list[int] = []
    first = known_image(layout, (), NOW, counting(layout, calls), tmp_path / "cache")
    again = known_image(archive, (), NOW, counting(archive, calls), tmp_path / "cache")
    assert len(calls) == 1
    assert again.sections == first.sections and again.manifest() == first.manifest()
    other = open_layout(write_layout(tmp_path / "other", image_files([LAYER], config={"User": "x"})), Platform())
    known_image(other, (), NOW, counting(other, calls), tmp_path / "cache")
    assert len(calls) == 2


def test_a_damaged_file_is_read_past(tmp_path: Path) -> None:
    source = open_layout(write_layout(tmp_path / "layout", image_files([LAYER])), Platform())
    calls: list[int] = []
    expected = known_image(source, (), NOW, counting(source, calls), tmp_path)
    for damage in (b"", b"{}", b"[1]", b'{"sections": {"os": 1}}', b'{"sections": {"os": {"facts": 1}}}'):
        [path] = tmp_path.glob("*.json")
        path.write_bytes(damage)
        assert known_image(source, (), NOW, counting(source, calls), tmp_path).sections == expected.sections
    assert len(calls) == 6


def test_an_image_that_could_not_be_read_whole_is_not_remembered(tmp_path: Path) -> None:
    source = open_layout(write_layout(tmp_path / "layout", image_files([LAYER])), Platform())
    calls: list[int] = []
    collect = counting(source, calls)

    def partly() -> Snapshot:
        shot = collect()
        section = shot.sections["packages_apk"]
        from bartizan.model.snapshot import Problem

        damaged = replace(section, problems=(Problem(path="/x", reason="damaged"),))
        return replace(shot, sections={**shot.sections, "packages_apk": damaged})

    known_image(source, (), NOW, partly, tmp_path)
    known_image(source, (), NOW, partly, tmp_path)
    assert len(calls) == 2 and not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOME": "/home/a"}, "/home/a/.cache/bartizan/images"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/c"}, "/c/bartizan/images"),
        ({"HOME": "/home/a", "BARTIZAN_CACHE": "/d"}, "/d/images"),
        ({"HOME": "/home/a", "BARTIZAN_CACHE": ""}, None),
        ({}, None),
    ],
)
def test_where_it_is(environment: dict[str, str], folder: str | None) -> None:
    assert cache_folder(environment) == (Path(folder) if folder else None)
