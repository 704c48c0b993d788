"""Snaps: `meta/snap.yaml` of each mounted or unpacked snap (snapcraft.yaml reference, "snap.yaml").

/snap/core/17200/meta/snap.yaml:
    name: core
    version: 16-2.61.4-20240607
    architectures: [amd64]
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_text
from bartizan.collect.packages.yaml_subset import parse_yaml
from bartizan.model.package import Package

LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The snap that the file describes."""
    text = read_text(view, path, problems, LIMIT)
    if text is None:
        return
    manifest = parse_yaml(text, path, problems)
    if not isinstance(manifest, dict):
        if manifest is not None:
            problems.add(path, "is not a mapping")
        return
    name, version = manifest.get("name"), manifest.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        problems.add(path, f"has no {'version' if isinstance(name, str) else 'name'}")
        return
    architectures = manifest.get("architectures")
    listed = [item for item in architectures if isinstance(item, str)] if isinstance(architectures, list) else []
    yield Package(type="snap", name=name, version=version, arch=",".join(listed), path=path)
