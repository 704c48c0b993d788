"""A resource type of Google Cloud as a table: field of the model, attribute in Terraform.

Kind(
    type="google.compute.disk",
    terraform=("google_compute_disk",),
    rows=(reference("key", "disk_encryption_key.kms_key_self_link", "", "encrypted-with"),),
)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bartizan.collect.resources.draft import Draft
from bartizan.collect.templates.aws.kind import Row
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import Family, draft_of
from bartizan.collect.templates.rows import fill

More = Callable[[Draft, Declared, Configuration], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One resource type."""

    type: str
    terraform: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    name: str = "name"
    parts: tuple[str, ...] = ()
    more: More | None = None


def family(kind: Kind) -> Family:
    """How Terraform's resources of this kind are normalised."""

    def draft(declared: Declared, configuration: Configuration) -> Iterable[Draft]:
        own = declared.attributes
        out = draft_of(kind.type, declared, "google", kind.name)
        place = own.get("region") or own.get("location") or own.get("zone")
        out.region = place.lower() if isinstance(place, str) else ""
        project = own.get("project")
        out.account = project if isinstance(project, str) else ""
        merged = own.get("terraform_labels")
        out.set("labels", own.get("labels") if merged is None else merged)
        fill(out, own, kind.rows, lambda row: row.terraform)
        if kind.more is not None:
            kind.more(out, declared, configuration)
        return (out,)

    return Family(types=kind.terraform, parts=kind.parts, draft=draft, makes=(kind.type,))
