"""Lock files with packages of Hex: Elixir's `mix.lock`, Erlang's `rebar.lock`, Gleam's `manifest.toml`.

"plug": {:hex, :plug, "1.14.0", "ba4f558...", [:mix], [...], "hexpm", "bf020432..."},
{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0},
packages = [ { name = "gleam_stdlib", version = "0.34.0", source = "hex" } ]
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_text, read_toml, table_of, text_of
from bartizan.model.package import Package

_MIX_ENTRY = re.compile(r'^\s*"(?P<name>[^"]+)":\s*\{(?P<rest>.*)$')
_MIX_HEX = re.compile(r'^:hex,\s*:"?(?P<name>[\w.-]+)"?,\s*"(?P<version>[^"]+)"')
_REBAR = re.compile(
    r'\{<<"[^"]+">>,\s*\{pkg,\s*<<"(?P<name>[^"]+)">>,\s*<<"(?P<version>[^"]+)">>[^}]*\},\s*(?P<level>\d+)\}'
)
_REBAR_GIT = re.compile(r'\{<<"(?P<name>[^"]+)">>,\s*\{git,')


def read_mix(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """One entry a line. What comes from git or a folder has no version."""
    text = read_text(view, path, problems) or ""
    if text.strip() and not text.lstrip().startswith("%{"):
        problems.add(path, "does not begin as an Elixir map")
    for number, line in enumerate(text.splitlines(), 1):
        entry = _MIX_ENTRY.match(line)
        if not entry:
            continue
        known = _MIX_HEX.match(entry["rest"])
        if known:
            yield _locked(path, known["name"], known["version"])
        elif entry["rest"].startswith((":git,", ":path,")):
            yield _locked(path, entry["name"], "")
        else:
            problems.add(f"{path}:{number}", f"package {entry['name']} has no version")


def read_rebar(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """Level 0 is what the project asks for."""
    text = read_text(view, path, problems) or ""
    for match in _REBAR.finditer(text):
        yield _locked(path, match["name"], match["version"], direct=match["level"] == "0")
    for match in _REBAR_GIT.finditer(text):
        yield _locked(path, match["name"], "")


def read_gleam(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """`requirements` has what the project asks for."""
    document = table_of(read_toml(view, path, problems))
    asked = table_of(document.get("requirements"))
    for value in list_of(document.get("packages")):
        entry = table_of(value)
        name, version = text_of(entry.get("name")), text_of(entry.get("version"))
        if not name or not version:
            problems.add(path, f"package {name or 'without a name'} has no {'version' if name else 'name'}")
        elif entry.get("source") != "local":
            yield _locked(path, name, version, direct=name in asked)


def _locked(path: str, name: str, version: str, direct: bool | None = None) -> Package:
    return Package(type="hex", name=name, version=version, path=path, direct=direct, state="locked")
