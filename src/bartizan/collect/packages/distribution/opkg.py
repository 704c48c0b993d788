"""opkg: OpenWrt's and Yocto's status file, in dpkg's format.

Package: busybox
Version: 1.36.1-r2
Status: install ok installed
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.distribution import dpkg
from bartizan.model.package import Package


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The packages of the status file."""
    return dpkg.read_status(view, path, problems, "opkg", "openwrt")


def owned(view: FilesystemView, path: str, wanted: AbstractSet[str], problems: Problems) -> Mapping[str, str]:
    """Owners by the lists in `info` beside the status file."""
    return dpkg.owned_by_lists(view, path.removesuffix("status") + "info", wanted, problems)
