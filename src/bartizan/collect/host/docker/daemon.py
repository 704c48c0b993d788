"""Section `docker_daemon`: how the engine is set up, as the daemon reads it.

    /etc/docker/daemon.json     {"icc": false, "hosts": ["unix:///var/run/docker.sock"]}
    /proc/<pid>/cmdline         dockerd -H fd:// --log-level=warn
    GET /info                   {"SecurityOptions": ["name=seccomp,profile=builtin"], "LiveRestoreEnabled": false, ...}

Arguments and the file are added up: the daemon refuses to start where both set the same thing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.docker.engine import SOCKET, Engine, EngineError, installed, reachable
from bartizan.collect.host.docker.files import AUDITED, audited_paths, files
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.text import read_text, value
from bartizan.collect.interface import Collector, Problems
from bartizan.model.resource import Resource, Unknown
from bartizan.model.wire import plain

SECTION = "docker_daemon"
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


def collect(view: FilesystemView, problems: Problems, engine: Engine | None = None) -> dict[str, Any]:
    """The engine, if there is one."""
    engine = engine or Engine()
    if not installed(view, engine.path):
        return {"present": False, "resources": []}
    running, arguments = _arguments(view, engine.path)
    settings = read_settings(view, problems, arguments)
    told: Mapping[str, Any] = {}
    silent = "the engine is not running"
    asked = Problems()
    if reachable(view, asked, engine, SECTION):
        try:
            told = engine.get("/info")
        except EngineError as error:
            silent = f"{engine.path}: {error}"
    silent = "; ".join(f"{each.path}: {each.reason}" for each in asked.found) or silent
    return {
        "present": True,
        "resources": [plain(daemon(view, problems, settings, told, running=running, silent=silent))],
    }


def daemon(
    view: FilesystemView,
    problems: Problems,
    settings: Settings,
    told: Mapping[str, Any],
    *,
    running: bool,
    silent: str,
) -> Resource:
    """The resource; `told` is the answer to `/info`, empty where the engine is silent."""
    options = [str(each) for each in told.get("SecurityOptions") or []]
    root = str(told.get("DockerRootDir") or settings.text("data-root", "/var/lib/docker"))
    storage = settings.names("storage-opts")
    attributes: dict[str, Any] = {
        "version": str(told.get("ServerVersion") or ""),
        "running": running or bool(told),
        "rootless": any("name=rootless" in each for each in options),
        "swarm": _mapping(told, "Swarm").get("LocalNodeState") not in (None, "", "inactive"),
        "inter_container": settings.truth("icc", otherwise=True),
        "log_level": settings.text("log-level", "info"),
        "iptables": settings.truth("iptables", otherwise=True),
        "insecure_registries": sorted(_insecure(settings, told)),
        "storage_driver": str(told.get("Driver") or settings.text("storage-driver")),
        "tcp": [each for each in settings.names("hosts") if not each.startswith(("unix:", "fd:", "npipe:"))],
        "tls_verify": settings.truth("tlsverify", otherwise=False),
        "default_ulimits": [each.partition("=")[0] for each in settings.names("default-ulimits")],
        "user_namespaces": bool(settings.text("userns-remap")) or any("name=userns" in each for each in options),
        "cgroup_parent": settings.text("cgroup-parent"),
        "base_size": any(each.startswith("dm.basesize") for each in storage),
        "authorization_plugins": settings.names("authorization-plugins"),
        "log_driver": str(told.get("LoggingDriver") or settings.text("log-driver", "json-file")),
        "log_bounded": any(each.partition("=")[0] == "max-size" for each in settings.names("log-opts")),
        "no_new_privileges": settings.truth("no-new-privileges", otherwise=False),
        "live_restore": settings.truth("live-restore", otherwise=False) or bool(told.get("LiveRestoreEnabled")),
        "userland_proxy": settings.truth("userland-proxy", otherwise=True),
        "seccomp_profile": settings.text("seccomp-profile"),
        "experimental": settings.truth("experimental", otherwise=False) or bool(told.get("ExperimentalBuild")),
        "selinux": settings.truth("selinux-enabled", otherwise=False),
        "separate_partition": _apart(view, root),
        "group_members": _members(view),
        "audited": sorted(audited_paths(view, problems)),
        "existing": [name for name, places in AUDITED.items() if any(exists(view, place) for place in places)],
        "files": files(view, problems, settings.values),
    }
    unknowns = []
    if not told:
        unknowns += [Unknown(path=key, reason=silent) for key in ("version", "rootless", "swarm", "storage_driver")]
    if settings.unknown:
        unknowns += [Unknown(path=key, reason=settings.unknown) for key in _CONFIGURED]
    return Resource(
        type="docker.daemon",
        id="dockerd",
        name="dockerd",
        provider="docker",
        attributes=attributes,
        unknowns=tuple(unknowns),
    )


_CONFIGURED = (
    "inter_container", "log_level", "iptables", "insecure_registries", "tcp", "tls_verify", "default_ulimits",
    "cgroup_parent", "base_size", "authorization_plugins", "log_bounded", "no_new_privileges", "live_restore",
    "userland_proxy", "seccomp_profile", "experimental", "selinux", "log_driver", "user_namespaces",
)  # fmt: skip


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


def _arguments(view: FilesystemView, socket_path: str) -> tuple[bool, list[str]]:
    """(whether a daemon runs, its arguments): the one that serves the socket, where there are several."""
    found = list(_daemons(view)) if view.live else []
    for words in found:
        if f"unix://{socket_path}" in " ".join(words):
            return True, words
    plain_ones = [words for words in found if not any("unix://" in word for word in words)]
    if socket_path == SOCKET and plain_ones:
        return True, plain_ones[0]
    return False, []


def _daemons(view: FilesystemView) -> Iterator[list[str]]:
    try:
        entries = view.list("/proc")
    except FilesystemError:
        return
    for entry in entries:
        if entry.name.isdigit() and value(view, Problems(), f"/proc/{entry.name}/comm") == "dockerd":
            text = read_text(view, Problems(), f"/proc/{entry.name}/cmdline") or ""
            yield [word for word in text.split("\0") if word][1:]


def _insecure(settings: Settings, told: Mapping[str, Any]) -> set[str]:
    registry = _mapping(told, "RegistryConfig")
    named = {key for key, each in _mapping(registry, "IndexConfigs").items() if not each.get("Secure", True)}
    # Loopback is what the engine always adds by itself.
    nets = {str(each) for each in registry.get("InsecureRegistryCIDRs") or []} - {"127.0.0.0/8", "::1/128"}
    return {*settings.names("insecure-registries"), *named, *nets}


def _apart(view: FilesystemView, root: str) -> bool:
    try:
        return view.stat(root).device != view.stat(root.rstrip("/").rpartition("/")[0] or "/").device
    except FilesystemError:
        return False


def _members(view: FilesystemView) -> list[str]:
    text = read_text(view, Problems(), "/etc/group") or ""
    return sorted({name for group in parse_group(text, Problems()) if group.name == "docker" for name in group.members})


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


COLLECTOR = Collector(
    section=SECTION,
    collect=collect,
    watches=(
        "/etc/docker",
        CONFIGURATION,
        "/var/run/docker.pid",
        "/var/run/docker.sock",
        "/etc/group",
        "/etc/audit/rules.d",
    ),
)
