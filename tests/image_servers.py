"""Real places that images are fetched from, each of our own, on loopback or a socket: engines and a registry."""

import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from image_files import ImageFiles, digest


class NoServer(Exception):
    """It cannot be run here, and why."""


@contextmanager
def running_registry(folder: Path) -> Iterator[str]:
    """`host:port` of Debian's docker-registry."""
    program = shutil.which("docker-registry")
    if not program:
        raise NoServer("docker-registry is not installed. On Debian: apt-get install docker-registry")
    port = free_port()
    configuration = folder / "registry.yml"
    configuration.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'registry'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    process = subprocess.Popen(
        [program, "serve", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until(lambda: _answers(port), process, "docker-registry")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def push(host: str, repository: str, image: ImageFiles, tag: str) -> None:
    """By the Distribution API: blobs, then the manifest."""
    connection = http.client.HTTPConnection(host, timeout=60)
    for name, data in image.blobs.items():
        if data is image.manifest:
            continue
        connection.request("POST", f"/v2/{repository}/blobs/uploads/")
        answer = connection.getresponse()
        answer.read()
        where = urlsplit(answer.headers["Location"])
        target = f"{where.path}?{where.query}{'&' if where.query else ''}digest={name}"
        _put(connection, target, data, "application/octet-stream")
    kind = json.loads(image.manifest)["mediaType"]
    _put(connection, f"/v2/{repository}/manifests/{tag}", image.manifest, kind)
    _put(connection, f"/v2/{repository}/manifests/{digest(image.manifest)}", image.manifest, kind)
    connection.close()


def push_index(host: str, repository: str, index: bytes, tag: str) -> None:
    connection = http.client.HTTPConnection(host, timeout=60)
    kind = "application/vnd.oci.image.index.v1+json"
    _put(connection, f"/v2/{repository}/manifests/{tag}", index, kind)
    connection.close()


def _put(connection: http.client.HTTPConnection, target: str, data: bytes, kind: str) -> None:
    connection.request("PUT", target, body=data, headers={"Content-Type": kind})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 201, (answer.status, body)


@contextmanager
def running_engine(folder: Path) -> Iterator[str]:
    """The socket of a dockerd without network, whose images are plain folders."""
    if not shutil.which("dockerd"):
        raise NoServer("dockerd is not installed. On Debian: apt-get install docker.io")
    path = folder / "docker.sock"
    log = (folder / "dockerd.log").open("wb")
    options = ["--storage-driver", "vfs", "--bridge=none", "--iptables=false", "--ip6tables=false"]
    places = ["--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "docker.pid"]
    process = subprocess.Popen(
        ["dockerd", *options, *map(str, places), "--host", f"unix://{path}"], stdout=log, stderr=log
    )
    try:
        try:
            _until(lambda: path.exists() and _pings(path), process, "dockerd")
        except NoServer as error:
            tail = (folder / "dockerd.log").read_text(errors="replace")[-400:]
            raise NoServer(f"{error}: {tail}") from None
        yield str(path)
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def load(engine: str, archive: Path) -> None:
    """`docker load`, by the API."""
    connection = _Unix(engine)
    with archive.open("rb") as stream:
        connection.request("POST", "/images/load?quiet=1", body=stream, headers={"Content-Type": "application/x-tar"})
        answer = connection.getresponse()
        body = answer.read()
    assert answer.status == 200 and b"errorDetail" not in body, body
    connection.close()


@contextmanager
def running_containerd(folder: Path) -> Iterator[str]:
    """The socket of a containerd with folders of its own, for its stores alone."""
    if not shutil.which("containerd") or not shutil.which("ctr"):
        raise NoServer("containerd is not installed. On Debian: apt-get install containerd")
    path = folder / "containerd.sock"
    disabled = ["cri", "aufs", "btrfs", "devmapper", "zfs"]
    names = ", ".join(f'"io.containerd.{"grpc" if name == "cri" else "snapshotter"}.v1.{name}"' for name in disabled)
    configuration = folder / "containerd.toml"
    configuration.write_text(
        f'version = 2\nroot = "{folder / "root"}"\nstate = "{folder / "state"}"\ndisabled_plugins = [{names}]\n'
        f'[grpc]\n  address = "{path}"\n[ttrpc]\n  address = "{path}.ttrpc"\n'
        f'[plugins."io.containerd.internal.v1.opt"]\n  path = "{folder / "opt"}"\n'
    )
    log = (folder / "containerd.log").open("wb")
    process = subprocess.Popen(["containerd", "--config", str(configuration)], stdout=log, stderr=log)
    try:
        try:
            _until(lambda: _ctr(path, "version").returncode == 0, process, "containerd")
        except NoServer as error:
            tail = (folder / "containerd.log").read_text(errors="replace")[-400:]
            raise NoServer(f"{error}: {tail}") from None
        yield str(path)
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def import_image(containerd: str, archive: Path, *, namespace: str = "default", options: tuple[str, ...] = ()) -> None:
    """`ctr images import`; nothing is unpacked."""
    command = ("--namespace", namespace, "images", "import", "--no-unpack", *options, str(archive))
    done = _ctr(Path(containerd), *command)
    assert done.returncode == 0, done.stderr


def _ctr(path: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ctr", "--address", str(path), *command], capture_output=True, text=True, check=False)


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _pings(path: Path) -> bool:
    try:
        connection = _Unix(str(path))
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except OSError:
        return False


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _until(ready: object, process: "subprocess.Popen[bytes]", name: str, seconds: float = 60) -> None:
    assert callable(ready)
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise NoServer(f"{name} ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise NoServer(f"{name} did not answer within {seconds:.0f} s")
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
