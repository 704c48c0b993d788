"""Section `kubernetes_node`: a node or control plane by its files; no file's contents leave, only settings.

    /etc/kubernetes/manifests/kube-apiserver.yaml     - --anonymous-auth=false
    /var/lib/kubelet/config.yaml                      authentication: {anonymous: {enabled: false}}
    /proc/<pid>/cmdline                               kubelet --config=/var/lib/kubelet/config.yaml
    /etc/kubernetes/pki/apiserver.key                 mode 0600, root

Facts are {"present": bool, "resources": [one `kubernetes.node`]}.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.glob import glob
from bartizan.collect.host.groups import parse_group
from bartizan.collect.host.kubernetes.arguments import flags, running, static_pod_arguments
from bartizan.collect.host.kubernetes.configuration import (
    CONFIGURATIONS,
    encryption_providers,
    follow_files,
    kubelet,
    proxy,
)
from bartizan.collect.host.text import caught, read_text
from bartizan.collect.host.users import parse_passwd
from bartizan.collect.interface import Collector, Problems
from bartizan.model.resource import Resource, Unknown
from bartizan.model.wire import plain

SECTION = "kubernetes_node"
_MANIFESTS = "/etc/kubernetes/manifests"
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
    *(("kubelet-configuration", path) for path in CONFIGURATIONS),
)


def collect(view: FilesystemView, problems: Problems) -> dict[str, Any]:
    """The node, where Kubernetes is on this host."""
    if not any(exists(view, path) for path in ("/etc/kubernetes", "/var/lib/kubelet", "/var/lib/rancher/k3s")):
        return {"present": False, "resources": []}
    unknowns: list[Unknown] = []
    attributes: dict[str, Any] = {}
    for name, program in COMPONENTS.items():
        try:
            arguments = _arguments(view, program)
        except FilesystemError as error:
            unknowns.append(Unknown(path=name, reason=f"{error.path}: {error.reason}"))
            arguments = None
        attributes[name] = {"present": arguments is not None, "arguments": arguments or {}}
    unknowns += follow_files(view, attributes["apiserver"]["arguments"])
    attributes["encryption_providers"], reason = encryption_providers(view, attributes["apiserver"]["arguments"])
    if reason:
        unknowns.append(Unknown(path="encryption_providers", reason=reason))
    attributes["kubelet"], reason = kubelet(view)
    if reason:
        unknowns.append(Unknown(path="kubelet", reason=reason))
    attributes["proxy"], reason = proxy(view)
    if reason:
        unknowns.append(Unknown(path="proxy", reason=reason))
    authority = attributes["kubelet"]["settings"].get("authentication.x509.clientCAFile", "")
    named = {"kubelet-authority": authority, "etcd-data": attributes["etcd"]["arguments"].get("data-dir", "")}
    attributes["files"] = list(_files(view, problems, named))
    node = Resource(
        type="kubernetes.node",
        id="node",
        name="node",
        provider="kubernetes",
        attributes=attributes,
        unknowns=tuple(unknowns),
    )
    return {"present": True, "resources": [plain(node)]}


def _arguments(view: FilesystemView, program: str) -> dict[str, str] | None:
    """Of a component that the kubelet starts by its manifest, or that runs; None where it is not here."""
    path = f"{_MANIFESTS}/{program}.yaml"
    if exists(view, path):
        return static_pod_arguments(view.read(path, 1 << 20).decode("utf-8", "replace"))
    words = running(view, program)
    return None if words is None else flags(words)


def _files(view: FilesystemView, problems: Problems, named: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    users = {each.uid: each.name for each in parse_passwd(read_text(view, problems, "/etc/passwd") or "", Problems())}
    groups = {each.gid: each.name for each in parse_group(read_text(view, problems, "/etc/group") or "", Problems())}
    seen: set[tuple[str, str]] = set()
    for role, pattern in (*_ROLES, *((role, path) for role, path in named.items() if path)):
        for path in glob(view, problems, pattern):
            if (role, path) in seen:
                continue
            seen.add((role, path))
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
