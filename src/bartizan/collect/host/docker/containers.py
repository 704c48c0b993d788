"""Section `docker_containers`: what runs, with which rights, as `GET /containers/<id>/json` tells.

{"Name": "/web", "Config": {"User": "", "Env": ["A=b"]}, "HostConfig": {"Privileged": true, ...}, "Mounts": [...]}
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.docker.engine import MAX_OBJECTS, Engine, EngineError, installed, reachable
from bartizan.collect.interface import Collector, Problems
from bartizan.collect.resources.plain_secret import in_variables
from bartizan.model.resource import Resource
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
        found = engine.get("/containers/json")
        options = engine.get("/info").get("SecurityOptions") or []
    except EngineError as error:
        problems.add(engine.path, str(error))
        return {"present": True, "resources": []}
    modules = frozenset(name for name in ("apparmor", "selinux") if any(f"name={name}" in str(o) for o in options))
    resources = []
    for each in found[:MAX_OBJECTS] if isinstance(found, list) else []:
        try:
            inspected = engine.get(f"/containers/{each['Id']}/json")
        except EngineError as error:
            # A container that ended since it was listed is none that runs.
            if "status 404" not in str(error):
                problems.add(str((each.get("Names") or [each["Id"]])[0]).lstrip("/"), str(error))
        else:
            resources.append(plain(container(inspected, modules)))
    return {"present": True, "resources": sorted(resources, key=lambda each: str(each["id"]))}


def container(inspected: Mapping[str, Any], modules: Collection[str]) -> Resource:
    """The resource that an inspected container stands for; `modules` are the security modules that the engine uses."""
    apparmor = "apparmor" in modules
    config, host = _mapping(inspected, "Config"), _mapping(inspected, "HostConfig")
    name = str(inspected.get("Name", "")).lstrip("/")
    image = str(config.get("Image") or "")
    user = str(config.get("User") or "")
    variables = {key: value for key, _, value in (str(each).partition("=") for each in config.get("Env") or [])}
    mode = str(host.get("NetworkMode") or "default")
    restart = _mapping(host, "RestartPolicy")
    attributes: dict[str, Any] = {
        "image": image,
        **_image_parts(image),
        "user": user,
        "root": user.partition(":")[0] in ("", "0", "root"),
        "privileged": bool(host.get("Privileged")),
        "capabilities_added": _capabilities(host.get("CapAdd")),
        "capabilities_dropped": _capabilities(host.get("CapDrop")),
        **_security(host.get("SecurityOpt") or []),
        "apparmor": str(inspected.get("AppArmorProfile") or ("unconfined" if apparmor else "")),
        "apparmor_available": apparmor,
        "selinux_available": "selinux" in modules,
        "read_only_root": bool(host.get("ReadonlyRootfs")),
        "network_mode": mode,
        "default_bridge": mode in ("default", "bridge"),
        "pid_mode": str(host.get("PidMode") or ""),
        "ipc_mode": str(host.get("IpcMode") or ""),
        "uts_mode": str(host.get("UTSMode") or ""),
        "user_namespace": str(host.get("UsernsMode") or ""),
        "cgroup_parent": str(host.get("CgroupParent") or ""),
        "memory_limit": int(host.get("Memory") or 0),
        "cpu_limited": any(host.get(key) for key in ("NanoCpus", "CpuShares", "CpuQuota", "CpusetCpus")),
        "pids_limit": max(int(host.get("PidsLimit") or 0), 0),
        "restart_policy": str(restart.get("Name") or "no"),
        "restart_limit": int(restart.get("MaximumRetryCount") or 0),
        "healthcheck": (_mapping(config, "Healthcheck").get("Test") or ["NONE"]) != ["NONE"],
        "devices": [str(each.get("PathOnHost", "")) for each in host.get("Devices") or []],
        "log_driver": str(_mapping(host, "LogConfig").get("Type") or ""),
        "mounts": [_mount(each) for each in inspected.get("Mounts") or []],
        "ports": sorted(_ports(_mapping(host, "PortBindings")), key=str),
        "environment": sorted(variables),
        "secret_variables": secret_names(variables),
        "sysctls": sorted(_mapping(host, "Sysctls")),
        "init": bool(host.get("Init")),
    }
    return Resource(type="docker.container", id=name, name=name, provider="docker", attributes=attributes)


def secret_names(variables: Mapping[str, str]) -> list[str]:
    """Names of the variables that hold a secret; no value leaves."""
    return sorted(name for name, value in variables.items() if in_variables({name: value}) is True)


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _image_parts(image: str) -> dict[str, str]:
    if image.startswith("sha256:"):
        return {"image_registry": "", "image_tag": "", "image_digest": image}
    name, _, digest = image.partition("@")
    first, slash, _ = name.partition("/")
    host = first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
    return {"image_registry": host, "image_tag": name.rpartition("/")[2].partition(":")[2], "image_digest": digest}


def _capabilities(value: Any) -> list[str]:
    return sorted(str(each).upper().removeprefix("CAP_") for each in value or [])


def _security(options: list[Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"no_new_privileges": False, "seccomp": "default", "selinux_disabled": False}
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


def _ports(bindings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for inside, places in bindings.items():
        number, _, protocol = inside.partition("/")
        for place in places or []:
            host = str(place.get("HostPort") or "0")
            yield {
                "container": int(number) if number.isdigit() else 0,
                "host": int(host) if host.isdigit() else 0,
                "address": str(place.get("HostIp") or ""),
                "protocol": protocol or "tcp",
            }


COLLECTOR = Collector(section=SECTION, collect=collect, watches=("/var/lib/docker/containers", "/var/run/docker.pid"))
