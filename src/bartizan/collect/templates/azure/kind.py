"""A resource type of Azure as a table: field of the model, attribute in Terraform, property in ARM templates and Bicep.

    Kind(
        type="azure.compute.disk",
        terraform=("azurerm_managed_disk",),
        arm=("Microsoft.Compute/disks",),
        rows=(reference("key", "disk_encryption_set_id", "encryption.diskEncryptionSetId", "encrypted-with"),),
    )

The third name of a row is ARM's. ARM's attributes are `properties` with `sku`, `kind`, `identity`, `tags` beside them;
`parent` holds the address of the resource that a child belongs to, `scope` that of what an extension is about.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Value
from bartizan.collect.templates.aws.kind import Row
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import Family, draft_of
from bartizan.collect.templates.rows import fill

More = Callable[[Draft, Declared, Configuration], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One resource type in both languages."""

    type: str
    terraform: tuple[str, ...] = ()
    arm: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    terraform_parts: tuple[str, ...] = ()
    arm_parts: tuple[str, ...] = ()
    more_terraform: More | None = None
    more_arm: More | None = None


def terraform_family(kind: Kind) -> Family:
    """How Terraform's resources of this kind are normalised."""

    def draft(declared: Declared, configuration: Configuration) -> Iterable[Draft]:
        out = draft_of(kind.type, declared, "azure")
        _place(out, declared.attributes.get("location"))
        out.set("tags", declared.attributes.get("tags"))
        fill(out, declared.attributes, kind.rows, lambda row: row.terraform)
        if kind.more_terraform is not None:
            kind.more_terraform(out, declared, configuration)
        return (out,)

    return Family(types=kind.terraform, parts=kind.terraform_parts, draft=draft, makes=(kind.type,))


def arm_family(kind: Kind) -> Family:
    """How the resources of this kind are normalised that an ARM template or Bicep declares."""

    def draft(declared: Declared, configuration: Configuration) -> Iterable[Draft]:
        out = draft_of(kind.type, declared, "azure")
        _place(out, declared.attributes.get("location"))
        out.set("tags", declared.attributes.get("tags"))
        fill(out, declared.attributes, kind.rows, lambda row: row.cloudformation)
        if kind.more_arm is not None:
            kind.more_arm(out, declared, configuration)
        return (out,)

    return Family(types=kind.arm, parts=kind.arm_parts, draft=draft, makes=(kind.type,))


def _place(out: Draft, location: Value) -> None:
    if isinstance(location, str):
        out.region = location.lower().replace(" ", "")
