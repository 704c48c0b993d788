"""Charts rendered by the helm program, where somebody asks for that: it knows what our own rendering leaves open.

    helm template shop /repo/charts/shop --set image.tag=1.2

The program is run without a shell, with an environment and folders of its own, for a bounded time. It writes which
template each document comes from (`# Source: shop/templates/web.yaml`); lines are not known.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.kubernetes.helm.resources import placed_draft
from bartizan.collect.templates.kubernetes.manifest import objects_of
from bartizan.collect.templates.located import LocatedError
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Location, Resource

TIMEOUT = 120.0
"""Seconds."""
OUTPUT_LIMIT = 64 << 20
_SOURCE = re.compile(r"(?m)^# Source: [^/\n]+/(\S+)$")
_NAME = re.compile(r"[^a-z0-9-]+")


def of_chart(
    root: Path, folder: str, variables: Mapping[str, str] | None = None, *, program: str = "helm"
) -> TemplateResources:
    """The objects of the chart in `folder` (a path within `root`) as the helm program renders it."""
    found = shutil.which(program)
    if found is None:
        return _nothing(folder, f"{program} is not installed: install it, or leave --helm out")
    name = _NAME.sub("-", folder.rpartition("/")[2].lower()).strip("-") or "release"
    command = [found, "template", name[:50], str(root) + folder]
    for key, value in (variables or {}).items():
        command += ["--set", f"{key}={value}"]
    with tempfile.TemporaryDirectory(prefix="bartizan-helm-") as home:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "HELM_PLUGINS": f"{home}/plugins"}
        try:
            # Arguments are a list, so no shell ever reads them; a chart cannot name a program to run.
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, check=False, timeout=TIMEOUT, env=environment, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return _nothing(folder, f"{program} could not render the chart: {error}")
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().replace("\n", "; ")[:500]
        return _nothing(folder, f"{program} could not render the chart: {reason}")
    if len(done.stdout) > OUTPUT_LIMIT:
        return _nothing(folder, f"the chart renders more than {OUTPUT_LIMIT >> 20} MiB")
    return _rendered(done.stdout.decode("utf-8", "replace"), folder)


def _rendered(text: str, folder: str) -> TemplateResources:
    resources: list[Resource] = []
    problems: list[TemplateProblem] = []
    unmodelled: dict[str, int] = {}
    for part in re.split(r"(?m)^---\s*$", text):
        source = _SOURCE.search(part)
        path = f"{folder}/{source[1]}" if source else folder
        try:
            for each in objects_of(part):
                draft = placed_draft(each, Location(path=path))
                if draft is None:
                    kind = f"kubernetes {each['kind']}"
                    unmodelled[kind] = unmodelled.get(kind, 0) + 1
                else:
                    resources.append(draft.resource())
        except LocatedError as error:
            problems.append(TemplateProblem(path=path, line=0, reason=f"the rendered text is no YAML: {error.reason}"))
    return TemplateResources(tuple(resources), tuple(problems), unmodelled)


def _nothing(folder: str, reason: str) -> TemplateResources:
    return TemplateResources((), (TemplateProblem(path=f"{folder}/Chart.yaml", line=0, reason=reason),), {})
