"""A Terraform folder as resources of the model, with all that could not be read; and what all of Terraform shares."""

from collections.abc import Mapping

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.templates.aws import kinds as aws_kinds
from bartizan.collect.templates.azure import kinds as azure_kinds
from bartizan.collect.templates.family import Family
from bartizan.collect.templates.google import kinds as google_kinds
from bartizan.collect.templates.normal import TemplateResources, normalised
from bartizan.collect.templates.terraform.module import root_module
from bartizan.collect.templates.terraform.source import Sources
from bartizan.collect.templates.terraform.types import aws_s3, nothing, provider

FAMILIES: tuple[Family, ...] = (
    *aws_kinds.TERRAFORM,
    aws_s3.FAMILY,
    *azure_kinds.TERRAFORM,
    *google_kinds.TERRAFORM,
    nothing.FAMILY,
    provider.FAMILY,
)


def of_folder(view: FilesystemView, folder: str, variables: Mapping[str, str] | None = None) -> TemplateResources:
    """The configuration in a folder."""
    sources = Sources(view, folder)
    declared = list(root_module(sources, folder, dict(variables or {})).declared())
    return normalised(declared, FAMILIES, sources.problems)
