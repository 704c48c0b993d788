"""Pods and everything that makes pods, as one type: what runs, as whom, with which rights and from where.

Kubernetes API reference v1.31: PodSpec, Container, SecurityContext. What a container does not set it takes from its
pod, so settings here are the effective ones. A `Value` may be unknown (a chart's value that nobody gave).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bartizan.collect.resources import plain_secret
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.kubernetes.open_mapping import OpenMapping
from bartizan.collect.resources.values import Unknown, Value

_POD_PATHS = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
KINDS = frozenset(_POD_PATHS)
_SOURCES = {
    "secretKeyRef": "secret",
    "configMapKeyRef": "config-map",
    "fieldRef": "field",
    "resourceFieldRef": "field",
}
"""Where a variable's value comes from."""


def draft_workload(draft: Draft, kind: str, document: Mapping[str, Any]) -> None:
    """Fill a draft of `kubernetes.workload` from an object of one of `KINDS`."""
    template: Value = document
    for step in _POD_PATHS[kind]:
        template = part(template, step)
    spec = part(template, "spec")
    annotations = part(part(template, "metadata"), "annotations")
    draft.set("kind", kind)
    draft.set("pod_labels", table(part(template, "metadata"), "labels"))
    if isinstance(spec, Unknown):
        for name in ("containers", "volumes", "host_network", "host_pid", "host_ipc", "service_account"):
            draft.unknown(name, spec.reason)
        return
    draft.set("replicas", get(part(document, "spec"), "replicas"))
    draft.set("service_account", get(spec, "serviceAccountName", get(spec, "serviceAccount")))
    draft.set("automount_token", get(spec, "automountServiceAccountToken"))
    draft.set("host_network", get(spec, "hostNetwork"))
    draft.set("host_pid", get(spec, "hostPID"))
    draft.set("host_ipc", get(spec, "hostIPC"))
    draft.set("host_users", get(spec, "hostUsers"))
    draft.set("share_processes", get(spec, "shareProcessNamespace"))
    draft.set("runtime_class", get(spec, "runtimeClassName"))
    pod = part(spec, "securityContext")
    draft.set("os", get(part(spec, "os"), "name"))
    _draft_pod(draft, pod)
    draft.set("fs_group", get(pod, "fsGroup"))
    draft.set("sysctls", [get(each, "name", "") for each in items(pod, "sysctls")])
    draft.set("volumes", [_volume(each) for each in items(spec, "volumes")])
    draft.set("containers", list(_containers(spec, pod, annotations)))


def _draft_pod(draft: Draft, pod: Value) -> None:
    """What the pod asks for by itself: admission refuses it even where every container overrides it."""
    non_root = get(pod, "runAsNonRoot")
    draft.set("pod.root_allowed", non_root if isinstance(non_root, Unknown) else non_root is False)
    draft.set("pod.run_as_user", get(pod, "runAsUser"))
    draft.set("pod.seccomp", get(part(pod, "seccompProfile"), "type"))
    draft.set("pod.apparmor", get(part(pod, "appArmorProfile"), "type"))
    for name in ("type", "user", "role"):
        draft.set(f"pod.selinux_{name}", get(part(pod, "seLinuxOptions"), name))
    draft.set("pod.windows_host_process", get(part(pod, "windowsOptions"), "hostProcess"))


def part(value: Value, name: str) -> Value:
    """A mapping within a mapping; an empty one where there is none, an unknown where that is all that is known."""
    if isinstance(value, Unknown):
        return value
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, (Mapping, Unknown)) else {}


def get(value: Value, name: str, otherwise: Value = None) -> Value:
    """A field, or an unknown where what holds it is unknown."""
    if isinstance(value, Unknown):
        return value
    return value.get(name, otherwise) if isinstance(value, Mapping) else otherwise


def table(value: Value, name: str) -> Value:
    """A mapping of texts, None where there is none; unknown as a whole where it may have more entries."""
    found = get(value, name)
    return found.unknown if isinstance(found, OpenMapping) else found


def items(value: Value, name: str) -> list[Value]:
    """The elements of a list field; one unknown where the list is unknown."""
    found = get(value, name)
    if isinstance(found, Unknown):
        return [found]
    return found if isinstance(found, list) else []


def truth(value: Value) -> bool | Unknown:
    """Whether there is anything, or an unknown."""
    return value if isinstance(value, Unknown) else bool(value)


def any_of(values: Iterable[Value]) -> bool | Unknown:
    """Whether one is true; unknown where none is known to be and one is not known."""
    unknown: Unknown | None = None
    for value in values:
        if isinstance(value, Unknown):
            unknown = unknown or value
        elif value:
            return True
    return unknown or False


def _containers(spec: Value, pod: Value, annotations: Value) -> Iterator[Value]:
    for role, field in (("", "containers"), ("init", "initContainers"), ("ephemeral", "ephemeralContainers")):
        for container in items(spec, field):
            yield container if isinstance(container, Unknown) else _container(container, role, pod, annotations)


def _container(container: Value, role: str, pod: Value, annotations: Value) -> dict[str, Value]:
    own = part(container, "securityContext")
    name = get(container, "name", "")
    image = get(container, "image", "")
    limits, requests = part(part(container, "resources"), "limits"), part(part(container, "resources"), "requests")
    capabilities = part(own, "capabilities")
    out: dict[str, Value] = {
        "name": name,
        "role": role,
        "image": image,
        **_image_parts(image),
        "pull_policy": get(container, "imagePullPolicy"),
        "privileged": get(own, "privileged"),
        "allow_privilege_escalation": get(own, "allowPrivilegeEscalation"),
        "read_only_root": get(own, "readOnlyRootFilesystem"),
        "run_as_non_root": _inherited(own, pod, "runAsNonRoot"),
        "run_as_user": _inherited(own, pod, "runAsUser"),
        "run_as_group": _inherited(own, pod, "runAsGroup"),
        "proc_mount": get(own, "procMount"),
        "capabilities_added": get(capabilities, "add"),
        "capabilities_dropped": _upper(get(capabilities, "drop")),
        "seccomp": _profile(own, pod, "seccompProfile"),
        "apparmor": _apparmor(own, pod, annotations, name),
        "selinux_type": get(part(own, "seLinuxOptions"), "type", get(part(pod, "seLinuxOptions"), "type")),
        "selinux_user": get(part(own, "seLinuxOptions"), "user", get(part(pod, "seLinuxOptions"), "user")),
        "selinux_role": get(part(own, "seLinuxOptions"), "role", get(part(pod, "seLinuxOptions"), "role")),
        "windows_host_process": _inherited(part(own, "windowsOptions"), part(pod, "windowsOptions"), "hostProcess"),
        "cpu_limit": _quantity(get(limits, "cpu")),
        "memory_limit": _quantity(get(limits, "memory")),
        "cpu_request": _quantity(get(requests, "cpu")),
        "memory_request": _quantity(get(requests, "memory")),
        "probe_hosts": list(_probe_hosts(container)),
        "liveness": _present(container, "livenessProbe"),
        "readiness": _present(container, "readinessProbe"),
        "ports": [_port(each) for each in items(container, "ports")],
        "environment": [_variable(each) for each in items(container, "env")],
        "environment_secret": any_of(_plain_secret(each) for each in items(container, "env")),
        "environment_from_secrets": any_of(get(each, "secretRef") for each in items(container, "envFrom")),
        "mounts": [_mount(each) for each in items(container, "volumeMounts")],
    }
    return {key: value for key, value in out.items() if value is not None}


def _image_parts(image: Value) -> dict[str, Value]:
    if isinstance(image, Unknown):
        return {"image_tag": image, "image_digest": image, "image_registry": image}
    text = str(image)
    name, _, digest = text.partition("@")
    last = name.rpartition("/")[2]
    first, slash, _ = name.partition("/")
    host = first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
    return {"image_tag": last.partition(":")[2], "image_digest": digest, "image_registry": host}


def _inherited(own: Value, pod: Value, name: str) -> Value:
    value = get(own, name)
    return get(pod, name) if value is None else value


def _profile(own: Value, pod: Value, name: str) -> Value:
    return get(part(own, name), "type", get(part(pod, name), "type"))


def _apparmor(own: Value, pod: Value, annotations: Value, name: Value) -> Value:
    profile = _profile(own, pod, "appArmorProfile")
    if profile is not None:
        return profile
    written = get(annotations, f"container.apparmor.security.beta.kubernetes.io/{name}")
    if not isinstance(written, str):
        return written
    known = {"runtime/default": "RuntimeDefault", "unconfined": "Unconfined"}
    return known.get(written, "Localhost")


def _upper(value: Value) -> Value:
    if not isinstance(value, list):
        return value
    return [str(each).upper().removeprefix("CAP_") if not isinstance(each, Unknown) else each for each in value]


def _quantity(value: Value) -> Value:
    return value if value is None or isinstance(value, Unknown) else str(value)


def _present(container: Value, name: str) -> Value:
    return truth(get(container, name))


def _probe_hosts(container: Value) -> Iterator[Value]:
    lifecycle = part(container, "lifecycle")
    handlers = [part(container, name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    for handler in (*handlers, part(lifecycle, "postStart"), part(lifecycle, "preStop")):
        if isinstance(handler, Unknown):
            yield handler
        else:
            found = (get(part(handler, name), "host") for name in ("httpGet", "tcpSocket"))
            yield from (host for host in found if host)


def _port(port: Value) -> Value:
    if isinstance(port, Unknown):
        return port
    return {
        "container": get(port, "containerPort", 0),
        "host": get(port, "hostPort", 0),
        "protocol": get(port, "protocol", "TCP"),
    }


def _variable(variable: Value) -> Value:
    """Names only: a value may be a secret."""
    if isinstance(variable, Unknown):
        return variable
    source = get(variable, "valueFrom")
    if isinstance(source, Mapping):
        kind = next((_SOURCES[key] for key in source if key in _SOURCES), "other")
    elif isinstance(source, Unknown):
        return {"name": get(variable, "name", ""), "source": source}
    else:
        kind = "literal" if get(variable, "value") not in (None, "") else "empty"
    return {"name": get(variable, "name", ""), "source": kind}


def _plain_secret(variable: Value) -> Value:
    value, name = get(variable, "value"), get(variable, "name", "")
    return value if isinstance(value, Unknown) else plain_secret.in_variables({str(name): value})


def _mount(mount: Value) -> Value:
    if isinstance(mount, Unknown):
        return mount
    return {
        "path": get(mount, "mountPath", ""),
        "volume": get(mount, "name", ""),
        "read_only": get(mount, "readOnly", False),
    }


def _volume(volume: Value) -> Value:
    if isinstance(volume, Unknown):
        return volume
    kinds = [key for key in volume if key != "name"] if isinstance(volume, Mapping) else []
    kind: Value = str(kinds[0]) if kinds else ""
    if not kinds and isinstance(volume, OpenMapping):
        kind = volume.unknown
    return {
        "name": get(volume, "name", ""),
        "kind": kind,
        "host_path": get(part(volume, "hostPath"), "path", ""),
        "secret": get(part(volume, "secret"), "secretName", ""),
    }
