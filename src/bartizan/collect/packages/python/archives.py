"""Eggs and wheels as zip files: their metadata is `EGG-INFO/PKG-INFO` or `NAME.dist-info/METADATA` inside.

/usr/share/python-wheels/pip-23.0.1-py3-none-any.whl
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.archive import open_archive, read_member, wanted_members
from bartizan.collect.packages.python.installed import distribution
from bartizan.model.package import Package

METADATA_LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The distribution in the archive."""
    with open_archive(view, path, problems) as archive:
        if archive is None:
            return
        members = wanted_members(archive, _is_metadata, path, problems)
        if not members:
            problems.add(path, "has no metadata of a Python distribution")
        for member in members:
            data = read_member(archive, member, path, problems, METADATA_LIMIT)
            if data is not None:
                yield from distribution(data, path, problems)


def _is_metadata(name: str) -> bool:
    return name == "EGG-INFO/PKG-INFO" or (name.endswith(".dist-info/METADATA") and name.count("/") == 1)
