"""What YAML of the program's own content was read as, kept beside it as Python keeps byte code beside its sources.

    content/malware/__pycache__/bots.dat    packed JSON: [digest of the YAML, value, lines]

Reading the rules anew takes a tenth of the time in which a small image is to be scanned, and PyYAML another twentieth.
What is here counts only for the very bytes that it was made from, is plain JSON, and is read past where another user
might have written it. It is packed because rules for malware, written out a second time, would be found as malware.
"""

import hashlib
import json
import os
import sys
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_OTHERS_WRITE = 0o022
_MOST = 16 << 20
"""Bytes unpacked."""


class Remembered:
    """A value, and the lines of what is in it for whoever asks."""

    __slots__ = ("_told", "value")

    def __init__(self, value: Any, told: str) -> None:
        self.value = value
        self._told = told

    def lines(self) -> dict[tuple[str | int, ...], int]:
        return {tuple(where): line for where, line in json.loads(self._told)}


def recall(path: Path, data: bytes, revision: int) -> Remembered | None:
    """What was made of a file that held these bytes; None where that is not known."""
    try:
        with _place(path).open("rb") as stream:
            found = os.fstat(stream.fileno())
            if found.st_uid not in (0, os.geteuid()) or found.st_mode & _OTHERS_WRITE:
                return None
            packed = stream.read()
        stated, value, lines = json.loads(zlib.decompressobj().decompress(packed, _MOST))
    except (OSError, ValueError, TypeError, zlib.error, RecursionError):
        return None
    return Remembered(value, lines) if stated == _key(data, revision) and isinstance(lines, str) else None


def keep(path: Path, data: bytes, revision: int, value: Any, lines: Mapping[tuple[str | int, ...], int]) -> None:
    """Remember it, where byte code would be kept and may be written."""
    if sys.dont_write_bytecode:
        return
    place = _place(path)
    new = place.with_name(f".{place.name}.{os.getpid()}")
    told = json.dumps([[list(where), line] for where, line in lines.items()], separators=(",", ":"))
    packed = zlib.compress(json.dumps([_key(data, revision), value, told], separators=(",", ":")).encode())
    with suppress(OSError):
        place.parent.mkdir(exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(packed)
            new.replace(place)
        except OSError:
            new.unlink()


def _place(path: Path) -> Path:
    return path.parent / "__pycache__" / f"{path.stem}.dat"


def _key(data: bytes, revision: int) -> str:
    return hashlib.sha256(b"%d\n" % revision + data).hexdigest()
