"""A real Debian image with applications inside gives the same findings through every door: archives, layouts, a
registry, an engine, containerd, and the bills of materials of it give the very bytes. A root file system in a tar, the
folder and the disk that it was made of have no layers to name: findings are the same without `layer` and `origin`."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.containerd import Containerd
from bartizan.collect.containers.engine import Engine
from bartizan.collect.containers.image import ImageSource, Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.reference import parse_reference
from bartizan.collect.containers.registry import Connection, Registry
from bartizan.collect.filesystem.disk import open_disk
from bartizan.collect.filesystem.local import LocalView
from bartizan.exchange.bills.document import read_bill
from bartizan.exchange.formats import exporter
from bartizan.exchange.interface import ScanResult
from bartizan.model.finding import Finding, FindingKind
from bartizan.model.wire import canonical, plain
from debian_estate import Estate, lines, without_layers
from debian_root import DebianRoot
from disk_images import NoMke2fs, ext4_image, with_gpt
from image_files import (
    Compression,
    ImageFiles,
    compressed,
    digest,
    write_docker_archive,
    write_layout,
    write_oci_archive,
)
from image_servers import (
    NoServer,
    import_image,
    load,
    push,
    running_containerd,
    running_engine,
    running_registry,
)

pytestmark = [pytest.mark.component, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def expected(
    images: Callable[[Compression], ImageFiles], estate: Estate, tmp_path_factory: pytest.TempPathFactory
) -> list[Finding]:
    layout = write_layout(tmp_path_factory.mktemp("first") / "layout", images("none"))
    found = estate.findings(open_layout(layout, Platform()))
    names = {finding.locator.partition("#")[0].rpartition("/")[2] for finding in found}
    assert {
        "glibc",
        "tar",
        "python3.11",
        "six",
        "zlib",
        "requests",
        "jinja2",
        "lodash",
        "minimist",
        "log4j-core",
    } <= names
    assert {(finding.kind, finding.rule, finding.locator.partition("#")[0]) for finding in found} >= {
        (FindingKind.LICENCE, "GPL-2.0-only", "pkg:deb/debian/libaudit1"),
        (FindingKind.SECRET, "secret-aws-access-key-id", "/srv/python/settings.env"),
        (FindingKind.MALWARE, "malware-php-runs-request", "/srv/www/upload/x.php"),
    }
    return found


@pytest.mark.parametrize("compression", ["none", "zstd", "gzip"])
def test_archives_and_layouts(
    images: Callable[[Compression], ImageFiles],
    estate: Estate,
    expected: list[Finding],
    tmp_path: Path,
    compression: Compression,
) -> None:
    image = images(compression)
    docker = write_docker_archive(tmp_path / "docker.tar", image)
    archives = [docker, write_oci_archive(tmp_path / "oci.tar", image)]
    if compression == "zstd":  # the whole archive compressed: read as a stream
        for archive in tuple(archives):
            packed = archive.with_suffix(".tar.zst")
            packed.write_bytes(compressed(archive.read_bytes(), "zstd"))
            archives.append(packed)
    doors: list[ImageSource] = [open_archive(path, Platform()) for path in archives]
    doors.append(open_layout(write_layout(tmp_path / "layout", image), Platform()))
    for door in doors:
        assert lines(estate.findings(door)) == lines(expected)


def test_a_registry(
    images: Callable[[Compression], ImageFiles], estate: Estate, expected: list[Finding], tmp_path: Path
) -> None:
    try:
        with running_registry(tmp_path) as host:
            push(host, "team/app", images("gzip"), "1.0")
            reference = parse_reference(f"{host}/team/app:1.0")
            registry = Registry(Connection(host=host))
            assert list(registry.tags("team/app")) == ["1.0"] and list(registry.repositories()) == ["team/app"]
            source = registry.open_image(reference, Platform())
            assert lines(estate.findings(source)) == lines(expected)
    except NoServer as error:
        pytest.skip(str(error))


def test_an_engine(
    images: Callable[[Compression], ImageFiles], estate: Estate, expected: list[Finding], tmp_path: Path
) -> None:
    try:
        with running_engine(tmp_path) as path:
            load(path, write_docker_archive(tmp_path / "docker.tar", images("none")))
            source = Engine(path=path).open_image("app:1.0", Platform())
            told = source.image
            assert told.id == digest(images("none").config), "by which what was read before is known again"
            assert [layer.diff_id for layer in told.layers] == [digest(tar) for tar in images("none").tars]
            assert lines(estate.findings(source)) == lines(expected)
    except NoServer as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("archive", ["oci", "docker"])
def test_containerd(
    images: Callable[[Compression], ImageFiles],
    estate: Estate,
    expected: list[Finding],
    tmp_path: Path,
    archive: str,
) -> None:
    image = images("gzip")
    try:
        with running_containerd(tmp_path) as path:
            if archive == "oci":
                packed = write_oci_archive(tmp_path / "oci.tar", replace(image, tag="1.0"))
                import_image(path, packed, options=("--base-name", "docker.io/library/app"))
            else:
                import_image(path, write_docker_archive(tmp_path / "docker.tar", image), options=("--compress-blobs",))
            source = Containerd(path=path).open_image("app:1.0", Platform())
            assert lines(estate.findings(source)) == lines(expected)
    except NoServer as error:
        pytest.skip(str(error))


def test_a_root_file_system(debian: DebianRoot, estate: Estate, expected: list[Finding], tmp_path: Path) -> None:
    tar = tmp_path / "rootfs.tar"
    with tar.open("wb") as out:
        import tarfile

        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(debian.folder, arcname=".")
    packed = tmp_path / "rootfs.tar.zst"
    packed.write_bytes(compressed(tar.read_bytes(), "zstd"))
    for path in (tar, packed):
        found = estate.findings(open_archive(path, Platform()))
        assert without_layers(found) == without_layers(expected)


def test_the_folder_that_it_was_made_of(debian: DebianRoot, estate: Estate, expected: list[Finding]) -> None:
    host = estate.host(LocalView(str(debian.folder)))
    assert without_layers(estate.findings(host.sections)) == without_layers(expected)


def test_the_disk_that_it_was_installed_on(
    debian: DebianRoot, estate: Estate, expected: list[Finding], tmp_path: Path
) -> None:
    """Every section of the host is that of the folder, to the byte."""
    try:
        system = ext4_image(tmp_path / "root.img", debian.folder, megabytes=600)
    except NoMke2fs as error:
        pytest.skip(str(error))
    disk = with_gpt(tmp_path / "disk.img", [("root", system.read_bytes())])
    system.unlink()
    host = estate.host(open_disk(disk))
    folder = estate.host(LocalView(str(debian.folder)))
    assert {name: canonical(plain(section)) for name, section in host.sections.items()} == {
        name: canonical(plain(section)) for name, section in folder.sections.items()
    }
    assert without_layers(estate.findings(host.sections)) == without_layers(expected)


@pytest.mark.parametrize("format_", ["cyclonedx", "spdx"])
def test_its_bill_of_materials(
    images: Callable[[Compression], ImageFiles],
    estate: Estate,
    expected: list[Finding],
    tmp_path: Path,
    format_: str,
) -> None:
    shot = estate.image(open_layout(write_layout(tmp_path / "layout", images("none")), Platform()))
    result = ScanResult(asset=shot.asset, taken_at=shot.taken_at, tool="1", sections=shot.sections, assessments=())
    out = io.StringIO()
    exporter(format_).write(result, out)
    bill = read_bill(out.getvalue().encode(), "app.json")
    assert bill.asset == shot.asset
    carried = {name for name in shot.sections if name.startswith("packages_")} | {"os", "image", "secrets", "malware"}
    assert {name: bill.sections[name] for name in carried} == {name: shot.sections[name] for name in carried}
    assert lines(estate.findings(bill.sections)) == lines(expected)
