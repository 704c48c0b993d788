"""Providers' configurations: what they add to every resource, and what must not stand in them.

    provider "aws" {
      alias      = "west"
      access_key = "AKIA..."
      default_tags { tags = { team = "web" } }
    }

`default_tags` (aws) and `default_labels` (google) become `tags_all` and `terraform_labels` of the resources, the names
by which a plan and a state tell the same.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.family import block

DEFAULTS: Mapping[str, tuple[str, str, str]] = {
    "aws": ("tags", "tags_all", "default_tags"),
    "google": ("labels", "terraform_labels", "default_labels"),
    "google-beta": ("labels", "terraform_labels", "default_labels"),
}
"""Provider to the attribute of its resources, the one with the defaults merged in, and where the defaults stand."""
_WITHOUT = frozenset({"aws_autoscaling_group", "aws_launch_template"})
"""Types whose tags are for what they make: `aws_autoscaling_group` takes no defaults at all, and the tags of instances
that a launch template starts are its own affair."""


def with_defaults(type_: str, provider: str, attributes: Mapping[str, Value], find: Callable[[str], Value]) -> Value:
    """(name, value) of the attribute with the defaults merged in; None where the provider has none. `find` gives the
    value of an attribute or block of the provider's configuration."""
    names = DEFAULTS.get(provider)
    if names is None or type_ in _WITHOUT:
        return None
    own, merged, place = names
    defaults = find(place)
    if place == "default_tags" and not isinstance(defaults, Unknown):
        defaults = block({place: defaults}, place).get("tags")
    if not defaults:
        return None
    given = attributes.get(own)
    if isinstance(defaults, Mapping) and (given is None or isinstance(given, Mapping)):
        return merged, {**defaults, **(given or {})}
    unknown = next((each for each in (given, defaults) if isinstance(each, Unknown)), None)
    return merged, unknown or Unknown(f"{place} of the provider is no object")


def provider_of(type_: str, reference: str) -> str:
    """The local name of the configuration that a resource uses: what it says, or the default of its type's provider."""
    return reference or type_.partition("_")[0]


def configured_in_plan(configuration: Any) -> Iterator[tuple[str, str, dict[str, Value]]]:
    """(address, provider, attributes that are written out) of each provider that a plan's configuration names."""
    found = configuration.get("provider_config") if isinstance(configuration, dict) else None
    for key, each in found.items() if isinstance(found, dict) else ():
        expressions = each.get("expressions") if isinstance(each, dict) else None
        if isinstance(expressions, dict):
            written = {
                name: item["constant_value"]
                for name, item in expressions.items()
                if isinstance(item, dict) and "constant_value" in item
            }
            yield f"provider.{key}", str(each.get("name") or key), written
