"""Every template of a source tree, found by one walk and read in its language.

    read_templates(LocalView("repo"))["resources_terraform"].facts
    {"resources": [{"type": "aws.s3.bucket", "id": "/net#aws_s3_bucket.logs", ...}], "templates": ["/net"],
     "unmodelled": {"aws_foo": 2}}

A file is taken for a template by what is in it, never by its folder's name alone. Modules that another module of the
tree calls are judged where they are called, with the arguments that they get there.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from bartizan.collect.filesystem.interface import Entry, FileKind, FilesystemError, FilesystemView
from bartizan.collect.resources.kubernetes.across_objects import Placed, across_objects
from bartizan.collect.templates.arm.resources import of_templates as of_arm_templates
from bartizan.collect.templates.calls import joined, roots
from bartizan.collect.templates.cloudformation.resources import of_templates as of_stacks
from bartizan.collect.templates.docker.compose import of_compose
from bartizan.collect.templates.docker.stages import of_dockerfile
from bartizan.collect.templates.hcl.syntax import Literal
from bartizan.collect.templates.kubernetes.helm.resources import of_chart
from bartizan.collect.templates.kubernetes.kustomize.overlay import NAMES as KUSTOMIZATIONS
from bartizan.collect.templates.kubernetes.kustomize.overlay import of_overlay, parts_of
from bartizan.collect.templates.kubernetes.manifest import of_manifest
from bartizan.collect.templates.normal import TemplateResources
from bartizan.collect.templates.terraform.plan import of_plan
from bartizan.collect.templates.terraform.resources import of_folder
from bartizan.collect.templates.terraform.source import Sources
from bartizan.collect.templates.terraform.state import of_state
from bartizan.collect.templates.tracing import Tracer
from bartizan.model.resource import Resource
from bartizan.model.snapshot import Problem, Section
from bartizan.model.wire import plain

_LEFT_OUT = frozenset(
    {".git", ".terraform", "node_modules", ".venv", "__pycache__", ".tox", ".terragrunt-cache", ".hg"}
)
_TERRAFORM = (".tf", ".tofu", ".tf.json", ".tofu.json")
_YAML = (".yaml", ".yml")
_HEAD = 64 << 10
"""Bytes of a YAML or JSON file that must show what it is."""

_CLOUDFORMATION = re.compile(rb"AWSTemplateFormatVersion|\"?Type\"?\s*:\s*[\"']?AWS::[A-Za-z0-9]+::")
_KUBERNETES = re.compile(rb"(?m)(?:^|[{,])\s*[\"']?apiVersion[\"']?\s*:")
_COMPOSE = re.compile(rb"(?m)^[\"']?services[\"']?\s*:")
_SERVICE = re.compile(rb"(?m)^\s+[\"']?(?:image|build|extends)[\"']?\s*:")
_DOCKERFILE = re.compile(r"(?i)^(?:Dockerfile|Containerfile)(?:[._-].+)?$|^.+\.(?:Dockerfile|Containerfile)$")
_ARM = re.compile(rb"\"\$schema\"\s*:\s*\"[^\"]*/(?:\w+D|d)eploymentTemplate\.json")
_PLAN = re.compile(rb"\"(?:planned_values|terraform_version)\"\s*:")
_STATE = re.compile(rb"\"lineage\"\s*:")


@dataclass(slots=True)
class _Found:
    """What one walk saw."""

    terraform: dict[str, list[str]] = field(default_factory=dict)
    """Folder to the names of its Terraform files."""
    documents: list[str] = field(default_factory=list)
    """YAML and JSON files that may be templates."""
    dockerfiles: list[str] = field(default_factory=list)
    bicep: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


def read_templates(
    view: FilesystemView,
    *,
    ignore: Collection[str] = (),
    only: str = "",
    variables: dict[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
    render: Callable[[str, dict[str, str]], TemplateResources] | None = None,
    tracer: Tracer | None = None,
) -> dict[str, Section]:
    """A section for each language that the tree has templates in. Folders in `ignore` (absolute) are not entered;
    `only` names the one file in `/` to read, or the module that it is part of; `variables` are values for root modules
    and parameters, as on a command line; `render` reads the chart in a folder in the place of our own rendering;
    `tracer` is told what it may be asked about afterwards."""
    found = _walk(view, ignore, only)
    sections: dict[str, Section] = {}
    terraform = list(_terraform(view, found, variables or {}, progress))
    plans, states, stacks, manifests, composed = _by_content(view, found.documents)
    arm = [*found.bicep, *_arm(view, found.documents)]
    terraform += [(path, of_plan(view, path)) for path in plans]
    terraform += [(path, of_state(view, path)) for path in [*found.states, *states]]
    for name, read in (
        ("resources_terraform", terraform),
        ("resources_cloudformation", list(of_stacks(view, stacks, variables or {}))),
        ("resources_arm", list(of_arm_templates(view, arm, variables))),
        ("resources_dockerfile", [(path, of_dockerfile(view, path, variables)) for path in found.dockerfiles]),
        ("resources_compose", [(path, of_compose(view, path, variables)) for path in composed]),
        ("resources_kubernetes", _together(_kubernetes(view, found.documents, manifests, variables or {}, render))),
    ):
        if read:
            sections[name] = _section(name, read)
            for path, each in read:
                if tracer is not None and each.drafted is not None:
                    tracer.keep(name, path, each.drafted)
    return sections


def _walk(view: FilesystemView, ignore: Collection[str], only: str) -> _Found:
    found = _Found()

    def prune(entry: Entry) -> bool:
        return entry.name in _LEFT_OUT or entry.path in ignore

    for entry in [each for each in view.list("/") if each.name == only] if only else view.walk("/", prune):
        if entry.kind is FileKind.DIRECTORY:
            continue
        folder = entry.path.rpartition("/")[0] or "/"
        if entry.name.endswith(_TERRAFORM):
            found.terraform.setdefault(folder, []).append(entry.name)
        elif entry.name.endswith((".yaml", ".yml", ".json", ".jsonc", ".template")) or entry.name in KUSTOMIZATIONS:
            found.documents.append(entry.path)
        elif entry.name.endswith(".bicep"):
            found.bicep.append(entry.path)
        elif entry.name.endswith(".tfstate"):
            found.states.append(entry.path)
        elif _DOCKERFILE.match(entry.name):
            found.dockerfiles.append(entry.path)
        elif only:
            found.documents.append(entry.path)
    return found


def _terraform(
    view: FilesystemView, found: _Found, variables: dict[str, str], progress: Callable[[str], None] | None
) -> Iterator[tuple[str, TemplateResources]]:
    for folder in roots(found.terraform, _calls(view, found.terraform)):
        if progress:
            progress(folder)
        yield folder, of_folder(view, folder, variables)


def _calls(view: FilesystemView, folders: Iterable[str]) -> dict[str, set[str]]:
    """The folders that each folder's module calls by a literal path."""
    sources = Sources(view, "/")
    calls: dict[str, set[str]] = {}
    for folder in folders:
        for _, block in sources.folder(folder).blocks:
            node = block.body.attributes.get("source") if block.type == "module" else None
            if isinstance(node, Literal) and isinstance(node.value, str) and node.value.startswith("."):
                calls.setdefault(folder, set()).add(joined(folder, node.value))
    return calls


def _by_content(view: FilesystemView, paths: Iterable[str]) -> tuple[list[str], ...]:
    """Plans, states, CloudFormation templates, Kubernetes manifests and Compose files."""
    plans, states, stacks, manifests, composed = [], [], [], [], []
    paths = list(paths)
    charts = {path.removesuffix("/Chart.yaml") for path in paths if path.endswith("/Chart.yaml")}
    for path in paths:
        try:
            with view.open(path) as stream:
                head = stream.read(_HEAD)
        except FilesystemError:
            continue
        if _CLOUDFORMATION.search(head) and b"Resources" in head:
            stacks.append(path)
        elif not path.endswith(_YAML) and _PLAN.search(head) and b"format_version" in head:
            plans.append(path)
        elif not path.endswith(_YAML) and _STATE.search(head) and b"terraform_version" in head:
            states.append(path)
        elif _KUBERNETES.search(head) and b"kind" in head and not _in_chart(path, charts):
            manifests.append(path)
        elif _COMPOSE.search(head) and _SERVICE.search(head) and not _in_chart(path, charts):
            composed.append(path)
    return plans, states, stacks, manifests, composed


def _arm(view: FilesystemView, paths: Iterable[str]) -> Iterator[str]:
    """Azure's templates in JSON."""
    for path in paths:
        if path.endswith((".json", ".jsonc")):
            try:
                with view.open(path) as stream:
                    if _ARM.search(stream.read(_HEAD)):
                        yield path
            except FilesystemError:
                continue


def _kubernetes(
    view: FilesystemView,
    documents: Iterable[str],
    manifests: list[str],
    variables: dict[str, str],
    render: Callable[[str, dict[str, str]], TemplateResources] | None,
) -> Iterator[tuple[str, TemplateResources]]:
    charts = {path.removesuffix("/Chart.yaml") for path in documents if path.endswith("/Chart.yaml")}
    for chart in sorted(charts):
        if not any(chart.startswith(f"{other}/charts/") for other in charts):
            yield chart or "/", render(chart, variables) if render else of_chart(view, chart or "/", variables)
    overlays = {path.rpartition("/")[0] or "/" for path in documents if path.rpartition("/")[2] in KUSTOMIZATIONS}
    calls = {overlay: set(parts_of(view, overlay)) for overlay in overlays}
    parts = set().union(*calls.values())
    for overlay in roots(overlays, calls):
        yield overlay, of_overlay(view, overlay)
    for path in manifests:
        if path not in parts and path.rpartition("/")[2] not in KUSTOMIZATIONS:
            yield path, of_manifest(view, path)


def _together(read: Iterable[tuple[str, TemplateResources]]) -> list[tuple[str, TemplateResources]]:
    """What was read, with the facts that need several objects. Loose manifests are one unit, a chart or an overlay is
    one of its own."""
    found = list(read)
    placed: list[Placed] = []
    foreign: dict[str, str] = {}
    for path, each in found:
        loose = path.endswith((".yaml", ".yml", ".json"))
        unit, folder = ("", path.rpartition("/")[0]) if loose else (path, "")
        others = ", ".join(sorted(kind for kind in each.unmodelled if kind.endswith("NetworkPolicy")))
        placed += [Placed(unit=unit, folder=folder, resource=resource) for resource in each.resources]
        if others:
            foreign[unit] = others
    resources = iter(across_objects(placed, foreign))
    return [(path, replace(each, resources=tuple(islice(resources, len(each.resources))))) for path, each in found]


def _in_chart(path: str, charts: Collection[str]) -> bool:
    """Templates of a chart are no YAML before they are rendered."""
    return any(path.startswith((f"{chart}/templates/", f"{chart}/Chart.yaml", f"{chart}/values")) for chart in charts)


def _section(name: str, read: list[tuple[str, TemplateResources]]) -> Section:
    resources: list[Resource] = []
    problems: dict[tuple[str, str], Problem] = {}
    unmodelled: dict[str, int] = {}
    for path, found in read:
        resources += [replace(each, id=f"{path}#{each.id}") for each in found.resources]
        for problem in found.problems:
            where = f"{problem.path}:{problem.line}" if problem.line else problem.path
            problems[where, problem.reason] = Problem(path=where, reason=problem.reason)
        for type_, count in found.unmodelled.items():
            unmodelled[type_] = unmodelled.get(type_, 0) + count
    facts = {
        "templates": sorted(path for path, _ in read),
        "resources": [plain(each) for each in sorted(resources, key=lambda each: (each.id, each.type))],
        "unmodelled": dict(sorted(unmodelled.items())),
    }
    return Section(name=name, facts=facts, problems=tuple(problems[key] for key in sorted(problems)))
