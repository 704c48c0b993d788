"""YAML documents with positions, read strictly.

Content is written by people and by whoever may push to a policy repository, so the dialect is small: YAML 1.2 core
scalars (`no`, `on` and `0640` are strings; only `true` and `false` are booleans), no anchors or aliases, no tags, no
duplicate keys, bounded size and depth. Every value keeps its line, so that an error can say `file:line`.

    policies:
      - id: host-ssh-root-login        # line 2
        check: resource.sshd.present   # line 3
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bartizan.content import FOLDER, remembered

REVISION = 1
"""Raised when the same bytes may be read as something else."""
MAX_BYTES = 4 << 20

Step = str | int
Where = tuple[Step, ...]


class ContentError(Exception):
    """A content file says something that cannot be used; `str()` is `file:line: message`."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path = path
        self.line = line
        self.message = message


Lines = Mapping[Where, int]
"""Where each value (for a mapping's entry: its key) stands, from 1."""


class Document:
    """A parsed file."""

    __slots__ = ("_lines", "_told", "path", "value")

    def __init__(self, path: str, value: Any, lines: Callable[[], Lines]) -> None:
        """`lines` is asked when a line is."""
        self.path = path
        self.value = value
        self._told = lines
        self._lines: Lines | None = None

    @property
    def lines(self) -> Lines:
        if self._lines is None:
            self._lines = self._told()
        return self._lines

    def line(self, where: Where) -> int:
        """The line of the value at that path, or of the nearest thing around it."""
        lines = self.lines
        while where and where not in lines:
            where = where[:-1]
        return lines.get(where, 1)

    def error(self, where: Where, message: str) -> ContentError:
        return ContentError(self.path, self.line(where), message)


def read_document(path: Path, name: str = "") -> Document:
    """Parse one file; `name` is how errors call it (default: the path as given)."""
    name = name or str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ContentError(name, 0, f"cannot be read: {error.strerror} (check the path and its permissions)") from None
    if FOLDER not in path.parents:
        return parse_document(data, name)
    known = remembered.recall(path, data, REVISION)
    if known is not None:
        return Document(name, known.value, known.lines)
    document = parse_document(data, name)
    remembered.keep(path, data, REVISION, document.value, document.lines)
    return document


def parse_document(data: bytes, name: str) -> Document:
    """Parse bytes; raises ContentError with the line of whatever is not understood."""
    from bartizan.content.yaml_dialect import read  # with PyYAML, which takes longer than all that is remembered

    if len(data) > MAX_BYTES:
        raise ContentError(name, 0, f"larger than {MAX_BYTES >> 20} MiB (split the file)")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ContentError(name, line, "not UTF-8 (save the file as UTF-8)") from None
    value, lines = read(text, name)
    return Document(name, value, lambda: lines)
