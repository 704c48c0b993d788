"""`yarn.lock`: version 1, a format of its own, and what Yarn 2 and later write, which is YAML.

"@babel/core@^7.0.0", "@babel/core@^7.1.0":        "lodash@npm:^4.17.20, lodash@npm:^4.17.21":
  version "7.24.0"                                   version: 4.17.21
  resolved "..."                                     resolution: "lodash@npm:4.17.21"
                                                     linkType: hard
"""

import re
from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_text, table_of, text_of
from bartizan.collect.packages.javascript.names import locked, split_specifier
from bartizan.collect.packages.yaml_subset import parse_yaml
from bartizan.model.package import Package

_VERSION = re.compile(r'^  "?version"?:? "?([^"]*)"?\s*$')
_OWN_CODE = ("workspace:", "link:", "portal:")


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """What the file locks. It does not say what is for development only; what the project asked for, only since Yarn 2
    (in its workspaces' entries)."""
    text = read_text(view, path, problems)
    if text is None:
        return
    if re.search(r"^__metadata:", text, re.MULTILINE):
        yield from _berry(text, path, problems)
    else:
        yield from _classic(text, path, problems)


def _classic(text: str, path: str, problems: Problems) -> Iterator[Package]:
    head, start = "", 0
    for number, line in enumerate([*text.splitlines(), "end:"], 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if head:
                problems.add(f"{path}:{start}", f"{head} has no version")
            head, start = (line.rstrip()[:-1], number) if line.rstrip().endswith(":") else ("", number)
            if not head:
                problems.add(f"{path}:{number}", "is neither a package's head nor one of its fields")
            continue
        match = _VERSION.match(line)
        if match and head:
            name, asked = split_specifier(head.split(",")[0].strip().strip('"'))
            if asked.startswith("npm:"):  # `alias@npm:name@range`
                name = split_specifier(asked[4:])[0]
            if not asked.startswith(_OWN_CODE):
                yield locked(name, match[1], path)
            head = ""


def _berry(text: str, path: str, problems: Problems) -> Iterator[Package]:
    document = table_of(parse_yaml(text, path, problems))
    asked = {
        f"{alias}@{text_of(wanted)}"
        for entry in document.values()
        if table_of(entry).get("linkType") == "soft"
        for alias, wanted in table_of(table_of(entry).get("dependencies")).items()
    }
    for key, entry in document.items():
        fields = table_of(entry)
        name, reference = split_specifier(text_of(fields.get("resolution")))
        if key == "__metadata" or fields.get("linkType") == "soft" or reference.startswith(_OWN_CODE):
            continue
        version = text_of(fields.get("version"))
        if not name or not version:
            problems.add(path, f"{key} has no {'version' if name else 'resolution'}")
        else:
            heads = {head.strip() for head in key.split(",")}
            direct = not asked.isdisjoint(heads | {head.replace("@npm:", "@") for head in heads}) if asked else None
            yield locked(name, version, path, direct=direct)
