"""Which assessors an asset has, what each reads, and how one of them judges: hosts, images, source trees, clouds alike.

    scopes(["os", "packages_deb", "image"])  ->  {"policy": (...), "vulnerability:packages_deb": ("os", ..., "image")}
    judge("vulnerability:packages_deb", sections, Known(advisories=...))  ->  Assessment

The one-shot scan judges everything at once (`assess`), the server one distinct input at a time (`judge`); both come
through here, so that they agree. What an asset is shows in its sections: an image has `image`, what was declared or
read from an API has `resources_*`, a host has neither and some section of a running system.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from datetime import date
from typing import TYPE_CHECKING

from bartizan.assess import host, image, resources
from bartizan.assess.origins import section_of
from bartizan.assess.policy.engine import ASSESSOR as POLICY
from bartizan.assess.policy.engine import HOST_SECTIONS, Parameters, PolicySet, assess_resource, host_resource
from bartizan.assess.policy.engine import knowledge as policy_knowledge
from bartizan.assess.policy.revise import Differing, revised, unchanged
from bartizan.assess.secrets.assessor import assess_secrets
from bartizan.model.assessment import Assessment, Revision, Standing
from bartizan.model.record import dataclass
from bartizan.model.snapshot import Section

if TYPE_CHECKING:
    from bartizan.assess.licences.policy import LicencePolicy
    from bartizan.assess.malware.rules import MalwareRules
    from bartizan.assess.secrets.rules import SecretRules
    from bartizan.assess.vulnerability.advisories import AdvisoryFile

VULNERABILITY = "vulnerability"
HOST, IMAGE_CONFIGURATION = "host", "container.image"
"""Types of the resources that a host and an image are to policies."""
IMAGE = "image"
SECRETS = "secrets"
MALWARE = "malware"
LICENCE = "licence"
INSPECTED = {"secret": SECRETS, "malware": MALWARE}
"""Assessor to the section of what an inspector told while files were read; judged where rules are given."""
BASE = "image_base"
"""What an image was built upon, where whoever sent it knows: {"layers": [diff ids], "name": ..., "told_by": ...}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is judged by. None leaves a kind of knowledge out."""

    advisories: "AdvisoryFile | None" = None
    policies: PolicySet | None = None
    parameters: Parameters | None = None
    secrets: "SecretRules | None" = None
    malware: "MalwareRules | None" = None
    licences: "LicencePolicy | None" = None
    today: date | None = None
    """Decides which releases are out of support; without it the day of the newest advisory does."""


def scopes(section_names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Assessor to the sections that it reads: whose digests decide whether to judge anew.

    Sections that do not exist are named too, so that one that appears counts as a change.
    """
    names = set(section_names)
    found = resources.scopes(names)
    for assessor, read in host.scopes(names).items():
        if assessor.startswith(f"{VULNERABILITY}:") or IMAGE in names:
            # What an image is made of tells where its findings come from; a host has no such sections.
            found[assessor] = (*read, IMAGE, BASE)
        elif names.intersection(HOST_SECTIONS):
            found[assessor] = read
    for name in sorted(names):
        if name.startswith("packages_"):
            found[f"{LICENCE}:{name}"] = (name, IMAGE, BASE)
    for assessor, section in INSPECTED.items():
        if section in names:
            found[assessor] = (section, IMAGE, BASE)
    return found


def judge(assessor: str, sections: Mapping[str, Section], known: Known) -> Assessment:
    """One assessor on the sections that it reads."""
    family, _, part = assessor.partition(":")
    if assessor in INSPECTED or family == LICENCE:
        besides = _besides(assessor, sections, known)
        assert besides is not None
        return besides
    if part.startswith(resources.PREFIX) or part in host.RESOURCE_SECTIONS:
        assert known.policies is not None
        origins = sections.get(section_of(part))
        return resources.assess_section(sections[part], known.policies, known.parameters, origins=origins)
    if assessor == POLICY and IMAGE not in sections:
        assert known.policies is not None
        return assess_resource(host_resource(sections, "host"), known.policies, known.parameters)
    judged = _whole(
        sections,
        Known(
            advisories=known.advisories if family == VULNERABILITY else None,
            policies=known.policies if family == POLICY else None,
            parameters=known.parameters,
            today=known.today,
        ),
    )
    return next(each for each in judged if each.assessor == assessor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By what newer knowledge can judge otherwise than the one that an assessment was made by."""

    policies: Differing = field(default_factory=dict)
    lookups: AbstractSet[int] = frozenset()


def reads(assessor: str, names: Iterable[str], known: Known, difference: Difference) -> list[str]:
    """Which of the sections of an input `revise` wants to see."""
    changed = difference.policies.get(HOST)
    if assessor != POLICY or IMAGE in names or changed is None or known.policies is None:
        return list(names)
    read = {section for id_ in changed for section in known.policies.sections_of(id_)}
    return [name for name in names if name in read]


def revise(
    assessor: str, sections: Mapping[str, Section], known: Known, standing: Standing, difference: Difference
) -> Revision | None:
    """Judge anew only what the difference concerns, so that the same comes out as by judging everything; None where
    there is no such part, and the whole is to be judged. `sections` are those that `reads` names."""
    family, _, part = assessor.partition(":")
    if family == VULNERABILITY and known.advisories is not None:
        from bartizan.assess.vulnerability.revise import revise_packages

        revision = revise_packages(part, sections, known.advisories, standing, difference.lookups, today=known.today)
        if revision is None or IMAGE not in sections:
            return revision
        return replace(revision, assessment=image.located(revision.assessment, sections, _base(sections)))
    if family != POLICY or known.policies is None:
        return None
    if part:
        # What a section's policies passed is not told by resource: it stands as a whole or not at all.
        if not resources.types_in(sections[part]).isdisjoint(difference.policies):
            return None
        return unchanged(assessor, policy_knowledge(known.policies, known.parameters), standing)
    changed = difference.policies.get(IMAGE_CONFIGURATION if IMAGE in sections else HOST, frozenset())
    if changed is None:
        return None
    partial = judge(assessor, sections, replace(known, policies=known.policies.only(changed)))
    return revised(partial, standing, changed)


def unconcerned(assessor: str, names: Iterable[str], difference: Difference) -> bool:
    """Whether judging an input anew is certain to give the same, without a look at it."""
    if assessor != POLICY:
        return False
    return (IMAGE_CONFIGURATION if IMAGE in names else HOST) not in difference.policies


def assess(sections: Mapping[str, Section], known: Known) -> list[Assessment]:
    """Every assessor of an asset for which there is knowledge; the vulnerability assessors run without advisories too,
    and then say that nothing was judged."""
    wanted = scopes(sections)
    out = [each for each in _whole(sections, known) if each.assessor in wanted]
    if known.policies is not None:
        out += resources.assess_resources(sections, known.policies, known.parameters)
    besides = (_besides(assessor, sections, known) for assessor in wanted)
    return out + [each for each in besides if each is not None]


def _besides(assessor: str, sections: Mapping[str, Section], known: Known) -> Assessment | None:
    """What an inspector told, or the licences of packages, judged by what is known today; None where that is nothing,
    and of other assessors."""
    family, _, part = assessor.partition(":")
    if assessor not in INSPECTED and family != LICENCE:
        return None
    section = sections[INSPECTED.get(assessor, part)]
    if family == LICENCE and known.licences is not None:
        from bartizan.assess.licences.assessor import assess_licences

        judged = assess_licences(section, known.licences)
    elif assessor == "secret" and known.secrets is not None:
        judged = assess_secrets(section, known.secrets)
    elif assessor == "malware" and known.malware is not None:
        from bartizan.assess.malware.assessor import assess_malware

        judged = assess_malware(section, known.malware)
    else:
        return None
    return image.located(judged, sections, _base(sections))


def _whole(sections: Mapping[str, Section], known: Known) -> list[Assessment]:
    """A host or an image, without resources that it may hold besides."""
    if IMAGE in sections:
        return image.assess_image(
            sections,
            advisories=known.advisories,
            policies=known.policies,
            parameters=known.parameters,
            base=_base(sections),
            today=known.today,
        )
    return host.assess_host(
        sections,
        advisories=known.advisories,
        policies=known.policies if sections.keys() & set(HOST_SECTIONS) else None,
        parameters=known.parameters,
        today=known.today,
    )


def _base(sections: Mapping[str, Section]) -> image.Base | None:
    """The base that came with the image; None leaves it to the image's labels."""
    section = sections.get(BASE)
    if section is None or not isinstance(section.facts, Mapping):
        return None
    layers = section.facts.get("layers")
    return image.Base(
        layers=tuple(map(str, layers)) if isinstance(layers, list) else (),
        name=str(section.facts.get("name", "")),
        told_by=str(section.facts.get("told_by", "")),
    )
