"""apk: the installed database of Alpine, Wolfi and Chainguard (apk-tools 2, apk-db(5)): one paragraph per package.

P:libcrypto3
V:3.1.4-r2
A:x86_64
L:Apache-2.0
o:openssl
F:lib
R:libcrypto.so.3
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import DATABASE_LIMIT, read_bytes
from bartizan.collect.packages.distribution.release import read_release
from bartizan.model.package import Package

_FIELDS = {b"P": "name", b"V": "version", b"A": "arch", b"L": "licence", b"o": "origin"}


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The packages of an installed database."""
    data = read_bytes(view, path, problems, DATABASE_LIMIT)
    if data is None:
        return
    release = read_release(view)
    for fields, line in _paragraphs(data, path, problems):
        name, version = fields.get("name", ""), fields.get("version", "")
        if not name or not version:
            problems.add(f"{path}:{line}", f"package {name or 'without a name'} has no {'version' if name else 'name'}")
            continue
        origin, licence = fields.get("origin", ""), fields.get("licence", "")
        yield Package(
            type="apk",
            namespace=release.id or "alpine",
            name=name,
            version=version,
            arch=fields.get("arch", ""),
            source="" if origin == name else origin,
            licences=(licence,) if licence else (),
            distro=release.distro,
            path=path,
        )


def _paragraphs(data: bytes, path: str, problems: Problems) -> Iterator[tuple[dict[str, str], int]]:
    fields: dict[str, str] = {}
    start, inside = 1, False
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            if inside:
                yield fields, start
            fields, start, inside = {}, number + 1, False
            continue
        if line[1:2] != b":":
            problems.add(f"{path}:{number}", "line is not a letter, a colon and a value")
            continue
        inside = True
        wanted = _FIELDS.get(line[:1])
        if wanted:
            fields[wanted] = line[2:].strip().decode("utf-8", "surrogateescape")
    if inside:
        yield fields, start


def owned(view: FilesystemView, path: str, wanted: AbstractSet[str], problems: Problems) -> Mapping[str, str]:
    """Owners by the `F:` (folder) and `R:` (file in it) lines."""
    data = read_bytes(view, path, problems, DATABASE_LIMIT) or b""
    found: dict[str, str] = {}
    package = folder = ""
    for line in data.split(b"\n"):
        kind = line[:2]
        if kind == b"R:":
            file = f"{folder}{line[2:].decode('utf-8', 'surrogateescape')}"
            if file in wanted:
                found[file] = package
        elif kind == b"F:":
            name = line[2:].decode("utf-8", "surrogateescape")
            folder = f"/{name}/" if name else "/"
        elif kind == b"P:":
            package = line[2:].strip().decode("utf-8", "surrogateescape")
    return found
