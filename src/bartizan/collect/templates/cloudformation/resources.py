"""A CloudFormation template as resources of the model, nested stacks that are on disk included."""

from collections.abc import Iterator, Mapping

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws import kinds as aws_kinds
from bartizan.collect.templates.cloudformation import serverless
from bartizan.collect.templates.cloudformation.serverless import expanded
from bartizan.collect.templates.cloudformation.template import Template, short_form
from bartizan.collect.templates.cloudformation.types import s3
from bartizan.collect.templates.declared import Declared, TemplateProblem
from bartizan.collect.templates.family import Family
from bartizan.collect.templates.located import LocatedError, load_all
from bartizan.collect.templates.normal import TemplateResources, normalised

FAMILIES: tuple[Family, ...] = (*aws_kinds.CLOUDFORMATION, s3.FAMILY, serverless.FAMILY)

TEMPLATE_LIMIT = 64 << 20
_NESTED = 10
"""Stacks within stacks that are followed."""


def of_template(view: FilesystemView, path: str, parameters: Mapping[str, str] | None = None) -> TemplateResources:
    """The resources of a template in YAML or JSON."""
    problems: list[TemplateProblem] = []
    declared = list(_stack(view, path, dict(parameters or {}), "", problems, 0))
    return normalised(declared, FAMILIES, problems)


def _stack(
    view: FilesystemView,
    path: str,
    parameters: Mapping[str, Value],
    address: str,
    problems: list[TemplateProblem],
    depth: int,
) -> Iterator[Declared]:
    try:
        text = view.read(path, TEMPLATE_LIMIT).decode("utf-8-sig")
        document = next(load_all(text, short_form))
    except FilesystemError as error:
        problems.append(TemplateProblem(path=path, line=0, reason=error.reason))
        return
    except UnicodeDecodeError as error:
        problems.append(TemplateProblem(path=path, line=0, reason=f"not UTF-8 at byte {error.start}"))
        return
    except LocatedError as error:
        problems.append(TemplateProblem(path=path, line=error.line, reason=error.reason))
        return
    except StopIteration:
        problems.append(TemplateProblem(path=path, line=0, reason="the file is empty"))
        return
    template = Template(document, path, parameters, address=address)
    common = template.common()
    for each in template.declared():
        yield from expanded(each, common)
        if each.type in ("AWS::CloudFormation::Stack", "AWS::Serverless::Application"):
            yield from _nested(view, each, path, problems, depth)


def _nested(
    view: FilesystemView, stack: Declared, path: str, problems: list[TemplateProblem], depth: int
) -> Iterator[Declared]:
    location = stack.attributes.get("TemplateURL", stack.attributes.get("Location"))
    where = TemplateProblem(path=path, line=stack.location.line, reason=f"{stack.address}: its template is not on disk")
    if not isinstance(location, str) or "://" in location:
        problems.append(where)
        return
    if depth >= _NESTED:
        reason = f"{stack.address}: more than {_NESTED} stacks within each other"
        problems.append(TemplateProblem(path=path, line=stack.location.line, reason=reason))
        return
    parameters = stack.attributes.get("Parameters")
    given = parameters if isinstance(parameters, dict) else {}
    if isinstance(parameters, Unknown):
        problems.append(TemplateProblem(path=path, line=stack.location.line, reason=parameters.reason))
    folder = path.rpartition("/")[0]
    yield from _stack(view, f"{folder}/{location.removeprefix('./')}", given, f"{stack.address}.", problems, depth + 1)
