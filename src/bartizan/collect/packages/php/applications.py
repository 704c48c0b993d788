"""PHP applications that are unpacked rather than installed, by the file in which each keeps its version.

wp-includes/version.php       $wp_version = '6.4.2';
core/lib/Drupal.php           const VERSION = '10.1.5';
moodle/version.php            $release  = '4.3.2 (Build: 20231222)';
nextcloud/version.php         $OC_VersionString = '27.1.4';
libraries/classes/Version.php public const VERSION = '5.2.1' . VERSION_SUFFIX;     (phpMyAdmin)
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_head
from bartizan.model.package import Package

HEAD = 64 << 10


class Application(NamedTuple):
    """Where an application keeps its version."""

    name: str
    file: str
    """Ending of the path."""
    version: re.Pattern[bytes]
    mark: bytes
    """What the file holds besides, and no other application's file of that name."""


_NUMBER = rb"['\"](\d+(?:\.\d+){1,3}(?:[-. ]?(?:alpha|beta|rc|RC)[-. ]?\d*)?)[^'\"\n]{0,60}['\"]"
APPLICATIONS = (
    Application(
        "wordpress", "/wp-includes/version.php", re.compile(rb"\$wp_version\s*=\s*" + _NUMBER), b"$wp_db_version"
    ),
    Application("drupal", "/core/lib/Drupal.php", re.compile(rb"\bconst VERSION\s*=\s*" + _NUMBER), b"class Drupal"),
    Application("moodle", "/version.php", re.compile(rb"\$release\s*=\s*" + _NUMBER), b"MOODLE_INTERNAL"),
    Application("nextcloud", "/version.php", re.compile(rb"\$OC_VersionString\s*=\s*" + _NUMBER), b"nextcloud"),
    Application(
        "phpmyadmin",
        "/Version.php",
        re.compile(rb"\bconst VERSION\s*=\s*" + _NUMBER),
        b"namespace PhpMyAdmin;",
    ),
)


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The application whose version the file holds, if it is one of those known."""
    candidates = [application for application in APPLICATIONS if path.endswith(application.file)]
    head = read_head(view, path, problems, HEAD) if candidates else None
    for application in candidates:
        found = application.version.search(head or b"")
        if found and application.mark in (head or b""):
            yield Package(type="generic", name=application.name, version=found[1].decode(), path=path)
