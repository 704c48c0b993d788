"""What the files say that the components are pointed to, as the components add them up with their arguments.

    kubelet --config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d --read-only-port=0
    kube-apiserver --authorization-config=/etc/kubernetes/authorization.yaml --encryption-provider-config=/e.yaml
    kube-proxy --config=/var/lib/kube-proxy/config.conf

A kubelet with a file refuses strangers and asks the API server unless the file says otherwise; one without a file does
the opposite (kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1).
"""

import re

from bartizan.collect.filesystem.interface import FilesystemError, FilesystemView, exists
from bartizan.collect.host.kubernetes.arguments import flags, running
from bartizan.collect.host.kubernetes.settings import NotUnderstood, settings
from bartizan.collect.host.text import files_in
from bartizan.collect.host.units.command_line import command_line
from bartizan.collect.interface import Problems
from bartizan.model.resource import Unknown

CONFIGURATIONS = (
    "/var/lib/kubelet/config.yaml",
    "/etc/kubernetes/kubelet-config.yaml",
    "/etc/kubernetes/kubelet/config.json",
    "/etc/kubernetes/kubelet/kubelet-config.json",
)
_PROXY = ("/var/lib/kube-proxy/config.conf", "/var/lib/kube-proxy-config/config")
_LIMIT = 1 << 20
_WITH_FILE = {"authentication.anonymous.enabled": "false", "authorization.mode": "Webhook", "readOnlyPort": "0"}
_WITHOUT = {"authentication.anonymous.enabled": "true", "authorization.mode": "AlwaysAllow", "readOnlyPort": "10255"}
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
    "tls-cipher-suites": "tlsCipherSuites",
    "rotate-certificates": "rotateCertificates",
    "rotate-server-certificates": "serverTLSBootstrap",
    "protect-kernel-defaults": "protectKernelDefaults",
    "pod-max-pids": "podPidsLimit",
    "hostname-override": "hostnameOverride",
}


def kubelet(view: FilesystemView) -> tuple[dict[str, object], str]:
    """(attributes, why its settings are not known)."""
    words = running(view, "kubelet")
    arguments = flags(words if words is not None else command_line(view, "kubelet.service"))
    found: dict[str, str] = {}
    try:
        named = arguments.get("config", "")
        path = named or next((each for each in CONFIGURATIONS if exists(view, each)), "")
        paths = [path] if path and exists(view, path) else []
        if "config-dir" in arguments:
            paths += files_in(view, Problems(), arguments["config-dir"], ".conf")
        for each in paths:
            found |= read(view, each)
    except (FilesystemError, NotUnderstood) as error:
        return {"present": True, "settings": {}}, _why(error)
    if paths or arguments:
        found = {**(_WITH_FILE if paths else _WITHOUT), **found}
    # An argument counts more than the file.
    found |= {key: arguments[flag] for flag, key in _FLAGS.items() if flag in arguments}
    gates = arguments.get("feature-gates", "")
    found |= {
        f"featureGates.{name}": said for name, _, said in (each.partition("=") for each in gates.split(",")) if name
    }
    return {"present": bool(paths or arguments), "settings": found}, ""


def proxy(view: FilesystemView) -> tuple[dict[str, object], str]:
    """(attributes of kube-proxy, why its settings are not known)."""
    words = running(view, "kube-proxy")
    arguments = flags(words or ())
    found: dict[str, str] = {}
    path = ""
    try:
        path = arguments.get("config", "") or next((each for each in _PROXY if exists(view, each)), "")
        if path and exists(view, path):
            found = read(view, path)
    except (FilesystemError, NotUnderstood) as error:
        return {"present": True, "settings": {}}, _why(error)
    if "metrics-bind-address" in arguments:
        found["metricsBindAddress"] = arguments["metrics-bind-address"]
    return {"present": words is not None or bool(path), "settings": found}, ""


def follow_files(view: FilesystemView, arguments: dict[str, str]) -> list[Unknown]:
    """Where the API server is pointed to a file that says who may do what, the flags are set as if they had said it."""
    try:
        if path := arguments.get("authorization-config"):
            types = re.findall(r"^\s*-?\s*type:\s*[\"']?(\w+)", _text(view, path), re.MULTILINE)
            arguments["authorization-mode"] = ",".join(types)
        if path := arguments.get("authentication-config"):
            said = read(view, path)
            arguments.setdefault("anonymous-auth", said.get("anonymous.enabled", "true"))
    except (FilesystemError, NotUnderstood) as error:
        return [Unknown(path="apiserver", reason=_why(error))]
    return []


def encryption_providers(view: FilesystemView, arguments: dict[str, str]) -> tuple[list[str], str]:
    """(the first provider of each entry, which is the one that writes; why it is not known)."""
    path = arguments.get("encryption-provider-config")
    if not path:
        return [], ""
    try:
        text = _text(view, path)
    except FilesystemError as error:
        return [], _why(error)
    return re.findall(r"providers[\"']?:\s*\[?\s*(?:#.*\s+)?-?\s*\{?\s*[\"']?([a-z]+)[\"']?\s*:", text), ""


def read(view: FilesystemView, path: str) -> dict[str, str]:
    """The settings of a file; raises `FilesystemError` and `NotUnderstood`."""
    try:
        return settings(_text(view, path))
    except NotUnderstood as error:
        raise NotUnderstood(f"{path}: {error}") from error


def _text(view: FilesystemView, path: str) -> str:
    return view.read(path, _LIMIT).decode("utf-8", "replace")


def _why(error: FilesystemError | NotUnderstood) -> str:
    return f"{error.path}: {error.reason}" if isinstance(error, FilesystemError) else str(error)
