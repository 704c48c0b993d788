"""An image's assessment: its packages by the advisories, with where each finding comes from and who patches it.

A finding of an image names its layer and build step, whether that layer belongs to the base image or to what was built
upon it, and whether the operating system's packages or the application's brought it: the four are patched by different
people at different times.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from bartizan.assess.policy.engine import ASSESSOR as POLICY
from bartizan.assess.policy.engine import Parameters, PolicySet, assess_resource
from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding
from bartizan.model.record import dataclass
from bartizan.model.resource import Resource
from bartizan.model.snapshot import Section

if TYPE_CHECKING:
    from bartizan.assess.vulnerability.advisories import AdvisoryFile

_SYSTEM_TYPES = frozenset({"deb", "rpm", "apk", "alpm", "opkg", "portage"})


@dataclass(frozen=True, slots=True)
class Base:
    """What is known of the image that another was built upon."""

    layers: tuple[str, ...] = ()
    """Its diff ids; empty where they are not known."""
    name: str = ""
    told_by: str = ""
    """`--base`, `label`, or the index of scanned images."""


def base_of_labels(sections: Mapping[str, Section]) -> Base:
    """The base that the image's labels name (OCI annotations `org.opencontainers.image.base.*`): a name, no layers."""
    labels = _image(sections).get("labels", {})
    name = labels.get("org.opencontainers.image.base.name") or labels.get("org.opencontainers.image.base.digest")
    return Base(name=str(name), told_by="label") if name else Base()


def is_base(layers: Sequence[str], base: Sequence[str]) -> bool:
    """Whether an image's layers begin with all layers of the base."""
    return bool(base) and tuple(layers[: len(base)]) == tuple(base)


def assess_image(
    sections: Mapping[str, Section],
    *,
    advisories: "AdvisoryFile | None",
    policies: PolicySet | None,
    parameters: Parameters | None = None,
    base: Base | None = None,
    today: date | None = None,
) -> list[Assessment]:
    """Judge an image's packages, and its configuration where policies are given. `today` as in `assess_host`."""
    from bartizan.assess.host import scopes
    from bartizan.assess.vulnerability.assessor import assess_packages

    origins = _Origins(_image(sections), base or base_of_labels(sections))
    out = []
    if policies is not None and "image" in sections:
        resource = Resource(type="container.image", id="", attributes={"image": _image(sections)})
        out.append(replace_findings(assess_resource(resource, policies, parameters), origins))
    for name, read in scopes(sections).items():
        if name != POLICY:
            given = {key: sections[key] for key in read if key in sections}
            assessed = assess_packages(name.removeprefix("vulnerability:"), given, advisories, today=today)
            out.append(replace_findings(assessed, origins))
    return out


def located(assessment: Assessment, sections: Mapping[str, Section], base: Base | None) -> Assessment:
    """The assessment of another assessor with the origin of each finding that has a layer."""
    return replace_findings(assessment, _Origins(_image(sections), base or base_of_labels(sections)))


def replace_findings(assessment: Assessment, origins: "_Origins") -> Assessment:
    """The assessment with the origin of each finding in its evidence."""
    findings = tuple(origins.of(finding) for finding in assessment.findings)
    return replace(assessment, findings=findings)


class _Origins:
    """Where layers come from."""

    def __init__(self, image: Mapping[str, Any], base: Base) -> None:
        layers: Iterable[Any] = image.get("layers", ())
        self._steps = {str(layer["digest"]): (index, str(layer.get("step", ""))) for index, layer in enumerate(layers)}
        self._base = base
        self._known = is_base(list(self._steps), base.layers)

    def of(self, finding: Finding) -> Finding:
        """The finding with its origin; unchanged where it has no layer."""
        if finding.layer not in self._steps:
            return finding
        index, step = self._steps[finding.layer]
        part = "unknown"
        if self._known:
            part = "base" if index < len(self._base.layers) else "application"
        package = finding.evidence.get("package")
        type_ = package.get("type") if isinstance(package, Mapping) else ""
        origin: dict[str, Any] = {
            "layer": finding.layer,
            "index": index,
            "step": step,
            "part": part,
            "kind": "operating-system" if type_ in _SYSTEM_TYPES else "application",
        }
        if self._base.name:
            origin["base"] = self._base.name
        return replace(finding, evidence={**finding.evidence, "origin": origin})


def _image(sections: Mapping[str, Section]) -> Mapping[str, Any]:
    section = sections.get("image")
    return section.facts if section is not None and isinstance(section.facts, Mapping) else {}
