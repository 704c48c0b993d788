"""Ruby gems: `Gemfile.lock` (Bundler) and the specifications of installed gems.

GEM
  remote: ...
  specs:
    nokogiri (1.15.4-x86_64-linux)
      racc (~> 1.4)
DEPENDENCIES
  nokogiri (~> 1.15)

/usr/local/bundle/specifications/rake-13.0.6.gemspec:
    s.name = "rake".freeze
    s.version = "13.0.6"
    s.licenses = ["MIT".freeze]
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_text
from bartizan.model.package import Package

_SPEC = re.compile(r"^    (?P<name>[^\s()]+)(?: \((?P<version>[^)]*)\))?!?\s*$")
_DEPENDENCY = re.compile(r"^  (?P<name>[^\s()!]+)")
_SOURCES = frozenset({"GEM", "GIT", "PLUGIN SOURCE"})
_FIELD = re.compile(r"""^\s*\w+\.(name|version)\s*=\s*(?:Gem::Version\.new\()?["']([^"']+)["']""", re.MULTILINE)
_LICENCES = re.compile(r"""^\s*\w+\.licen[cs]es?\s*=\s*(.+)$""", re.MULTILINE)
SPECIFICATION_LIMIT = 1 << 20


def read_lock(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The locked gems; a gem from a folder (`PATH`) is the project's own."""
    text = read_text(view, path, problems) or ""
    direct = {match["name"] for line in _section(text, "DEPENDENCIES") if (match := _DEPENDENCY.match(line))}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith(" "):
            section = line.strip()
            continue
        match = _SPEC.match(line) if section in _SOURCES else None
        if not match:
            continue
        version, _, platform = (match["version"] or "").partition("-")
        if not version:
            problems.add(f"{path}:{number}", f"gem {match['name']} has no version")
            continue
        name = match["name"]
        yield Package(
            type="gem", name=name, version=version, arch=platform, path=path, direct=name in direct, state="locked"
        )


def _section(text: str, name: str) -> list[str]:
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            inside = line.strip() == name
        elif inside:
            lines.append(line)
    return lines


def read_specification(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The installed gem. The file is a program, of which only plain assignments are understood."""
    text = read_text(view, path, problems, SPECIFICATION_LIMIT)
    if text is None:
        return
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        fields.setdefault(match[1], match[2])
    if "name" not in fields or "version" not in fields:
        problems.add(path, "does not assign a plain name and version")
        return
    declared = _LICENCES.search(text)
    licences = tuple(re.findall(r"""["']([^"']+)["']""", declared[1])) if declared else ()
    yield Package(type="gem", name=fields["name"], version=fields["version"], licences=licences, path=path)
