"""Names and versions of JavaScript packages as lock files write them together.

@babel/core@7.24.0, lodash@npm:4.17.21, chalk@npm:chalk@4.1.2
"""

from bartizan.collect.packages.javascript.installed import split_name
from bartizan.model.package import Package


def split_specifier(specifier: str) -> tuple[str, str]:
    """`@scope/name@rest` as (`@scope/name`, `rest`); rest is empty where there is none."""
    at = specifier.find("@", 1)
    return (specifier, "") if at < 0 else (specifier[:at], specifier[at + 1 :])


def locked(
    name: str,
    version: str,
    path: str,
    *,
    dev: bool = False,
    direct: bool | None = None,
    licences: tuple[str, ...] = (),
) -> Package:
    """A locked package by its whole name."""
    namespace, base = split_name(name)
    return Package(
        type="npm",
        namespace=namespace,
        name=base,
        version=version,
        path=path,
        dev=dev,
        direct=direct,
        licences=licences,
        state="locked",
    )
