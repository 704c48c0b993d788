"""containerd by its socket: a real one, and others that speak nonsense; the wire format in its own terms."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.containers.containerd import Containerd
from bartizan.collect.containers.image import ImageError, ImageSource, Platform
from bartizan.collect.containers.protobuf import Message, ProtobufError, encode
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.filesystem.interface import LayerError
from image_files import ImageFiles, digest, image_files, layer_tar, write_docker_archive, write_oci_archive
from image_servers import NoServer, import_image, running_containerd

STATUS = b"Package: tar\nStatus: install ok installed\nVersion: 1.34\nArchitecture: amd64\n\n"


@pytest.fixture(scope="module")
def image() -> ImageFiles:
    big = layer_tar({"srv/big": bytes(range(256)) * 40_000})
    return image_files([layer_tar({"etc/os-release": b"ID=debian\n", "var/lib/dpkg/status": STATUS}), big], tag="1.0")


@pytest.fixture(scope="module")
def containerd(tmp_path_factory: pytest.TempPathFactory, image: ImageFiles) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("containerd")
    arm = image_files([layer_tar({"etc/os-release": b"ID=alpine\n"})], tag="1.0", architecture="arm64")
    try:
        with running_containerd(folder) as path:
            base = ("--base-name", "docker.io/library/app")
            import_image(path, write_oci_archive(folder / "one.tar", image), options=base)
            many = (
                "--base-name",
                "registry.example/many",
                "--all-platforms",
                "--index-name",
                "registry.example/many:1",
            )
            import_image(path, write_oci_archive(folder / "two.tar", image, arm), options=many)
            docker = image_files(image.tars, tag="team/app:2.0")
            import_image(path, write_docker_archive(folder / "docker.tar", docker), namespace="k8s.io")
            yield path
    except NoServer as error:
        pytest.skip(str(error))


def packages(source: ImageSource) -> list[str]:
    shot = collect_image(source, sensor="test/1", now=datetime(2026, 1, 1, tzinfo=UTC))
    return [package["name"] for package in shot.facts("packages_deb")]


@pytest.mark.component
@pytest.mark.parametrize("name", ["app:1.0", "docker.io/library/app:1.0"])
def test_an_image_by_either_of_its_names(containerd: str, image: ImageFiles, name: str) -> None:
    source = Containerd(path=containerd).open_image(name, Platform())
    assert source.image.name == "docker.io/library/app:1.0" and source.image.digest == digest(image.manifest)
    assert packages(source) == ["tar"]


@pytest.mark.component
def test_namespaces_keep_images_apart(containerd: str) -> None:
    assert packages(Containerd(path=containerd, namespace="k8s.io").open_image("team/app:2.0", Platform())) == ["tar"]
    with pytest.raises(
        ImageError, match=r"no image team/app:2.0 in the namespace default \(known: docker.io/library/app"
    ):
        Containerd(path=containerd).open_image("team/app:2.0", Platform())


@pytest.mark.component
def test_the_platform_chooses_from_an_index(containerd: str) -> None:
    client = Containerd(path=containerd)
    assert (
        str(client.open_image("registry.example/many:1", Platform.parse("linux/arm64")).image.platform) == "linux/arm64"
    )
    with pytest.raises(ImageError, match="no image for linux/s390x; offered are: linux/amd64, linux/arm64"):
        client.open_image("registry.example/many:1", Platform.parse("linux/s390x"))


@pytest.mark.component
def test_a_layer_that_was_discarded_is_told(containerd: str, image: ImageFiles) -> None:
    stream = Containerd(path=containerd).open_content("sha256:" + "0" * 64)
    with pytest.raises(ImageError, match=r"not in the store.*discard_unpacked_layers"):
        stream.read()
    stream.close()


@pytest.mark.component
def test_a_blob_that_changed_on_disk_is_refused(containerd: str, image: ImageFiles) -> None:
    store = Path(containerd).parent / "root/io.containerd.content.v1.content/blobs/sha256"
    blob = store / digest(image.layers[1]).removeprefix("sha256:")
    kept = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(kept[:-9] + b"x" + kept[-8:])
    try:
        with pytest.raises((ImageError, LayerError)):
            packages(Containerd(path=containerd).open_image("app:1.0", Platform()))
    finally:
        blob.write_bytes(kept)


# Others


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[str]:
    """A socket that says this, whatever it is told."""
    with socket.socket(socket.AF_UNIX) as server:
        path.unlink(missing_ok=True)
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    try:
                        peer.recv(65536)
                        peer.sendall(answer)
                        peer.shutdown(socket.SHUT_WR)
                        while peer.recv(65536):
                            pass
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield str(path)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


SETTINGS = b"\0\0\0\4\0\0\0\0\0"
FRAMES = st.lists(
    st.builds(
        lambda kind, flags, stream, body: (
            len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body
        ),
        st.integers(0, 10),
        st.integers(0, 255),
        st.sampled_from([0, 1, 3]),
        st.binary(max_size=40),
    ),
    max_size=6,
).map(b"".join)


@given(answer=st.binary(max_size=200) | FRAMES.map(lambda frames: SETTINGS + frames))
@settings(max_examples=60, deadline=None)
def test_whatever_answers_the_error_is_our_own(answer: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    with answering(tmp_path_factory.getbasetemp() / "nonsense.sock", answer) as path, pytest.raises(ImageError):
        Containerd(path=path, timeout=5).open_image("app:1.0", Platform())


def test_a_docker_engine_is_not_taken_for_containerd(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    with (
        answering(tmp_path / "docker.sock", answer) as path,
        pytest.raises(ImageError, match="another program's socket"),
    ):
        Containerd(path=path).open_image("app:1.0", Platform())
    with pytest.raises(ImageError, match="is containerd running"):
        Containerd(path=str(tmp_path / "none.sock")).open_image("app:1.0", Platform())


# The wire format


def test_the_examples_of_the_specification() -> None:
    assert encode({1: 150}) == b"\x08\x96\x01" and Message(b"\x08\x96\x01").number(1) == 150
    assert encode({2: "testing"}) == b"\x12\x07testing" and Message(b"\x12\x07testing").text(2) == "testing"
    assert Message(b"\x1a\x03\x08\x96\x01").message(3).number(1) == 150
    assert Message(b"").number(1) == 0 and Message(b"").text(2) == "" and not list(Message(b"").messages(3))
    assert [each.number(1) for each in Message(b"\x0a\x02\x08\x01\x0a\x02\x08\x02").messages(1)] == [1, 2]
    assert Message(b"\x0d\x01\0\0\0\x11\x02\0\0\0\0\0\0\0").number(2) == 2


@given(st.dictionaries(st.integers(1, 2**29 - 1), st.integers(0, 2**64 - 1) | st.binary(max_size=300)))
@settings(deadline=None)
def test_what_is_written_is_read(fields: dict[int, int | bytes]) -> None:
    message = Message(encode(dict(fields)))
    for number, value in fields.items():
        assert (message.number(number) if isinstance(value, int) else message.data(number)) == value


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_message_or_not_one(data: bytes) -> None:
    try:
        message = Message(data)
        for field in range(1, 8):
            for read in (message.number, message.text, message.message, lambda field: list(message.messages(field))):
                try:
                    read(field)
                except ProtobufError:
                    continue
    except ProtobufError:
        return
