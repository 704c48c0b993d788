"""Section `kubernetes_node`: a node or control plane by its files; no file's contents leave, only settings.

    /etc/kubernetes/manifests/kube-apiserver.yaml     - --anonymous-auth=false
    /var/lib/kubelet/config.yaml                      authentication: {anonymous: {enabled: false}}
    /proc/<pid>/cmdline                               kubelet --config=/var/lib/kubelet/config.yaml
    /etc/kubernetes/pki/apiserver.key                 mode 0600, root

Facts are {"present": bool, "resources": [one `kubernetes.node`]}.
"""

import re
from collections.abc import Iterator
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.glob import glob
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.text import caught, read_text, value
from bartizan.collect.host.users import parse_passwd
from bartizan.collect.interface import Collector, Problems
from bartizan.model.resource import Resource, Unknown
from bartizan.model.wire import plain

SECTION = "kubernetes_node"
_MANIFESTS = "/etc/kubernetes/manifests"
_KUBELET = (
    "/var/lib/kubelet/config.yaml",
    "/etc/kubernetes/kubelet-config.yaml",
    "/etc/kubernetes/kubelet/config.json",
)
COMPONENTS = {
    "apiserver": "kube-apiserver",
    "controller_manager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
    "etcd": "etcd",
}
_ROLES = (
    ("manifest-apiserver", f"{_MANIFESTS}/kube-apiserver.yaml"),
    ("manifest-controller-manager", f"{_MANIFESTS}/kube-controller-manager.yaml"),
    ("manifest-scheduler", f"{_MANIFESTS}/kube-scheduler.yaml"),
    ("manifest-etcd", f"{_MANIFESTS}/etcd.yaml"),
    ("cni", "/etc/cni/net.d/*"),
    ("etcd-data", "/var/lib/etcd"),
    ("admin", "/etc/kubernetes/admin.conf"),
    ("admin", "/etc/kubernetes/super-admin.conf"),
    ("scheduler", "/etc/kubernetes/scheduler.conf"),
    ("controller-manager", "/etc/kubernetes/controller-manager.conf"),
    ("pki", "/etc/kubernetes/pki"),
    ("certificate", "/etc/kubernetes/pki/*.crt"),
    ("certificate", "/etc/kubernetes/pki/etcd/*.crt"),
    ("key", "/etc/kubernetes/pki/*.key"),
    ("key", "/etc/kubernetes/pki/etcd/*.key"),
    ("kubelet-service", "/etc/systemd/system/kubelet.service.d/*.conf"),
    ("kubelet-service", "/usr/lib/systemd/system/kubelet.service.d/*.conf"),
    ("proxy", "/var/lib/kube-proxy/config.conf"),
    ("kubelet", "/etc/kubernetes/kubelet.conf"),
    ("kubelet-configuration", _KUBELET[0]),
    ("kubelet-configuration", _KUBELET[1]),
    ("kubelet-configuration", _KUBELET[2]),
)
_ARGUMENT = re.compile(r"^\s*-?\s*[\"']?--([a-z][a-z0-9-]*)(?:=([^\"'\n]*))?[\"']?\s*$", re.MULTILINE)
_ENTRY = re.compile(r"^( *)(?:- )?[\"']?([A-Za-z][A-Za-z0-9]*)[\"']?:(?:\s+(.*?))?\s*,?$")


def collect(view: FilesystemView, problems: Problems) -> dict[str, Any]:
    """The node, where Kubernetes is on this host."""
    if not any(exists(view, path) for path in ("/etc/kubernetes", "/var/lib/kubelet", "/var/lib/rancher/k3s")):
        return {"present": False, "resources": []}
    unknowns: list[Unknown] = []
    attributes: dict[str, Any] = {}
    for name, program in COMPONENTS.items():
        path = f"{_MANIFESTS}/{program}.yaml"
        arguments = None
        try:
            if exists(view, path):
                arguments = static_pod_arguments(view.read(path, 1 << 20).decode("utf-8", "replace"))
        except FilesystemError as error:
            unknowns.append(Unknown(path=name, reason=f"{error.path}: {error.reason}"))
        attributes[name] = {"present": arguments is not None, "arguments": arguments or {}}
    attributes["kubelet"] = _kubelet(view, unknowns)
    attributes["files"] = list(_files(view, problems))
    node = Resource(
        type="kubernetes.node",
        id="node",
        name="node",
        provider="kubernetes",
        attributes=attributes,
        unknowns=tuple(unknowns),
    )
    return {"present": True, "resources": [plain(node)]}


def static_pod_arguments(text: str) -> dict[str, str]:
    """`- --name=value` lines of a static pod's command; a flag without value is true."""
    return {name: (given or "true").strip() for name, given in _ARGUMENT.findall(text)}


def settings(text: str) -> dict[str, str]:
    """Scalars of a block-style YAML or indented JSON mapping by dotted path; lists are left out."""
    out: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _ENTRY.match(line.partition(" #")[0].rstrip())
        if match is None or line.lstrip().startswith(("#", "- ")):
            continue
        indent, key, scalar = len(match[1]), match[2], (match[3] or "").strip().strip("\"',")
        while path and path[-1][0] >= indent:
            path.pop()
        if scalar in ("", "{", "["):
            path.append((indent, key))
        else:
            out[".".join((*(name for _, name in path), key))] = scalar
    return out


def _kubelet(view: FilesystemView, unknowns: list[Unknown]) -> dict[str, Any]:
    arguments = _running(view, "kubelet")
    named = arguments.get("config")
    path = named or next((each for each in _KUBELET if exists(view, each)), "")
    found: dict[str, str] = {}
    try:
        if path and exists(view, path):
            found = settings(view.read(path, 1 << 20).decode("utf-8", "replace"))
    except FilesystemError as error:
        unknowns.append(Unknown(path="kubelet", reason=f"{error.path}: {error.reason}"))
    # An argument counts more than the file.
    for flag, key in _FLAGS.items():
        if flag in arguments:
            found[key] = arguments[flag]
    return {"present": bool(path or arguments), "settings": found}


_FLAGS = {
    "anonymous-auth": "authentication.anonymous.enabled",
    "authorization-mode": "authorization.mode",
    "client-ca-file": "authentication.x509.clientCAFile",
    "read-only-port": "readOnlyPort",
    "streaming-connection-idle-timeout": "streamingConnectionIdleTimeout",
    "make-iptables-util-chains": "makeIPTablesUtilChains",
    "event-qps": "eventRecordQPS",
    "tls-cert-file": "tlsCertFile",
    "tls-private-key-file": "tlsPrivateKeyFile",
    "rotate-certificates": "rotateCertificates",
    "protect-kernel-defaults": "protectKernelDefaults",
    "pod-max-pids": "podPidsLimit",
}


def _running(view: FilesystemView, program: str) -> dict[str, str]:
    """The arguments of a running program, where this is a running system."""
    try:
        entries = view.list("/proc") if view.live else []
    except FilesystemError:
        return {}
    for entry in entries:
        if entry.name.isdigit() and value(view, Problems(), f"/proc/{entry.name}/comm") == program:
            text = read_text(view, Problems(), f"/proc/{entry.name}/cmdline") or ""
            return static_pod_arguments(text.replace("\0", "\n"))
    return {}


def _files(view: FilesystemView, problems: Problems) -> Iterator[dict[str, Any]]:
    users = {each.uid: each.name for each in parse_passwd(read_text(view, problems, "/etc/passwd") or "", Problems())}
    groups = {each.gid: each.name for each in parse_group(read_text(view, problems, "/etc/group") or "", Problems())}
    for role, pattern in _ROLES:
        for path in glob(view, problems, pattern):
            try:
                stat = view.stat(path)
            except FilesystemError as error:
                caught(problems, error)
                continue
            owner = {"user": users.get(stat.uid, str(stat.uid)), "group": groups.get(stat.gid, str(stat.gid))}
            yield {"path": path, "role": role, "mode": stat.mode, **owner}


COLLECTOR = Collector(
    section=SECTION,
    collect=collect,
    watches=("/etc/kubernetes", _MANIFESTS, "/etc/kubernetes/pki", "/var/lib/kubelet/config.yaml", "/etc/cni/net.d"),
)
