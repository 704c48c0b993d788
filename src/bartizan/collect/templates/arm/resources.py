"""An ARM template or a Bicep file as resources of the model, nested templates and modules on disk included."""

from collections.abc import Collection, Iterator, Mapping

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.arm.bicep import read_bicep
from bartizan.collect.templates.arm.deployment import Run, Setting
from bartizan.collect.templates.arm.syntax import ArmError, Deployment, Literal, Node, Object
from bartizan.collect.templates.arm.template import read_template
from bartizan.collect.templates.azure import kinds as azure_kinds
from bartizan.collect.templates.calls import joined, roots
from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.located import LocatedError
from bartizan.collect.templates.normal import TemplateResources, normalised

FAMILIES = azure_kinds.ARM
TEMPLATE_LIMIT = 64 << 20


def of_template(view: FilesystemView, path: str, parameters: Mapping[str, str] | None = None) -> TemplateResources:
    """The resources of a template in JSON or of a Bicep file, told apart by the file's name."""
    reader = _Files(view)
    deployment = reader.load(path)
    if deployment is None:
        return TemplateResources((), tuple(reader.problems), {})
    known = {type_.lower(): type_ for family in FAMILIES for type_ in (*family.types, *family.parts)}
    setting = Setting(reader.load, known, reader.problems, reader.text)
    try:
        declared = list(Run(deployment, setting, dict(parameters or {})).declared())
    except RecursionError:
        reader.problems.append(TemplateProblem(path=path, line=0, reason="nested too deep"))
        declared = []
    return normalised(declared, FAMILIES, reader.problems)


def of_templates(
    view: FilesystemView, paths: Collection[str], parameters: Mapping[str, str] | None = None
) -> Iterator[tuple[str, TemplateResources]]:
    """The resources of several templates. One that another of them nests is judged there, with what it gets there."""
    calls: dict[str, set[str]] = {}
    for path in paths:
        deployment = _Files(view).load(path)
        folder = path.rpartition("/")[0]
        calls[path] = {joined(folder, link) for link in links(deployment)} if deployment is not None else set()
    for path in roots(paths, calls):
        yield path, of_template(view, path, parameters)


def links(deployment: Deployment) -> Iterator[str]:
    """The files that a template nests by a plain path."""
    for stated in deployment.resources:
        if stated.template is not None:
            yield from links(stated.template)
        elif stated.link:
            yield stated.link
        elif isinstance(stated.body, Object):
            found = _within(_within(_within(stated.body, "properties"), "templateLink"), "relativePath")
            if isinstance(found, Literal) and isinstance(found.value, str):
                yield found.value


def _within(node: Node | None, name: str) -> Node | None:
    if not isinstance(node, Object):
        return None
    return next((item for key, item in node.items if key == Literal(name)), None)


class _Files:
    """Reads templates from a view, each problem noted."""

    def __init__(self, view: FilesystemView) -> None:
        self._view = view
        self.problems: list[TemplateProblem] = []

    def load(self, path: str) -> Deployment | None:
        """The template in a file; None where it cannot be read."""
        path = joined("", path)
        try:
            text = self._view.read(path, TEMPLATE_LIMIT).decode("utf-8-sig")
            return read_bicep(text, path, self.problems) if path.endswith(".bicep") else read_template(text, path)
        except FilesystemError as error:
            self._problem(path, 0, error.reason)
        except UnicodeDecodeError as error:
            self._problem(path, 0, f"not UTF-8 at byte {error.start}")
        except (ArmError, LocatedError) as error:
            self._problem(path, error.line, error.reason)
        except RecursionError:
            self._problem(path, 0, "nested too deep")
        return None

    def text(self, path: str) -> Value:
        """The text of a file that a template loads."""
        try:
            return self._view.read(joined("", path), TEMPLATE_LIMIT).decode("utf-8-sig")
        except (FilesystemError, UnicodeDecodeError) as error:
            return Unknown(f"{path}: {error}")

    def _problem(self, path: str, line: int, reason: str) -> None:
        self.problems.append(TemplateProblem(path=path, line=line, reason=reason))
