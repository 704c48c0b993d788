"""`bartizan scan templates`: the infrastructure that a source tree declares."""

from functools import partial
from pathlib import Path

from bartizan import __version__
from bartizan.cli.failure import ExitCode, Failure
from bartizan.cli.scanning import Asked, scan
from bartizan.exchange.interface import ScanResult
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Snapshot


def scan_templates(asked: Asked, folder: Path, variables: dict[str, str], *, helm: bool = False) -> ScanResult:
    """Read every template below `folder` and judge what it declares; `helm`: charts by the program of that name."""
    from bartizan.collect.filesystem.local import LocalView
    from bartizan.collect.templates.discover import read_templates
    from bartizan.collect.templates.kubernetes.helm.program import of_chart

    if not folder.is_dir():
        raise Failure(
            f"cannot scan {folder}: it is not a folder",
            remedy="Name the folder of a repository, or of a single template.",
            code=ExitCode.USAGE,
        )
    resolved = folder.resolve()
    render = partial(of_chart, resolved) if helm else None
    result = scan(
        asked,
        str(folder),
        lambda now, step: Snapshot(
            asset=AssetRef(kind=AssetKind.REPOSITORY, key=resolved.name, name=resolved.name),
            taken_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            sensor=f"cli/{__version__}",
            sections=read_templates(LocalView(str(resolved)), variables=variables, progress=step, render=render),
        ),
    )
    if not result.sections:
        raise Failure(
            f"there are no templates in {folder}",
            meaning=(
                "Terraform, its plans, CloudFormation, Kubernetes manifests, charts and overlays, Dockerfiles and "
                "Compose files are looked for; nothing was judged."
            ),
            code=ExitCode.INCOMPLETE,
        )
    return result
