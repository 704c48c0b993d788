"""Types, names and ids of Azure resources: how a child is named, and where an extension belongs.

Microsoft.Sql/servers/firewallRules  named  s/r        ->  Microsoft.Sql/servers/s/firewallRules/r
Microsoft.KeyVault/vaults/providers/diagnosticSettings  named  v/Microsoft.Insights/audit
    is Microsoft.Insights/diagnosticSettings  named  audit  on  Microsoft.KeyVault/vaults/v
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One resource: its type, its name with those of its parents, and the id of what it extends."""

    type: str
    name: str
    scope: str = ""

    @property
    def id(self) -> str:
        """The id below the resource group; it is the resource's address."""
        own = path(self.type, self.name)
        return f"{self.scope}/providers/{own}" if self.scope else own

    @property
    def parent(self) -> str:
        """The id of the parent; empty where there is none."""
        if self.type.count("/") < 2 or "/" not in self.name:
            return ""
        return Place(self.type.rpartition("/")[0], self.name.rpartition("/")[0], self.scope).id


def path(type_: str, name: str) -> str:
    """Type and name as one path, a name after each part of the type."""
    provider, *kinds = type_.split("/")
    names = name.split("/") if kinds else []
    if len(names) > len(kinds):
        # More parts than the type has: a name that is not known may hold slashes of its own.
        names = [*names[: len(kinds) - 1], "/".join(names[len(kinds) - 1 :])]
    out = [provider]
    for index, kind in enumerate(kinds):
        out.append(kind)
        if index < len(names):
            out.append(names[index])
    return "/".join(out)


def top(type_: str, name: str) -> Place:
    """A resource that stands on its own, children and extensions by their long names included."""
    base, extends, rest = type_.partition("/providers/")
    if not extends:
        return Place(type_, name)
    count = base.count("/")
    names = name.split("/")
    if len(names) < count + 2:
        return Place(type_, name)
    return Place(f"{names[count]}/{rest}", "/".join(names[count + 1 :]), path(base, "/".join(names[:count])))


def within(parent: Place, type_: str, name: str) -> Place:
    """A resource that is written within another: a child by its short or long name, or an extension."""
    if type_.lower().startswith(f"{parent.type.lower()}/providers/") or type_.lower().startswith("providers/"):
        base = type_ if not type_.lower().startswith("providers/") else f"{parent.type}/{type_}"
        whole = name if name.startswith(f"{parent.name}/") else f"{parent.name}/{name}"
        return top(base, whole)
    if type_.lower().startswith(f"{parent.type.lower()}/"):
        return Place(type_, name if name.startswith(f"{parent.name}/") else f"{parent.name}/{name}", parent.scope)
    if "." in type_.partition("/")[0]:
        return Place(type_, name, parent.id)
    return Place(f"{parent.type}/{type_}", f"{parent.name}/{name}", parent.scope)


def canonical(type_: str, known: Mapping[str, str]) -> str:
    """A type in the writing that the model knows; types have no case."""
    return known.get(type_.lower(), type_)
