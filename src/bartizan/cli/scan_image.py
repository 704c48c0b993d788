"""`bartizan scan image`: an archive, a layout, a root file system in a tar, an image of an engine, containerd or a
registry."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scanning import Asked, inspectors_of, scan
from bartizan.collect.containers.image import ImageError, ImageSource, Platform
from bartizan.collect.filesystem.interface import LayerError
from bartizan.exchange.interface import ScanResult
from bartizan.model.record import dataclass
from bartizan.model.snapshot import Section, Snapshot

if TYPE_CHECKING:
    from bartizan.cli.judged_images import JudgedImages

_PASSWORD = "BARTIZAN_REGISTRY_PASSWORD"  # noqa: S105 - the name of a variable
_SCHEMES = ("docker-archive:", "oci-archive:", "oci:", "docker:", "containerd:", "registry:", "rootfs:")

_ROOT = ("etc", "usr", "var/lib")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which image, and how to reach it."""

    name: str
    platform: str = ""
    tag: str = ""
    base: str = ""
    username: str = ""
    password_stdin: bool = False
    ca: Path | None = None
    plain_http: bool = False
    socket: str = ""
    namespace: str = ""
    """Of containerd."""


def scan_image(asked: Asked, where: Where) -> ScanResult:
    """Read the image and judge it."""
    from bartizan.cli.image_cache import known_image

    try:
        base = _base(where)
        source = open_source(where.name, where)

        def collect(now: datetime, step: Callable[[str], None]) -> Snapshot:
            def read() -> Snapshot:
                from bartizan.collect.containers.snapshot import collect_image  # slow to import, and not always needed

                return collect_image(source, sensor=f"cli/{__version__}", now=now, progress=step, inspectors=inspectors)

            inspectors = inspectors_of(asked)
            snapshot = known_image(source, inspectors, now, read)
            return replace(snapshot, sections={**snapshot.sections, **base})

        return scan(asked, where.name, collect, part="image", memory=_memory(source, base, asked))
    except (ImageError, LayerError) as error:
        raise Failure(
            f"cannot scan {where.name}: {error}",
            meaning="An image of which a part cannot be read is not judged at all: its silence would look like health.",
            code=ExitCode.INCOMPLETE,
        ) from error


def _memory(source: ImageSource, base: Mapping[str, Section], asked: Asked) -> "JudgedImages | None":
    """What was judged before of an image that says what it is; a stream does so only once it was read."""
    from bartizan.cli.judged_images import JudgedImages

    try:
        return JudgedImages(source.image, base, asked)
    except ImageError:
        return None


def open_source(name: str, where: Where) -> ImageSource:
    """What a name leads to: a path where there is one, else an image of the engine or registry that is named.

    A registry is asked only where the name says so (`registry:`): a scan does not go to the network unasked.
    """
    platform = Platform.parse(where.platform) if where.platform else Platform(architecture=_architecture())
    scheme = next((each for each in _SCHEMES if name.startswith(each)), "")
    rest = name.removeprefix(scheme)
    if scheme == "registry:":
        return _of_registry(rest, where, platform)
    if scheme == "containerd:":
        return _of_containerd(rest, where, platform)
    if scheme == "docker:" or (not scheme and not Path(rest).exists()):
        return _of_engine(rest, where, platform)
    return _of_path(Path(rest), where, platform)


def _of_path(path: Path, where: Where, platform: Platform) -> ImageSource:
    """An archive or a layout; a host's root and a disk are hosts, and say so."""
    try:
        if path.is_dir():
            from bartizan.collect.containers.oci import open_layout

            return open_layout(path, platform, where.tag)
        from bartizan.collect.containers.archive import open_archive

        return open_archive(path, platform, where.tag)
    except ImageError as error:
        from bartizan.collect.filesystem.disk import is_disk

        root = path.is_dir() and not (path / "index.json").exists() and any((path / name).is_dir() for name in _ROOT)
        if not root and (path.is_dir() or not is_disk(path)):
            raise
        raise Failure(
            f"{path} is {'the root of a host' if root else 'a disk'}, not an image",
            meaning="Nothing was scanned.",
            remedy=f"bartizan scan host --root {path}",
            code=ExitCode.INCOMPLETE,
        ) from error


def _base(where: Where) -> dict[str, Section]:
    """What the user says that the image was built upon, as a fact about it: a server judges by it as well."""
    if not where.base:
        return {}
    from bartizan.assess.dispatch import BASE

    image = open_source(where.base, where).image
    layers = [layer.diff_id for layer in image.layers]
    return {BASE: Section(name=BASE, facts={"layers": layers, "name": image.name or where.base, "told_by": "--base"})}


def _of_registry(name: str, where: Where, platform: Platform) -> ImageSource:
    from bartizan.collect.containers.reference import parse_reference
    from bartizan.collect.containers.registry import Connection, Credentials, Registry

    reference = parse_reference(name)
    credentials = Credentials(username=where.username, password=_password(where)) if where.username else None
    connection = Connection(
        host=reference.host,
        credentials=credentials,
        ca_file=str(where.ca or ""),
        plain_http=where.plain_http,
    )
    return Registry(connection).open_image(reference, platform)


def _of_engine(name: str, where: Where, platform: Platform) -> ImageSource:
    from bartizan.collect.containers.engine import DOCKER_SOCKET, Engine

    path = where.socket or os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or DOCKER_SOCKET
    if not Path(path).exists():
        raise Failure(
            f"there is no file {name} and no engine at {path}",
            meaning="Nothing was scanned.",
            remedy=f"Name an archive or a layout, containerd:{name} or registry:{name}.",
            code=ExitCode.USAGE,
        )
    return Engine(path=path).open_image(name, platform)


def _of_containerd(name: str, where: Where, platform: Platform) -> ImageSource:
    from bartizan.collect.containers.containerd import CONTAINERD_SOCKET, Containerd

    path = where.socket or os.environ.get("CONTAINERD_ADDRESS", "").removeprefix("unix://") or CONTAINERD_SOCKET
    namespace = where.namespace or os.environ.get("CONTAINERD_NAMESPACE", "") or "default"
    if not Path(path).exists():
        raise Failure(
            f"there is no containerd at {path}",
            meaning="Nothing was scanned.",
            remedy="Name its socket with --socket.",
            code=ExitCode.USAGE,
        )
    return Containerd(path=path, namespace=namespace).open_image(name, platform)


def _password(where: Where) -> str:
    if where.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    password = os.environ.get(_PASSWORD, "")
    if not password:
        raise Failure(
            f"no password for {where.username}",
            remedy=f"Set {_PASSWORD}, or give it on standard input with --password-stdin.",
            code=ExitCode.USAGE,
        )
    return password


def _architecture() -> str:
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}.get(machine, machine)
