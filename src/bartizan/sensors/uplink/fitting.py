"""Makes a snapshot fit the uplink's limits: what is too large to send becomes a problem, never silence."""

from collections.abc import Mapping
from dataclasses import replace

from bartizan.model.snapshot import Problem, Section, Snapshot
from bartizan.model.wire import canonical
from bartizan.sensors.uplink.protocol import INFLATED_LIMIT, SECTION_LIMIT

_ENVELOPE = 1 << 20
"""Bytes kept free for all that is not a section."""


def fit(
    snapshot: Snapshot,
    known: Mapping[str, int] | None = None,
    *,
    section_limit: int = SECTION_LIMIT,
    limit: int = INFLATED_LIMIT - _ENVELOPE,
) -> Snapshot:
    """The snapshot with sections over `section_limit` bytes, and then the largest until all fit, left out by name.

    `known`: sizes in bytes by digest, of sections that need not be measured.
    """
    sizes = {
        name: (known or {}).get(section.digest)
        or len(canonical({"facts": section.facts, "problems": section.problems}))
        for name, section in snapshot.sections.items()
    }
    left_out = {name for name, size in sizes.items() if size > section_limit}
    total = sum(size for name, size in sizes.items() if name not in left_out)
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if total <= limit:
            break
        if name not in left_out:
            left_out.add(name)
            total -= sizes[name]
    if not left_out:
        return snapshot
    return replace(
        snapshot,
        sections={
            name: _too_large(name, sizes[name]) if name in left_out else section
            for name, section in snapshot.sections.items()
        },
    )


def _too_large(name: str, size: int) -> Section:
    # The size is rounded: it would make each snapshot a new one otherwise.
    problem = Problem(path=name, reason=f"too large to send: over {size >> 20} MiB of facts")
    return Section(name=name, facts=None, problems=(problem,))
