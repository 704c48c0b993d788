"""Applications of macOS: `Contents/Info.plist`, as XML or binary property list.

<dict><key>CFBundleIdentifier</key><string>org.mozilla.firefox</string>
<key>CFBundleShortVersionString</key><string>130.0.1</string></dict>
"""

import plistlib
from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import read_bytes
from bartizan.model.package import Package

LIMIT = 4 << 20


def read(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The application that the property list describes."""
    data = read_bytes(view, path, problems, LIMIT)
    if data is None:
        return
    try:
        values: Any = plistlib.loads(data)
    except Exception as error:  # plistlib raises what its parsers raise: expat's, struct's, its own
        problems.add(path, f"not a property list: {error}")
        return
    if not isinstance(values, dict):
        problems.add(path, "the property list is not a dictionary")
        return
    name = values.get("CFBundleIdentifier") or values.get("CFBundleName")
    version = values.get("CFBundleShortVersionString") or values.get("CFBundleVersion")
    if not isinstance(name, str) or not isinstance(version, str):
        problems.add(path, f"the property list has no {'version' if isinstance(name, str) else 'identifier'}")
        return
    yield Package(type="macos-application", name=name, version=version, path=path)
