"""Dart's `pubspec.lock` (dart.dev, "Lockfile").

packages:
  shelf:
    dependency: transitive
    source: hosted
    version: "1.3.2"
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_text, table_of, text_of
from bartizan.collect.packages.yaml_subset import parse_yaml
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The locked packages; folders are the project's own, and the SDK is no package."""
    text = read_text(view, path, problems)
    document = parse_yaml(text, path, problems) if text is not None else None
    if document is not None and not isinstance(document, dict):
        problems.add(path, "is not a mapping")
    for name, value in table_of(table_of(document).get("packages")).items():
        entry = table_of(value)
        if entry.get("source") in ("path", "sdk"):
            continue
        asked = text_of(entry.get("dependency"))
        yield Package(
            type="pub",
            name=name,
            version=text_of(entry.get("version")),
            path=path,
            dev=asked == "direct dev",
            direct=asked.startswith("direct") if asked else None,
            state="locked",
        )
