"""Lists of apt on disk: what a suite is (`InRelease`) and which packages it offers (`Packages`).

    deb.example_debian-security_dists_bookworm-security_InRelease
    deb.example_debian-security_dists_bookworm-security_main_binary-amd64_Packages.lz4

Each is plain or packed with gzip, xz, bzip2 or lz4, as `Acquire::GzipIndexes` and the configuration wish.
"""

import bz2
import lzma
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.host.updates_apt import lz4

FOLDER = "/var/lib/apt/lists"
LIMIT = 512 << 20
"""Bytes of an unpacked list; Debian's whole main section takes 50 MB."""

PACKED = (".lz4", ".gz", ".xz", ".bz2", ".lzma")


class ListError(FilesystemError):
    """A list that cannot be unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Header of an `InRelease` or `Release` file."""

    origin: str = ""
    label: str = ""
    suite: str = ""
    codename: str = ""
    date: str = ""
    valid_until: str = ""

    @property
    def security(self) -> bool:
        """Whether this is the pocket that security updates come from: by the suite's name, or Debian's label."""
        names = (self.suite, self.codename)
        return any(name.endswith(("-security", "/updates")) for name in names) or self.label == "Debian-Security"


@dataclass(frozen=True, slots=True)
class Offer:
    """One stanza of a package list."""

    name: str
    arch: str
    version: str
    source: str
    source_version: str


def parse_release(text: str) -> Release:
    fields = dict(re.findall(r"^(Origin|Label|Suite|Codename|Date|Valid-Until): *(.*?)\s*$", text[:4096], re.MULTILINE))
    return Release(
        origin=fields.get("Origin", ""),
        label=fields.get("Label", ""),
        suite=fields.get("Suite", ""),
        codename=fields.get("Codename", ""),
        date=fields.get("Date", ""),
        valid_until=fields.get("Valid-Until", ""),
    )


def unpacked(view: FilesystemView, path: str) -> bytes:
    """Contents of a list; raises FilesystemError, also for what cannot be unpacked."""
    data = view.read(path, LIMIT)
    suffix = next((suffix for suffix in PACKED if path.endswith(suffix)), "")
    try:
        match suffix:
            case ".lz4":
                return lz4.decompress(data, LIMIT)
            case ".gz":
                return _bounded(zlib.decompressobj(wbits=31), data, path)
            case ".xz" | ".lzma":
                return _bounded(lzma.LZMADecompressor(), data, path)
            case ".bz2":
                return _bounded(bz2.BZ2Decompressor(), data, path)
    except (lz4.Lz4Error, zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise ListError(path, f"cannot be unpacked: {error}") from error
    return data


def _bounded(
    unpacker: "zlib._Decompress | lzma.LZMADecompressor | bz2.BZ2Decompressor", data: bytes, path: str
) -> bytes:
    out = unpacker.decompress(data, LIMIT)
    if not unpacker.eof:
        reason = "is larger than the limit" if len(out) >= LIMIT else "cannot be unpacked: the data is cut off"
        raise ListError(path, reason)
    return out


def offers(data: bytes, wanted: frozenset[bytes]) -> Iterator[Offer]:
    """Stanzas of the packages that are wanted; a stanza without a version is passed over."""
    for stanza in data.split(b"\n\n"):
        # apt writes `Package` first; a stanza that does not begin so is searched.
        head = stanza.lstrip(b"\n")
        if head.startswith(b"Package: "):
            name = head[9 : head.find(b"\n")].strip()
        else:
            found = _PACKAGE.search(stanza)
            name = found[1] if found else b""
        if name not in wanted:
            continue
        fields = dict(_FIELDS.findall(stanza))
        version = fields.get(b"Version", b"").decode("ascii", "replace")
        if version:
            source, _, rest = fields.get(b"Source", b"").decode("utf-8", "replace").partition(" ")
            yield Offer(
                name.decode("utf-8", "replace"),
                fields.get(b"Architecture", b"").decode("ascii", "replace"),
                version,
                source,
                rest.strip("() "),
            )


_PACKAGE = re.compile(rb"^Package: *(\S+)", re.MULTILINE)
_FIELDS = re.compile(rb"^(Version|Architecture|Source): *([^\n]*?)\s*$", re.MULTILINE)
