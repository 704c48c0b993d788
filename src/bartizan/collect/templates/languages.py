"""Which template languages declare resources of a type, as the tables say by which they are read.

languages_of("aws.s3.bucket")
{"Terraform (configuration, plan, state)": ("aws_s3_bucket",), "CloudFormation, SAM": ("AWS::S3::Bucket",)}
"""

from collections.abc import Mapping, Sequence

from bartizan.collect.resources.kubernetes import objects
from bartizan.collect.templates.arm import resources as arm
from bartizan.collect.templates.cloudformation import resources as cloudformation
from bartizan.collect.templates.docker import compose, stages
from bartizan.collect.templates.family import Family
from bartizan.collect.templates.terraform import resources as terraform

_BY_FAMILIES: Mapping[str, Sequence[Family]] = {
    "Terraform (configuration, plan, state)": terraform.FAMILIES,
    "CloudFormation, SAM": cloudformation.FAMILIES,
    "ARM, Bicep": arm.FAMILIES,
}
_BY_TYPES: Mapping[str, frozenset[str]] = {
    "Kubernetes manifests, Helm charts, Kustomize overlays": objects.TYPES,
    "Dockerfile": frozenset({stages.TYPE}),
    "Compose": frozenset({compose.TYPE}),
}


def languages_of(type_: str) -> dict[str, tuple[str, ...]]:
    """Language to the names that it has for resources of the type; no names where the language has but one form."""
    found: dict[str, tuple[str, ...]] = {}
    for language, families in _BY_FAMILIES.items():
        names = tuple(sorted({name for family in families if type_ in family.makes for name in family.types}))
        if names:
            found[language] = names
    return found | {language: () for language, types in _BY_TYPES.items() if type_ in types}
