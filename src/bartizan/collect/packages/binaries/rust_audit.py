"""Dependencies that `cargo auditable` writes into executables: section `.dep-v0`, JSON compressed with zlib.

{"packages": [{"name": "ripgrep", "version": "13.0.0", "root": true, "dependencies": [1]},
              {"name": "cc", "version": "1.0.0", "kind": "build"}]}
"""

import json
import zlib
from collections.abc import Iterator

from bartizan.collect.interface import Problems
from bartizan.collect.packages.binaries.image import Image
from bartizan.collect.packages.content import list_of, table_of, text_of
from bartizan.model.package import Package

LIMIT = 8 << 20


def packages(image: Image, path: str, problems: Problems) -> Iterator[Package]:
    """The crates that the program was built of; those that only built it are for development."""
    section = image.section(".dep-v0")
    if section is None:
        return
    unpack = zlib.decompressobj()
    try:
        text = unpack.decompress(image.read(section.offset, min(section.size, LIMIT)), LIMIT)
        value = json.loads(text) if unpack.eof else None
    except (zlib.error, ValueError, RecursionError) as error:
        problems.add(path, f"its section .dep-v0 is damaged: {error}")
        return
    if value is None:
        problems.add(path, f"its section .dep-v0 unpacks to more than {LIMIT} bytes or is cut off")
        return
    entries = [table_of(entry) for entry in list_of(table_of(value).get("packages"))]
    roots = [entry for entry in entries if entry.get("root") is True]
    direct = {index for entry in roots for index in list_of(entry.get("dependencies")) if isinstance(index, int)}
    for index, entry in enumerate(entries):
        name, version = text_of(entry.get("name")), text_of(entry.get("version"))
        if not name or not version:
            problems.add(path, f"crate {index} of its section .dep-v0 has no name or no version")
            continue
        asked = None if not roots else index in direct or entry in roots
        yield Package(
            type="cargo", name=name, version=version, path=path, dev=entry.get("kind") == "build", direct=asked
        )
