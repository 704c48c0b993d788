"""A real Debian image with applications inside gives the same findings through every door: archives, layouts, a
registry, an engine, containerd, and the bills of materials of it give the very bytes. A root file system in a tar, the
folder and the disk that it was made of have no layers to name: findings are the same without `layer` and `origin`."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bartizan.assess.dispatch import Known, assess
from bartizan.assess.vulnerability.advisories import AdvisoryFile
from bartizan.assess.vulnerability.compile import compile_feeds
from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.containerd import Containerd
from bartizan.collect.containers.engine import Engine
from bartizan.collect.containers.image import ImageSource, Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.reference import parse_reference
from bartizan.collect.containers.registry import Connection, Registry
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.filesystem.disk import open_disk
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.snapshot import collect_host
from bartizan.exchange.bills.document import read_bill
from bartizan.exchange.formats import exporter
from bartizan.exchange.interface import ScanResult
from bartizan.model.finding import Finding
from bartizan.model.snapshot import Section
from bartizan.model.wire import canonical, plain
from debian_root import DebianRoot, NoDebian, debian_root
from disk_images import NoMke2fs, ext4_image, with_gpt
from image_files import (
    Compression,
    ImageFiles,
    compressed,
    digest,
    image_files,
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
from small_feeds import write_records

pytestmark = [pytest.mark.component, pytest.mark.timeout(900)]
STEPS = ("ADD rootfs.tar /", "COPY srv /srv")
CONFIG = {"User": "app", "Cmd": ["python3", "-m", "app"]}
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> DebianRoot:
    try:
        return debian_root(tmp_path_factory.getbasetemp().parent / "debian-root")
    except NoDebian as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def advisories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdvisoryFile]:
    folder = tmp_path_factory.mktemp("feeds")
    vulnerable = {
        "Debian": [("Debian:12", name, "9:99") for name in ("glibc", "tar", "python3.11", "six", "zlib")],
        "PyPI": [("PyPI", "requests", "2.20.0"), ("PyPI", "jinja2", "2.10.1"), ("PyPI", "six", "99")],
        "npm": [("npm", "lodash", "4.17.21"), ("npm", "minimist", "0.2.4")],
        "Maven": [
            ("Maven", "org.apache.logging.log4j:log4j-core", "2.17.1"),
            ("Maven", "org.yaml:snakeyaml", "1.31"),
        ],
        "Go": [("Go", "golang.org/x/crypto", "0.17.0"), ("Go", "stdlib", "1.21.8"), ("Go", "example.com/tool", "9")],
        "Bitnami": [("Bitnami", "python", "3.99.0"), ("Bitnami", "redis", "6.2.14")],
    }
    compile_feeds(write_records(folder / "feeds", vulnerable), folder / "advisories.db")
    opened = AdvisoryFile.open(folder / "advisories.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def images(root: DebianRoot) -> Callable[[Compression], ImageFiles]:
    tars = [root.base.read_bytes(), root.application.read_bytes()]
    made: dict[str, ImageFiles] = {}

    def make(compression: Compression) -> ImageFiles:
        if compression not in made:
            made.clear()
            made[compression] = image_files(tars, compression=compression, steps=STEPS, config=CONFIG)
        return made[compression]

    return make


@pytest.fixture(scope="module")
def expected(
    images: Callable[[Compression], ImageFiles], advisories: AdvisoryFile, tmp_path_factory: pytest.TempPathFactory
) -> list[Finding]:
    layout = write_layout(tmp_path_factory.mktemp("first") / "layout", images("none"))
    found = judged(sections(open_layout(layout, Platform())), advisories)
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
    return found


def sections(source: ImageSource) -> dict[str, Section]:
    return dict(collect_image(source, sensor="test/1", now=NOW).sections)


def judged(given: dict[str, Section], advisories: AdvisoryFile) -> list[Finding]:
    known = Known(advisories=advisories, today=TODAY)
    return sorted((each for one in assess(given, known) for each in one.findings), key=lambda each: each.identity)


def lines(findings: list[Finding]) -> list[bytes]:
    return [canonical(finding) for finding in findings]


def without_layers(findings: list[Finding]) -> list[bytes]:
    """For sources that have no layers, or one."""
    return [canonical(_bare(plain(replace(finding, layer="")))) for finding in findings]


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if key not in ("layer", "origin")}
    return [_bare(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("compression", ["none", "zstd", "gzip"])
def test_archives_and_layouts(
    images: Callable[[Compression], ImageFiles],
    advisories: AdvisoryFile,
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
        assert lines(judged(sections(door), advisories)) == lines(expected)


def test_a_registry(
    images: Callable[[Compression], ImageFiles], advisories: AdvisoryFile, expected: list[Finding], tmp_path: Path
) -> None:
    try:
        with running_registry(tmp_path) as host:
            push(host, "team/app", images("gzip"), "1.0")
            reference = parse_reference(f"{host}/team/app:1.0")
            registry = Registry(Connection(host=host))
            assert list(registry.tags("team/app")) == ["1.0"] and list(registry.repositories()) == ["team/app"]
            source = registry.open_image(reference, Platform())
            assert lines(judged(sections(source), advisories)) == lines(expected)
    except NoServer as error:
        pytest.skip(str(error))


def test_an_engine(
    images: Callable[[Compression], ImageFiles], advisories: AdvisoryFile, expected: list[Finding], tmp_path: Path
) -> None:
    try:
        with running_engine(tmp_path) as path:
            load(path, write_docker_archive(tmp_path / "docker.tar", images("none")))
            source = Engine(path=path).open_image("app:1.0", Platform())
            told = source.image
            assert told.id == digest(images("none").config), "by which what was read before is known again"
            assert [layer.diff_id for layer in told.layers] == [digest(tar) for tar in images("none").tars]
            assert lines(judged(sections(source), advisories)) == lines(expected)
    except NoServer as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("archive", ["oci", "docker"])
def test_containerd(
    images: Callable[[Compression], ImageFiles],
    advisories: AdvisoryFile,
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
            assert lines(judged(sections(source), advisories)) == lines(expected)
    except NoServer as error:
        pytest.skip(str(error))


def test_a_root_file_system(
    root: DebianRoot, advisories: AdvisoryFile, expected: list[Finding], tmp_path: Path
) -> None:
    tar = tmp_path / "rootfs.tar"
    with tar.open("wb") as out:
        import tarfile

        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(root.folder, arcname=".")
    packed = tmp_path / "rootfs.tar.zst"
    packed.write_bytes(compressed(tar.read_bytes(), "zstd"))
    for path in (tar, packed):
        found = judged(sections(open_archive(path, Platform())), advisories)
        assert without_layers(found) == without_layers(expected)


def test_the_folder_that_it_was_made_of(root: DebianRoot, advisories: AdvisoryFile, expected: list[Finding]) -> None:
    host = collect_host(LocalView(str(root.folder)), sensor="test/1", now=NOW)
    assert without_layers(judged(dict(host.sections), advisories)) == without_layers(expected)


def test_the_disk_that_it_was_installed_on(
    root: DebianRoot, advisories: AdvisoryFile, expected: list[Finding], tmp_path: Path
) -> None:
    """Every section of the host is that of the folder, to the byte."""
    try:
        system = ext4_image(tmp_path / "root.img", root.folder, megabytes=600)
    except NoMke2fs as error:
        pytest.skip(str(error))
    disk = with_gpt(tmp_path / "disk.img", [("root", system.read_bytes())])
    system.unlink()
    host = collect_host(open_disk(disk), sensor="test/1", now=NOW)
    folder = collect_host(LocalView(str(root.folder)), sensor="test/1", now=NOW)
    assert {name: canonical(plain(section)) for name, section in host.sections.items()} == {
        name: canonical(plain(section)) for name, section in folder.sections.items()
    }
    assert without_layers(judged(dict(host.sections), advisories)) == without_layers(expected)


@pytest.mark.parametrize("format_", ["cyclonedx", "spdx"])
def test_its_bill_of_materials(
    images: Callable[[Compression], ImageFiles],
    advisories: AdvisoryFile,
    expected: list[Finding],
    tmp_path: Path,
    format_: str,
) -> None:
    shot = collect_image(
        open_layout(write_layout(tmp_path / "layout", images("none")), Platform()), sensor="test/1", now=NOW
    )
    result = ScanResult(asset=shot.asset, taken_at=shot.taken_at, tool="1", sections=shot.sections, assessments=())
    out = io.StringIO()
    exporter(format_).write(result, out)
    bill = read_bill(out.getvalue().encode(), "app.json")
    assert bill.asset == shot.asset
    assert lines(judged(bill.sections, advisories)) == lines(expected)


def test_everything_is_attributed(expected: list[Finding]) -> None:
    """Which layer, which build step, whose to patch; and what the distribution owns only the distribution judges."""
    found = {
        (finding.rule, finding.locator.partition("#")[0]): finding.evidence.get("origin", {}) for finding in expected
    }
    kinds = {locator: (origin.get("step"), origin.get("kind")) for (_, locator), origin in found.items() if origin}
    system, own = (STEPS[0], "operating-system"), (STEPS[1], "application")
    assert kinds["pkg:deb/debian/glibc"] == system and kinds["pkg:deb/debian/six"] == system
    assert kinds["pkg:pypi/requests"] == own and kinds["pkg:npm/lodash"] == own
    assert kinds["pkg:maven/org.apache.logging.log4j/log4j-core"] == own
    assert kinds["pkg:maven/org.yaml/snakeyaml"] == own
    assert kinds["pkg:golang/golang.org/x/crypto"] == own and kinds["pkg:golang/stdlib"] == own
    assert kinds["pkg:generic/redis"] == own and kinds["pkg:generic/python"] == own
    assert "pkg:pypi/six" not in kinds, json.dumps(sorted(kinds))
    programs = {finding.locator for finding in expected if finding.locator.startswith("pkg:generic/python")}
    assert programs == {"pkg:generic/python#/srv/bin/python3.11"}  # the one that Debian owns is judged by Debian
    unknown = {finding.rule: finding.evidence for finding in expected if finding.rule.startswith("coverage-")}
    assert [item["name"] for item in unknown["coverage-program"]["programs"]] == ["openssl"]
    assert [item["name"] for item in unknown["coverage-version"]["versions"]] == ["example.com/tool"]
