"""One image through every door gives the same sections; what is damaged or missing is refused with its place."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.image import ImageError, ImageSource, Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.reference import Reference, parse_reference
from bartizan.collect.containers.snapshot import build_step, collect_image
from bartizan.collect.filesystem.interface import LayerError
from bartizan.model.snapshot import Snapshot
from image_files import (
    ImageFiles,
    compressed,
    image_files,
    layer_tar,
    write_docker_archive,
    write_layout,
    write_oci_archive,
)

OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


def dpkg(*packages: tuple[str, str]) -> bytes:
    return b"".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n".encode()
        for name, version in packages
    )


def metadata(name: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()


BASE = layer_tar(
    {
        "etc/os-release": OS_RELEASE,
        "var/lib/dpkg/status": dpkg(("libc6", "2.36-9"), ("openssl", "3.0.11-1")),
        "usr/bin/sudo": b"\x7fELF",
        "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO": metadata("six", "1.16.0"),
        "var/lib/dpkg/info/python3-six.list": b"/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO\n",
    },
    modes={"usr/bin/sudo": 0o4755},
)
UPGRADE = layer_tar(
    {
        "var/lib/dpkg/status": dpkg(("libc6", "2.36-9"), ("openssl", "3.0.15-1"), ("curl", "7.88.1-10")),
    }
)
APPLICATION = layer_tar(
    {"app/venv/lib/python3.11/site-packages/Django-3.2.dist-info/METADATA": metadata("Django", "3.2")}
)
STEPS = ("ADD base", "RUN apt-get upgrade", "COPY app /app")
CONFIG = {"Env": ["PATH=/usr/bin", "API_TOKEN=tok_5ecret"], "User": "app", "ExposedPorts": {"8080/tcp": {}}}


@pytest.fixture
def image() -> ImageFiles:
    return image_files([BASE, UPGRADE, APPLICATION], steps=STEPS, config=CONFIG)


def snapshot(source: ImageSource) -> Snapshot:
    return collect_image(source, sensor="test/1", now=datetime(2026, 1, 1, tzinfo=UTC))


def sources(folder: Path, image: ImageFiles) -> Mapping[str, ImageSource]:
    docker = write_docker_archive(folder / "docker.tar", image)
    oci = write_oci_archive(folder / "oci.tar", image)
    for archive in (docker, oci):
        Path(f"{archive}.gz").write_bytes(compressed(archive.read_bytes(), "gzip"))
        Path(f"{archive}.zst").write_bytes(compressed(archive.read_bytes(), "zstd"))
    doors: dict[str, ImageSource] = {
        path.name: open_archive(path, Platform()) for path in sorted(folder.iterdir()) if path.is_file()
    }
    doors["layout"] = open_layout(write_layout(folder / "layout", image), Platform())
    return doors


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_every_door_gives_the_same_sections(tmp_path: Path, compression: str) -> None:
    image = image_files([BASE, UPGRADE, APPLICATION], steps=STEPS, config=CONFIG, compression=compression)  # type: ignore[arg-type]
    manifests = {name: snapshot(source).manifest() for name, source in sources(tmp_path, image).items()}
    assert len(manifests) == 7
    assert len({json.dumps(manifest, sort_keys=True) for manifest in manifests.values()}) == 1, manifests


def test_each_package_has_the_layer_that_brought_it(tmp_path: Path, image: ImageFiles) -> None:
    shot = snapshot(open_layout(write_layout(tmp_path / "layout", image), Platform()))
    layers = [layer["digest"] for layer in shot.facts("image")["layers"]]
    brought = {
        (package["name"], package["version"]): layers.index(package["layer"])
        for name in ("packages_deb", "packages_pypi")
        for package in shot.facts(name)
    }
    assert brought == {
        ("libc6", "2.36-9"): 0,
        ("openssl", "3.0.15-1"): 1,
        ("curl", "7.88.1-10"): 1,
        ("six", "1.16.0"): 0,
        ("django", "3.2"): 2,
    }
    assert [layer["step"] for layer in shot.facts("image")["layers"]] == list(STEPS)


def test_a_file_of_the_distribution_names_its_owner(tmp_path: Path, image: ImageFiles) -> None:
    shot = snapshot(open_layout(write_layout(tmp_path / "layout", image), Platform()))
    owners = {package["name"]: package.get("owner", "") for package in shot.facts("packages_pypi")}
    assert owners == {"six": "python3-six", "django": ""}


def test_the_configuration_shows_names_and_never_values(tmp_path: Path, image: ImageFiles) -> None:
    facts = snapshot(open_layout(write_layout(tmp_path / "layout", image), Platform())).facts("image")
    assert facts["environment"] == ["API_TOKEN", "PATH"]
    assert facts["user"] == "app" and facts["exposed_ports"] == ["8080/tcp"] and facts["setuid"] == ["/usr/bin/sudo"]
    assert "tok_5ecret" not in json.dumps(facts)


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ("ENV API_TOKEN=abc OTHER=x", "ENV API_TOKEN OTHER"),
        ("/bin/sh -c #(nop)  ENV A=1", "ENV A"),
        ("RUN |2 NPM_TOKEN=abc V=2 /bin/sh -c npm ci", "RUN /bin/sh -c npm ci"),
        ("RUN curl --header 'Authorization: Bearer' https://u:p4ss@host/x", "https://…@host/x"),
        ("/bin/sh -c apt-get update", "apt-get update"),
        ("RUN x --password=hunter2 y", "RUN x --password=… y"),
    ],
)
def test_a_build_step_loses_what_may_be_a_secret(step: str, shown: str) -> None:
    assert shown in build_step(step)
    assert not any(secret in build_step(step) for secret in ("abc", "p4ss", "hunter2"))


def test_a_root_file_system_in_a_tar_is_an_image_of_one_layer(tmp_path: Path) -> None:
    path = tmp_path / "rootfs.tar"
    path.write_bytes(BASE)
    shot = snapshot(open_archive(path, Platform()))
    assert [package["name"] for package in shot.facts("packages_deb")] == ["libc6", "openssl"]


def test_an_archive_of_several_images_asks_which(tmp_path: Path, image: ImageFiles) -> None:
    other = image_files([BASE], tag="other:2")
    path = write_docker_archive(tmp_path / "two.tar", image, other)
    with pytest.raises(ImageError, match=r"holds 2 images; choose one with --tag: app:1.0, other:2"):
        open_archive(path, Platform())
    assert snapshot(open_archive(path, Platform(), tag="other:2")).asset.name == "other:2"


def test_the_platform_chooses_and_what_is_offered_is_told(tmp_path: Path) -> None:
    arm = image_files([BASE], tag="app:1.0", architecture="arm64")
    intel = image_files([UPGRADE], tag="app:1.0")
    root = write_layout(tmp_path / "layout", arm, intel)
    assert str(open_layout(root, Platform.parse("linux/arm64")).image.platform) == "linux/arm64"
    with pytest.raises(ImageError, match="no image for linux/s390x; offered are: linux/amd64, linux/arm64"):
        open_layout(root, Platform.parse("linux/s390x"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "truncated|ends within|missing|ends early"),
        (lambda data: data.replace(b"manifest.json", b"manifesto.jso"), "checksum"),
        (lambda data: layer_tar({"readme": data[:10]}), "neither an image"),
        (lambda data: b"", "not a tar archive"),
        (lambda data: b"PK\x03\x04" + data, "not a tar archive"),
    ],
)
def test_a_damaged_archive_is_refused(tmp_path: Path, image: ImageFiles, damage: object, message: str) -> None:
    path = write_docker_archive(tmp_path / "image.tar", image)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises((ImageError, LayerError), match=message):
        snapshot(open_archive(path, Platform()))


def test_a_blob_that_is_not_what_its_digest_says_is_refused(tmp_path: Path, image: ImageFiles) -> None:
    root = write_layout(tmp_path / "layout", image)
    for blob in (root / "blobs" / "sha256").iterdir():
        kept = blob.read_bytes()
        blob.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        with pytest.raises((ImageError, LayerError)):
            snapshot(open_layout(root, Platform()))
        blob.write_bytes(kept)
    snapshot(open_layout(root, Platform()))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("debian", ("registry-1.docker.io", "library/debian", "latest", "")),
        ("docker.io/debian:12", ("registry-1.docker.io", "library/debian", "12", "")),
        ("team/app:1.0", ("registry-1.docker.io", "team/app", "1.0", "")),
        ("localhost:5000/app", ("localhost:5000", "app", "latest", "")),
        ("ghcr.io/a/b@sha256:" + "0" * 64, ("ghcr.io", "a/b", "", "sha256:" + "0" * 64)),
        ("[::1]:5000/a:x", ("[::1]:5000", "a", "x", "")),
    ],
)
def test_references(text: str, meant: tuple[str, str, str, str]) -> None:
    host, repository, tag, digest = meant
    assert parse_reference(text) == Reference(host=host, repository=repository, tag=tag, digest=digest)


@pytest.mark.parametrize("text", ["", "UPPER/case", "a/b:", "a@sha256:12", "a/../b", "host:port:port/a", "a b"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        parse_reference(text)
