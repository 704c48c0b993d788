"""Programs with what scanners look for inside, and nothing that runs: small ELF files built byte by byte."""

import struct
from collections.abc import Mapping


def elf(sections: Mapping[str, bytes], padding: int = 40_000) -> bytes:
    """A 64-bit little-endian ELF file with these sections, each loaded at 0x400000 plus its offset. The padding makes
    it as large as files have to be to be taken for programs."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in sections) + b".shstrtab\0"
    body, rows = bytearray(64 + 56), [bytes(64)]
    for name, data in (*sections.items(), (".shstrtab", names)):
        body += bytes(-len(body) % 16)
        at = names.find(b"\0" + name.encode() + b"\0") + 1
        rows.append(struct.pack("<IIQQQQIIQQ", at, 1, 2, 0x400000 + len(body), len(body), len(data), 0, 0, 1, 0))
        body += data
    body += bytes(padding)
    head = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, len(body), 0, 64, 56, 1, 64, len(rows), len(rows) - 1
    )
    body[:64] = head
    body[64:120] = struct.pack("<IIQQQQQQ", 1, 6, 0, 0x400000, 0, len(body), len(body), 4096)
    return bytes(body) + b"".join(rows)


def go_info(version: str, modules: str) -> bytes:
    """Go's build information: its version, and lines about modules."""
    framed = "0" * 16 + modules + "1" * 16 if modules else ""
    return b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + _counted(version) + _counted(framed)


def redis(version: str) -> bytes:
    """A `redis-server`: its version by itself, and with host and time of the build."""
    text = version.encode()
    return elf({".rodata": b"\0" + text + b"\0x\0" + text + b"buildhost-1704790000000000000\0"})


def _counted(text: str) -> bytes:
    data, length, out = text.encode(), len(text.encode()), b""
    while length > 0x7F:
        out += bytes([length & 0x7F | 0x80])
        length >>= 7
    return out + bytes([length]) + data
