"""What an attacker or an accident may put before `bartizan scan image`: each is incomplete with its reason, in bounded
memory; never a crash, and never clean. The same command calls the good image beside them clean."""

import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bartizan.assess.vulnerability.compile import compile_feeds
from image_files import (
    ImageFiles,
    compressed,
    digest,
    image_files,
    layer_tar,
    write_docker_archive,
    write_layout,
    write_oci_archive,
)
from small_feeds import write_records

pytestmark = pytest.mark.timeout(600)
INCOMPLETE = 3
MEMORY = 600
"""Megabytes that any of them may take."""
STATUS = b"Package: hello\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3\n\n"
GOOD: Mapping[str, bytes | None] = {
    "etc/os-release": b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "var/lib/dpkg/status": STATUS,
}
Make = Callable[[Path], Path]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str
    megabytes: int

    @property
    def reasons(self) -> str:
        """Everything that is said of what is missing."""
        if not self.out:
            return self.err
        told = json.loads(self.out)
        problems = [each for section in told["sections"] for each in section["problems"]]
        return json.dumps([told["incomplete"], problems]) + self.err

    @property
    def packages(self) -> list[str]:
        return list(json.loads(self.out)["packages"])


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Done]]:
    folder = tmp_path_factory.mktemp("feeds")
    known = {
        "Debian": [("Debian:12", "hello", "2")],
        "npm": [("npm", "lodash", "4.17.21")],
        "PyPI": [("PyPI", "six", "0")],
        "Maven": [("Maven", "a:b", "1")],
    }
    compile_feeds(write_records(folder / "feeds", known), folder / "advisories.db")
    options = ["--feeds", str(folder / "advisories.db"), "--scanners", "vulnerability,secret", "--format", "json"]

    with subprocess.Popen(
        [sys.executable, "-c", _FORKING, str(folder / "out"), str(folder / "err")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BARTIZAN_CACHE": ""},
    ) as process:
        assert process.stdin and process.stdout
        to, back = process.stdin, process.stdout

        def run(path: Path) -> Done:
            print(json.dumps(["scan", "image", str(path), "--platform", "linux/amd64", *options]), file=to, flush=True)
            code, megabytes = json.loads(back.readline())
            out, err = ((folder / name).read_text("utf-8") for name in ("out", "err"))
            return Done(code, out, err, megabytes)

        yield run
        to.close()


_FORKING = """
import json, os, sys
from bartizan.cli.main import run
from bartizan.cli import scan_image, scanning
from bartizan.assess import dispatch
from bartizan.collect.containers import archive, snapshot
for line in sys.stdin:
    child = os.fork()
    if not child:
        for number, name in enumerate(sys.argv[1:3], 1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv[:] = ["bartizan", *json.loads(line)]
        run()
    _, status, used = os.wait4(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_maxrss // 1024]), flush=True)
"""
"""The program without its start, once for each line of arguments: forty starts cost more than what they are to show."""


# Images


def layers(*tars: bytes, **options: Any) -> Make:
    return lambda folder: write_layout(folder / "layout", image_files(tars, **options))


def files(more: Mapping[str, bytes | None], **options: Any) -> Make:
    return layers(layer_tar({**GOOD, **more}, **options))


def made_when_asked(name: str, contents: Callable[[], bytes]) -> Make:
    """For what is too large to be made for nothing."""

    def make(folder: Path) -> Path:
        return files({name: contents()})(folder)

    return make


def changed(change: Callable[[ImageFiles], ImageFiles]) -> Make:
    return lambda folder: write_layout(folder / "layout", change(image_files([layer_tar(GOOD)])))


def manifest_with(**fields: Any) -> Make:
    return changed(lambda image: replace(image, manifest=json.dumps({**json.loads(image.manifest), **fields}).encode()))


def blob_damaged(change: Callable[[bytes], bytes], which: str) -> Make:
    def make(folder: Path) -> Path:
        image = image_files([layer_tar({**GOOD, "srv/noise": random.Random(1).randbytes(300_000)})])
        root = write_layout(folder / "layout", image)
        data = {"layer": image.layers[0], "config": image.config, "manifest": image.manifest}[which]
        path = root / "blobs/sha256" / digest(data).removeprefix("sha256:")
        path.write_bytes(change(data))
        return root

    return make


def saved(change: Callable[[list[Any]], Any]) -> Make:
    """A `docker save` archive whose manifest tells something else."""

    def make(folder: Path) -> Path:
        path = write_docker_archive(folder / "a.tar", image_files([layer_tar(GOOD)]))
        out = folder / "b.tar"
        with tarfile.open(path) as old, tarfile.open(out, "w") as new:
            for member in old:
                data = old.extractfile(member)
                assert data is not None
                contents = data.read()
                if member.name == "manifest.json":
                    contents = json.dumps(change(json.loads(contents))).encode()
                    member.size = len(contents)
                new.addfile(member, io.BytesIO(contents))
        return out

    return make


def archive(change: Callable[[bytes], bytes], write: Callable[..., Path] = write_oci_archive) -> Make:
    def make(folder: Path) -> Path:
        path = write(folder / "image.tar", image_files([layer_tar(GOOD)]))
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def header(name: str, size: int, kind: bytes = b"0", **more: Any) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    info.pax_headers = more
    return info.tobuf(tarfile.PAX_FORMAT if more else tarfile.GNU_FORMAT)


def claiming(size: int) -> Make:
    """A layer with a file that claims a size and does not have it."""
    good = layer_tar(GOOD).rstrip(b"\0")
    good += bytes(-len(good) % 512)
    return layers(good + header("var/lib/dpkg/status.d/x", size) + b"Package: x\n" * 40)


# Archives within archives


def nested_jar(depth: int) -> bytes:
    data = b"Manifest-Version: 1.0\n"
    for level in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as jar:
            jar.writestr(f"lib/level{level}.jar" if level else "META-INF/MANIFEST.MF", data)
        data = out.getvalue()
    return data


def zip_bomb() -> bytes:
    """A jar whose descriptions inflate to 200 MB each."""
    piece = bytes(1 << 20)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as jar:
        for name in ("META-INF/MANIFEST.MF", "META-INF/maven/a/b/pom.properties"):
            with jar.open(name, "w", force_zip64=True) as stream:
                for _ in range(200):
                    stream.write(piece)
    return out.getvalue()


def lock_file(megabytes: int) -> bytes:
    entry = b'"node_modules/p%07d": {"version": "1.0.0"},\n'
    count = megabytes * (1 << 20) // len(entry % 0)
    return b'{"lockfileVersion": 3, "packages": {' + b"".join(entry % each for each in range(count)) + b'"": {}}}'


def gzip_bomb(folder: Path) -> Path:
    """A layer of 1 MB with a lock file of 1 GB."""
    return write_layout(folder / "layout", bomb_image(1))


def bomb_image(gigabytes: int) -> ImageFiles:
    machine, whole = zlib.compressobj(9, zlib.DEFLATED, 31), hashlib.sha256()
    packed = []
    size = gigabytes << 30
    start = layer_tar(GOOD).rstrip(b"\0")
    start += bytes(-len(start) % 512) + header("srv/app/package-lock.json", size)
    block = b" " * (1 << 20)
    for data in (start, *[block] * (size >> 20), bytes(1024)):
        packed.append(machine.compress(data))
        whole.update(data)
    layer = b"".join(packed) + machine.flush()
    return with_layer(layer, "sha256:" + whole.hexdigest())


def with_layer(layer: bytes, diff_id: str) -> ImageFiles:
    image = image_files([b""])
    config = json.loads(image.config)
    config["rootfs"]["diff_ids"] = [diff_id]
    data = json.dumps(config).encode()
    manifest = json.loads(image.manifest)
    manifest["config"] |= {"digest": digest(data), "size": len(data)}
    manifest["layers"][0] |= {"digest": digest(layer), "size": len(layer)}
    return ImageFiles(data, (layer,), (), json.dumps(manifest).encode(), image.tag)


def index_of_indexes(folder: Path) -> Path:
    """Indexes within each other, deeper than anybody makes them."""
    root = write_layout(folder / "layout", image_files([layer_tar(GOOD)]))
    inner = (root / "index.json").read_bytes()
    for _ in range(30):
        (root / "blobs/sha256" / digest(inner).removeprefix("sha256:")).write_bytes(inner)
        kind = "application/vnd.oci.image.index.v1+json"
        platform = {"os": "linux", "architecture": "amd64"}
        entry = {"mediaType": kind, "digest": digest(inner), "size": len(inner), "platform": platform}
        inner = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [entry]}).encode()
    (root / "index.json").write_bytes(inner)
    return root


def many_entries(folder: Path) -> Path:
    one = bytearray(header("srv/0000000", 0))
    good = layer_tar(GOOD).rstrip(b"\0")
    out = bytearray(good + bytes(-len(good) % 512))
    for number in range(1_000_000):
        one[4:11] = b"%07d" % number
        one[148:156] = b" " * 8
        one[148:156] = b"%06o\0 " % sum(one)
        out += one
    out += bytes(1024)
    layer = zlib.compress(bytes(out), 1, 31)
    return write_layout(folder / "layout", with_layer(layer, digest(bytes(out))))


BAD: Mapping[str, tuple[Make, str]] = {
    "a layer whose blob has another digest": (
        blob_damaged(lambda data: data[:-9] + b"x" + data[-8:], "layer"),
        "digest|damaged|ends early",
    ),
    "a configuration of another digest": (
        blob_damaged(lambda data: data.replace(b"linux", b"lunix"), "config"),
        "digest",
    ),
    "a manifest of another digest": (blob_damaged(lambda data: data + b" ", "manifest"), "digest"),
    "a diff id of something else": (
        lambda folder: write_layout(
            folder / "layout", with_layer(compressed(layer_tar(GOOD), "gzip"), "sha256:" + "0" * 64)
        ),
        "configuration says sha256:0000",
    ),
    "truncated gzip": (blob_damaged(lambda data: data[:200_000], "layer"), "ends early|digest"),
    "truncated gzip whose digest is right": (
        lambda folder: write_layout(
            folder / "layout",
            with_layer(compressed(layer_tar({**GOOD, "x": random.Random(2).randbytes(9000)}), "gzip")[:5000], ""),
        ),
        "ends early",
    ),
    "a layer that is not compressed as it begins": (
        lambda folder: write_layout(folder / "layout", with_layer(b"\x1f\x8b\x08\0" + b"junk" * 99, "")),
        "gzip data is damaged",
    ),
    "an archive that is cut": (archive(lambda data: data.rstrip(b"\0")[:-700]), "truncated|missing|ends"),
    "an archive with a damaged header": (archive(lambda data: data.replace(b"blobs", b"globs", 1)), "checksum"),
    "an archive that is something else": (archive(lambda data: b"PK\x03\x04" + data), "not a tar"),
    "fewer diff ids than layers": (
        manifest_with(layers=[{"digest": "sha256:" + "1" * 64}, {"digest": "sha256:" + "2" * 64}]),
        "lists 1 layers, the manifest 2",
    ),
    "a layer that is nowhere": (manifest_with(layers=[{"digest": "sha256:" + "1" * 64}]), "not complete|No such file"),
    "a digest that is a path": (manifest_with(layers=[{"digest": "sha256:../../../../etc/passwd"}]), "not a digest"),
    "layers that are no list": (manifest_with(layers={"digest": 1}), "layers"),
    "a configuration that is no object": (manifest_with(config=[1]), "configuration"),
    "a manifest of the first schema": (manifest_with(schemaVersion=1), "schema 1"),
    "JSON that is deep": (
        changed(lambda image: replace(image, manifest=b'{"config":' * 50_000)),
        "not JSON",
    ),
    "JSON of long numbers": (
        changed(lambda image: replace(image, manifest=b'{"layers": ' + b"9" * 100_000 + b"}")),
        "JSON|configuration",
    ),
    "indexes within indexes": (index_of_indexes, "indexes within each other"),
    "a saved layer that is a path outside": (
        saved(lambda entries: [{**entries[0], "Layers": ["../../../../etc/passwd"]}]),
        "missing",
    ),
    "a saved manifest that is no list": (saved(lambda entries: {"Layers": entries}), "no image"),
    "a saved manifest of other types": (saved(lambda entries: [{"Config": 7, "Layers": 9, "RepoTags": 3}]), "7|Layers"),
    "saved layers of other types": (saved(lambda entries: [{**entries[0], "Layers": 9}]), "Layers|layers"),
    "a size of 2 GB that is only claimed": (claiming(2 << 30), "ends within"),
    "a size of 8 EB that is only claimed": (claiming(8 << 60), "ends within"),
    "a header that is no number": (
        layers(layer_tar(GOOD)[:124] + b"zzzzzzzzzzz\0" + layer_tar(GOOD)[136:]),
        "number|checksum",
    ),
    "a name of 100,000 characters": (
        layers(header("x", 0, path="a/" * 50_000)),
        "which no system can have",
    ),
    "a long name that claims a gigabyte": (layers(header("././@LongLink", 1 << 30, b"L")), "extended header claims"),
    "folders below folders below folders": (files({"a/" * 1500 + "package-lock.json": b"{}"}), "folders deep"),
    "a database that is a loop of links": (
        files({"var/lib/dpkg/status": b""}, links={"var/lib/rpm": "rpm2", "var/lib/rpm2": "rpm"}),
        "symbolic links",
    ),
    "a database that is a hard link to itself": (
        layers(
            layer_tar(
                {"etc/os-release": GOOD["etc/os-release"]}, hard_links={"var/lib/dpkg/status": "var/lib/dpkg/status"}
            )
        ),
        "hard link to var/lib/dpkg/status, which is not there",
    ),
    "hard links in a circle": (
        files({}, hard_links={"srv/package-lock.json": "srv/b", "srv/b": "srv/package-lock.json"}),
        "which is not there",
    ),
    "a database that is a device": (
        layers(
            layer_tar({"etc/os-release": GOOD["etc/os-release"]})[:-10240]
            + header("var/lib/dpkg/status", 0, b"3")
            + bytes(1024)
        ),
        "not a regular file",
    ),
    "a gzip bomb": (gzip_bomb, "over the limit"),
    "a zip bomb": (made_when_asked("srv/app.jar", zip_bomb), "app.jar"),
    "jars within jars, 50 deep": (files({"srv/app.jar": nested_jar(50)}), "app.jar"),
    "a lock file of 200 MB": (
        made_when_asked("srv/package-lock.json", lambda: lock_file(200)),
        "package-lock.json",
    ),
    "a lock file that is deep": (files({"srv/package-lock.json": b'{"packages":' * 60_000}), "package-lock.json"),
    "a database that is no database": (
        files({"var/lib/rpm/rpmdb.sqlite": b"SQLite format 3\0" + b"\xff" * 5000}),
        "rpmdb",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_it_is_incomplete_with_its_reason(what: str, scan: Callable[[Path], Done], tmp_path: Path) -> None:
    make, reason = BAD[what]
    done = scan(make(tmp_path))
    assert "Traceback" not in done.err
    assert done.code == INCOMPLETE, (done.code, done.err, done.out[:2000])
    assert re.search(reason, done.reasons), done.reasons
    assert done.megabytes <= MEMORY, done.megabytes


def test_the_same_command_calls_a_good_image_clean(scan: Callable[[Path], Done], tmp_path: Path) -> None:
    done = scan(files({})(tmp_path))
    assert done.code == 0 and done.packages == ["deb hello 3 amd64"]


def test_names_that_lead_outside_stay_inside(scan: Callable[[Path], Done], tmp_path: Path) -> None:
    tar = layer_tar({"etc/os-release": GOOD["etc/os-release"], "../../../var/lib/dpkg/status": STATUS})
    done = scan(layers(tar)(tmp_path))
    assert done.code == 0 and done.packages == ["deb hello 3 amd64"]


def test_names_that_are_not_utf_8_are_shown_and_judged(scan: Callable[[Path], Done], tmp_path: Path) -> None:
    lock = b'{"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.21"}}}'
    done = scan(files({"srv/caf\udce9/package-lock.json": lock})(tmp_path))
    assert done.code == 0 and "npm lodash 4.17.21 /srv/caf\\udce9/package-lock.json" in done.packages


def test_a_million_entries_are_walked(scan: Callable[[Path], Done], tmp_path: Path) -> None:
    done = scan(many_entries(tmp_path))
    assert done.code == 0 and done.packages == ["deb hello 3 amd64"]
    assert done.megabytes <= 1500, done.megabytes
