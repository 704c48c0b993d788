"""Section `docker_daemon`: how the engine is set up, as the daemon reads it.

/etc/docker/daemon.json     {"icc": false, "hosts": ["unix:///var/run/docker.sock"]}
GET /info                   {"SecurityOptions": ["name=seccomp,profile=builtin"], "LiveRestoreEnabled": false, ...}
/etc/environment            DOCKER_CONTENT_TRUST=1
"""

import re
from collections.abc import Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.docker.engine import Engine, EngineError, installed, reachable
from bartizan.collect.host.docker.files import AUDITED, audited_paths, files
from bartizan.collect.host.docker.settings import CONFIGURATION, Settings, arguments_of, read_settings
from bartizan.collect.host.docker.swarm import FIELDS as SWARM
from bartizan.collect.host.docker.swarm import swarm
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.text import assignments, files_in, read_text
from bartizan.collect.interface import Collector, Problems
from bartizan.model.resource import Resource, Unknown
from bartizan.model.wire import plain

SECTION = "docker_daemon"
_REMAPPED = re.compile(r"/\d+\.\d+$")
"""With user namespaces the engine keeps its files in a folder of their own: `/var/lib/docker/231072.231072`."""


def collect(view: FilesystemView, problems: Problems, engine: Engine | None = None) -> dict[str, Any]:
    """The engine, if there is one."""
    engine = engine or Engine()
    if not installed(view, engine.path):
        return {"present": False, "resources": []}
    running, arguments = arguments_of(view, engine.path)
    settings = read_settings(view, problems, arguments)
    told: Mapping[str, Any] = {}
    networks: list[dict[str, Any]] | None = None
    silent = "the engine is not running"
    asked = Problems()
    if reachable(view, asked, engine, SECTION):
        try:
            told = engine.mapping("/info")
            networks = engine.mappings("/networks")
        except EngineError as error:
            silent = f"{engine.path}: {error}"
    silent = "; ".join(f"{each.path}: {each.reason}" for each in asked.found) or silent
    return {
        "present": True,
        "resources": [plain(daemon(view, problems, settings, told, networks, running=running, silent=silent))],
    }


def daemon(
    view: FilesystemView,
    problems: Problems,
    settings: Settings,
    told: Mapping[str, Any],
    networks: list[dict[str, Any]] | None,
    *,
    running: bool,
    silent: str,
) -> Resource:
    """The resource; `told` and `networks` answer `/info` and `/networks`: empty and None where nobody does."""
    options = [str(each) for each in told.get("SecurityOptions") or []]
    root = str(told.get("DockerRootDir") or settings.text("data-root", "/var/lib/docker"))
    storage = settings.names("storage-opts")
    audited, no_rules = audited_paths(view)
    attributes: dict[str, Any] = {
        "version": str(told.get("ServerVersion") or ""),
        "running": running or bool(told),
        "rootless": any("name=rootless" in each for each in options),
        **swarm(view, told, networks or []),
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
        "content_trust": _content_trust(view),
        "separate_partition": _apart(view, root),
        "group_members": _members(view),
        "audited": sorted(audited),
        "existing": [name for name, places in AUDITED.items() if any(exists(view, place) for place in places)],
        "files": files(view, problems, settings.values),
    }
    unknowns = []
    if not told:
        unknowns += [Unknown(path=key, reason=silent) for key in ("version", "rootless", "storage_driver", *SWARM)]
    elif networks is None:
        unknowns.append(Unknown(path="unencrypted_networks", reason=silent))
    if no_rules:
        unknowns.append(Unknown(path="audited", reason=no_rules))
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


def _insecure(settings: Settings, told: Mapping[str, Any]) -> set[str]:
    registry = _mapping(told, "RegistryConfig")
    named = {key for key, each in _mapping(registry, "IndexConfigs").items() if not each.get("Secure", True)}
    # Loopback is what the engine always adds by itself.
    nets = {str(each) for each in registry.get("InsecureRegistryCIDRs") or []} - {"127.0.0.0/8", "::1/128"}
    return {*settings.names("insecure-registries"), *named, *nets}


def _content_trust(view: FilesystemView) -> bool:
    """Whether everybody's environment asks the client to verify signatures."""
    places = ("/etc/environment", "/etc/profile", *files_in(view, Problems(), "/etc/profile.d", ".sh"))
    said = [assignments(read_text(view, Problems(), path) or "").get("DOCKER_CONTENT_TRUST") for path in places]
    return any(each == "1" for each in said)


def _apart(view: FilesystemView, root: str) -> bool:
    if _REMAPPED.search(root):
        root = root.rpartition("/")[0]
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
