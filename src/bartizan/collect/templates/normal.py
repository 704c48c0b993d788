"""From what a template declares to resources of the model, whatever language it is written in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared, TemplateProblem
from bartizan.collect.templates.family import Family
from bartizan.collect.templates.tracing import Drafted
from bartizan.model.resource import Resource


@dataclass(frozen=True, slots=True)
class TemplateResources:
    """What a template declares."""

    resources: tuple[Resource, ...]
    problems: tuple[TemplateProblem, ...]
    unmodelled: Mapping[str, int]
    """Provider types that no resource of the model stands for, with how many there are: seen but not judged."""
    drafted: Drafted | None = None
    """What the resources were drafted from, for asking where their values came from; None where it cannot be asked."""


def normalised(
    declared: Iterable[Declared], families: Sequence[Family], problems: Iterable[TemplateProblem] = ()
) -> TemplateResources:
    """Declared resources as resources of the model, by the families of their provider or template language."""
    configuration = Configuration.of(declared)
    known = {type_: family for family in families for type_ in family.types}
    parts = {type_ for family in families for type_ in family.parts}
    resources: list[Resource] = []
    unmodelled: dict[str, int] = {}
    for type_, found in sorted(configuration.by_type.items()):
        family = known.get(type_)
        if family is None:
            if type_ not in parts:
                unmodelled[type_] = len(found)
            continue
        for each in found:
            for draft in family.draft(each, configuration):
                if each.uncertain:
                    draft.unknown("exists", each.uncertain)
                resources.append(draft.resource())
    return TemplateResources(tuple(resources), tuple(problems), unmodelled, Drafted(configuration, known))
