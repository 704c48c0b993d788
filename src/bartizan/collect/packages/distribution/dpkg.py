"""dpkg: /var/lib/dpkg/status (deb822 paragraphs, dpkg(1) and deb-control(5)), one file per package in status.d as
distroless images have it, and the file lists in /var/lib/dpkg/info.

Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.15-1~deb12u1
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import DATABASE_LIMIT, read_bytes
from bartizan.collect.packages.distribution.release import Release, read_release
from bartizan.collect.packages.interface import Reader
from bartizan.model.package import Package

STATUS = "/var/lib/dpkg/status"
STATUS_FOLDER = "/var/lib/dpkg/status.d"
INFO_FOLDER = "/var/lib/dpkg/info"

_WANTED = frozenset({b"package", b"status", b"architecture", b"source", b"version"})


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The packages of a status file, or of one file of status.d."""
    if not path.endswith(".md5sums"):
        yield from read_status(view, path, problems, "deb", "debian")


def read_status(
    view: FilesystemView, path: str, problems: Problems, type_: str, default_namespace: str
) -> Iterator[Package]:
    """The packages of a status file of dpkg or of a tool that took over its format."""
    data = read_bytes(view, path, problems, DATABASE_LIMIT)
    if data is None:
        return
    release = read_release(view)
    for fields, start in _paragraphs(data, path, problems):
        package = _package(fields, f"{path}:{start}", path, release, problems)
        if package:
            yield replace(package, type=type_, namespace=release.id or default_namespace)


def _paragraphs(data: bytes, path: str, problems: Problems) -> Iterator[tuple[dict[bytes, bytes], int]]:
    """(wanted fields in lower case, line of the first) of each deb822 paragraph."""
    fields: dict[bytes, bytes] = {}
    start = 1
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            if fields:
                yield fields, start
            fields, start = {}, number + 1
            continue
        if line[0] in b" \t":
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            problems.add(f"{path}:{number}", "line is neither a field nor a continuation")
            continue
        key = name.lower()
        if key in _WANTED:
            fields[key] = value.strip()
    if fields:
        yield fields, start


def _package(fields: dict[bytes, bytes], where: str, path: str, release: Release, problems: Problems) -> Package | None:
    state = _state(fields.get(b"status", b""), path)
    if state is None:
        return None
    name, version = _text(fields.get(b"package")), _text(fields.get(b"version"))
    if not name or not version:
        problems.add(where, f"package {name or 'without a name'} has no {'version' if name else 'name'}")
        return None
    source, _, rest = _text(fields.get(b"source")).partition(" ")
    source_version = rest.strip().strip("()")
    return Package(
        type="deb",
        name=name,
        version=version,
        arch=_text(fields.get(b"architecture")),
        source="" if source == name else source,
        source_version="" if source_version == version else source_version,
        distro=release.distro,
        path=path,
        state=state,
    )


def _state(status: bytes, path: str) -> str | None:
    """`installed`, `config-files`, or None for what is not there. Half-installed packages have files and count."""
    if not status:
        # status.d has no Status field: what is listed there is installed. In the status file it means a stanza that
        # dpkg itself would refuse; counting it keeps a damaged database from reading as clean.
        return "installed"
    words = status.split()
    if words[-1] == b"not-installed":
        return None
    return "config-files" if words[-1] == b"config-files" else "installed"


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "surrogateescape")


def owned(view: FilesystemView, path: str, wanted: AbstractSet[str], problems: Problems) -> Mapping[str, str]:
    """Owners by the `*.list` files (one absolute path a line); distroless images have `*.md5sums` instead."""
    if path == STATUS:
        return owned_by_lists(view, INFO_FOLDER, wanted, problems)
    if path.endswith(".md5sums"):
        return _lines(view, path, wanted, problems, sums=True)
    return {}


def owned_by_lists(view: FilesystemView, folder: str, wanted: AbstractSet[str], problems: Problems) -> dict[str, str]:
    """Owners by every `NAME.list` or `NAME:ARCH.list` of the folder."""
    found: dict[str, str] = {}
    try:
        entries = view.list(folder)
    except FilesystemError as error:
        problems.caught(error)
        return found
    for entry in entries:
        if entry.name.endswith(".list") and entry.kind is not FileKind.DIRECTORY:
            found.update(_lines(view, entry.path, wanted, problems, sums=False))
    return found


def _lines(
    view: FilesystemView, path: str, wanted: AbstractSet[str], problems: Problems, *, sums: bool
) -> dict[str, str]:
    data = read_bytes(view, path, problems)
    if not data:
        return {}
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if sums:  # "<md5>  usr/bin/busybox"
        lines = ["/" + line.split(None, 1)[1] for line in lines if len(line) > 34]
    package = path.rsplit("/", 1)[1].rsplit(".", 1)[0].partition(":")[0]
    return dict.fromkeys(wanted & set(lines), package)


READER = Reader(
    name="dpkg",
    type="deb",
    read=read,
    paths=(STATUS,),
    folders=(STATUS_FOLDER,),
    operating_system=True,
    owned=owned,
)
