"""Whatever the documents of an image, or the answers of a registry, say: an image, or an error of our own."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartizan.collect.containers.archive import open_archive
from bartizan.collect.containers.image import ImageError, Platform
from bartizan.collect.containers.oci import open_layout
from bartizan.collect.containers.reference import parse_reference
from bartizan.collect.containers.registry import Connection, Registry
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.filesystem.interface import LayerError
from image_files import ImageFiles, compressed, digest, image_files, layer_tar, write_layout

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
IMAGE = image_files(
    [layer_tar({"etc/os-release": b"ID=debian\n"})],
    steps=["ADD x"],
    config={"Env": ["A=1"], "Labels": {"a": "b"}, "Healthcheck": {"Test": ["NONE"]}, "ExposedPorts": {"80/tcp": {}}},
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    ):
        yield from places(value, (*path, key))


def forged(document: Any, data: st.DataObject) -> Any:
    """The document with another value somewhere, or without one."""
    document = json.loads(json.dumps(document))
    path = data.draw(st.sampled_from(list(places(document))))
    if not path:
        return data.draw(JSON)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    if data.draw(st.booleans()):
        parent[path[-1]] = data.draw(JSON)
    else:
        del parent[path[-1]]
    return document


def with_documents(config: Any, manifest: Any) -> ImageFiles:
    """Digests that are right, so that nothing is refused for them alone."""
    config_data = json.dumps(config).encode()
    if isinstance(manifest, dict) and isinstance(manifest.get("config"), dict) and "digest" in manifest["config"]:
        manifest["config"]["digest"] = digest(config_data)
    return ImageFiles(config_data, IMAGE.layers, IMAGE.tars, json.dumps(manifest).encode(), IMAGE.tag)


def attempt(source: Any) -> None:
    with suppress(ImageError, LayerError):
        collect_image(source(), sensor="test/1", now=datetime(2026, 1, 1, tzinfo=UTC))


@given(data=st.data(), which=st.sampled_from(["config", "manifest", "index"]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_forged_documents_of_a_layout(
    data: st.DataObject, which: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config, manifest = json.loads(IMAGE.config), json.loads(IMAGE.manifest)
    if which == "config":
        config = forged(config, data)
    if which == "manifest":
        manifest = forged(manifest, data)
    root = write_layout(tmp_path_factory.mktemp("forged") / "layout", IMAGE)
    index = json.loads((root / "index.json").read_bytes())
    image = with_documents(config, manifest)
    for name, contents in image.blobs.items():
        (root / "blobs/sha256" / name.removeprefix("sha256:")).write_bytes(contents)
    index["manifests"][0]["digest"] = digest(image.manifest)
    (root / "index.json").write_text(json.dumps(forged(index, data) if which == "index" else index))
    attempt(lambda: open_layout(root, Platform()))


@given(data=st.data(), which=st.sampled_from(["config", "manifest"]), packed=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_forged_documents_of_a_saved_archive(
    data: st.DataObject, which: str, packed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config: Any = json.loads(IMAGE.config)
    manifest: Any = [{"Config": "config.json", "RepoTags": ["app:1.0"], "Layers": ["l/layer.tar"]}]
    if which == "config":
        config = forged(config, data)
    else:
        manifest = forged(manifest, data)
    tar = layer_tar(
        {
            "l/layer.tar": IMAGE.tars[0],
            "config.json": json.dumps(config).encode(),
            "manifest.json": json.dumps(manifest).encode(),
        }
    )
    path = tmp_path_factory.mktemp("forged") / "image.tar"
    path.write_bytes(compressed(tar, "zstd") if packed else tar)
    attempt(lambda: open_archive(path, Platform()))


# Registries


@contextmanager
def registry(answers: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """Answers by the kind of what is asked for: manifests, blobs, token."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            kind = next((name for name in answers if f"/{name}" in self.path), "manifests")
            status, headers, body = answers[kind]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


VALUES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40)
CHALLENGES = (
    VALUES
    | VALUES.map(lambda text: f'Bearer realm="{text}",service="x"')
    | VALUES.map(lambda text: f"Basic {text}")
    | st.just('Bearer realm="http://127.0.0.1:1/token",service="registry"')
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Length": st.sampled_from(["0", "5", "-1", "99999999999999999999", "x"]),
        "WWW-Authenticate": CHALLENGES,
        "Location": VALUES | st.sampled_from(["", "/v2/again", "ftp://x/", "http://[::1", "//127.0.0.1:1/"]),
        "Retry-After": st.sampled_from(["0", "-1", "x", "999999999"]),
        "Link": VALUES,
    },
)
BODIES = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()) | st.just(IMAGE.manifest)
ANSWERS = st.tuples(st.sampled_from([200, 204, 206, 301, 307, 401, 404, 429, 500]), HEADERS, BODIES)


@given(manifests=ANSWERS, blobs=ANSWERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_registry_answers(
    manifests: tuple[int, dict[str, str], bytes], blobs: tuple[int, dict[str, str], bytes]
) -> None:
    if manifests[0] == 429 or blobs[0] == 429:
        manifests = (manifests[0], {**manifests[1], "Retry-After": "0"}, manifests[2])
        blobs = (blobs[0], {**blobs[1], "Retry-After": "0"}, blobs[2])
    with registry({"manifests": manifests, "blobs": blobs}) as host:
        client = Registry(Connection(host=host, timeout=3))
        attempt(lambda: client.open_image(parse_reference(f"{host}/team/app:1.0"), Platform()))
        with suppress(ImageError):
            list(client.tags("team/app"))


def test_the_image_itself_is_read(tmp_path: Path) -> None:
    shot = collect_image(
        open_layout(write_layout(tmp_path / "layout", IMAGE), Platform()),
        sensor="test/1",
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert shot.facts("image")["labels"] == {"a": "b"} and io.BytesIO(IMAGE.layers[0]).read(2) == b"\x1f\x8b"
    assert shot.facts("image")["health_check"] is False, "NONE switches the check of a base image off"
