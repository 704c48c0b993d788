"""Raw disks for tests: file systems by mke2fs, partition tables written byte by byte."""

import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

LINUX = UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


class NoMke2fs(Exception):
    """It is not installed."""


def ext4_image(path: Path, folder: Path | None, *options: str, megabytes: int = 16) -> Path:
    """A file system with the folder's files in it."""
    program = shutil.which("mke2fs") or shutil.which("mke2fs", path="/usr/sbin:/sbin")
    if not program:
        raise NoMke2fs("mke2fs is not installed. On Debian: apt-get install e2fsprogs")
    source = ["-d", str(folder)] if folder else []
    command = [
        program,
        "-q",
        "-F",
        *(options if "-t" in options else ("-t", "ext4", *options)),
        *source,
        str(path),
        f"{megabytes}M",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "MKE2FS_SYNC": "0"})
    assert done.returncode == 0, done.stderr
    return path


def with_mbr(path: Path, parts: Sequence[tuple[int, bytes]], *, logical: Sequence[bytes] = ()) -> Path:
    """A disk with primary partitions (type, contents), and logical ones in an extended one."""
    table, body, sector = bytearray(512), b"", 2048
    entries = []
    for kind, given in parts:
        contents = _padded(given, 512)
        entries.append((kind, sector, len(contents) // 512))
        body += contents
        sector += len(contents) // 512
    if logical:
        base, chain = sector, b""
        for number, given in enumerate(logical):
            contents = _padded(given, 512)
            record = bytearray(512)
            struct.pack_into("<4xB3xII", record, 446, 0x83, 1, len(contents) // 512)
            after = len(chain) // 512 + 1 + len(contents) // 512
            if number + 1 < len(logical):
                struct.pack_into("<4xB3xII", record, 462, 0x05, after, 2 + len(logical[number + 1]) // 512)
            record[510:512] = b"\x55\xaa"
            chain += bytes(record) + contents
        entries.append((0x05, base, len(chain) // 512))
        body += chain
    for number, (kind, start, count) in enumerate(entries):
        struct.pack_into("<4xB3xII", table, 446 + 16 * number, kind, start, count)
    struct.pack_into("<I", table, 440, 0xC0FFEE01)
    table[510:512] = b"\x55\xaa"
    path.write_bytes(bytes(table) + bytes(2047 * 512) + body)
    return path


def with_gpt(path: Path, parts: Sequence[tuple[str, bytes]], *, sector: int = 512) -> Path:
    """A disk with named partitions."""
    entries, body = b"", b""
    at = (1 << 20) // sector
    for number, (name, given) in enumerate(parts, 1):
        contents = _padded(given, sector)
        last = at + len(contents) // sector - 1
        entries += LINUX.bytes_le + UUID(int=number).bytes_le + struct.pack("<QQQ", at, last, 0)
        entries += name.encode("utf-16-le").ljust(72, b"\0")
        body += contents
        at = last + 1
    entries = entries.ljust(128 * 128, b"\0")
    header = bytearray(92)
    struct.pack_into(
        "<8sIII4xQQQQ16sQIII",
        header,
        0,
        b"EFI PART",
        0x10000,
        92,
        0,
        1,
        at,
        34,
        at - 1,
        b"\1" * 16,
        2,
        128,
        128,
        zlib.crc32(entries),
    )
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    protective = bytearray(sector)
    struct.pack_into("<4xB3xII", protective, 446, 0xEE, 1, 0xFFFFFFFF)
    protective[510:512] = b"\x55\xaa"
    front = bytes(protective) + bytes(header).ljust(sector, b"\0") + entries
    path.write_bytes(front.ljust(1 << 20, b"\0") + body)
    return path


def _padded(contents: bytes, size: int) -> bytes:
    return contents + bytes(-len(contents) % size)
