"""Registries as they are: signing in, private authorities, broken connections, redirects, limits, several platforms."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.collect.containers.image import ImageError, Platform
from bartizan.collect.containers.reference import parse_reference
from bartizan.collect.containers.registry import Connection, Credentials, Registry, Response, _length, _pause
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.filesystem.interface import LayerError
from image_files import ImageFiles, digest, image_files, index_of, layer_tar
from registry_on_loopback import Behaviour, private_authority, serving

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
ROBOT = Credentials(username="robot", password="s3cret")


@pytest.fixture
def image() -> ImageFiles:
    noise = "".join(f"{number * 7919 % 1000003:x}\n" for number in range(60_000)).encode()
    files = {
        "etc/os-release": b'ID=alpine\nVERSION_ID="3.20.3"\n',
        "lib/apk/db/installed": b"P:musl\nV:1.2.5-r0\nA:x86_64\n\n",
        "usr/share/noise": noise,
    }
    return image_files([layer_tar(files)])


def behaviour_of(image: ImageFiles) -> Behaviour:
    return Behaviour(
        manifests={"1.0": (image.manifest, MANIFEST), digest(image.manifest): (image.manifest, MANIFEST)},
        blobs=dict(image.blobs),
    )


def names(
    host: str, credentials: Credentials | None = None, platform: Platform | None = None, ca: str = ""
) -> list[str]:
    connection = Connection(host=host, credentials=credentials, ca_file=ca, timeout=10)
    source = Registry(connection).open_image(parse_reference(f"{host}/team/app:1.0"), platform or Platform())
    shot = collect_image(source, sensor="test", now=datetime(2026, 1, 1, tzinfo=UTC))
    return [package["name"] for package in shot.facts("packages_apk")]


@pytest.mark.parametrize("sign_in", ["basic", "bearer"])
def test_signing_in(image: ImageFiles, sign_in: str) -> None:
    behaviour = behaviour_of(image)
    behaviour.sign_in = sign_in
    with serving(behaviour) as host:
        assert names(host, ROBOT) == ["musl"]
        with pytest.raises(ImageError, match=r"signing in was refused|no token|wants a user name"):
            names(host, Credentials(username="robot", password="wrong"))
        with pytest.raises(ImageError):
            names(host)


def test_a_password_is_in_no_message(image: ImageFiles) -> None:
    behaviour = behaviour_of(image)
    behaviour.sign_in = "bearer"
    with serving(behaviour) as host:
        wrong = Credentials(username="robot", password="hunter2-hunter2")
        with pytest.raises(ImageError) as caught:
            names(host, wrong)
    assert "hunter2" not in str(caught.value) and "hunter2" not in repr(wrong)


def test_a_private_authority(image: ImageFiles, tmp_path: Path) -> None:
    certificate, key = private_authority(tmp_path)
    with serving(behaviour_of(image), (certificate, key)) as host:
        assert names(host, ca=str(certificate)) == ["musl"]
        other = tmp_path / "other"
        other.mkdir()
        with pytest.raises(ImageError, match=r"not trusted.*--ca"):
            names(host, ca=str(private_authority(other)[0]))
        with pytest.raises(ImageError, match="not a file of certificates"):
            names(host, ca=str(key))


def test_a_broken_connection_is_taken_up_again(image: ImageFiles) -> None:
    behaviour = behaviour_of(image)
    behaviour.breaks = 3
    with serving(behaviour) as host:
        assert names(host) == ["musl"]
    ranges = [headers["range"] for _, headers in behaviour.seen if "range" in headers]
    assert len(ranges) == 3 and len(set(ranges)) == 3


@pytest.mark.parametrize("ranges", [True, False])
def test_one_that_breaks_for_ever_is_given_up(image: ImageFiles, ranges: bool) -> None:
    behaviour = behaviour_of(image)
    behaviour.breaks, behaviour.ranges = 1000, ranges
    with serving(behaviour) as host, pytest.raises((ImageError, LayerError), match=r"times|no ranges|cannot go on"):
        names(host)


def test_a_redirect_to_another_host_carries_no_credentials(image: ImageFiles) -> None:
    store, behaviour = behaviour_of(image), behaviour_of(image)
    behaviour.sign_in = "basic"
    with serving(store) as elsewhere, serving(behaviour) as host:
        behaviour.blob_host = f"http://{elsewhere}"
        assert names(host, ROBOT) == ["musl"]
    assert store.seen and not any("authorization" in headers for _, headers in store.seen)
    assert any("authorization" in headers for _, headers in behaviour.seen)


def test_a_limit_is_waited_for_and_then_told(image: ImageFiles) -> None:
    behaviour = behaviour_of(image)
    behaviour.too_many = 2
    with serving(behaviour) as host:
        assert names(host) == ["musl"]
        behaviour.too_many = 1000
        with pytest.raises(ImageError, match="TOOMANYREQUESTS"):
            names(host)
        behaviour.retry_after = "86400"
        with pytest.raises(ImageError, match=r"TOOMANYREQUESTS.*86400"):
            names(host)


@pytest.mark.parametrize("port", ["99999999999999999999", "65536", "-1", "x"])
def test_a_redirect_to_a_port_that_there_cannot_be_is_refused(image: ImageFiles, port: str) -> None:
    behaviour = behaviour_of(image)
    behaviour.blob_host = f"http://127.0.0.1:{port}"
    with serving(behaviour) as host, pytest.raises((ImageError, LayerError)):
        names(host)


@pytest.mark.parametrize("told", ["20\u00b3", "9" * 5000, "-1", "0x10", " 7 ", ""])
def test_numbers_of_headers_that_are_none(told: str) -> None:
    response = Response(429, {"content-length": told, "retry-after": told}, None, None)  # type: ignore[arg-type]
    assert _length(response) in (None, 7)
    assert _pause(response, 1) in (2.0, 7)


def test_the_platform_chooses_within_an_index(image: ImageFiles) -> None:
    arm = image_files([layer_tar({"lib/apk/db/installed": b"P:arm-only\nV:1\n\n"})], architecture="arm64")
    behaviour = behaviour_of(image)
    for each in (image, arm):
        behaviour.manifests[digest(each.manifest)] = (each.manifest, MANIFEST)
        behaviour.blobs |= each.blobs
    behaviour.manifests["1.0"] = (index_of([image, arm]), INDEX)
    with serving(behaviour) as host:
        assert names(host) == ["musl"]
        assert names(host, platform=Platform(architecture="arm64")) == ["arm-only"]
        with pytest.raises(ImageError, match="offered are: linux/amd64, linux/arm64"):
            names(host, platform=Platform(architecture="s390x"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "digest|damaged|ends early"),
        (lambda data: data[: len(data) // 2], "digest|ends early|damaged"),
        (lambda data: b"\x1f\x8b" + data[2:20], "damaged|ends early|digest"),
    ],
)
def test_a_layer_that_is_not_what_its_digest_says(
    image: ImageFiles, damage: Callable[[bytes], bytes], message: str
) -> None:
    behaviour = behaviour_of(image)
    layer = json.loads(image.manifest)["layers"][0]["digest"]
    behaviour.blobs[layer] = damage(behaviour.blobs[layer])
    with serving(behaviour) as host, pytest.raises((ImageError, LayerError), match=message):
        names(host)


def test_tags_come_page_by_page(image: ImageFiles) -> None:
    behaviour = behaviour_of(image)
    behaviour.tags = ("1.0", "1.1", "1.2", "2.0", "2.1")
    with serving(behaviour) as host:
        assert tuple(Registry(Connection(host=host)).tags("team/app")) == behaviour.tags


def test_plain_http_beyond_loopback_is_refused() -> None:
    registry = Registry(Connection(host="registry.invalid", plain_http=False, timeout=1))
    assert registry._scheme() == "https"
