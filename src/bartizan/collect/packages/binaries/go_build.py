"""Build information that the Go linker writes into executables (Go's `debug/buildinfo`).

    \\xff Go buildinf:  <pointer size> <flags>

Since Go 1.18 (flag 2) two strings follow at byte 32, each with its length as a varint: Go's version and the modules.
Before, two pointers to Go strings stand at byte 16. The modules are lines between markers of 16 bytes:

    path    example.com/tool        (cmd/go for the toolchain's own commands)
    mod     example.com/tool        (devel)
    dep     golang.org/x/net        v0.17.0  h1:...
    =>      example.com/fork/net    v0.18.0  h1:...
    build   -ldflags="-X main.version=1.2.3"
"""

import re
import struct
from collections.abc import Iterator

from bartizan.collect.packages.binaries.image import Image
from bartizan.collect.packages.golang.names import module
from bartizan.model.package import Package

MAGIC = b"\xff Go buildinf:"
_SEARCH = 1 << 20
_STRING_LIMIT = 8 << 20
_GO = re.compile(r"^go(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)")
_VERSION_FLAG = re.compile(
    r"-X[ =]['\"]?(?P<package>[\w./-]*?)\.(?:(?:build|full|git|app|release|program)?[vV]ersion|[sS]em[vV]er|VERSION"
    r"|(?:Build|Full|Git|App|Release|Program)Version)"
    r"=v?(?P<version>\d+\.\d+(?:\.\d+)?[\w.+-]*)"
)


def packages(image: Image, path: str) -> Iterator[Package]:
    """The standard library, every module of the build, and for `go`, `gofmt` and their like the toolchain, of which
    advisories speak as of a module; nothing where it is no Go program."""
    found = build_info(image)
    if found is None:
        return
    version, lines = found
    toolchain = _GO.match(version)
    if toolchain or lines:
        yield module("stdlib", toolchain[1] if toolchain else "", path)
    if toolchain and any(line.startswith("path\tcmd/") for line in lines):
        yield module("toolchain", toolchain[1], path)
    flags = "\n".join(line for line in lines if line.startswith("build\t-ldflags"))
    last: tuple[str, str, bool] | None = None
    for line in lines:
        kind, *parts = line.split("\t")
        if kind == "=>" and last and len(parts) >= 2:  # takes the place of the module before it
            last = (parts[0], parts[1], last[2])
            continue
        if last:
            yield _module(*last, path, flags)
            last = None
        if kind in ("mod", "dep") and parts:
            last = (parts[0], parts[1] if len(parts) > 1 else "", kind == "mod")
    if last:
        yield _module(*last, path, flags)


def _module(name: str, version: str, main: bool, path: str, flags: str) -> Package:
    """`(devel)` says nothing about the release; a version that the linker was told to write in does."""
    if version == "(devel)":
        told = [
            match
            for match in _VERSION_FLAG.finditer(flags)
            if match["package"] in ("main", name) or match["package"].startswith(f"{name}/")
        ]
        version = f"v{told[0]['version']}" if main and told else ""
    return module(name, version, path)


def build_info(image: Image) -> tuple[str, list[str]] | None:
    """(Go's version, lines about modules), or None."""
    section = image.section(".go.buildinfo", "__go_buildinfo")
    if section:
        data, address = image.read(section.offset, min(section.size, _SEARCH)), section.address
    else:  # PE files have no such section, stripped ELF files no sections at all
        segment = next((one for one in image.segments if one.writable and one.size), None)
        if segment is None:
            return None
        data, address = image.read(segment.offset, min(segment.size, _SEARCH)), segment.address
    at = data.find(MAGIC)
    while at % 16 and at >= 0:
        at = data.find(MAGIC, at + 1)
    if at < 0 or at + 32 > len(data):
        return None
    size, flags = data[at + 14], data[at + 15]
    if flags & 2:
        rest = image.read_address(address + at + 32, _STRING_LIMIT) or data[at + 32 :]
        version, used = _inline(rest)
        modules, _ = _inline(rest[used:])
    else:
        order = ">" if flags & 1 else "<"
        version = _pointed(image, data, at + 16, size, order)
        modules = _pointed(image, data, at + 16 + size, size, order)
    body = modules[16:-16] if len(modules) >= 33 else b""
    return version.decode("utf-8", "replace"), body.decode("utf-8", "replace").split("\n") if body else []


def _inline(data: bytes) -> tuple[bytes, int]:
    length = shift = at = 0
    while at < min(10, len(data)):
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return data[at : at + length], at + length
    return b"", len(data)


def _pointed(image: Image, data: bytes, at: int, size: int, order: str) -> bytes:
    """A Go string by the pointer to its header: address and length."""
    code = {4: "I", 8: "Q"}.get(size)
    if code is None or at + size > len(data):
        return b""
    header = image.read_address(struct.unpack_from(order + code, data, at)[0], 2 * size)
    if len(header) < 2 * size:
        return b""
    address, length = struct.unpack(order + 2 * code, header)
    return image.read_address(address, min(length, _STRING_LIMIT))
