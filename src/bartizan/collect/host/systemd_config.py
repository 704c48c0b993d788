"""Configuration of a systemd daemon as systemd reads it: one main file, then drop-ins; a key's last assignment wins.

    /etc/systemd/journald.conf              [Journal]  Storage=auto
    /usr/lib/systemd/journald.conf.d/*.conf [Journal]  Storage=persistent

The main file is the first that exists in `/etc`, `/run`, `/usr/local/lib`, `/usr/lib` (of old, only in `/etc`, and no
package brought another). A drop-in in an earlier folder hides one of the same name in a later one, as does an empty one
or a link to /dev/null (systemd-system.conf(5), journald.conf(5)).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.text import drop_ins, printable, read_attribute
from bartizan.collect.interface import Problems

FOLDERS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
_BOOLEANS = {"1", "yes", "y", "true", "t", "on"}, {"0", "no", "n", "false", "f", "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One `Key=value` with the place where it stands."""

    key: str
    value: str
    source: str
    """`path:line`."""


def sources(view: FilesystemView, problems: Problems, name: str, attribute: str) -> list[str]:
    """The files that count for `journald.conf` or the like, in the order in which they are read."""
    mains = (f"{folder}/systemd/{name}" for folder in FOLDERS)
    main = next((path for path in mains if exists(view, path)), None)
    folders = tuple(f"{folder}/systemd/{name}.d" for folder in FOLDERS)
    return [*([main] if main else []), *drop_ins(view, problems, folders, ".conf", attribute)]


def assignments(
    view: FilesystemView, problems: Problems, paths: list[str], section: str, attribute: str
) -> Iterator[Assignment]:
    """Every assignment of one section, in the order in which they are read. What cannot be read makes `attribute`
    unknown."""
    for path in paths:
        if _hides(view, path):
            continue
        text = read_attribute(view, problems, path, attribute)
        yield from parse(text or "", printable(path), section)


def _hides(view: FilesystemView, path: str) -> bool:
    """Whether the file is there only to hide another: a link to /dev/null."""
    try:
        return view.readlink(path) == "/dev/null"
    except FilesystemError:
        return False


def parse(text: str, source: str, section: str) -> Iterator[Assignment]:
    """Assignments of one section: comments begin with `#` or `;`, a backslash at the end joins the next line."""
    here = ""
    joined, begun = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped[:1] in ("#", ";") or (not stripped and not joined):
            continue
        if not joined:
            begun = number
        if stripped.endswith("\\"):
            joined += stripped[:-1] + " "
            continue
        whole, joined = (joined + stripped).strip(), ""
        head = _SECTION.fullmatch(whole)
        if head:
            here = head[1]
            continue
        key, equals, value = whole.partition("=")
        if equals and here == section:
            yield Assignment(key=key.strip(), value=value.strip(), source=f"{source}:{begun}")


_SECTION = re.compile(r"\[(.+)\]")


def boolean(value: str) -> str | None:
    """`yes` or `no` for what systemd takes for one of them, otherwise None."""
    for word, spellings in zip(("yes", "no"), _BOOLEANS, strict=True):
        if value.lower() in spellings:
            return word
    return None
