"""The door of a package reader: one module per database or lock file, each with one `Reader` named READER.

A reader says which files it wants; one walk over the view serves all readers. It yields packages and reports what it
could not parse; it never judges and never raises on malformed input.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.model.package import Package
from bartizan.model.record import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Files that a reader opens beside its own: of an image's layers they must be kept too, or a part of them."""

    folder: str
    """Absolute; at any depth below it."""
    name: str
    """File name."""
    limit: int
    """Bytes; larger ones are not read."""
    part: Callable[[bytes], bytes]
    """From the contents to what of them is enough: the reader makes the same of either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one kind of package file is read."""

    name: str
    """`dpkg`, `npm-lock`, ...: also how the reader is named in reports of what was read."""
    type: str
    """purl type of what it yields; decides the section: `packages_<type>`."""
    read: Callable[[FilesystemView, str, Problems], Iterable[Package]]
    """(view, path of the matching file, problems) to packages."""
    paths: tuple[str, ...] = ()
    """Exact absolute paths (`/var/lib/dpkg/status`)."""
    folders: tuple[str, ...] = ()
    """Absolute folders whose every file is wanted (`/var/lib/dpkg/status.d`)."""
    names: frozenset[str] = frozenset()
    """File names anywhere (`package-lock.json`)."""
    suffixes: tuple[str, ...] = ()
    """Path endings anywhere (`.dist-info/METADATA`, `.jar`)."""
    matches: Callable[[str], bool] | None = None
    """Further condition on the path, for names that mean something only in their place (`desc` of pacman)."""
    binary: bool = False
    """Wants executables (ELF, PE, Mach-O) without a telling name; matched by magic number."""
    operating_system: bool = False
    """A distribution's own database: its files own what lies at their paths."""
    owned: Callable[[FilesystemView, str, AbstractSet[str], Problems], Mapping[str, str]] | None = None
    """(view, path of the database, paths asked about, problems) to the owning package's name for each path that the
    database lists. Asked only about paths that some language reader wants."""
    completed: Callable[[FilesystemView, Iterable[Package], Problems], Iterable[Package]] | None = None
    """(view, the packages of one file, problems) to the packages with what files beside the database tell of them:
    asked about those that are there, not about what earlier layers of an image had."""
    beside: Beside | None = None
    """What `completed` opens."""
    locked: bool = False
    """Says what a project asks for, not what is installed. Such a file inside a folder of installed dependencies
    (`node_modules`, `site-packages`, a module cache) came along with a dependency and is left out."""
    manifest: bool = False
    """Tells what people ask for and no versions: its packages are `declared`, and stand in no section."""
    resolved_by: tuple[str, ...] | None = None
    """Lock files that tell what such a file's dependencies come to, and what these need in turn: from the folder of the
    file, or of one above. None for a file that tells that itself."""
    alone: bool = False
    """Reads nothing but its own file, so it can run while an image's layer streams by and the file need not be kept."""
