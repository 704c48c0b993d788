"""Files that this program keeps for itself between runs: written whole or not at all, read only if nobody else may
write them.

What others may have written is read past, as what is damaged is: a cache that is not there costs time, nothing else.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from bartizan.model.wire import plain

_OTHERS_WRITE = 0o022


def read_private(path: Path) -> Any:
    """The JSON value in the file; None where there is none, or it is damaged, or another user may have written it."""
    try:
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_WRITE:
                return None
            value = json.loads(stream.read())
    except (OSError, ValueError, RecursionError):
        return None
    with suppress(OSError):
        path.touch()  # what was read last goes last
    return value


def keep_private(path: Path, value: Any, *, most: int) -> None:
    """Write a value as JSON, keys in their order; of the files in the folder the `most` that were read last stay."""
    import tempfile  # with what it loads, a tenth of the time of a scan that finds what it needs

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            text = json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)
            stream.write(text.encode("utf-8", "surrogatepass"))
        Path(name).replace(path)
        kept = sorted(path.parent.glob("*.json"), key=lambda each: each.stat().st_mtime)
        for old in kept[:-most]:
            old.unlink()
