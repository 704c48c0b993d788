"""Every kind of Azure resource that templates declare, as families of Terraform and of ARM."""

from bartizan.collect.templates.azure import compute, containers, databases, governance, network, storage, vault, web
from bartizan.collect.templates.azure.kind import Kind, arm_family, terraform_family
from bartizan.collect.templates.family import Family

KINDS: tuple[Kind, ...] = (
    *network.KINDS,
    *compute.KINDS,
    *storage.KINDS,
    *databases.KINDS,
    *vault.KINDS,
    *web.KINDS,
    *containers.KINDS,
    *governance.KINDS,
)

TERRAFORM: tuple[Family, ...] = tuple(terraform_family(each) for each in KINDS if each.terraform)
ARM: tuple[Family, ...] = tuple(arm_family(each) for each in KINDS if each.arm)
