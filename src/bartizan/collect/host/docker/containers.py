"""Section `docker_containers`: what runs, with which rights, as `GET /containers/<id>/json` tells.

{"Name": "/web", "Config": {"User": "", "Env": ["A=b"]}, "HostConfig": {"Privileged": true, ...}, "Mounts": [...]}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.docker.engine import Engine, EngineError, installed, reachable
from bartizan.collect.host.docker.runtime import Defaults, defaults, programs, serves_ssh
from bartizan.collect.host.docker.settings import arguments_of, read_settings
from bartizan.collect.host.text import number
from bartizan.collect.interface import Collector, Problems
from bartizan.collect.resources.plain_secret import in_variables
from bartizan.model.resource import Resource, Unknown
from bartizan.model.wire import plain

SECTION = "docker_containers"


def collect(view: FilesystemView, problems: Problems, engine: Engine | None = None) -> dict[str, Any]:
    """The containers that run."""
    engine = engine or Engine()
    if not installed(view, engine.path):
        return {"present": False, "resources": []}
    if not reachable(view, problems, engine, SECTION):
        return {"present": True, "resources": []}
    try:
        listed = engine.mappings("/containers/json")
        told = engine.mapping("/info")
    except EngineError as error:
        problems.add(engine.path, str(error))
        return {"present": True, "resources": []}
    settings = read_settings(view, Problems(), arguments_of(view, engine.path)[1])
    given = defaults(
        told, no_new_privileges=settings.truth("no-new-privileges", otherwise=False), unknown=settings.unknown
    )
    running = programs(view)
    resources = []
    for each in listed:
        number = str(each.get("Id") or "")
        try:
            inspected = engine.mapping(f"/containers/{number}/json")
        except EngineError as error:
            # A container that ended since it was listed is none that runs.
            if "status 404" not in str(error):
                problems.add(str((each.get("Names") or [number])[0]).lstrip("/"), str(error))
        else:
            resources.append(plain(container(inspected, given, running.get(number))))
    return {"present": True, "resources": sorted(resources, key=lambda each: str(each["id"]))}


def container(inspected: Mapping[str, Any], given: Defaults, running: set[str] | None = None) -> Resource:
    """The resource that an inspected container stands for: with what the engine gives to every container, and the names
    of the programs that run in it (None where its processes are not seen)."""
    config, host = _mapping(inspected, "Config"), _mapping(inspected, "HostConfig")
    name = str(inspected.get("Name", "")).lstrip("/")
    image = str(config.get("Image") or "")
    user = str(config.get("User") or "")
    variables = {key: value for key, _, value in (str(each).partition("=") for each in _list(config, "Env"))}
    mode = str(host.get("NetworkMode") or "default")
    restart = _mapping(host, "RestartPolicy")
    attributes: dict[str, Any] = {
        "image": image,
        **_image_parts(image),
        "user": user,
        "root": is_root(user),
        "privileged": bool(host.get("Privileged")),
        "capabilities_added": _capabilities(_list(host, "CapAdd")),
        "capabilities_dropped": _capabilities(_list(host, "CapDrop")),
        **_security(_list(host, "SecurityOpt"), given),
        "apparmor": str(inspected.get("AppArmorProfile") or ("unconfined" if given.apparmor else "")),
        "apparmor_available": given.apparmor,
        "selinux_available": given.selinux,
        "read_only_root": bool(host.get("ReadonlyRootfs")),
        "network_mode": mode,
        "default_bridge": mode in ("default", "bridge") or "bridge" in _networks(inspected),
        "pid_mode": str(host.get("PidMode") or ""),
        "ipc_mode": str(host.get("IpcMode") or ""),
        "uts_mode": str(host.get("UTSMode") or ""),
        "user_namespace": str(host.get("UsernsMode") or ""),
        "cgroup_parent": str(host.get("CgroupParent") or ""),
        "memory_limit": _number(host, "Memory"),
        "cpu_limited": any(host.get(key) for key in ("NanoCpus", "CpuShares", "CpuQuota", "CpusetCpus")),
        "pids_limit": max(_number(host, "PidsLimit"), 0),
        "restart_policy": str(restart.get("Name") or "no"),
        "restart_limit": _number(restart, "MaximumRetryCount"),
        "healthcheck": (_list(_mapping(config, "Healthcheck"), "Test") or ["NONE"]) != ["NONE"],
        "devices": [str(each.get("PathOnHost", "")) for each in _mappings(host, "Devices")],
        "log_driver": str(_mapping(host, "LogConfig").get("Type") or ""),
        "mounts": [_mount(each) for each in _mappings(inspected, "Mounts")],
        "ports": sorted(_ports(inspected, host), key=str),
        "environment": sorted(variables),
        "secret_variables": secret_names(variables),
        "sysctls": sorted(_mapping(host, "Sysctls")),
        "init": bool(host.get("Init")),
        "ssh_server": serves_ssh(running or ()),
    }
    unknowns = []
    if running is None:
        unknowns.append(Unknown(path="ssh_server", reason="the processes of the container are not seen"))
    if given.no_new_privileges_unknown and not _says(host, "no-new-privileges"):
        unknowns.append(Unknown(path="no_new_privileges", reason=given.no_new_privileges_unknown))
    return Resource(
        type="docker.container", id=name, name=name, provider="docker", attributes=attributes, unknowns=tuple(unknowns)
    )


def is_root(user: str) -> bool:
    """Whether `user[:group]`, as an image or a container names it, is root: nobody named is root too."""
    return user.partition(":")[0] in ("", "0", "root")


def secret_names(variables: Mapping[str, str]) -> list[str]:
    """Names of the variables that hold a secret; no value leaves."""
    return sorted(name for name, value in variables.items() if in_variables({name: value}) is True)


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _mappings(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [each for each in _list(value, key) if isinstance(each, Mapping)]


def _number(value: Mapping[str, Any], key: str) -> int:
    found = value.get(key)
    return found if isinstance(found, int) else 0


def _networks(inspected: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(inspected, "NetworkSettings"), "Networks")


def _says(host: Mapping[str, Any], option: str) -> bool:
    return any(str(each).startswith(option) for each in _list(host, "SecurityOpt"))


def _image_parts(image: str) -> dict[str, str]:
    if image.startswith("sha256:"):
        return {"image_registry": "", "image_tag": "", "image_digest": image}
    name, _, digest = image.partition("@")
    first, slash, _ = name.partition("/")
    host = first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
    return {"image_registry": host, "image_tag": name.rpartition("/")[2].partition(":")[2], "image_digest": digest}


def _capabilities(value: list[Any]) -> list[str]:
    return sorted(str(each).upper().removeprefix("CAP_") for each in value)


def _security(options: list[Any], given: Defaults) -> dict[str, Any]:
    out: dict[str, Any] = {
        "no_new_privileges": given.no_new_privileges,
        "seccomp": given.seccomp,
        "selinux_disabled": False,
    }
    for option in options:
        key, _, value = str(option).replace("=", ":", 1).partition(":")
        if key == "no-new-privileges":
            out["no_new_privileges"] = value != "false"
        elif key == "seccomp":
            out["seccomp"] = value if value in ("unconfined", "builtin", "default") else "custom"
        elif key == "label":
            out["selinux_disabled"] = out["selinux_disabled"] or value == "disable"
    return out


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(mount.get("Type") or "")
    return {
        "source": str(mount.get("Name" if kind == "volume" else "Source") or ""),
        "target": str(mount.get("Destination") or ""),
        "kind": kind,
        "read_only": not mount.get("RW", True),
        "propagation": str(mount.get("Propagation") or ""),
    }


def _ports(inspected: Mapping[str, Any], host: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What is published: as the engine did it (all exposed ports with `-P`, its own address where none is given), or as
    it was asked for where the container has no network settings."""
    if _networks(inspected):
        bindings = _mapping(_mapping(inspected, "NetworkSettings"), "Ports")
    else:
        bindings = _mapping(host, "PortBindings")
    for inside, places in bindings.items():
        told, _, protocol = inside.partition("/")
        for place in places if isinstance(places, list) else []:
            if isinstance(place, Mapping):
                yield {
                    "container": number(told) or 0,
                    "host": number(str(place.get("HostPort") or "0")) or 0,
                    "address": str(place.get("HostIp") or ""),
                    "protocol": protocol or "tcp",
                }


COLLECTOR = Collector(section=SECTION, collect=collect, watches=("/var/lib/docker/containers", "/var/run/docker.pid"))
