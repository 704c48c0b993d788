"""A chart's objects as resources of the model.

    of_chart(view, "/charts/shop")

The chart is rendered as it would be with its own values, under its own name, for Kubernetes 1.31 without extensions;
the namespace is whoever's installs it and stays unknown. What a template's condition hides because it is not known is a
problem with the line of that condition.
"""

from collections.abc import Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.kubernetes.objects import draft_object, objects
from bartizan.collect.resources.kubernetes.open_mapping import OpenMapping
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.kubernetes.helm.chart import Chart, Files, read_chart, values_of
from bartizan.collect.templates.kubernetes.helm.collection_functions import collection_functions
from bartizan.collect.templates.kubernetes.helm.evaluate import Method, Output, Refused, Renderer, RenderError
from bartizan.collect.templates.kubernetes.helm.syntax import Node, Template, TemplateSyntaxError, parse
from bartizan.collect.templates.kubernetes.helm.text_functions import text_functions
from bartizan.collect.templates.kubernetes.helm.unknowns import Marks, readable
from bartizan.collect.templates.located import Located, LocatedError, load_all
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Location, Resource

KUBERNETES = ("1", "31", "v1.31.0")
_API_GROUPS = (
    "v1", "apps/v1", "batch/v1", "autoscaling/v1", "autoscaling/v2", "networking.k8s.io/v1", "policy/v1",
    "rbac.authorization.k8s.io/v1", "storage.k8s.io/v1", "apiextensions.k8s.io/v1", "admissionregistration.k8s.io/v1",
    "certificates.k8s.io/v1", "coordination.k8s.io/v1",
    "discovery.k8s.io/v1", "events.k8s.io/v1",
    "scheduling.k8s.io/v1", "node.k8s.io/v1", "flowcontrol.apiserver.k8s.io/v1",
    "authentication.k8s.io/v1", "authorization.k8s.io/v1", "apiregistration.k8s.io/v1",
)  # fmt: skip


def of_chart(view: FilesystemView, folder: str, variables: Mapping[str, str] | None = None) -> TemplateResources:
    """Every object that the chart and those within it make; `variables` set values by dotted path (`image.tag`)."""
    problems: list[TemplateProblem] = []
    chart = read_chart(view, folder, problems)
    if chart is None or chart.about.get("type") == "library":
        return TemplateResources((), tuple(problems), {})
    rendering = _Rendering(view, problems)
    rendering.read(chart)
    values = values_of(chart, given_values(chart.values, variables or {}))
    rendering.render(chart, values, chart.name)
    return TemplateResources(tuple(rendering.resources), tuple(problems), rendering.unmodelled)


def given_values(values: Mapping[str, Value], variables: Mapping[str, str]) -> dict[str, Value]:
    """Values from variables whose first step the chart's values have."""
    out: dict[str, Value] = {}
    for path, text in variables.items():
        *parents, last = path.split(".")
        if (parents or [last])[0] in values:
            target = out
            for step in parents:
                target = target.setdefault(step, {})
            target[last] = _typed(text)
    return out


def _typed(text: str) -> Value:
    """As `helm --set` types it: whole numbers, truths and null; everything else is text."""
    words = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and digits[0] != "0" and len(digits) < 19 else text


class _Rendering:
    def __init__(self, view: FilesystemView, problems: list[TemplateProblem]) -> None:
        self.view, self.problems = view, problems
        self.resources: list[Resource] = []
        self.unmodelled: dict[str, int] = {}
        self.marks = Marks()
        self.templates: dict[str, Template] = {}
        self.defines: dict[str, tuple[str, list[Node]]] = {}
        functions = {**text_functions(), **collection_functions()}
        self.renderer = Renderer(functions, self.defines, self.marks, self._compile)

    def read(self, chart: Chart) -> None:
        """Parse all templates; what an outer chart defines counts more than what an inner one does."""
        for part in chart.parts.values():
            self.read(part)
        for path, text in sorted(chart.templates.items()):
            try:
                template = parse(text, path)
            except (TemplateSyntaxError, RecursionError) as error:
                line = error.line if isinstance(error, TemplateSyntaxError) else 0
                reason = error.reason if isinstance(error, TemplateSyntaxError) else "nested without end"
                self._problem(path, line, reason)
            else:
                self.templates[path] = template
                self.defines.update({name: (path, nodes) for name, nodes in template.defines.items()})

    def render(self, chart: Chart, values: Mapping[str, Value], release: str) -> None:
        """Every template of a chart, then of those within it."""
        scope = self._scope(chart, values, release)
        for path in sorted(chart.templates):
            template = self.templates.get(path)
            if template is None or path.rpartition("/")[2].startswith("_") or path.endswith(".tpl"):
                continue
            name = f"{chart.name}/{path.removeprefix(chart.path).lstrip('/')}"
            data = {**scope, "Template": {"Name": name, "BasePath": f"{chart.name}/templates"}}
            try:
                output = self.renderer.render(path, template.nodes, data)
            except RenderError as error:
                self._problem(error.path, error.line, error.reason)
            else:
                self._objects(path, output)
        for name, part in chart.parts.items():
            below = values.get(name)
            self.render(part, below if isinstance(below, Mapping) else {}, release)

    def _scope(self, chart: Chart, values: Mapping[str, Value], release: str) -> dict[str, Value]:
        about = {key[:1].upper() + key[1:]: each for key, each in {**chart.about, "name": chart.name}.items()}
        if "ApiVersion" in about:
            about["APIVersion"] = about.pop("ApiVersion")
        major, minor, version = KUBERNETES
        return {
            "Values": values,
            "Chart": {**about, "IsRoot": True},
            "Release": {
                "Name": release,
                "Namespace": Unknown("whoever installs the chart says into which namespace"),
                "Service": "Helm",
                "IsInstall": True,
                "IsUpgrade": False,
                "Revision": 1,
            },
            "Files": Files(self.view, chart.path),
            "Capabilities": {
                "APIVersions": _ApiVersions(),
                "KubeVersion": {"Version": version, "GitVersion": version, "Major": major, "Minor": minor},
                "HelmVersion": {"Version": "v3.16.0", "GitCommit": "", "GoVersion": ""},
            },
            "Subcharts": {},
        }

    def _compile(self, text: str, path: str) -> list[Node]:
        try:
            template = parse(text, path)
        except TemplateSyntaxError as error:
            raise Refused(f"tpl: {error.reason}") from None
        self.defines.update({name: (path, nodes) for name, nodes in template.defines.items()})
        return template.nodes

    def _objects(self, path: str, output: Output) -> None:
        text = output.text()
        lines = list(output.lines())
        try:
            for document in load_all(readable(text)):
                self._document(path, document, lines)
        except LocatedError as error:
            line = lines[min(error.line, len(lines)) - 1] if lines else 0
            unknown = self.marks.first(text)
            because = f"; it hangs on {unknown.reason}" if unknown else ""
            self._problem(path, line, f"the rendered text is no YAML: {error.reason}{because}")

    def _document(self, path: str, document: Located, lines: list[int]) -> None:
        value = self.marks.restored(document.value)
        line, end = (_origin(lines, found.get("", 1)) for found in (document.lines, document.end_lines))
        hidden = value if isinstance(value, Unknown) else value.unknown if isinstance(value, OpenMapping) else None
        kind = value.get("kind") if isinstance(value, dict) else None
        if isinstance(kind, Unknown) or (hidden is not None and not isinstance(kind, str)):
            reason = kind.reason if isinstance(kind, Unknown) else hidden.reason if hidden else ""
            self._problem(path, line, f"it is not known what stands here: {reason}")
            return
        for each in objects(value):
            location = Location(path=path, line=line, end_line=max(line, end))
            draft = draft_object(_placed(each), prefix=self._prefix(path, each), location=location)
            if draft is None:
                name = f"kubernetes {each['kind']}"
                self.unmodelled[name] = self.unmodelled.get(name, 0) + 1
            else:
                self.resources.append(draft.resource())

    def _prefix(self, path: str, document: Mapping[str, Any]) -> str:
        """What tells two objects apart whose names are not known: their files."""
        metadata = document.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else metadata
        return f"{path.rpartition('/')[2]}:" if isinstance(name, Unknown) else ""

    def _problem(self, path: str, line: int, reason: str) -> None:
        self.problems.append(TemplateProblem(path=path, line=line, reason=reason))


def _origin(lines: list[int], number: int) -> int:
    return lines[min(max(number, 1), len(lines)) - 1] if lines else 0


_CLUSTER_WIDE = frozenset(("ClusterRole", "ClusterRoleBinding", "Namespace"))


def placed_draft(document: Mapping[str, Any], location: Location) -> Draft | None:
    """The draft of an object that a chart makes."""
    return draft_object(_placed(document), location=location)


def _placed(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with the namespace that the release gives it."""
    metadata = document.get("metadata")
    if document["kind"] in _CLUSTER_WIDE or not isinstance(metadata, dict) or "namespace" in metadata:
        return document
    unknown = Unknown("whoever installs the chart says into which namespace")
    placed = {**metadata, "namespace": unknown}
    return {
        **document,
        "metadata": OpenMapping(placed, metadata.unknown) if isinstance(metadata, OpenMapping) else placed,
    }


class _ApiVersions:
    """`.Capabilities.APIVersions`: what a cluster without extensions serves."""

    def field(self, name: str) -> Value:
        if name != "Has":
            raise Refused(f".Capabilities.APIVersions has no {name}")
        return Method(
            lambda version: any(str(version) == each or str(version).startswith(each + "/") for each in _API_GROUPS)
        )
