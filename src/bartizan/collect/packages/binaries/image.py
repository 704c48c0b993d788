"""The map of an executable: sections and loaded segments of ELF, PE and Mach-O files, read with a few short reads.

ELF: System V ABI, "ELF Header", "Sections", "Program Header". PE: Microsoft's PE format, "COFF File Header", "Section
Table". Mach-O: `mach-o/loader.h`; of a universal file the first architecture is read.
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

_FARTHEST = 1 << 62
"""No file is that long; headers may say so, and no seek reaches beyond it."""
MAX_SECTIONS = 2000
_NAMES_LIMIT = 1 << 20
_COMMANDS_LIMIT = 1 << 20


class BadImage(ValueError):
    """Not an executable, or a damaged one; the message says why."""


@dataclass(frozen=True, slots=True)
class Section:
    """A named part of the file."""

    name: str
    address: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is loaded at an address."""

    address: int
    offset: int
    size: int
    writable: bool


@dataclass(slots=True)
class Image:
    """Where an executable keeps what."""

    file: BinaryIO
    order: str
    """`<` or `>`, as in `struct`."""
    sections: list[Section] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    def section(self, *names: str) -> Section | None:
        """The first section with one of these names."""
        return next((section for section in self.sections if section.name in names), None)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the file; fewer where it ends."""
        if offset >= _FARTHEST:
            return b""
        self.file.seek(offset)
        return self.file.read(size)

    def read_address(self, address: int, size: int) -> bytes:
        """Bytes by their address in memory; empty where nothing of the file lies there."""
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.size:
                inside = address - segment.address
                return self.read(segment.offset + inside, min(size, segment.size - inside))
        return b""


def is_executable(head: bytes) -> bool:
    """Whether a file that begins like this may be an executable."""
    return head[:4] == b"\x7fELF" or head[:2] == b"MZ" or head[:4] in _MACHO


def open_image(file: BinaryIO) -> Image:
    """The map of the file. Raises `BadImage`, and what the stream raises."""
    head = file.read(64)
    try:
        if head[:4] == b"\x7fELF":
            return _elf(file, head)
        if head[:2] == b"MZ":
            return _pe(file, head)
        if head[:4] in _MACHO:
            return _macho(file, head)
    except (struct.error, IndexError) as error:
        raise BadImage(f"its headers are cut off: {error}") from error
    raise BadImage("is no executable")


def _elf(file: BinaryIO, head: bytes) -> Image:
    wide, order = head[4] == 2, ">" if head[5] == 2 else "<"
    image = Image(file, order)
    layout = f"{order}16xHHI" + ("QQQ" if wide else "III") + "I6H"
    _, _, _, _, program_at, section_at, _, _, program_size, programs, section_size, sections, names = struct.unpack(
        layout, head[: struct.calcsize(layout)]
    )
    if sections > MAX_SECTIONS or programs > MAX_SECTIONS:
        raise BadImage(f"claims {sections} sections and {programs} segments")
    table = image.read(section_at, section_size * sections)
    entry = f"{order}II" + ("QQQQ" if wide else "IIII")
    rows = [
        struct.unpack_from(entry, table, index * section_size)
        for index in range(sections if section_size >= struct.calcsize(entry) else 0)
        if (index + 1) * section_size <= len(table)
    ]
    text = image.read(rows[names][4], min(rows[names][5], _NAMES_LIMIT)) if names < len(rows) else b""
    for name, kind, _, address, offset, size in rows:
        stored = 0 if kind == 8 else size  # SHT_NOBITS has no bytes in the file
        image.sections.append(Section(_name(text, name), address, offset, stored))
    table = image.read(program_at, program_size * programs)
    for index in range(programs):
        at = index * program_size
        if wide:
            kind, flags, offset, address, _, size = struct.unpack_from(f"{order}IIQQQQ", table, at)
        else:
            kind, offset, address, _, size, _, flags = struct.unpack_from(f"{order}7I", table, at)
        if kind == 1:
            image.segments.append(Segment(address, offset, size, bool(flags & 2)))
    return image


def _name(text: bytes, at: int) -> str:
    end = text.find(b"\0", at)
    return text[at : end if end >= 0 else len(text)].decode("latin-1")


def _pe(file: BinaryIO, head: bytes) -> Image:
    image = Image(file, "<")
    at = struct.unpack_from("<I", head, 60)[0]
    coff = image.read(at, 24)
    if coff[:4] != b"PE\0\0":
        raise BadImage("is an MS-DOS program, not a PE file")
    _, sections, _, _, _, optional, _ = struct.unpack_from("<HHIIIHH", coff, 4)
    if sections > MAX_SECTIONS:
        raise BadImage(f"claims {sections} sections")
    options = image.read(at + 24, optional)
    base = (
        struct.unpack_from("<Q", options, 24)[0]
        if options[:2] == b"\x0b\x02"
        else struct.unpack_from("<I", options, 28)[0]
    )
    table = image.read(at + 24 + optional, sections * 40)
    for index in range(len(table) // 40):
        raw, size, address, stored, offset = struct.unpack_from("<8sIIII", table, index * 40)
        flags = struct.unpack_from("<I", table, index * 40 + 36)[0]
        length = min(size or stored, stored)
        image.sections.append(Section(raw.rstrip(b"\0").decode("latin-1"), base + address, offset, length))
        image.segments.append(Segment(base + address, offset, length, bool(flags & 0x80000000)))
    return image


_MACHO = {
    b"\xce\xfa\xed\xfe": ("<", False),
    b"\xcf\xfa\xed\xfe": ("<", True),
    b"\xfe\xed\xfa\xce": (">", False),
    b"\xfe\xed\xfa\xcf": (">", True),
    b"\xca\xfe\xba\xbe": (">", False),  # universal; also the magic of Java classes, told apart by the count
}
_UNIVERSAL = b"\xca\xfe\xba\xbe"


def _macho(file: BinaryIO, head: bytes) -> Image:
    base = 0
    if head[:4] == _UNIVERSAL:
        count, _, _, base = struct.unpack_from(">IIII", head, 4)
        if not 0 < count < 20:
            raise BadImage("is a Java class, not a universal Mach-O file")
        file.seek(base)
        head = file.read(32)
        if head[:4] not in _MACHO or head[:4] == _UNIVERSAL:
            raise BadImage("its first architecture is no Mach-O file")
    order, wide = _MACHO[head[:4]]
    image = Image(file, order)
    commands, size = struct.unpack_from(f"{order}II", head, 16)
    data = image.read(base + (32 if wide else 28), min(size, _COMMANDS_LIMIT))
    at = 0
    for _ in range(min(commands, MAX_SECTIONS)):
        if at + 8 > len(data):
            break
        command, length = struct.unpack_from(f"{order}II", data, at)
        if command == (0x19 if wide else 0x01):
            _macho_segment(image, data[at : at + length], base, wide)
        at += max(length, 8)
    return image


def _macho_segment(image: Image, data: bytes, base: int, wide: bool) -> None:
    layout = image.order + ("QQQQ" if wide else "IIII") + "iiII"
    address, _, offset, stored, _, protection, count, _ = struct.unpack_from(layout, data, 24)
    image.segments.append(Segment(address, base + offset, stored, bool(protection & 2)))
    start = 24 + struct.calcsize(layout)
    step = 80 if wide else 68
    for index in range(min(count, (len(data) - start) // step)):
        at = start + index * step
        name = data[at : at + 16].rstrip(b"\0").decode("latin-1")
        where, size = struct.unpack_from(image.order + ("QQ" if wide else "II"), data, at + 32)
        place = struct.unpack_from(f"{image.order}I", data, at + (48 if wide else 40))[0]
        image.sections.append(Section(name, where, base + place, size))
