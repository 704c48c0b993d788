"""`bartizan scan templates`: the infrastructure that a source tree declares."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scanning import Asked, scan
from bartizan.exchange.interface import ScanResult
from bartizan.model.assessment import Assessment
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section, Snapshot

if TYPE_CHECKING:
    from bartizan.collect.templates.tracing import Tracer


def scan_templates(asked: Asked, place: Path, variables: dict[str, str], *, helm: bool = False) -> ScanResult:
    """Read every template below `place`, or the one that it is, and judge what it declares; `helm`: charts by the
    program of that name."""
    from bartizan.collect.filesystem.local import LocalView
    from bartizan.collect.templates.discover import read_templates
    from bartizan.collect.templates.kubernetes.helm.program import of_chart
    from bartizan.collect.templates.tracing import Tracer

    if not (place.is_dir() or place.is_file()):
        raise Failure(
            f"cannot scan {place}: it is neither a folder nor a file",
            remedy="Name the folder of a repository, or a single template, plan or state.",
            code=ExitCode.USAGE,
        )
    resolved = place.resolve()
    folder, only = (resolved.parent, resolved.name) if resolved.is_file() else (resolved, "")
    render = partial(of_chart, folder) if helm else None
    tracer = Tracer()

    def read(step: Callable[[str], None]) -> dict[str, Section]:
        return read_templates(
            LocalView(str(folder)), only=only, variables=variables, progress=step, render=render, tracer=tracer
        )

    result = scan(
        asked,
        str(place),
        lambda now, step: Snapshot(
            asset=AssetRef(kind=AssetKind.REPOSITORY, key=resolved.name, name=resolved.name),
            taken_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            sensor=f"cli/{__version__}",
            sections=read(step),
        ),
        explain=partial(_explained, tracer),
    )
    if not result.sections:
        raise Failure(
            f"there are no templates in {place}",
            meaning=(
                "Terraform, its plans and states, CloudFormation, Kubernetes manifests, charts and overlays, "
                "Dockerfiles and Compose files are looked for; nothing was judged."
            ),
            code=ExitCode.INCOMPLETE,
        )
    return result


def _explained(
    tracer: "Tracer", snapshot: Snapshot, assessments: tuple[Assessment, ...]
) -> tuple[Snapshot, tuple[Assessment, ...]]:
    """What was found, with where the values came from that decided; also as sections, for whoever judges again."""
    from bartizan.assess.origins import section_of, wanted, with_origins

    sections = dict(snapshot.sections)
    out: list[Assessment] = []
    for each in assessments:
        section = snapshot.sections.get(each.assessor.partition(":")[2])
        facts = tracer.trace(section.name, wanted(section, each)) if section is not None else None
        if section is None or facts is None:
            out.append(each)
            continue
        name = section_of(section.name)
        sections[name] = Section(name=name, facts=facts)
        out.append(with_origins(each, section, sections[name]))
    return replace(snapshot, sections=sections), tuple(out)
