"""Looks at a registry in a process of its own: images are hostile input, so memory and time are limited by the system.

    python -m bartizan.server.jobs.registry_worker < request

The request is one JSON object on standard input, so that a password is in no list of processes:
{"host": ..., "username": ..., "password": ..., "repositories": ["team/*"],
 "known": [["team/app", "1.0", "sha256:..."]], "sensor": "registry/0.1.0", "folder": where to write snapshots,
 "malware_rules": [folders of the user's own]}
Writes one line of JSON for each step to standard output: {"step": "team/app:1.0"}, {"image": {"repository", "tag",
"digest", "file" or "problem" or neither where the digest is known}}, {"done": {"tags": 12}} or {"failed": "..."}.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from bartizan.assess.malware.inspector import MalwareInspector
from bartizan.assess.malware.rules import load_rules as load_malware_rules
from bartizan.assess.malware.scanner import Scanner
from bartizan.assess.secrets.inspector import SecretInspector
from bartizan.assess.secrets.rules import load_rules as load_secret_rules
from bartizan.collect.containers.image import ImageError, Platform
from bartizan.collect.containers.reference import Reference
from bartizan.collect.containers.registry import Connection, Credentials, Registry
from bartizan.collect.containers.snapshot import collect_image
from bartizan.collect.filesystem.interface import LayerError
from bartizan.collect.filesystem.layer import LayerLimits
from bartizan.collect.interface import Inspector
from bartizan.model.wire import plain

MEMORY = 3 << 30
"""Bytes of address space."""
IMAGE_SECONDS = 900
"""For one image, fetching it included."""
TAGS = 20_000
"""Of one registry in one look; beyond, the rest waits for narrower patterns."""
NEW = 1_000
"""Images that are scanned in one look; the next one goes on."""
_LIMITS = LayerLimits(kept=384 << 20, inflated=32 << 30)
_WILD = frozenset("*?[")


def main() -> int:
    request = json.loads(sys.stdin.read())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGALRM, _late)
    credentials = None
    if request["username"]:
        credentials = Credentials(username=request["username"], password=request["password"])
    registry = Registry(Connection(host=request["host"], credentials=credentials))
    inspectors = _Inspectors([Path(folder) for folder in request["malware_rules"]])
    try:
        _say(done={"tags": _look(registry, request, inspectors)})
    except ImageError as error:
        _say(failed=str(error))
        return 1
    return 0


class TooLate(Exception):
    """One image took longer than it may."""


def _late(*_: object) -> None:
    raise TooLate


class _Inspectors:
    """What looks into each image while its layers pass: rules are read and compiled once for all of them."""

    def __init__(self, malware_folders: list[Path]) -> None:
        self._secrets = load_secret_rules()
        self._malware = load_malware_rules(malware_folders)
        self._scanner = Scanner(self._malware)

    def of_one_image(self) -> list[Inspector]:
        return [SecretInspector(self._secrets), MalwareInspector(self._malware, self._scanner)]


def _look(registry: Registry, request: dict[str, Any], inspectors: _Inspectors) -> int:
    known = {(repository, tag): digest for repository, tag, digest in request["known"]}
    scanned = set(known.values())
    count = new = 0
    for repository in _repositories(registry, request["repositories"]):
        for tag in sorted(islice(registry.tags(repository), TAGS + 1)):
            count += 1
            if count > TAGS:
                raise ImageError(f"{request['host']}: more than {TAGS} tags; name fewer repositories")
            digest = registry.digest_of(repository, tag)
            if known.get((repository, tag)) == digest:
                continue
            image = {"repository": repository, "tag": tag, "digest": digest}
            if digest not in scanned:
                if new >= NEW:
                    continue
                new += 1
                _say(step=f"{repository}:{tag}")
                image |= _scan(registry, request, repository, tag, digest, new, inspectors.of_one_image())
                if "file" in image:
                    scanned.add(digest)
            _say(image=image)
    return count


def _repositories(registry: Registry, patterns: list[str]) -> Iterator[str]:
    """Names as they stand; patterns against the catalogue, which is asked for only where there is one."""
    seen = {pattern for pattern in patterns if not _WILD.intersection(pattern)}
    yield from sorted(seen)
    wild = [pattern for pattern in patterns if _WILD.intersection(pattern)]
    if wild:
        for name in registry.repositories():
            if name not in seen and any(fnmatchcase(name, pattern) for pattern in wild):
                seen.add(name)
                yield name


def _scan(
    registry: Registry,
    request: dict[str, Any],
    repository: str,
    tag: str,
    digest: str,
    number: int,
    inspectors: list[Inspector],
) -> dict[str, str]:
    reference = Reference(host=request["host"], repository=repository, tag=tag, digest=digest)
    signal.alarm(IMAGE_SECONDS)
    try:
        source = registry.open_image(reference, Platform(architecture=_architecture()))
        snapshot = collect_image(
            source, sensor=request["sensor"], now=datetime.now(UTC), limits=_LIMITS, inspectors=inspectors
        )
    except (ImageError, LayerError) as error:
        return {"problem": str(error)}
    except TooLate:
        return {"problem": f"scanning it took longer than {IMAGE_SECONDS} seconds"}
    except MemoryError:
        return {"problem": "scanning it takes more memory than one image may"}
    finally:
        signal.alarm(0)
    document = {
        "asset": {**plain(snapshot.asset), "name": f"{request['host']}/{repository}:{tag}"},
        "taken_at": snapshot.taken_at,
        "sensor": snapshot.sensor,
        "sections": {
            name: {"facts": section.facts, "problems": plain(section.problems)}
            for name, section in snapshot.sections.items()
        },
    }
    file = Path(request["folder"]) / f"{number}.json"
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")
    return {"file": str(file)}


def _architecture() -> str:
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}.get(machine, machine)


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
