"""Follows the registry worker and stores what it finds: each image as it comes, through the door of all facts.

A look that is cut off goes on at the next one: what was stored is known by its digest and not fetched again.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bartizan import __version__
from bartizan.inventory import registries
from bartizan.inventory.errors import BadInput, NotFound
from bartizan.inventory.ingest import ingest_snapshot
from bartizan.inventory.registries import WatchedRegistry
from bartizan.inventory.store import Store
from bartizan.sensors.uplink.protocol import Malformed, read_snapshot
from bartizan.server.sealing import CannotOpen, Seal

SOURCE = "registry"
"""How the inventory names whoever attests what was found in a registry."""


class WatchFailed(Exception):
    """The registry could not be looked at; the message says why."""


def purpose(org: int, host: str) -> str:
    """What a registry's password is sealed for."""
    return f"registry:{org}:{host}"


def watch(
    store: Store,
    seal: Seal,
    org: int,
    registry_id: int,
    *,
    started: Callable[[subprocess.Popen[str]], None],
    found: Callable[[], None],
    malware_folders: Sequence[Path] = (),
) -> dict[str, int]:
    """Look at a registry once. `started` gets the process, so that it can be ended; `found` is called for each image
    that is new."""
    with store.read() as conn:
        try:
            registry = registries.get_registry(conn, org, registry_id)
        except NotFound:
            return {"images": 0, "problems": 0}  # removed while it waited
        known = registries.known_images(conn, registry_id)
    try:
        counts = _follow(store, seal, org, registry, known, started, found, malware_folders)
    except (WatchFailed, CannotOpen) as error:
        with store.begin() as conn:
            registries.registry_seen(conn, registry_id, datetime.now(UTC), error=str(error))
        raise WatchFailed(str(error)) from None
    with store.begin() as conn:
        registries.registry_seen(conn, registry_id, datetime.now(UTC))
    return counts


def _follow(
    store: Store,
    seal: Seal,
    org: int,
    registry: WatchedRegistry,
    known: dict[tuple[str, str], str],
    started: Callable[[subprocess.Popen[str]], None],
    found: Callable[[], None],
    malware_folders: Sequence[Path],
) -> dict[str, int]:
    password = seal.open(registry.sealed, purpose(org, registry.host)) if registry.sealed else ""
    counts = {"images": 0, "problems": 0}
    words = [sys.executable, "-m", "bartizan.server.jobs.registry_worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with tempfile.TemporaryDirectory(prefix="bartizan-registry-") as folder:
        request = {
            "host": registry.host,
            "username": registry.username,
            "password": password,
            "repositories": list(registry.repositories),
            "known": [[repository, tag, digest] for (repository, tag), digest in known.items()],
            "sensor": f"registry/{__version__}",
            "folder": folder,
            "malware_rules": [str(path.absolute()) for path in malware_folders],
        }
        failure, finished = "", False
        with subprocess.Popen(words, text=True, **pipes) as process:  # type: ignore[call-overload] # noqa: S603
            started(process)
            process.stdin.write(json.dumps(request))
            process.stdin.close()
            for text in process.stdout:
                line = json.loads(text)
                if "image" in line:
                    problem = _store(store, org, registry.id, line["image"])
                    counts["problems" if problem else "images"] += 1
                    found()
                failure = line.get("failed", failure)
                finished = finished or "done" in line
            complaint = process.stderr.read().strip().splitlines()
    if not finished:
        raise WatchFailed(failure or (complaint[-1] if complaint else "looking at the registry was stopped"))
    return counts


def _store(store: Store, org: int, registry_id: int, image: dict[str, Any]) -> str:
    """Store one image's facts and that its tag was seen, together. Returns why that could not be, or nothing."""
    now = datetime.now(UTC)
    problem = str(image.get("problem", ""))
    tag = (registry_id, str(image["repository"]), str(image["tag"]), str(image["digest"]))
    try:
        with store.begin() as conn:
            if "file" in image:
                path = Path(image["file"])
                snapshot = read_snapshot(path.read_bytes())
                path.unlink()
                ingest_snapshot(
                    conn,
                    org,
                    snapshot.asset,
                    source=SOURCE,
                    taken_at=snapshot.taken_at,
                    manifest=snapshot.manifest(),
                    sections=snapshot.sections,
                    sensor=snapshot.sensor,
                )
            registries.image_seen(conn, *tag, now, problem=problem)
    except (Malformed, BadInput) as error:
        problem = f"its facts cannot be stored: {error}"
        with store.begin() as conn:
            registries.image_seen(conn, *tag, now, problem=problem)
    return problem
