"""A CloudFormation template as resources of the model, nested stacks that are on disk included."""

from collections.abc import Collection, Iterator, Mapping

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws import kinds as aws_kinds
from bartizan.collect.templates.budget import Budget
from bartizan.collect.templates.calls import joined, roots
from bartizan.collect.templates.cloudformation import serverless
from bartizan.collect.templates.cloudformation.serverless import expanded
from bartizan.collect.templates.cloudformation.template import Template, short_form
from bartizan.collect.templates.cloudformation.types import s3
from bartizan.collect.templates.declared import Declared, Origin, TemplateProblem
from bartizan.collect.templates.family import Family
from bartizan.collect.templates.located import LocatedError, load_all
from bartizan.collect.templates.normal import TemplateResources, normalised

FAMILIES: tuple[Family, ...] = (*aws_kinds.CLOUDFORMATION, s3.FAMILY, serverless.FAMILY)

TEMPLATE_LIMIT = 64 << 20
_NESTING = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
_NESTED = 10
"""Stacks within stacks that are followed."""


def of_template(view: FilesystemView, path: str, parameters: Mapping[str, str] | None = None) -> TemplateResources:
    """The resources of a template in YAML or JSON."""
    reading = _Reading(view)
    declared = list(reading.stack(path, dict(parameters or {}), "", ()))
    return normalised(declared, FAMILIES, reading.problems)


def of_templates(
    view: FilesystemView, paths: Collection[str], parameters: Mapping[str, str] | None = None
) -> Iterator[tuple[str, TemplateResources]]:
    """The resources of several templates. One that another of them nests is judged there, with what it gets there."""
    calls = {path: set(_links(view, path)) for path in paths} if len(paths) > 1 else {}
    for path in roots(paths, calls):
        yield path, of_template(view, path, parameters)


def _links(view: FilesystemView, path: str) -> Iterator[str]:
    """The templates that a template nests by a plain path."""
    try:
        text = view.read(path, TEMPLATE_LIMIT).decode("utf-8-sig")
        if not any(type_ in text for type_ in _NESTING):
            return
        document = next(load_all(text, short_form)).value
    except (FilesystemError, UnicodeDecodeError, LocatedError, StopIteration):
        return
    resources = document.get("Resources") if isinstance(document, dict) else None
    for each in resources.values() if isinstance(resources, dict) else ():
        if isinstance(each, dict) and each.get("Type") in _NESTING:
            properties = each.get("Properties")
            link = _location(properties) if isinstance(properties, dict) else None
            if isinstance(link, str) and "://" not in link:
                yield joined(path.rpartition("/")[0], link)


def _location(attributes: Mapping[str, Value]) -> Value:
    return attributes.get("TemplateURL", attributes.get("Location"))


class _Reading:
    """One template and the stacks that it nests, with what could not be read."""

    def __init__(self, view: FilesystemView) -> None:
        self._view, self._budget = view, Budget()
        self.problems: list[TemplateProblem] = []

    def stack(
        self,
        path: str,
        parameters: Mapping[str, Value],
        address: str,
        around: tuple[str, ...],
        caller: Origin | None = None,
    ) -> Iterator[Declared]:
        """The resources of the stack in a file; `around` are the files of the stacks that it is nested in."""
        try:
            text = self._view.read(path, TEMPLATE_LIMIT).decode("utf-8-sig")
            document = next(load_all(text, short_form))
        except FilesystemError as error:
            self._problem(path, 0, error.reason)
            return
        except UnicodeDecodeError as error:
            self._problem(path, 0, f"not UTF-8 at byte {error.start}")
            return
        except LocatedError as error:
            self._problem(path, error.line, error.reason)
            return
        except StopIteration:
            self._problem(path, 0, "the file is empty")
            return
        template = Template(document, path, parameters, address=address, budget=self._budget, caller=caller)
        self.problems += template.problems
        common = template.common()
        for each in template.declared():
            yield from expanded(each, common)
            if each.type in _NESTING:
                yield from self._nested(each, path, (*around, path))

    def _nested(self, stack: Declared, path: str, around: tuple[str, ...]) -> Iterator[Declared]:
        location = _location(stack.attributes)
        if not isinstance(location, str) or "://" in location:
            self._problem(path, stack.location.line, f"{stack.address}: its template is not on disk")
            return
        target = joined(path.rpartition("/")[0], location)
        if target in around:
            self._problem(path, stack.location.line, f"{stack.address}: the template in {target} nests itself")
            return
        if len(around) > _NESTED or not self._budget.instances(1):
            self._problem(path, stack.location.line, f"{stack.address}: more than {_NESTED} stacks within each other")
            return
        parameters = stack.attributes.get("Parameters")
        given = parameters if isinstance(parameters, dict) else {}
        if isinstance(parameters, Unknown):
            self._problem(path, stack.location.line, parameters.reason)
        yield from self.stack(target, given, f"{stack.address}.", around, stack.origin)

    def _problem(self, path: str, line: int, reason: str) -> None:
        self.problems.append(TemplateProblem(path=path, line=line, reason=reason))
