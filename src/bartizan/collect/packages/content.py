"""Reading package files within bounds: text, JSON and TOML of a file, or None with the problem noted; and parts of such
values that need not be what they should be.

A lock file has no reason to be larger than LOCK_LIMIT; what is larger is reported, never read, so that one hostile file
cannot exhaust memory.
"""

import json
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, Missing
from bartizan.collect.interface import Problems

LOCK_LIMIT = 32 << 20
DATABASE_LIMIT = 64 << 20
TOML_LIMIT = 16 << 20
"""Smaller than for JSON: the standard library's TOML parser takes a second for each megabyte."""


def read_bytes(view: FilesystemView, path: str, problems: Problems, limit: int = LOCK_LIMIT) -> bytes | None:
    """Whole contents; None where the file is gone, unreadable or larger than `limit`."""
    try:
        return view.read(path, limit)
    except FilesystemError as error:
        problems.caught(error)
        return None


def read_head(view: FilesystemView, path: str, problems: Problems, size: int) -> bytes | None:
    """At most the first `size` bytes, whatever the file's size."""
    try:
        with view.open(path) as stream:
            return stream.read(size)
    except FilesystemError as error:
        problems.caught(error)
    except OSError as error:
        problems.add(path, error.strerror or str(error))
    return None


def read_text(view: FilesystemView, path: str, problems: Problems, limit: int = LOCK_LIMIT) -> str | None:
    """Contents as UTF-8 without a byte order mark; bytes that are not UTF-8 are noted and come out as U+FFFD."""
    data = read_bytes(view, path, problems, limit)
    return None if data is None else decode(data, path, problems)


def decode(data: bytes, path: str, problems: Problems) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so (.NET tools write it)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(f"{path}:{line}", "not UTF-8; the bytes were replaced")
        return data.decode("utf-8-sig", "replace")


def read_json(view: FilesystemView, path: str, problems: Problems, limit: int = LOCK_LIMIT) -> Any:
    """The JSON value, or None with the problem noted."""
    text = read_text(view, path, problems, limit)
    if text is None:
        return None
    return parse_json(text, path, problems)


def parse_json(text: str, path: str, problems: Problems) -> Any:
    """The JSON value, or None with the problem and its position noted."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problems.add(f"{path}:{error.lineno}", f"not JSON: {error.msg} in column {error.colno}")
    except RecursionError:
        problems.add(path, "JSON is nested too deeply")
    except ValueError as error:  # an integer of more digits than Python converts
        problems.add(path, f"not JSON that can be read: {error}")
    return None


def read_json_table(view: FilesystemView, path: str, problems: Problems, limit: int = LOCK_LIMIT) -> dict[str, Any]:
    """The JSON object; an empty one, with the problem noted, where the file holds anything else."""
    before = len(problems.found)
    value = read_json(view, path, problems, limit)
    if not isinstance(value, dict) and len(problems.found) == before:
        problems.add(path, "is not a JSON object")
    return table_of(value)


def read_toml(view: FilesystemView, path: str, problems: Problems, limit: int = TOML_LIMIT) -> dict[str, Any] | None:
    """The TOML document, or None with the problem noted."""
    text = read_text(view, path, problems, limit)
    if text is None:
        return None
    import tomllib  # slow to import, and few files are written in it

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.add(path, f"not TOML: {error}")
    except RecursionError:
        problems.add(path, "TOML is nested too deeply")
    except ValueError as error:  # a date that is none, an integer of more digits than Python converts
        problems.add(path, f"not TOML that can be read: {error}")
    return None


def text_of(value: object) -> str:
    """The value where it is text, otherwise empty."""
    return value if isinstance(value, str) else ""


def table_of(value: object) -> dict[str, Any]:
    """The value where it is a mapping, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """The value where it is a list, otherwise an empty one."""
    return value if isinstance(value, list) else []


def missing(view: FilesystemView, path: str) -> bool:
    """Whether there is nothing at the path; an unreadable path is not missing."""
    try:
        view.lstat(path)
    except Missing:
        return True
    except FilesystemError:
        return False
    return False
