"""The facts of images that were read before, so that the same image is not read again.

$BARTIZAN_CACHE, else $XDG_CACHE_HOME/bartizan, else ~/.cache/bartizan; empty turns it off
    images/<key>.json    {"asset": {...}, "sections": {"packages_deb": {"facts": [...], "problems": []}, ...}}

The key is made of the configuration's digest, the diff ids that it states, and the version of the readers. Facts only:
never contents, never findings, so advisories of today judge what was read a month ago. Other formats, damaged files and
files that another user may have written are read past.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bartizan import __version__
from bartizan.cli.private_files import keep_private, read_private
from bartizan.collect.containers.image import Image, ImageError, ImageSource
from bartizan.collect.interface import Inspector
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Problem, Section, Snapshot
from bartizan.model.wire import digest

REVISION = 3
"""Raised whenever equal layers may give other facts than before within one version."""
KEPT = 500
"""Images; the ones read longest ago go first."""


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where facts are kept; None where they are not."""
    told = environment.get("BARTIZAN_CACHE")
    if told is not None:
        return Path(told).expanduser() / "images" if told else None
    home = environment.get("XDG_CACHE_HOME")
    if home and Path(home).is_absolute():
        return Path(home) / "bartizan/images"
    return Path(environment["HOME"]) / ".cache/bartizan/images" if environment.get("HOME") else None


def known_image(
    source: ImageSource,
    inspectors: Sequence[Inspector],
    now: datetime,
    collect: Callable[[], Snapshot],
    folder: Path | None = None,
) -> Snapshot:
    """The image's snapshot: from what is known of it, else by reading it, which is remembered."""
    folder = folder or cache_folder()
    try:
        image: Image | None = source.image
    except ImageError:  # a stream tells what it is once it was read
        image = None
    key = _key(image, inspectors) if image is not None else ""
    if folder is None or image is None or not key:
        return collect()
    path = folder / f"{key}.json"
    known = _read(path, image, now)
    if known is not None:
        return known
    snapshot = collect()
    if snapshot.asset.key == image.id and not any(section.problems for section in snapshot.sections.values()):
        keep_private(path, sections_told(snapshot), most=KEPT)
    return snapshot


def _key(image: Image, inspectors: Sequence[Inspector]) -> str:
    """Empty where the configuration does not tell what the layers are."""
    layers = [layer.diff_id for layer in image.layers]
    if not image.id or not layers or not all(layers):
        return ""
    told = [image.id, layers, __version__, REVISION, [[each.section, each.identity] for each in inspectors]]
    return digest(told).removeprefix("sha256:")


def _read(path: Path, image: Image, now: datetime) -> Snapshot | None:
    try:
        sections = sections_from(read_private(path))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return snapshot_of(image, sections, now)


def snapshot_of(image: Image, sections: Mapping[str, Section], now: datetime) -> Snapshot:
    """The snapshot of an image whose sections are known."""
    return Snapshot(
        asset=AssetRef(kind=AssetKind.IMAGE, key=image.id, name=image.name),
        taken_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        sensor=f"cli/{__version__}",
        sections=sections,
    )


def sections_told(snapshot: Snapshot) -> dict[str, Any]:
    """The sections as plain JSON, with their digests."""
    return {
        "sections": {
            name: {"facts": section.facts, "problems": list(section.problems), "digest": section.digest}
            for name, section in snapshot.sections.items()
        }
    }


def sections_from(document: Any) -> dict[str, Section]:
    """The sections that `sections_told` wrote. Raises KeyError, TypeError, AttributeError or ValueError."""
    return {name: _section(name, told) for name, told in document["sections"].items()}


def _section(name: str, told: Mapping[str, Any]) -> Section:
    problems = tuple(Problem(path=each["path"], reason=each["reason"]) for each in told["problems"])
    return Section(name=name, facts=told["facts"], problems=problems, digest=str(told["digest"]))
