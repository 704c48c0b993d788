"""The server's own secrets: one random file each in `keys/`, mode 0600, made at the first start.

`uplink.key` is the master key from which every sensor's key is derived. Losing it means that all sensors enrol again;
whoever reads it can speak as any sensor. It is in no database and no backup of one.
"""

import os
import secrets
from pathlib import Path

from bartizan.server.settings import CannotStart

SIZE = 32
"""Bytes."""


def load_or_make(folder: Path, name: str) -> bytes:
    """The key in `folder/name.key`; refuses one that others can read."""
    path = folder / f"{name}.key"
    try:
        return _make(path) if not path.exists() else _load(path)
    except OSError as error:
        raise CannotStart(f"the key {path} cannot be used: {error.strerror or error}") from error


def _load(path: Path) -> bytes:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise CannotStart(f"the key {path} has the mode {mode:04o}, so others can read it. Run: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != SIZE:
        raise CannotStart(f"the key {path} does not hold {2 * SIZE} hexadecimal digits. Restore it from a backup.")
    return key


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(SIZE)
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    # Two servers that start at once must agree: only one of them makes the name.
    try:
        os.link(fresh, path)
    except FileExistsError:
        return _load(path)
    finally:
        fresh.unlink()
    return key
