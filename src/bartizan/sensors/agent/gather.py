"""What a pass reads: everything, or only what can be read without walking the whole filesystem.

A full pass finds every package file by one walk, which on a large disk takes seconds. A quick pass reads the host's
sections and the distribution's own package databases (they lie at known paths) and carries the other sections over from
the snapshot before, by their digests alone: their contents are in the spool.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from bartizan import __version__
from bartizan.collect.filesystem.interface import Entry
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.collectors import COLLECTORS
from bartizan.collect.host.snapshot import collect_host, host_asset
from bartizan.collect.interface import run
from bartizan.collect.packages.discover import read_packages
from bartizan.collect.packages.distribution.readers import READERS
from bartizan.model.snapshot import Section, Snapshot

SENSOR = f"agent/{__version__}"
FOLDERS_WATCHED = 500
"""Folders of installed packages that are looked at for changes."""

_DATABASES = tuple(reader for reader in READERS if reader.operating_system)


class _KnownPaths(LocalView):
    """A view that is not walked: only readers with paths of their own find something."""

    def walk(self, top: str = "/", prune: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        return iter(())


def full(root: str, now: datetime) -> Snapshot:
    """Every section."""
    return collect_host(LocalView(root), sensor=SENSOR, now=now)


def quick(root: str, now: datetime, before: Mapping[str, str]) -> Snapshot:
    """What needs no walk, over the sections of the manifest before."""
    view = _KnownPaths(root)
    sections = {name: Section(name=name, facts=None, digest=digest) for name, digest in before.items()}
    for collector in COLLECTORS:
        sections[collector.section] = run(collector, view)
    databases = read_packages(view, readers=_DATABASES)
    databases.pop("packages", None)
    sections.update(databases)
    return Snapshot(
        asset=host_asset(view),
        taken_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        sensor=SENSOR,
        sections=sections,
    )


def watched(root: str) -> list[str]:
    """Paths on this machine whose change asks for a quick pass."""
    paths = {path for collector in COLLECTORS for path in collector.watches}
    for reader in _DATABASES:
        paths.update(reader.paths, reader.folders)
    return sorted(_within(root, path) for path in paths)


def walked(root: str, snapshot: Snapshot) -> list[str]:
    """Folders into which packages were installed: a change asks for a full pass."""
    own = {f"packages_{reader.type}" for reader in _DATABASES}
    folders: set[str] = set()
    for name, section in snapshot.sections.items():
        if name.startswith("packages_") and name not in own and isinstance(section.facts, list):
            folders.update(_folder(fact) for fact in section.facts if isinstance(fact, dict))
    folders.discard("")
    return [_within(root, folder) for folder in sorted(folders)[:FOLDERS_WATCHED]]


def _folder(fact: Mapping[str, object]) -> str:
    """`/x/site-packages/a-1.dist-info/METADATA` and `/x/node_modules/a/package.json` -> the folder of folders."""
    path = fact.get("path")
    if not isinstance(path, str):
        return ""
    for name in ("/site-packages/", "/dist-packages/", "/node_modules/"):
        head, found, _ = path.rpartition(name)
        if found:
            return head + name.rstrip("/")
    return ""


def _within(root: str, path: str) -> str:
    return path if root == "/" else os.path.join(root, path.lstrip("/"))  # noqa: PTH118 - names may be any bytes
