"""A chart in a folder (helm.sh/docs/topics/charts): its name, values, templates, files, and the charts within it.

Chart.yaml       name: shop, version: 1.2.0, dependencies: [{name: redis, condition: redis.enabled, alias: cache}]
values.yaml      image: {repository: shop, tag: ""}
templates/       *.yaml are rendered, _*.tpl only define
charts/redis/    a chart within, with the values under `redis` (or its alias) and `global`
"""

import copy
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field

from bartizan.collect.filesystem.interface import FileKind, FilesystemError, FilesystemView, Missing
from bartizan.collect.resources.values import Value
from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.kubernetes.helm.collection_functions import merged
from bartizan.collect.templates.kubernetes.helm.evaluate import Method, Refused
from bartizan.collect.templates.kubernetes.helm.text_functions import to_yaml
from bartizan.collect.templates.located import LocatedError, load_all

MAX_CHARTS = 200
MAX_FILE = 4 << 20
MAX_FILES = 5000
_FILE_LEFT_OUT = ("templates/", "charts/", "Chart.yaml", "values.yaml")


@dataclass(slots=True)
class Chart:
    """One chart as it lies in its folder."""

    path: str
    name: str
    about: dict[str, Value]
    """Chart.yaml."""
    values: dict[str, Value]
    templates: dict[str, str] = field(default_factory=dict)
    """Path in the view to text."""
    parts: dict[str, "Chart"] = field(default_factory=dict)
    """By the name under which its values stand."""


@dataclass(frozen=True, slots=True)
class Files:
    """`.Files`: what lies in the chart besides templates. Contents go no further than the rendering."""

    view: FilesystemView
    folder: str
    names: tuple[str, ...] | None = None

    def field(self, name: str) -> Value:
        match name:
            case "Get":
                return Method(self._get)
            case "GetBytes":
                return Method(self._get)
            case "Lines":
                return Method(lambda path: self._get(path).splitlines())
            case "Glob":
                return Method(lambda pattern: Files(self.view, self.folder, self._matching(str(pattern))))
            case "AsConfig":
                return to_yaml({each.rpartition("/")[2]: self._get(each) for each in self._names()})
            case "AsSecrets":
                return to_yaml({each.rpartition("/")[2]: "" for each in self._names()})
        raise Refused(f".Files has no {name}")

    def __bool__(self) -> bool:
        return bool(self._names())

    def items(self) -> dict[str, str]:
        """Path to contents."""
        return {each: self._get(each) for each in self._names()}

    def _get(self, path: Value) -> str:
        name = str(path)
        if name.startswith("/") or ".." in name.split("/"):
            raise Refused(f".Files.Get {name!r} leaves the chart")
        try:
            return self.view.read(f"{self.folder}/{name}", MAX_FILE).decode("utf-8", "replace")
        except FilesystemError:
            return ""

    def _matching(self, pattern: str) -> tuple[str, ...]:
        plain = pattern.replace("**", "*")
        return tuple(each for each in self._names() if fnmatch.fnmatchcase(each, plain))

    def _names(self) -> tuple[str, ...]:
        if self.names is not None:
            return self.names
        found = []
        for entry in self.view.walk(self.folder):
            name = entry.path.removeprefix(self.folder).lstrip("/")
            if entry.kind is FileKind.FILE and not name.startswith(_FILE_LEFT_OUT):
                found.append(name)
                if len(found) > MAX_FILES:
                    raise Refused(f"the chart has more than {MAX_FILES} files")
        return tuple(sorted(found))


def read_chart(view: FilesystemView, folder: str, problems: list[TemplateProblem]) -> Chart | None:
    """The chart in a folder with those within it; what cannot be read is a problem."""
    return _Reader(view, problems).chart(folder.rstrip("/"), 0)


class _Reader:
    def __init__(self, view: FilesystemView, problems: list[TemplateProblem]) -> None:
        self.view, self.problems = view, problems
        self.charts = 0

    def chart(self, folder: str, depth: int) -> Chart | None:
        self.charts += 1
        if self.charts > MAX_CHARTS or depth > 10:
            self._problem(folder, 0, f"more than {MAX_CHARTS} charts, or charts nested more than 10 deep")
            return None
        about = self._mapping(f"{folder}/Chart.yaml")
        if about is None:
            return None
        values = self._mapping(f"{folder}/values.yaml") if self._exists(f"{folder}/values.yaml") else {}
        name = about.get("name")
        chart = Chart(folder, name if isinstance(name, str) else folder.rpartition("/")[2], about, values or {})
        self._templates(chart)
        self._within(chart, depth)
        return chart

    def _templates(self, chart: Chart) -> None:
        top = f"{chart.path}/templates"
        if not self._exists(top):
            return
        for entry in self.view.walk(top):
            if entry.kind is FileKind.FILE and entry.name.endswith((".yaml", ".yml", ".tpl", ".json")):
                text = self._text(entry.path)
                if text is not None:
                    chart.templates[entry.path] = text

    def _within(self, chart: Chart, depth: int) -> None:
        found: dict[str, Chart] = {}
        top = f"{chart.path}/charts"
        if self._exists(top):
            for entry in self.view.list(top):
                if entry.kind is FileKind.DIRECTORY and self._exists(f"{entry.path}/Chart.yaml"):
                    part = self.chart(entry.path, depth + 1)
                    if part is not None:
                        found[part.name] = part
                elif entry.name.endswith(".tgz"):
                    self._problem(entry.path, 0, "a packed chart is not opened; unpack it beside its archive")
                    found.setdefault(entry.name.rpartition("-")[0], Chart(entry.path, "", {}, {}))
        for wanted in self._dependencies(chart):
            name, alias = str(wanted.get("name", "")), wanted.get("alias")
            local = str(wanted.get("repository", ""))
            if name not in found and local.startswith("file://"):
                part = self.chart(_joined(chart.path, local.removeprefix("file://")), depth + 1)
                if part is not None:
                    found[name] = part
            if name not in found:
                where = f"{chart.path}/Chart.yaml"
                self._problem(where, 0, f"the chart {name!r} is not here: fetch it with `helm dependency build`")
            elif not _wanted(wanted, chart.values):
                if alias is None:
                    found.pop(name)
            elif isinstance(alias, str):
                chart.parts[alias] = found[name]
        aliased = {str(each.get("name")) for each in self._dependencies(chart) if each.get("alias")}
        chart.parts.update({name: part for name, part in found.items() if name not in aliased and part.about})

    def _dependencies(self, chart: Chart) -> list[dict[str, Value]]:
        found = chart.about.get("dependencies")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def _mapping(self, path: str) -> dict[str, Value] | None:
        text = self._text(path)
        if text is None:
            return None
        try:
            documents = list(load_all(text))
        except LocatedError as error:
            self._problem(path, error.line, error.reason)
            return None
        value = documents[0].value if documents else {}
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._problem(path, 1, "a mapping is wanted here")
            return None
        return value

    def _text(self, path: str) -> str | None:
        try:
            return self.view.read(path, MAX_FILE).decode("utf-8-sig")
        except FilesystemError as error:
            self._problem(path, 0, error.reason)
        except UnicodeDecodeError as error:
            self._problem(path, 0, f"not UTF-8 at byte {error.start}")
        return None

    def _exists(self, path: str) -> bool:
        try:
            self.view.stat(path)
        except Missing:
            return False
        except FilesystemError:
            return True
        return True

    def _problem(self, path: str, line: int, reason: str) -> None:
        self.problems.append(TemplateProblem(path=path, line=line, reason=reason))


def _wanted(dependency: Mapping[str, Value], values: Mapping[str, Value]) -> bool:
    """By the first of its conditions that the values have, else by its tags, else yes."""
    for path in str(dependency.get("condition") or "").split(","):
        found: Value = values
        for step in path.strip().split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, bool):
            return found
    tags = values.get("tags")
    told = [tags[tag] for tag in dependency.get("tags") or [] if isinstance(tags, Mapping) and tag in tags]
    return any(told) if told else True


def _joined(folder: str, path: str) -> str:
    parts = folder.split("/")
    for step in path.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(parts) or "/"


def values_of(chart: Chart, given: Mapping[str, Value]) -> dict[str, Value]:
    """A chart's values: its own with those given on top, and for the charts within theirs with this chart's on top."""
    own = merged(copy.deepcopy(chart.values), given, overwrite=True)
    for name, part in chart.parts.items():
        below = own.get(name)
        found = merged({}, below, overwrite=True) if isinstance(below, dict) else {}
        if isinstance(own.get("global"), dict):
            merged(found.setdefault("global", {}), own["global"], overwrite=True)
        own[name] = values_of(part, found)
    return own
