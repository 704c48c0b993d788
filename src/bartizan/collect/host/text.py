"""Text files of a host: read whole, decoded so that every byte survives in a printable form.

What is not UTF-8 appears as `\\xff`, so that facts are always valid Unicode, whatever a file holds.
A missing file is a fact (None, no problem); one that cannot be read is a problem.
"""

import os
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import Entry, FileKind, FilesystemError, FilesystemView, Missing
from bartizan.collect.interface import Problems

LIMIT = 4 << 20
"""Bytes; configuration files larger than this are not configuration."""


def read_text(view: FilesystemView, problems: Problems, path: str, *, limit: int = LIMIT) -> str | None:
    """The file's text, or None where there is none or it cannot be read."""
    try:
        return decode(view.read(path, limit))
    except FilesystemError as error:
        caught(problems, error)
        return None


def caught(problems: Problems, error: FilesystemError, attribute: str = "") -> None:
    """Record a failed read: of a file, or, where `attribute` is given, of the named attribute of the section."""
    if isinstance(error, Missing):
        return
    path = printable(error.path)
    if attribute:
        problems.add("@" + attribute, f"{path}: {error.reason}")
    else:
        problems.add(path, error.reason)


def read_attribute(view: FilesystemView, problems: Problems, path: str, attribute: str) -> str | None:
    """As `read_text`, but a failure makes the named attribute of the section unknown."""
    try:
        return decode(view.read(path, LIMIT))
    except FilesystemError as error:
        caught(problems, error, attribute)
        return None


def decode(data: bytes) -> str:
    """UTF-8, other bytes as `\\xff`."""
    return data.decode("utf-8", "backslashreplace")


def printable(name: str) -> str:
    """A path as the view gives it (`surrogateescape`) in the form that facts have."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def value(view: FilesystemView, problems: Problems, path: str) -> str | None:
    """A file that holds one value, as in `/proc` and `/sys`; None where it is missing or cannot be read."""
    text = read_text(view, problems, path, limit=64 << 10)
    return None if text is None else text.strip().strip("\0")


def uncommented(text: str, marks: str = "#") -> Iterator[tuple[int, str]]:
    """(line number, stripped line) of the lines that are neither empty nor whole-line comments."""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and stripped[0] not in marks:
            yield number, stripped


def listed(view: FilesystemView, problems: Problems, folder: str, attribute: str = "") -> list[Entry]:
    """The names in a folder, sorted; none where it is missing or cannot be read (then `attribute` is unknown)."""
    try:
        return list(view.list(folder))
    except FilesystemError as error:
        caught(problems, error, attribute)
        return []


def files_in(view: FilesystemView, problems: Problems, folder: str, suffix: str = "", attribute: str = "") -> list[str]:
    """Paths of the files and links in a folder whose names end in `suffix`, sorted by name."""
    wanted = (FileKind.FILE, FileKind.LINK)
    return [e.path for e in listed(view, problems, folder, attribute) if e.kind in wanted and e.name.endswith(suffix)]


def drop_ins(
    view: FilesystemView, problems: Problems, folders: tuple[str, ...], suffix: str, attribute: str = ""
) -> list[str]:
    """Paths of the files that count among folders in order of precedence: a name in an earlier folder hides the same
    name in a later one; what counts is read in order of the names (sysctl.d(5), modprobe.d(5), systemd.unit(5))."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in files_in(view, problems, folder, suffix, attribute):
            found.setdefault(path.rpartition("/")[2], path)
    return [found[name] for name in sorted(found)]


def assignments(text: str) -> dict[str, str]:
    """`NAME=value` lines as in os-release(5) and `/etc/default`: quotes taken off the value, the last one wins."""
    out: dict[str, str] = {}
    for _, line in uncommented(text):
        name, equals, raw = line.removeprefix("export ").partition("=")
        if equals and name.strip().isidentifier():
            out[name.strip()] = unquote(raw.strip())
    return out


def unquote(raw: str) -> str:
    """A shell word: quotes taken off, backslash escapes resolved in double quotes; a comment after it dropped."""
    if raw[:1] == "'":
        return raw[1:].partition("'")[0]
    out = []
    quoted = raw[:1] == '"'
    position = 1 if quoted else 0
    while position < len(raw):
        char = raw[position]
        if char == "\\" and position + 1 < len(raw):
            position += 1
            out.append(raw[position])
        elif char == '"' if quoted else char == "#" and (not out or out[-1] in " \t"):
            break
        else:
            out.append(char)
        position += 1
    return "".join(out) if quoted else "".join(out).rstrip()


def number(text: str | None) -> int | None:
    """A decimal number, or None."""
    if text is None:
        return None
    body = text.strip()
    digits = body[1:] if body[:1] in ("-", "+") else body
    return int(body) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else None
