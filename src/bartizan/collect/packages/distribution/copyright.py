"""The licences of Debian packages: /usr/share/doc/PACKAGE/copyright in the machine-readable format 1.0 (DEP-5,
https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/).

Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2001, Ann Author
License: GPL-2+ or Artistic-2.0, and BSD-3-clause

License: GPL-2+
 On Debian systems the text is in /usr/share/common-licenses/GPL-2.

Told are the short names of the `Files` stanzas, each once, as SPDX expressions where a short name means exactly what an
identifier of SPDX means, otherwise as written. A file in prose tells nothing: its licences stay unknown. `NOASSERTION`
stands for what a stanza leaves unnamed, so that a list which is not the whole is never taken for it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.interface import Problems
from bartizan.model.package import Package

FOLDER = "/usr/share/doc"
NAME = "copyright"
UNNAMED = "NOASSERTION"
"""SPDX's word for a licence of which nothing is said (SPDX 2.3, 7.15)."""
LIMIT = 4 << 20
"""Bytes; the longest in Debian 12, that of Boost, has 2 MiB."""
IN_ALL = 128 << 20
"""Bytes that are read for one database: links let few files stand for any number of packages."""
NAMES = 100
NAME_LENGTH = 120

_FORMAT = b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
_KNOWN_FORMATS = (b"copyright-format", b"dep5")
_HEADER = 16 << 10
_REMEMBERED = 8
"""Files; packages of one source mostly stand together in a database."""
_GNU = re.compile(r"(gpl|lgpl|agpl|gfdl(?:-niv)?)-([123](?:\.[0-9])?)(\+)?\Z")
_GNU_VERSIONS = {
    "gpl": {"1": "1.0", "2": "2.0", "3": "3.0"},
    "lgpl": {"2": "2.0", "2.1": "2.1", "3": "3.0"},
    "agpl": {"3": "3.0"},
    "gfdl": {"1.1": "1.1", "1.2": "1.2", "1.3": "1.3"},
}
_IDENTIFIERS = {
    name.lower(): name
    for name in (
        *("Apache-1.0", "Apache-1.1", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause"),
        *("BSL-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "CDDL-1.0", "CPL-1.0"),
        *("EPL-1.0", "EPL-2.0", "ISC", "LPPL-1.3c", "MPL-1.1", "MPL-2.0", "OFL-1.1", "PostgreSQL", "QPL-1.0", "Zlib"),
    )
} | {
    "expat": "MIT",
    "cc0": "CC0-1.0",
    "w3c": "W3C",
    "zope-1.1": "ZPL-1.1",
    "zope-2.0": "ZPL-2.0",
    "zope-2.1": "ZPL-2.1",
}
"""Short names of the format (section 7.1.1) that have a counterpart. `Artistic`, `Python`, `Perl`, `public-domain` do
not: which text is meant, or that there is one, they do not say."""
_EXCEPTIONS = {
    "classpath": "Classpath-exception-2.0",
    "font": "Font-exception-2.0",
    "libtool": "Libtool-exception",
    "linux-syscall-note": "Linux-syscall-note",
    "llvm": "LLVM-exception",
}


def licensed(view: FilesystemView, packages: Iterable[Package], problems: Problems) -> Iterator[Package]:
    """The packages with what their copyright files say, links followed within the view."""
    left = IN_ALL
    known: dict[str, tuple[bytes, tuple[str, ...]]] = {}
    told: dict[str, tuple[str, ...]] = {}
    for package in packages:
        if package.state != "installed" or "/" in package.name:
            yield package
            continue
        if package.name not in told:
            path = f"{FOLDER}/{package.name}/{NAME}"
            data = _contents(view, path, problems) if left > 0 else b""
            left -= len(data)
            if data and left <= 0:
                problems.add(path, f"further such files are not read: these had {IN_ALL} bytes")
            told[package.name] = _as_before(known, package.source_name, data)
        found = told[package.name]
        yield replace(package, licences=found) if found else package


def _contents(view: FilesystemView, path: str, problems: Problems) -> bytes:
    try:
        return view.read(path, LIMIT)
    except FilesystemError as error:
        problems.caught(error)
        return b""


def _as_before(known: dict[str, tuple[bytes, tuple[str, ...]]], source: str, data: bytes) -> tuple[str, ...]:
    """The licences; packages of one source mostly have equal files, and such a file is not searched again."""
    before = known.get(source)
    if before and before[0] == data:
        return before[1]
    found = licences(data)
    if len(known) >= _REMEMBERED:
        known.clear()
    known[source] = (data, found)
    return found


def licences(data: bytes) -> tuple[str, ...]:
    """SPDX expressions and other names, in the order of the stanzas; none where the file is not in the format."""
    names = (spdx(name.decode("utf-8", "surrogateescape")) for name in _short_names(data))
    return tuple(dict.fromkeys(names))


def essence(data: bytes) -> bytes:
    """A file of the same format, of at most some kilobytes, that tells the same licences; empty for one in prose."""
    names = _short_names(data)
    return _FORMAT + b"".join(b"\nFiles: *\nLicense: %b\n" % name for name in names) if names else b""


def _short_names(data: bytes) -> list[bytes]:
    """The first line of each `License` field of a `Files` stanza, each once.

    The longest files are megabytes of texts, so they are searched for fields, each byte a bounded number of times,
    rather than split into lines. An empty line right before `License` is a slip that people make: the stanza goes on.
    """
    if not _in_the_format(data):
        return []
    names: dict[bytes, None] = {}
    field = b"\nFiles:" if b"\nFiles:" in data else b"\nfiles:"
    start = data.find(field)
    licence = 0
    while start >= 0:
        if 0 <= licence <= start:
            licence = data.find(b"\nLicense:", start)
        end = data.find(b"\n\n", start, licence if licence >= 0 else len(data))
        if licence >= 0 > end:
            name, start = _first_line(data, licence)
        else:
            end = end if end >= 0 else len(data)
            name, start = _spelled_otherwise(data[start:end]), end
        names[name or UNNAMED.encode()] = None
        if len(names) > NAMES:
            return [*list(names)[:NAMES], UNNAMED.encode()]
        start = data.find(field, start)
    return list(names)


def _in_the_format(data: bytes) -> bool:
    """Whether the first stanza has a `Format` field that names it."""
    header = data[:_HEADER].removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n\n")[0].lower()
    start = 0 if header.startswith(b"format:") else header.find(b"\nformat:") + 1
    if not header.startswith(b"format:", start):
        return False
    value = header[start:].partition(b"\n")[0]
    return any(known in value for known in _KNOWN_FORMATS)


def _first_line(data: bytes, field: int) -> tuple[bytes, int]:
    """(short name, where its line ends); empty where there is none or what is there is too long for a name."""
    begin = field + len("\nLicense:")
    end = data.find(b"\n", begin)
    end = len(data) if end < 0 else end
    name = b" ".join(data[begin:end].split()) if end - begin <= 2 * NAME_LENGTH else b""
    return (name if len(name) <= NAME_LENGTH else b""), end


def _spelled_otherwise(stanza: bytes) -> bytes:
    """Names of fields may be in any case, though hardly anybody makes use of that."""
    field = stanza.lower().find(b"\nlicense:")
    return _first_line(stanza, field)[0] if field >= 0 else b""


@lru_cache(maxsize=4096)
def spdx(name: str) -> str:
    """The SPDX expression of the first line of a `License` field; what has no counterpart in it stays as written.

    `and` binds more tightly than `or`, as in SPDX; a comma before either binds less than both (section 7.2).
    """
    first, *rest = [piece.strip() for piece in name.split(",")]
    if not rest:
        return _joined(first) or name
    operators = {piece.partition(" ")[0].lower() for piece in rest}
    pieces = [_joined(first), *(_joined(piece.partition(" ")[2]) for piece in rest)]
    if operators not in ({"and"}, {"or"}) or not all(pieces):
        return name
    return f" {operators.pop().upper()} ".join(f"({piece})" if " " in piece else piece for piece in pieces)


def _joined(piece: str) -> str:
    """An expression without commas; empty where an operator has nothing to stand between."""
    parts: list[str] = []
    words: list[str] = []
    for word in [*piece.split(), ""]:
        if word and word.lower() not in {"and", "or"}:
            words.append(word)
            continue
        if not words:
            return ""
        parts += [_one(words), word.upper()]
        words = []
    return " ".join(parts[:-1])


def _one(words: list[str]) -> str:
    """`GPL-2+ with Libtool exception` is `GPL-2.0-or-later WITH Libtool-exception`."""
    if len(words) == 1:
        return _identifier(words[0]) or words[0]
    if (
        len(words) in {3, 4}
        and words[1].lower() == "with"
        and [word.lower() for word in words[3:]] in ([], ["exception"])
    ):
        licence, exception = _identifier(words[0]), _exception(words[2])
        if licence and exception:
            return f"{licence} WITH {exception}"
    return " ".join(words)


def _exception(word: str) -> str:
    return _EXCEPTIONS.get(word.lower().removesuffix("-exception"), "")


def _identifier(name: str) -> str:
    lower = name.lower()
    gnu = _GNU.match(lower)
    if gnu is None:
        return _IDENTIFIERS.get(lower, "")
    family, stated, later = gnu.groups()
    letters, _, invariants = family.partition("-")
    version = _GNU_VERSIONS[letters].get(stated.removesuffix(".0"))
    if version is None:
        return ""
    return f"{letters.upper()}-{version}-{'no-invariants-' if invariants else ''}{'or-later' if later else 'only'}"
