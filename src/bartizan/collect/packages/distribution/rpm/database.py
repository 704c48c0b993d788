"""RPM databases of every store, and the manifests that Azure Linux's distroless images keep instead.

/var/lib/rpm/Packages       Berkeley DB      /usr/lib/sysimage/rpm/Packages.db   NDB
/var/lib/rpm/rpmdb.sqlite   SQLite           /var/lib/rpmmanifest/container-manifest-2   text
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import nullcontext

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import missing, read_text
from bartizan.collect.packages.distribution.release import Release, read_release
from bartizan.collect.packages.distribution.rpm import berkeley, header, ndb, sqlite
from bartizan.collect.packages.distribution.rpm.damage import Damaged
from bartizan.collect.packages.distribution.rpm.header import BadHeader, Header, parse_header
from bartizan.model.package import Package

MANIFEST = "/var/lib/rpmmanifest/container-manifest-2"


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The packages of one database or manifest."""
    release = read_release(view)
    if path == MANIFEST:
        yield from _manifest(view, path, release, problems)
        return
    for found in headers(view, path, problems):
        package = _package(found, path, release)
        if package:
            yield package


def headers(view: FilesystemView, path: str, problems: Problems) -> Iterator[Header]:
    """Every header of a database; damage is noted and ends the reading."""
    number = 0
    try:
        for number, blob in enumerate(_blobs(view, path), 1):
            try:
                yield parse_header(blob)
            except BadHeader as error:
                problems.add(path, f"package {number} of the database: {error}")
    except FilesystemError as error:
        problems.caught(error)
    except (Damaged, OSError) as error:
        problems.add(path, f"the RPM database is damaged after {number} packages: {error}")


def _blobs(view: FilesystemView, path: str) -> Iterator[bytes]:
    size = view.stat(path).size
    if size == 0:
        return  # rpm leaves an empty file behind when it initialises another store
    with view.open(path) as file:
        head = file.read(16)
        file.seek(0)
        if head[:4] == ndb.MAGIC:
            yield from ndb.blobs(file, size)
        elif berkeley.is_berkeley(head):
            yield from berkeley.blobs(file, size)
        elif head == sqlite.MAGIC:
            with nullcontext() if missing(view, f"{path}-wal") else view.open(f"{path}-wal") as log:
                yield from sqlite.blobs(file, size, log)
        else:
            raise Damaged("it is neither Berkeley DB, NDB nor SQLite")


def _package(found: Header, path: str, release: Release) -> Package | None:
    name, version = found.text(header.NAME), found.text(header.VERSION)
    if name == "gpg-pubkey" or not name:  # keys that rpm trusts are kept as if they were packages
        return None
    full = f"{version}-{found.text(header.RELEASE)}"
    epoch = found.integers(header.EPOCH)
    source, source_version = split_source(found.text(header.SOURCE_RPM))
    licence = found.text(header.LICENCE)
    return Package(
        type="rpm",
        namespace=release.id,
        name=name,
        version=f"{epoch[0]}:{full}" if epoch and epoch[0] else full,
        arch=found.text(header.ARCH),
        source="" if source == name else source,
        source_version="" if source_version == full else source_version,
        licences=(licence,) if licence else (),
        modularity=_stream(found.text(header.MODULARITY_LABEL)),
        distro=release.distro,
        path=path,
    )


def split_source(file: str) -> tuple[str, str]:
    """`openssl-3.0.7-27.el9.src.rpm` as (`openssl`, `3.0.7-27.el9`); empty parts where it is none."""
    stem = file.removesuffix(".rpm").removesuffix(".nosrc").removesuffix(".src")
    parts = stem.rsplit("-", 2)
    return (parts[0], f"{parts[1]}-{parts[2]}") if len(parts) == 3 else ("", "")


def _stream(label: str) -> str:
    """`nodejs:18:8080020230718:63b34585` is module nodejs, stream 18; the rest is a build."""
    return ":".join(label.split(":")[:2])


def _manifest(view: FilesystemView, path: str, release: Release, problems: Problems) -> Iterator[Package]:
    """Ten columns: name, version-release, installed, built, vendor, group, size, arch, epoch, source."""
    text = read_text(view, path, problems)
    for number, line in enumerate((text or "").splitlines(), 1):
        if not line.strip():
            continue
        columns = line.split("\t")
        if len(columns) < 10:
            problems.add(f"{path}:{number}", f"has {len(columns)} columns instead of 10")
            continue
        name, version, arch, epoch = columns[0], columns[1], columns[7], columns[8]
        source, source_version = split_source(columns[9])
        yield Package(
            type="rpm",
            namespace=release.id,
            name=name,
            version=version if epoch in ("0", "(none)", "") else f"{epoch}:{version}",
            arch=arch,
            source="" if source == name else source,
            source_version="" if source_version == version else source_version,
            distro=release.distro,
            path=path,
        )


def owned(view: FilesystemView, path: str, wanted: AbstractSet[str], problems: Problems) -> Mapping[str, str]:
    """Owners by folder names, base names and the indexes that join them."""
    if path == MANIFEST:
        return {}
    folders = {name.rpartition("/")[0] + "/" for name in wanted}
    found: dict[str, str] = {}
    for package in headers(view, path, Problems()):  # problems were noted when the packages were read
        name = package.text(header.NAME)
        names = package.texts(header.DIR_NAMES)
        hit = {index for index, folder in enumerate(names) if folder in folders}
        if hit:
            pairs = zip(package.integers(header.DIR_INDEXES), package.texts(header.BASE_NAMES), strict=False)
            files = {names[index] + base for index, base in pairs if index in hit}
            found.update(dict.fromkeys(wanted & files, name))
        elif header.OLD_FILE_NAMES in package.index:
            found.update(dict.fromkeys(wanted & set(package.texts(header.OLD_FILE_NAMES)), name))
    return found
