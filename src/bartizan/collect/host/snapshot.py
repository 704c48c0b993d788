"""One pass over a host: which asset it is, and every section of it."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.collectors import COLLECTORS
from bartizan.collect.host.os import hostname, machine_id
from bartizan.collect.interface import Problems, run
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section, Snapshot


def host_asset(view: FilesystemView) -> AssetRef:
    """The asset that a view of a host stands for.

    The key is a keyed digest of the machine id: machine-id(5) asks not to show the id itself to others. A host without
    one goes by its name.
    """
    problems = Problems()
    name = hostname(view, problems) or "unnamed host"
    identity = machine_id(view, problems)
    key = hashlib.sha256(b"bartizan host\0" + identity.encode()).hexdigest()[:32] if identity else f"name:{name}"
    return AssetRef(kind=AssetKind.HOST, key=key, name=name)


def collect_host(
    view: FilesystemView, *, sensor: str, now: datetime, progress: Callable[[str], None] | None = None
) -> Snapshot:
    """Every section of a host, packages and `disk` by one walk.

    `progress` is told the name of each section before it is read; `sensor` is the program that looks, with its version;
    `now` is the time to write down, with its zone.
    """
    # Imported here: a sensor that only looks at host sections does without the package readers.
    from bartizan.collect.host.disk import Survey
    from bartizan.collect.packages.discover import read_packages

    sections: dict[str, Section] = {}
    for collector in COLLECTORS:
        if progress:
            progress(collector.section)
        sections[collector.section] = run(collector, view)
    if progress:
        progress("packages")
    survey = Survey(view)
    sections.update(read_packages(view, companion=survey))
    sections["disk"] = survey.section()
    return Snapshot(
        asset=host_asset(view),
        taken_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        sensor=sensor,
        sections=sections,
    )
