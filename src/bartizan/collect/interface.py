"""The door of a collector: one module per section, each with one `Collector` named COLLECTOR.

COLLECTOR = Collector(section="users", collect=collect, watches=("/etc/passwd", "/etc/shadow"))

def collect(view: FilesystemView, problems: Problems) -> Users: ...      # a record, or plain JSON
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Protocol

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, Missing
from bartizan.model.record import dataclass
from bartizan.model.snapshot import Problem, Section
from bartizan.model.wire import Json, plain


@dataclass(slots=True)
class Problems:
    """Gathers why parts of a section could not be known."""

    found: list[Problem] = field(default_factory=list)

    def add(self, path: str, reason: str) -> None:
        self.found.append(Problem(path=path, reason=reason))

    def caught(self, error: FilesystemError) -> None:
        """Record an error of the view; a missing file is a fact and is not recorded."""
        if not isinstance(error, Missing):
            self.add(error.path, error.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """How one section comes about."""

    section: str
    collect: Callable[[FilesystemView, Problems], object]
    """Plain JSON or records of the model; raises nothing but `FilesystemError` on a view that misbehaves as a whole."""
    watches: tuple[str, ...] = ()
    """Paths (files or folders) whose change of size, mtime or inode means that the section may have changed."""
    needs_live: bool = False
    """Reads the running system (`/proc`, `/sys`); on a folder the section is None with the reason."""


class Inspector(Protocol):
    """Looks into files while they are read for other reasons (secrets, malware), and tells facts that never hold what
    it found. Made by whoever composes a scan, so that collecting knows nothing of judging."""

    section: str
    """Name of the section that its facts make: `secrets`."""
    identity: str
    """Changes whenever it may tell something else of the same file: a digest of its rules."""

    def wants(self, path: str, size: int, mode: int) -> bool:
        """Whether to show it the file; asked for every file, so it must be quick."""

    def inspect(self, path: str, contents: bytes) -> Iterable[dict[str, Any]]:
        """Facts about one file, without its path, which is added by the caller."""

    def inspect_configuration(self, config: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """Facts about an image's configuration: its environment, build arguments and history."""

    def refused(self) -> Iterable[tuple[str, str]]:
        """(path, reason) of what it wanted and could not look into."""


NEEDS_LIVE = "needs a running system"


def run(collector: Collector, view: FilesystemView) -> Section:
    """Collect one section. A collector that fails as a whole yields no facts and the reason."""
    problems = Problems()
    facts: Json = None
    if collector.needs_live and not view.live:
        problems.add(collector.section, NEEDS_LIVE)
    else:
        try:
            facts = plain(collector.collect(view, problems))
        except FilesystemError as error:
            problems.add(error.path, error.reason)
    return Section(name=collector.section, facts=facts, problems=tuple(problems.found))
