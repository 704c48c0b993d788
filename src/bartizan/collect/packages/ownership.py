"""Which distribution package owns the files that language readers want.

Debian's python3-requests brings `/usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO`: the distribution
patches it under the upstream version, so only the distribution's advisories may judge it.
"""

from collections.abc import Iterable

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.interface import Reader

_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")
"""Folders that became links into /usr: databases still list `/lib/x` for what a walk meets as `/usr/lib/x`."""


def owners(
    view: FilesystemView, databases: Iterable[tuple[Reader, str]], paths: Iterable[str], problems: dict[str, Problems]
) -> dict[str, str]:
    """Path to the name of the package that owns it, for those paths that a database lists."""
    asked: dict[str, str] = {}
    for path in paths:
        asked[path] = path
        if path.startswith("/usr/") and path[4:].startswith(_MERGED):
            asked.setdefault(path[4:], path)
    found: dict[str, str] = {}
    if not asked:
        return found
    wanted = frozenset(asked)
    for reader, database in databases:
        if reader.owned:
            noted = problems.setdefault(reader.type, Problems())
            for path, owner in reader.owned(view, database, wanted, noted).items():
                found[asked[path]] = owner
    return found
