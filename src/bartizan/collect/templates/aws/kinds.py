"""Every kind of AWS resource that templates declare, as families of Terraform and of CloudFormation."""

from bartizan.collect.templates.aws import (
    compute,
    data,
    databases,
    edge,
    identity,
    keys,
    monitoring,
    network,
    workloads,
)
from bartizan.collect.templates.aws.kind import Kind, cloudformation_families, terraform_families
from bartizan.collect.templates.family import Family

KINDS: tuple[Kind, ...] = (
    *network.KINDS,
    *compute.KINDS,
    *identity.KINDS,
    *keys.KINDS,
    *databases.KINDS,
    *monitoring.KINDS,
    *edge.KINDS,
    *workloads.KINDS,
    *data.KINDS,
)

TERRAFORM: tuple[Family, ...] = (*terraform_families(KINDS), *identity.TERRAFORM)
CLOUDFORMATION: tuple[Family, ...] = (*cloudformation_families(KINDS), *identity.CLOUDFORMATION)
