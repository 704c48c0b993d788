"""dpkg: /var/lib/dpkg/status (deb822 paragraphs, dpkg(1) and deb-control(5)), one file per package in status.d as
distroless images have it, and the file lists in /var/lib/dpkg/info. Licences are in files beside it: `copyright`.

Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.15-1~deb12u1
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import DATABASE_LIMIT, read_bytes
from bartizan.collect.packages.distribution.release import read_release
from bartizan.model.package import Package

STATUS = "/var/lib/dpkg/status"
INFO_FOLDER = "/var/lib/dpkg/info"

_EMPTY_LINES = re.compile(rb"\n[ \t\r]*\n")
_WANTED = re.compile(rb"^(package|status|architecture|source|version):(.*)$", re.IGNORECASE | re.MULTILINE)
_NEITHER = re.compile(rb"^(?![ \t\r]|$)[^:\n]*$", re.MULTILINE)


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
        state = _state(fields.get(b"status", b""))
        if state is None:
            continue
        name, version = _text(fields.get(b"package")), _text(fields.get(b"version"))
        if not name or not version:
            what = "version" if name else "name"
            problems.add(f"{path}:{start}", f"package {name or 'without a name'} has no {what}")
            continue
        source, _, rest = _text(fields.get(b"source")).partition(" ")
        source_version = rest.strip().strip("()")
        yield Package(
            type=type_,
            namespace=release.id or default_namespace,
            name=name,
            version=version,
            arch=_text(fields.get(b"architecture")),
            source="" if source == name else source,
            source_version="" if source_version == version else source_version,
            distro=release.distro,
            path=path,
            state=state,
        )


def _paragraphs(data: bytes, path: str, problems: Problems) -> Iterator[tuple[dict[bytes, bytes], int]]:
    """(wanted fields in lower case, line of the first) of each deb822 paragraph."""
    line = 1
    for paragraph in _EMPTY_LINES.split(data):
        fields = {name.lower(): value.strip() for name, value in _WANTED.findall(paragraph)}
        for wrong in _NEITHER.finditer(paragraph):
            number = line + paragraph.count(b"\n", 0, wrong.start())
            problems.add(f"{path}:{number}", "line is neither a field nor a continuation")
        if fields:
            yield fields, line + paragraph.count(b"\n", 0, len(paragraph) - len(paragraph.lstrip(b"\r\n")))
        line += paragraph.count(b"\n") + 2


def _state(status: bytes) -> str | None:
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
        lines = ["/" + line[34:] for line in lines if line[32:34] == "  "]
    package = path.rsplit("/", 1)[1].rsplit(".", 1)[0].partition(":")[0]
    return dict.fromkeys(wanted & set(lines), package)
