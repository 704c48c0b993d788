"""Perl distributions as cpanm leaves them: `.meta/NAME-VERSION/MYMETA.json` (CPAN::Meta::Spec).

{"name": "ExtUtils-Helpers", "version": "0.026", "license": ["perl_5"]}
"""

from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_json, read_text, table_of, text_of
from bartizan.collect.packages.yaml_subset import parse_yaml
from bartizan.model.package import Package

LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The distribution that the file describes."""
    before = len(problems.found)
    value = _document(view, path, problems)
    if len(problems.found) > before:
        return
    fields = table_of(value)
    name, version = text_of(fields.get("name")), _version(fields.get("version"))
    if not name or not version:
        problems.add(path, f"has no {'version' if name else 'name'}")
        return
    declared = fields.get("license")
    licences = tuple(map(text_of, list_of(declared))) if isinstance(declared, list) else (text_of(declared),)
    yield Package(type="cpan", name=name, version=version, licences=tuple(one for one in licences if one), path=path)


def _document(view: FilesystemView, path: str, problems: Problems) -> Any:
    if not path.endswith((".yml", ".yaml")):
        return read_json(view, path, problems, LIMIT)
    text = read_text(view, path, problems, LIMIT)
    return parse_yaml(text, path, problems) if text is not None else None


def _version(value: Any) -> str:
    """A number where the author forgot the quotes: digits that JSON drops are lost."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else text_of(value)
