"""Configurations of providers and backends: whether credentials stand in them in the clear. Of these only the names of
their attributes are kept."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import in_text, named_secret, written
from bartizan.collect.resources.values import Value
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import Family, draft_of

TYPES = ("provider", "backend")
_CREDENTIALS = frozenset({"token", "access_key", "secret_key", "credentials", "client_key", "oidc_token", "sas_token"})


def draft(declared: Declared, configuration: Configuration) -> Iterable[Draft]:
    """One configuration."""
    out = draft_of("terraform.provider", declared, declared.name)
    out.set("provider", declared.name)
    out.set("backend", declared.type == "backend")
    names = sorted(name for name, value in declared.attributes.items() if _is_credential(name, value))
    out.set("secrets", names)
    yield out


def _is_credential(name: str, value: Value) -> bool:
    if name == "credentials":  # of google: a path, or the key itself
        return in_text(value) is True
    return (name in _CREDENTIALS or named_secret(name)) and written(value) is True


FAMILY = Family(types=TYPES, makes=("terraform.provider",), draft=draft)
