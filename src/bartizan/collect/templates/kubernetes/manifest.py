"""Kubernetes manifests: files of YAML or JSON with one object a document.

apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: nginx:1.27}]}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources.kubernetes.objects import draft_object, objects
from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.located import Located, LocatedError, load_all
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Location, Resource

MANIFEST_LIMIT = 64 << 20


def of_manifest(view: FilesystemView, path: str) -> TemplateResources:
    """The objects of a file. A document that is broken ends the file; what came before it counts."""
    try:
        text = view.read(path, MANIFEST_LIMIT).decode("utf-8-sig")
    except FilesystemError as error:
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=error.reason),), {})
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start}"
        return TemplateResources((), (TemplateProblem(path=path, line=0, reason=reason),), {})
    return of_text(text, path)


def of_text(text: str, path: str) -> TemplateResources:
    """The objects of a text that was read from `path` or rendered from it."""
    resources: list[Resource] = []
    problems: list[TemplateProblem] = []
    unmodelled: dict[str, int] = {}
    try:
        for document in load_all(text):
            for each in objects(document.value):
                draft = draft_object(each, location=_location(document, path))
                if draft is None:
                    kind = f"kubernetes {each['kind']}"
                    unmodelled[kind] = unmodelled.get(kind, 0) + 1
                else:
                    resources.append(draft.resource())
    except LocatedError as error:
        problems.append(TemplateProblem(path=path, line=error.line, reason=error.reason))
    return TemplateResources(tuple(resources), tuple(problems), unmodelled)


def objects_of(text: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a text, without their places; raises `LocatedError`."""
    for document in load_all(text):
        yield from objects(document.value)


def _location(document: Located, path: str) -> Location:
    return Location(path=path, line=document.lines.get("", 0), end_line=document.end_lines.get("", 0))
