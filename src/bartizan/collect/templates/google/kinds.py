"""Every kind of Google Cloud resource that templates declare, as families of Terraform."""

from bartizan.collect.templates.family import Family
from bartizan.collect.templates.google import compute, data, governance, network, workloads
from bartizan.collect.templates.google.kind import Kind, family

KINDS: tuple[Kind, ...] = (
    *network.KINDS,
    *compute.KINDS,
    *data.KINDS,
    *workloads.KINDS,
    *governance.KINDS,
)

TERRAFORM: tuple[Family, ...] = tuple(family(each) for each in KINDS)
