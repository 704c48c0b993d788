"""Haskell: cabal's `cabal.project.freeze` and Stack's `stack.yaml.lock`.

constraints: any.aeson ==2.1.2.1,
             aeson -cffi +ordered-keymap,

packages:
- completed:
    hackage: fuzzyset-0.2.4@sha256:f1b6...,1618
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_text, table_of, text_of
from bartizan.collect.packages.yaml_subset import parse_yaml
from bartizan.model.package import Package

_CONSTRAINT = re.compile(r"^(?:any\.)?(?P<name>[A-Za-z0-9-]+)\s*==\s*(?P<version>[0-9.]+)$")
_HACKAGE = re.compile(r"^(?P<name>[A-Za-z0-9-]+?)-(?P<version>[0-9][0-9.]*)(?:@|$)")


def read_freeze(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The constraints that name one version; flags are constraints too and name none."""
    text = read_text(view, path, problems) or ""
    lines = [line.partition("--")[0] if line.strip().startswith("--") else line for line in text.splitlines()]
    parts = [part.strip().removeprefix("constraints:").strip() for part in re.split(r"[,\n]", "\n".join(lines))]
    named = [match for match in map(_CONSTRAINT.match, parts) if match]
    for match in named:
        yield _locked(path, match["name"], match["version"])
    if text.strip() and not named:
        problems.add(path, "has no constraint that names a version")


def read_stack(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The packages beyond the snapshot; those in the snapshot are not listed in the file."""
    text = read_text(view, path, problems)
    document = parse_yaml(text, path, problems) if text is not None else None
    for value in list_of(table_of(document).get("packages")):
        completed = table_of(table_of(value).get("completed"))
        hackage, name = text_of(completed.get("hackage")), text_of(completed.get("name"))
        match = _HACKAGE.match(hackage)
        if match:
            yield _locked(path, match["name"], match["version"])
        elif name and not hackage:  # from git or an archive
            yield _locked(path, name, text_of(completed.get("version")))
        else:
            problems.add(path, f"package {hackage!r} is not a name and a version")


def _locked(path: str, name: str, version: str) -> Package:
    return Package(type="hackage", name=name, version=version, path=path, state="locked")
