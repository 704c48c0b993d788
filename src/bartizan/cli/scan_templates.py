"""`bartizan scan templates`: the infrastructure that a source tree declares."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scanning import Asked, scan
from bartizan.exchange.interface import ScanResult
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section, Snapshot


def scan_templates(asked: Asked, place: Path, variables: dict[str, str], *, helm: bool = False) -> ScanResult:
    """Read every template below `place`, or the one that it is, and judge what it declares; `helm`: charts by the
    program of that name."""
    from bartizan.collect.filesystem.local import LocalView
    from bartizan.collect.templates.discover import read_templates
    from bartizan.collect.templates.kubernetes.helm.program import of_chart

    if not (place.is_dir() or place.is_file()):
        raise Failure(
            f"cannot scan {place}: it is neither a folder nor a file",
            remedy="Name the folder of a repository, or a single template, plan or state.",
            code=ExitCode.USAGE,
        )
    resolved = place.resolve()
    folder, only = (resolved.parent, resolved.name) if resolved.is_file() else (resolved, "")
    render = partial(of_chart, folder) if helm else None

    def read(step: Callable[[str], None]) -> dict[str, Section]:
        return read_templates(LocalView(str(folder)), only=only, variables=variables, progress=step, render=render)

    result = scan(
        asked,
        str(place),
        lambda now, step: Snapshot(
            asset=AssetRef(kind=AssetKind.REPOSITORY, key=resolved.name, name=resolved.name),
            taken_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            sensor=f"cli/{__version__}",
            sections=read(step),
        ),
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
