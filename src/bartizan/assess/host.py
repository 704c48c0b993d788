"""A host's assessment as a whole: which assessors there are, what each reads, and all of them at once.

Both the one-shot scan and the server call this, so that they agree.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from bartizan.assess.policy.engine import ASSESSOR as POLICY
from bartizan.assess.policy.engine import (
    HOST_SECTIONS,
    PACKAGE_SECTIONS,
    Parameters,
    PolicySet,
    assess_resource,
    host_resource,
)
from bartizan.assess.resources import assess_section
from bartizan.model.assessment import Assessment
from bartizan.model.snapshot import Section

if TYPE_CHECKING:
    from bartizan.assess.vulnerability.advisories import AdvisoryFile


RESOURCE_SECTIONS = frozenset(("docker_daemon", "docker_containers", "docker_images", "kubernetes_node"))
"""Sections of a host that hold resources of their own, told apart by their names in a finding's locator."""


def scopes(section_names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Assessor name to the sections that it reads: whose digests decide whether to assess anew.

    Sections that do not exist are named too, so that one that appears counts as a change.
    """
    from bartizan.assess.vulnerability.assessor import INPUTS, UNREAD

    out: dict[str, tuple[str, ...]] = {POLICY: (*HOST_SECTIONS, *PACKAGE_SECTIONS)}
    for name in sorted(section_names):
        if name in RESOURCE_SECTIONS:
            out[f"{POLICY}:{name}"] = (name,)
        if name.startswith("packages_") or name == UNREAD:
            out[f"vulnerability:{name}"] = tuple(dict.fromkeys((*INPUTS.get(name, ()), name)))
    return out


def assess_host(
    sections: Mapping[str, Section],
    *,
    advisories: "AdvisoryFile | None",
    policies: PolicySet | None,
    parameters: Parameters | None = None,
    today: date | None = None,
) -> list[Assessment]:
    """Judge a host by its policies and each of its package sections by the advisories.

    `today` decides which releases are out of support; without it, the day of the newest advisory does. None for
    `policies` or `advisories` leaves that knowledge out; vulnerability assessors then say that nothing was judged.
    """
    from bartizan.assess.vulnerability.assessor import assess_packages

    out = []
    if policies is not None:
        out.append(assess_resource(host_resource(sections, "host"), policies, parameters))
    for name, read in scopes(sections).items():
        if name.startswith(f"{POLICY}:"):
            if policies is not None:
                out.append(assess_section(sections[name.removeprefix(f"{POLICY}:")], policies, parameters))
        elif name != POLICY:
            given = {key: sections[key] for key in read if key in sections}
            out.append(assess_packages(name.removeprefix("vulnerability:"), given, advisories, today=today))
    return out
