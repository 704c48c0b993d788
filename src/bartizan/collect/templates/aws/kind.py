"""A resource type as a table: field of the model, attribute in Terraform, property in CloudFormation.

    Kind(
        type="aws.ec2.volume",
        terraform=("aws_ebs_volume",),
        cloudformation=("AWS::EC2::Volume",),
        rows=(
            flag("encrypted", "encrypted", "Encrypted"),
            reference("key", "kms_key_id", "KmsKeyId"),
        ),
    )

Dots lead through blocks (`metadata_options.http_tokens`). An empty name: the language cannot say it, and the provider's
default stands. What more there is to work out (links, documents, exposure) is done by a function per language.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.iam_document import is_public, statements
from bartizan.collect.resources.values import Document, Unknown, Value
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import Family, block, draft_of, enabled

Read = Callable[[Value], Value]
More = Callable[[Draft, Declared, Configuration], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One field in both languages."""

    field: str
    terraform: str
    cloudformation: str
    read: Read
    """Raises ValueError where the value makes no sense."""
    edge: str = ""
    """The relation to whatever the value refers to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One resource type in both languages."""

    type: str
    terraform: tuple[str, ...] = ()
    cloudformation: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    name: tuple[str, str] = ("name", "Name")
    """The attribute and the property that hold its name."""
    terraform_parts: tuple[str, ...] = ()
    cloudformation_parts: tuple[str, ...] = ()
    more_terraform: More | None = None
    more_cloudformation: More | None = None


def terraform_family(kind: Kind) -> Family:
    """How Terraform's resources of this kind are normalised."""

    def draft(declared: Declared, configuration: Configuration) -> Iterable[Draft]:
        out = draft_of(kind.type, declared, "aws", kind.name[0])
        attributes = declared.attributes
        out.set("tags", terraform_tags(attributes), tags)
        for row in kind.rows:
            if row.terraform:
                _set(out, row, dig(attributes, row.terraform))
        if kind.more_terraform is not None:
            kind.more_terraform(out, declared, configuration)
        return (out,)

    return Family(types=kind.terraform, parts=kind.terraform_parts, draft=draft, makes=(kind.type,))


def cloudformation_family(kind: Kind) -> Family:
    """How CloudFormation's resources of this kind are normalised."""

    def draft(declared: Declared, configuration: Configuration) -> Iterable[Draft]:
        out = draft_of(kind.type, declared, "aws", kind.name[1])
        attributes = declared.attributes
        out.set("tags", attributes.get("Tags"), tags)
        for row in kind.rows:
            if row.cloudformation:
                _set(out, row, dig(attributes, row.cloudformation))
        if kind.more_cloudformation is not None:
            kind.more_cloudformation(out, declared, configuration)
        return (out,)

    return Family(types=kind.cloudformation, parts=kind.cloudformation_parts, draft=draft, makes=(kind.type,))


def terraform_families(kinds: Iterable[Kind]) -> tuple[Family, ...]:
    """The families of those kinds that Terraform has."""
    return tuple(terraform_family(each) for each in kinds if each.terraform)


def cloudformation_families(kinds: Iterable[Kind]) -> tuple[Family, ...]:
    """The families of those kinds that CloudFormation has."""
    return tuple(cloudformation_family(each) for each in kinds if each.cloudformation)


def _set(out: Draft, row: Row, value: Value) -> None:
    if row.edge:
        for each in value if isinstance(value, list) else [value]:
            out.relate(row.edge, each)
    if value is None:
        return
    try:
        out.set(row.field, row.read(value))
    except (ValueError, TypeError) as error:
        out.unknown(row.field, str(error))


def dig(attributes: Value, path: str) -> Value:
    """The value at the end of a path through blocks; None where there is none."""
    *parents, last = path.split(".")
    found = attributes
    for parent in parents:
        found = block(found, parent)
    return found.get(last) if isinstance(found, dict) else None


# Rows, by what the field holds


def flag(field: str, terraform: str, cloudformation: str) -> Row:
    """A truth, also as `Enabled`, `ENABLED` or "true"."""
    return Row(field, terraform, cloudformation, enabled)


def flag_not(field: str, terraform: str, cloudformation: str) -> Row:
    """A truth that the languages tell by its opposite."""
    return Row(field, terraform, cloudformation, _known(lambda value: not enabled(value)))


def flag_if(field: str, terraform: str, cloudformation: str, *values: str) -> Row:
    """True where the value is one of these words, in whatever case."""
    wanted = {value.lower() for value in values}
    return Row(field, terraform, cloudformation, _known(lambda value: str(value).lower() in wanted))


def text(field: str, terraform: str, cloudformation: str) -> Row:
    """A text."""
    return Row(field, terraform, cloudformation, _known(str))


def word(field: str, terraform: str, cloudformation: str) -> Row:
    """A text whose case does not matter, in lower case."""
    return Row(field, terraform, cloudformation, _known(lambda value: str(value).lower()))


def number(field: str, terraform: str, cloudformation: str) -> Row:
    """A whole number, also as text."""
    return Row(field, terraform, cloudformation, _known(lambda value: int(float(value))))


def texts(field: str, terraform: str, cloudformation: str) -> Row:
    """A list of texts; one alone counts as a list, and what refers to another resource as that resource's address."""
    return Row(field, terraform, cloudformation, as_texts)


def there(field: str, terraform: str, cloudformation: str) -> Row:
    """Whether there is such a block, or anything at all."""
    return Row(field, terraform, cloudformation, is_there)


def count(field: str, terraform: str, cloudformation: str) -> Row:
    """How many blocks or values there are."""
    return Row(field, terraform, cloudformation, _count)


def reference(field: str, terraform: str, cloudformation: str, edge: str = "") -> Row:
    """Another resource by name, ARN or address: one that is made in the same template is known by its address."""
    return Row(field, terraform, cloudformation, referred, edge)


def key(field: str, terraform: str, cloudformation: str) -> Row:
    """The KMS key that encrypts it."""
    return reference(field, terraform, cloudformation, "encrypted-with")


# Reading values


def _known(read: Read) -> Read:
    return lambda value: value if isinstance(value, Unknown) else read(value)


def referred(value: Value) -> Value:
    """What a value refers to: its own text, or the address of the resource whose attribute it is."""
    if isinstance(value, Unknown):
        return value.target or value
    return None if value is None else str(value)


def as_texts(value: Value) -> Value:
    """A list of texts or addresses; unknown where an element is."""
    if isinstance(value, Unknown):
        return [value.target] if value.target else value
    if value is None:
        return None
    return [referred(each) for each in (value if isinstance(value, list) else [value])]


def is_there(value: Value) -> Value:
    """Whether there is anything."""
    if isinstance(value, Unknown):
        return True if value.target else value
    return bool(value.value if isinstance(value, Document) else value)


def _count(value: Value) -> Value:
    if isinstance(value, list):
        return next((each for each in value if isinstance(each, Unknown)), len(value))
    return value if isinstance(value, Unknown) else 1


def terraform_tags(attributes: Mapping[str, Value]) -> Value:
    """The tags of a resource with those that the provider's configuration adds, where it adds any."""
    merged = attributes.get("tags_all")
    return attributes.get("tags") if merged is None else merged


def tags(value: Value) -> Value:
    """Tags as an object, also from `[{"Key": ..., "Value": ...}]`."""
    if isinstance(value, Mapping):
        return value
    return {str(each["Key"]): each.get("Value", "") for each in value if isinstance(each, Mapping)}


def set_policy(out: Draft, document: Value, field: str = "policy", public: str = "public") -> None:
    """A resource's own policy document, and whether it lets everybody in. None: there is no policy."""
    read = statements(document) if document is not None else []
    out.set(field, read)
    out.set(public, is_public(read))
