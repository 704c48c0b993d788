"""How a daemon is set up: daemon.json and its arguments, as the daemon adds them up.

    /etc/docker/daemon.json     {"icc": false, "hosts": ["unix:///var/run/docker.sock"]}
    /proc/<pid>/cmdline         dockerd -H fd:// --log-level=warn
    docker.service              ExecStart=/usr/bin/dockerd -H fd:// $DOCKER_OPTS

The daemon refuses to start where both set the same thing. Where none runs, the arguments are those of its unit.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.docker.engine import SOCKET
from bartizan.collect.host.text import read_text, value
from bartizan.collect.host.units.command_line import command_line
from bartizan.collect.interface import Problems

CONFIGURATION = "/etc/docker/daemon.json"
_FLAGS = {
    "host": "hosts",
    "insecure-registry": "insecure-registries",
    "authorization-plugin": "authorization-plugins",
    "default-ulimit": "default-ulimits",
    "storage-opt": "storage-opts",
    "log-opt": "log-opts",
    "label": "labels",
    "graph": "data-root",
}
_SHORT = {
    "H": "host",
    "l": "log-level",
    "s": "storage-driver",
    "g": "data-root",
    "p": "pidfile",
    "G": "group",
    "b": "bridge",
}
_SWITCHES = frozenset(
    (
        "icc", "iptables", "ip6tables", "ip-forward", "ip-masq", "live-restore", "userland-proxy", "no-new-privileges",
        "experimental", "tls", "tlsverify", "debug", "selinux-enabled", "rootless", "init", "ipv6", "raw-logs",
        "validate",
    )
)  # fmt: skip


@dataclass(slots=True)
class Settings:
    """What daemon.json and the arguments say."""

    values: dict[str, Any] = field(default_factory=dict)
    unknown: str = ""
    """Why the file could not be read."""

    def text(self, key: str, otherwise: str = "") -> str:
        found = self.values.get(key)
        return otherwise if found is None else str(found)

    def truth(self, key: str, *, otherwise: bool) -> bool:
        found = self.values.get(key)
        return otherwise if found is None else found in (True, "true", "1", "t", "T", "TRUE", "True")

    def names(self, key: str) -> list[str]:
        found = self.values.get(key)
        if isinstance(found, Mapping):
            return sorted(map(str, found))
        return [str(each) for each in found] if isinstance(found, list) else [] if found is None else [str(found)]


def read_settings(view: FilesystemView, problems: Problems, arguments: list[str]) -> Settings:
    """daemon.json (or the file that an argument names) with the arguments."""
    given = parse_arguments(arguments)
    path = str(given.get("config-file") or CONFIGURATION)
    settings = Settings()
    try:
        found = json.loads(view.read(path, 4 << 20)) if exists(view, path) else {}
    except FilesystemError as error:
        settings.unknown = f"{error.path}: {error.reason}"
        found = {}
    except (ValueError, RecursionError):
        settings.unknown = f"{path}: not JSON"
        problems.add(path, "not JSON; the daemon will not start with it")
        found = {}
    settings.values = dict(found) if isinstance(found, dict) else {}
    for key, item in given.items():
        mine = settings.values.get(key)
        settings.values[key] = [*mine, *item] if isinstance(mine, list) and isinstance(item, list) else item
    return settings


def parse_arguments(arguments: list[str]) -> dict[str, Any]:
    """`--log-level=warn -H fd://` by the names of daemon.json; what may stand more than once is a list."""
    out: dict[str, Any] = {}
    rest = iter(arguments)
    for word in rest:
        if word.startswith("--"):
            name, equals, text = word[2:].partition("=")
        elif word.startswith("-") and len(word) > 1:
            if word == "-D":
                out["debug"] = True
                continue
            name, equals, text = _SHORT.get(word[1], word[1]), word[2:], word[2:].removeprefix("=")
        else:
            continue
        found: Any = text
        if not equals:
            found = True if name in _SWITCHES else next(rest, "")
        key = _FLAGS.get(name, name)
        if key.endswith("s") and name in _FLAGS and key != name:
            out.setdefault(key, []).append(found)
        else:
            out[key] = found
    return out


def arguments_of(view: FilesystemView, socket_path: str) -> tuple[bool, list[str]]:
    """(whether a daemon runs, its arguments): the one that serves the socket, where there are several."""
    found = list(_daemons(view)) if view.live else []
    for words in found:
        if f"unix://{socket_path}" in " ".join(words):
            return True, words
    plain_ones = [words for words in found if not any("unix://" in word for word in words)]
    if socket_path != SOCKET:
        return False, []
    return (True, plain_ones[0]) if plain_ones else (False, command_line(view, "docker.service"))


def _daemons(view: FilesystemView) -> Iterator[list[str]]:
    try:
        entries = view.list("/proc")
    except FilesystemError:
        return
    for entry in entries:
        if entry.name.isdigit() and value(view, Problems(), f"/proc/{entry.name}/comm") == "dockerd":
            text = read_text(view, Problems(), f"/proc/{entry.name}/cmdline") or ""
            yield [word for word in text.split("\0") if word][1:]
