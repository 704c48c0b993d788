"""Container-Optimized OS: `/etc/cos-package-info.json`, the packages that the read-only system was built from.

{"installedPackages": [
    {"category": "sys-libs", "name": "zlib", "version": "17162.336.17", "ebuild_version": "1.2.11-r5"}]}
"""

from collections.abc import Iterator

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_json
from bartizan.collect.packages.distribution.release import read_release
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The installed packages; what was only needed to build them is not there."""
    value = read_json(view, path, problems)
    if value is None:
        return
    listed = value.get("installedPackages") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        if value != {}:
            problems.add(path, "has no list installedPackages")
        return
    release = read_release(view)
    for number, item in enumerate(listed):
        name = item.get("name") if isinstance(item, dict) else None
        version = item.get("version") if isinstance(item, dict) else None
        if not isinstance(name, str) or not isinstance(version, str) or not version:
            problems.add(f"{path}#installedPackages/{number}", "has no name or no version")
            continue
        upstream = item.get("ebuild_version")
        category = item.get("category")
        yield Package(
            type="cos",
            namespace=category if isinstance(category, str) else "",
            name=name,
            version=version,
            source_version=upstream if isinstance(upstream, str) else "",
            distro=release.distro,
            path=path,
        )
