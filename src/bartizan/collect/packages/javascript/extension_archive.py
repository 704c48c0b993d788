"""VS Code extensions as they are published: a zip with the packages that it brings in `extension/node_modules`.

extension/node_modules/lodash/package.json: {"name": "lodash", "version": "4.17.21"}
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.archive import open_archive, read_member, wanted_members
from bartizan.collect.packages.content import decode, parse_json
from bartizan.collect.packages.javascript.installed import LIMIT, is_package_root, published
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The packages in the archive."""
    with open_archive(view, path, problems) as archive:
        if archive is None:
            return
        for member in wanted_members(archive, _is_manifest, path, problems):
            data = read_member(archive, member, path, problems, LIMIT)
            if data is not None:
                where = f"{path}!/{member.name}"
                yield from published(parse_json(decode(data, where, problems), where, problems), where, problems)


def _is_manifest(name: str) -> bool:
    rooted = f"/{name}"
    return name.endswith("/package.json") and "/node_modules/" in rooted and is_package_root(rooted)
