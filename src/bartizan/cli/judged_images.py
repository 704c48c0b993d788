"""Judgements that were made before: equal facts, knowledge and question on the same day give the same answer.

    $BARTIZAN_CACHE/judged/<key>.json    {"sections": {...}, "assessments": [...], "knowledge": {...}}

An assessment is a function of facts and knowledge (docs/architecture.md), so remembering it is no guess. The key is
made of everything that decides it: the image's configuration and layers, its base, what was asked for, own values for
parameters of policies, the day, and what files say of themselves (place, inode, size, time of change): all files of the
program that judge, the rules among them, the databases of the data folder, and what was named. Folders of own rules are
read anew each time.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path

import bartizan
from bartizan.cli.data_folder import SYSTEM, data_folder
from bartizan.cli.image_cache import cache_folder, sections_from, sections_told, snapshot_of
from bartizan.cli.private_files import keep_private, read_private
from bartizan.cli.scanning import Asked, Judged
from bartizan.collect.containers.image import Image
from bartizan.exchange.interface import Feed, Knowledge
from bartizan.model.assessment import assessment_from
from bartizan.model.snapshot import Section
from bartizan.model.wire import digest, plain

REVISION = 1
KEPT = 200
_DECIDE_NOTHING = frozenset({"threshold", "least", "shown", "part", "origin", "by_layer"})
"""Of what a user asks for: what is made of findings when they are there."""
_JUDGE = ("assess", "content", "model", "cli", "collect")
"""Parts of the program that decide what is found. Collecting is among them because the facts lie here, too."""


class JudgedImages:
    """What was judged of one image."""

    def __init__(self, image: Image, base: Mapping[str, Section], asked: Asked, folder: Path | None = None) -> None:
        self._image = image
        self._base = base
        self._asked = asked
        told = folder or cache_folder()
        self._folder = told.parent / "judged" if told else None

    def recall(self, now: datetime) -> Judged | None:
        """The whole judgement, as if it had been made now."""
        path = self._path(now.date())
        document = read_private(path) if path else None
        if document is None:
            return None
        try:
            assessments = tuple(assessment_from(each) for each in document["assessments"])
            knowledge = document["knowledge"]
            known = Knowledge(**{**knowledge, "feeds": tuple(Feed(**each) for each in knowledge["feeds"])})
            sections = {**sections_from(document), **self._base}
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return Judged(snapshot=snapshot_of(self._image, sections, now), assessments=assessments, knowledge=known)

    def keep(self, judged: Judged, now: datetime) -> None:
        """Remember it, unless something of the image could not be read: it may be readable tomorrow."""
        path = self._path(now.date())
        if path is None or any(section.problems for section in judged.snapshot.sections.values()):
            return
        document = {
            **sections_told(judged.snapshot),
            "assessments": plain(judged.assessments),
            "knowledge": plain(judged.knowledge),
        }
        keep_private(path, document, most=KEPT)

    def _path(self, today: date) -> Path | None:
        layers = [layer.diff_id for layer in self._image.layers]
        asked = {each.name: getattr(self._asked, each.name) for each in fields(self._asked)}
        own_rules = any(value for name, value in asked.items() if name.endswith("_folders"))
        if self._folder is None or own_rules or not self._image.id or not layers or not all(layers):
            return None
        question = {name: str(value) for name, value in asked.items() if name not in _DECIDE_NOTHING}
        base = {name: section.facts for name, section in self._base.items()}
        own_values = _content(self._asked.parameters)
        told = [REVISION, bartizan.__version__, self._image.id, layers, base, question, own_values, today.isoformat()]
        return self._folder / f"{digest([*told, sorted(_known(self._asked))]).removeprefix('sha256:')}.json"


def _content(path: Path | None) -> str:
    """A small file's bytes, where one is named: what it says of itself may stay when its content changes."""
    try:
        return path.read_bytes().hex() if path else ""
    except OSError:
        return ""


def _known(asked: Asked) -> Iterator[tuple[str, int, int, int]]:
    """What every file that decides something says of itself."""
    program = Path(bartizan.__file__).parent
    for part in _JUDGE:
        yield from _files(program / part)
    for folder in (data_folder(), SYSTEM):
        yield from _stated(folder.glob("*.db") if folder.is_dir() else ())
    for named in (getattr(asked, each.name) for each in fields(asked)):
        if isinstance(named, Path):
            yield from _stated(named.glob("*.db") if named.is_dir() else [named])


def _files(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    for entry in os.scandir(folder):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(Path(entry.path))
        else:
            found = entry.stat()
            yield entry.path, found.st_ino, found.st_size, found.st_mtime_ns


def _stated(paths: Iterable[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            continue
        yield str(path), found.st_ino, found.st_size, found.st_mtime_ns
