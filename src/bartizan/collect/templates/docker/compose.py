"""Compose files (compose-spec.io) as resources `docker.container`, one for each service.

    x-common: &common {read_only: true}
    services:
      web:
        <<: *common
        image: "shop/web:${TAG:?say which}"
        extends: {file: base.yaml, service: web}
        ports: ["127.0.0.1:8080:80"]

Variables come from those given and from the `.env` file beside; one that has neither value nor default is unknown.
A service of a profile is judged as one that runs. What only the image says (its user, its health check) is unknown.
"""

import re
from collections.abc import Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView
from bartizan.collect.resources import plain_secret
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.declared import TemplateProblem
from bartizan.collect.templates.docker.image_name import image_parts
from bartizan.collect.templates.located import Located, LocatedError, load_all
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Location, Resource

TYPE = "docker.container"
LIMIT = 8 << 20
MAX_EXTENDS = 20
_VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\})")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([bkmgt]?)(?:i?b)?$", re.IGNORECASE)
_APPENDED = frozenset(
    (
        "ports",
        "volumes",
        "expose",
        "devices",
        "cap_add",
        "cap_drop",
        "security_opt",
        "dns",
        "tmpfs",
        "env_file",
        "secrets",
    )
)


def of_compose(view: FilesystemView, path: str, variables: Mapping[str, str] | None = None) -> TemplateResources:
    """The services of a Compose file."""
    reader = _Reader(view, dict(variables or {}))
    document = reader.load(path)
    if document is None:
        return TemplateResources((), tuple(reader.problems), {})
    services = document.value.get("services") if isinstance(document.value, dict) else None
    if not isinstance(services, dict):
        problem = TemplateProblem(path=path, line=1, reason="services must be a mapping")
        return TemplateResources((), (*reader.problems, problem), {})
    resources: list[Resource] = []
    for name in services:
        service = reader.service(path, str(name), ())
        if isinstance(service, dict):
            where = f"services.{name}"
            line = document.lines.get(where, 1)
            location = Location(path=path, line=line, end_line=max(line, document.end_lines.get(where, line)))
            resources.append(_draft(str(name), service, location).resource())
        else:
            line = document.lines.get(f"services.{name}", 1)
            reader.problems.append(TemplateProblem(path=path, line=line, reason=f"the service {name} is no mapping"))
    return TemplateResources(tuple(resources), tuple(reader.problems), {})


class _Reader:
    def __init__(self, view: FilesystemView, variables: dict[str, str]) -> None:
        self.view, self.variables = view, variables
        self.problems: list[TemplateProblem] = []
        self._files: dict[str, Located | None] = {}

    def load(self, path: str) -> Located | None:
        if path not in self._files:
            self._files[path] = self._load(path)
        return self._files[path]

    def _load(self, path: str) -> Located | None:
        try:
            documents = list(load_all(self.view.read(path, LIMIT).decode("utf-8-sig")))
        except FilesystemError as error:
            self._problem(path, 0, error.reason)
            return None
        except UnicodeDecodeError as error:
            self._problem(path, 0, f"not UTF-8 at byte {error.start}")
            return None
        except LocatedError as error:
            self._problem(path, error.line, error.reason)
            return None
        if not documents:
            return None
        given = {**self._environment(f"{path.rpartition('/')[0]}/.env"), **self.variables}
        document = documents[0]
        return Located(_interpolated(document.value, given), document.lines, document.end_lines)

    def _environment(self, path: str) -> dict[str, str]:
        try:
            text = self.view.read(path, 1 << 20).decode("utf-8", "replace")
        except FilesystemError:
            return {}
        pairs = (line.strip().removeprefix("export ").partition("=") for line in text.splitlines())
        return {key.strip(): value.strip().strip("'\"") for key, equals, value in pairs if equals and key[:1] != "#"}

    def service(self, path: str, name: str, seen: tuple[tuple[str, str], ...]) -> Value:
        """A service with what it extends."""
        document = self.load(path)
        services = document.value.get("services") if document and isinstance(document.value, dict) else None
        service = services.get(name) if isinstance(services, dict) else None
        if not isinstance(service, dict):
            return service if seen == () else Unknown(f"{path}: there is no service {name}")
        extends = service.get("extends")
        if extends is None:
            return service
        line = document.lines.get(f"services.{name}.extends", 0) if document else 0
        if (path, name) in seen or len(seen) > MAX_EXTENDS:
            self._problem(path, line, f"the service {name} extends itself")
            return service
        base_name = str(extends.get("service", name)) if isinstance(extends, dict) else str(extends)
        base_path = path
        if isinstance(extends, dict) and isinstance(extends.get("file"), str):
            base_path = _joined(path.rpartition("/")[0], extends["file"])
        base = self.service(base_path, base_name, (*seen, (path, name)))
        if not isinstance(base, dict):
            self._problem(path, line, f"the service {base_name} of {base_path} is not there to be extended")
            return service
        return _extended(base, service)

    def _problem(self, path: str, line: int, reason: str) -> None:
        self.problems.append(TemplateProblem(path=path, line=line, reason=reason))


def _extended(base: dict[str, Value], own: dict[str, Value]) -> dict[str, Value]:
    out = dict(base)
    for key, value in own.items():
        mine = out.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            out[key] = _extended(mine, value)
        elif key in _APPENDED and isinstance(mine, list) and isinstance(value, list):
            out[key] = [*mine, *(each for each in value if each not in mine)]
        else:
            out[key] = value
    return {key: value for key, value in out.items() if key != "extends"}


def _interpolated(value: Value, given: Mapping[str, str]) -> Value:
    if isinstance(value, dict):
        return {key: _interpolated(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [_interpolated(each, given) for each in value]
    return _filled(value, given) if isinstance(value, str) and "$" in value else value


def _filled(text: str, given: Mapping[str, str]) -> Value:
    missing: list[str] = []

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        name, operator, word = match[2] or match[3], match[4] or "", match[5] or ""
        value = given.get(name)
        absent = value is None or (operator.startswith(":") and not value)
        if operator.endswith("+"):
            return "" if absent else word
        if not absent:
            return str(value)
        if operator.endswith("-"):
            inner = _filled(word, given) if "$" in word else word
            if isinstance(inner, str):
                return inner
        missing.append(name)
        return "${...}"

    out = _VARIABLE.sub(fill, text)
    return Unknown(f"the variable {missing[0]} has no value", text=out) if missing else out


def _draft(name: str, service: dict[str, Value], location: Location) -> Draft:
    draft = Draft(TYPE, id=name, name=name, provider="docker", location=location)
    image = service.get("image")
    if image is None:
        image = Unknown("the image is built here and has no name") if "build" in service else ""
    draft.set("image", image)
    for key, value in image_parts(image).items():
        draft.set(key, value if "image" in service else Unknown("the image is built here and has no version"))
    if "build" in service and "image" not in service:
        draft.set("image_tag", "built")
    elsewhere = Unknown("the image says it, if anybody does")
    user = service.get("user")
    draft.set("user", elsewhere if user is None else user, str)
    draft.set(
        "root", elsewhere if user is None else user, lambda found: str(found).partition(":")[0] in ("", "0", "root")
    )
    draft.set("privileged", service.get("privileged"), _truth)
    draft.set("capabilities_added", _capabilities(service.get("cap_add")))
    draft.set("capabilities_dropped", _capabilities(service.get("cap_drop")))
    _security(draft, service.get("security_opt"))
    draft.set("read_only_root", service.get("read_only"), _truth)
    mode = service.get("network_mode")
    draft.set("network_mode", mode if mode is not None else "project", str)
    draft.set("default_bridge", mode, lambda found: found == "bridge")
    for field, key in (
        ("pid_mode", "pid"),
        ("ipc_mode", "ipc"),
        ("uts_mode", "uts"),
        ("user_namespace", "userns_mode"),
    ):
        draft.set(field, service.get(key), str)
    draft.set("cgroup_parent", service.get("cgroup_parent"), str)
    _limits(draft, service)
    _restart(draft, service)
    health = service.get("healthcheck")
    draft.set("healthcheck", elsewhere if health is None else _healthy(health))
    draft.set("devices", service.get("devices"), lambda found: [_device(each) for each in found])
    draft.set("log_driver", _at(service, "logging", "driver"), str)
    volumes = service.get("volumes")
    draft.set("mounts", volumes, lambda found: [_mount(each) for each in found])
    draft.set("ports", service.get("ports"), lambda found: [port for each in found for port in _ports(each)])
    environment = _environment(service.get("environment"))
    draft.set("environment", sorted(environment) if isinstance(environment, dict) else environment)
    draft.set("secret_variables", _secrets(environment))
    draft.set("sysctls", service.get("sysctls"), _names)
    draft.set("init", service.get("init"), _truth)
    return draft


def _truth(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "on", "1"):
        return True
    if str(value).lower() in ("false", "no", "off", "0", ""):
        return False
    raise ValueError(f"{value!r} is neither true nor false")


def _capabilities(value: Value) -> Value:
    if not isinstance(value, list):
        return value
    return [each if isinstance(each, Unknown) else str(each).upper().removeprefix("CAP_") for each in value]


def _security(draft: Draft, options: Value) -> None:
    if not isinstance(options, list):
        for field in ("no_new_privileges", "seccomp", "apparmor", "selinux_disabled") if options is not None else ():
            draft.set(field, options)
        return
    for option in options:
        text = option.text if isinstance(option, Unknown) else str(option)
        key, _, value = text.replace("=", ":", 1).partition(":")
        found: Value = option if isinstance(option, Unknown) else value
        match key:
            case "no-new-privileges":
                draft.set("no_new_privileges", option if isinstance(option, Unknown) else value != "false")
            case "seccomp" | "apparmor":
                draft.set(key, found)
            case "label":
                draft.set("selinux_disabled", found if isinstance(found, Unknown) else value == "disable")


def _limits(draft: Draft, service: dict[str, Value]) -> None:
    limits = _at(service, "deploy", "resources", "limits")
    memory = _at(limits, "memory")
    draft.set("memory_limit", memory if memory is not None else service.get("mem_limit"), _bytes)
    cpus = next(
        (
            each
            for each in (_at(limits, "cpus"), *(service.get(k) for k in ("cpus", "cpu_shares", "cpu_quota", "cpuset")))
            if each
        ),
        None,
    )
    draft.set("cpu_limited", cpus, bool)
    pids = _at(limits, "pids")
    draft.set("pids_limit", pids if pids is not None else service.get("pids_limit"), int)


def _bytes(value: Value) -> int:
    match = _SIZE.match(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no size")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower().replace("b", "") or " "))


def _restart(draft: Draft, service: dict[str, Value]) -> None:
    policy = _at(service, "deploy", "restart_policy")
    if isinstance(policy, dict):
        words = {"none": "no", "any": "always"}
        draft.set("restart_policy", policy.get("condition", "any"), lambda found: words.get(found, found))
        draft.set("restart_limit", policy.get("max_attempts"), int)
        return
    restart = policy if isinstance(policy, Unknown) else service.get("restart")
    draft.set("restart_policy", restart, lambda found: "no" if found is False else str(found).partition(":")[0])
    draft.set("restart_limit", restart, lambda found: int(str(found).partition(":")[2] or 0))


def _healthy(health: Value) -> Value:
    if isinstance(health, Unknown):
        return health
    if not isinstance(health, dict):
        return False
    test = health.get("test")
    disabled = health.get("disable")
    if isinstance(disabled, Unknown):
        return disabled
    if disabled is True or test in ("NONE", ["NONE"]):
        return False
    return (
        Unknown("the image says it, if anybody does") if test is None else test if isinstance(test, Unknown) else True
    )


def _device(device: Value) -> Value:
    if isinstance(device, dict):
        return device.get("source", "")
    return device if isinstance(device, Unknown) else str(device).partition(":")[0]


def _mount(volume: Value) -> Value:
    if isinstance(volume, Unknown):
        return volume
    if isinstance(volume, dict):
        bind = volume.get("bind")
        return {
            "source": volume.get("source", ""),
            "target": volume.get("target", ""),
            "kind": volume.get("type", "volume"),
            "read_only": volume.get("read_only", False),
            "propagation": bind.get("propagation", "") if isinstance(bind, dict) else "",
        }
    parts = str(volume).split(":")
    source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
    options = parts[2].split(",") if len(parts) > 2 else []
    return {
        "source": source.rstrip("/") or ("/" if source else ""),
        "target": target,
        "kind": "bind" if source[:1] in ("/", ".", "~") else "volume",
        "read_only": "ro" in options,
        "propagation": next((each for each in options if each.endswith(("shared", "slave", "private"))), ""),
    }


def _ports(port: Value) -> list[Value]:
    if isinstance(port, Unknown):
        return [port]
    if isinstance(port, dict):
        published = port.get("published", 0)
        return [
            {
                "container": port.get("target", 0),
                "host": published if isinstance(published, Unknown) else int(str(published).partition("-")[0] or 0),
                "address": port.get("host_ip", ""),
                "protocol": port.get("protocol", "tcp"),
            }
        ]
    text, _, protocol = str(port).partition("/")
    match = re.fullmatch(r"(?:(\[[^]]*\]|[^:]*):)?(?:([0-9-]*):)?([0-9]+)(?:-[0-9]+)?", text)
    if match is None:
        raise ValueError(f"{port!r} is no port")
    address, host, inside = match[1] or "", match[2], match[3]
    if host is None and address.replace("-", "").isdigit():
        address, host = "", address
    return [
        {
            "container": int(inside),
            "host": int((host or "0").partition("-")[0] or 0),
            "address": address.strip("[]"),
            "protocol": protocol or "tcp",
        }
    ]


def _environment(value: Value) -> Value:
    if isinstance(value, list):
        pairs: dict[str, Value] = {}
        for each in value:
            name, equals, text = (each.text if isinstance(each, Unknown) else str(each)).partition("=")
            pairs[name] = (each if isinstance(each, Unknown) else text) if equals else None
        return pairs
    return value if isinstance(value, (dict, Unknown)) else {}


def _secrets(environment: Value) -> Value:
    """Names whose value stands here; one that comes from outside is no secret of this file."""
    if isinstance(environment, Unknown):
        return environment
    return sorted(name for name, value in environment.items() if plain_secret.in_variables({name: value}) is True)


def _names(value: Value) -> list[str]:
    if isinstance(value, dict):
        return sorted(map(str, value))
    return sorted(str(each).partition("=")[0] for each in value)


def _at(value: Value, *steps: str) -> Any:
    for step in steps:
        if isinstance(value, Unknown):
            return value
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _joined(folder: str, path: str) -> str:
    parts = [each for each in folder.split("/") if each]
    for step in path.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in ("", "."):
            parts.append(step)
    return "/" + "/".join(parts)
