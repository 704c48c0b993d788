"""Swift: `Package.resolved` (versions 1 to 3), and CocoaPods' `Podfile.lock`.

{"pins": [{"identity": "swift-nio", "location": "https://github.com/apple/swift-nio.git",
           "state": {"version": "2.62.0"}}]}

PODS:
  - Texture/Core (3.1.0):
    - Texture/PINRemoteImage
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.interface import Problems
from bartizan.collect.packages.content import list_of, read_json_table, read_text, table_of, text_of
from bartizan.collect.packages.yaml_subset import parse_yaml
from bartizan.model.package import Package

_POD = re.compile(r"^([^\s/(]+)(?:/[^(]*)?\s\(([^)]+)\)$")


def read_resolved(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The pinned packages. A pin on a branch or a commit has no version."""
    document = read_json_table(view, path, problems)
    pins = list_of(document.get("pins")) or list_of(table_of(document.get("object")).get("pins"))
    for number, value in enumerate(pins):
        pin = table_of(value)
        location = text_of(pin.get("location")) or text_of(pin.get("repositoryURL"))
        name = text_of(pin.get("identity")) or text_of(pin.get("package"))
        namespace, repository = _repository(location)
        if not name and not repository:
            problems.add(f"{path}#pins/{number}", "has neither an identity nor a location")
            continue
        version = text_of(table_of(pin.get("state")).get("version"))
        yield Package(
            type="swift", namespace=namespace, name=repository or name, version=version, path=path, state="locked"
        )


def _repository(location: str) -> tuple[str, str]:
    """`https://github.com/apple/swift-nio.git` and `git@github.com:apple/swift-nio.git` as namespace and name."""
    if "://" in location:
        try:
            parts = urlsplit(location)
            host, place = parts.hostname or "", parts.path
        except ValueError:
            return "", ""
    else:
        host, _, place = location.rpartition("@")[2].partition(":")
    place = place.strip("/").removesuffix(".git")
    if not host or not place:
        return "", ""
    folder, _, name = place.rpartition("/")
    return f"{host}/{folder}".rstrip("/"), name


def read_podfile(view: FilesystemView, path: str, problems: Problems) -> Iterator[Package]:
    """The pods; subspecs (`Texture/Core`) are parts of one pod."""
    text = read_text(view, path, problems)
    if text is None:
        return
    lock = parse_yaml(text, path, problems)
    pods = lock.get("PODS") if isinstance(lock, dict) else None
    if not isinstance(lock, dict) or (pods is not None and not isinstance(pods, list)):
        if text.strip() and lock is not None:
            problems.add(path, "is not a mapping with a list of PODS")
        return
    direct = {re.split(r"[\s/(]", text_of(item), maxsplit=1)[0] for item in list_of(lock.get("DEPENDENCIES"))}
    seen: set[tuple[str, str]] = set()
    for item in pods or ():
        head = next(iter(item)) if isinstance(item, dict) and item else text_of(item)
        match = _POD.match(head)
        if not match:
            problems.add(path, f"pod {head!r} is not a name and a version")
        elif (match[1], match[2]) not in seen:
            seen.add((match[1], match[2]))
            yield Package(
                type="cocoapods", name=match[1], version=match[2], path=path, direct=match[1] in direct, state="locked"
            )
