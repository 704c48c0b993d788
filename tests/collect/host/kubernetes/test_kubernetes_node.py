"""A control plane by its manifests, its kubelet's configuration and the rights on its files."""

from typing import Any

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.host.kubernetes import node
from bartizan.collect.interface import Problems
from bartizan.model.finding import Verdict
from bartizan.model.resource import resource_from

APISERVER = b"""apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --anonymous-auth=false
    - "--authorization-mode=Node,RBAC"
    - --allow-privileged
    image: registry.example/kube-apiserver:v1
"""
KUBELET = b"""apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false   # nobody
  x509:
    clientCAFile: "/etc/kubernetes/pki/ca.crt"
authorization:
  mode: Webhook
clusterDNS:
- 10.96.0.10
readOnlyPort: 10255
"""
FILES = {
    "/etc/passwd": b"root:x:0:0::/root:/bin/sh\n",
    "/etc/group": b"root:x:0:\n",
    "/etc/kubernetes/manifests/kube-apiserver.yaml": APISERVER,
    "/var/lib/kubelet/config.yaml": KUBELET,
    "/etc/kubernetes/pki/ca.key": b"key",
}
MODES = {"/etc/kubernetes/pki/ca.key": 0o600}


def collected(files: dict[str, bytes] = FILES) -> Any:
    return node.collect(MemoryView(files, MODES), Problems())


def test_arguments_and_settings_are_read() -> None:
    (found,) = collected()["resources"]
    attributes = found["attributes"]
    assert attributes["apiserver"] == {
        "present": True,
        "arguments": {"anonymous-auth": "false", "authorization-mode": "Node,RBAC", "allow-privileged": "true"},
    }
    assert attributes["kubelet"]["settings"] == {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "authentication.anonymous.enabled": "false",
        "authentication.x509.clientCAFile": "/etc/kubernetes/pki/ca.crt",
        "authorization.mode": "Webhook",
        "readOnlyPort": "10255",
    }
    assert not attributes["etcd"]["present"]


def test_settings_in_json_are_read_alike() -> None:
    text = '{\n  "authentication": {\n    "anonymous": {\n      "enabled": false\n    }\n  },\n  "readOnlyPort": 0\n}\n'
    assert node.settings(text) == {"authentication.anonymous.enabled": "false", "readOnlyPort": "0"}


def test_the_node_is_judged_and_what_is_not_here_does_not_apply() -> None:
    assessment = assess_resource(resource_from(collected()["resources"][0]), load_policies())
    broken = {each.rule for each in assessment.findings if each.verdict is Verdict.FAIL}
    assert {
        "kubernetes-node-kubelet-read-only-port",
        "kubernetes-node-audit-log",
        "kubernetes-mode-manifest-apiserver",
    } <= broken
    assert {"kubernetes-node-anonymous", "kubernetes-node-rbac", "kubernetes-mode-key", "kubernetes-owner-key"} <= set(
        assessment.passed
    )
    assert "kubernetes-node-etcd-tls" in assessment.not_applicable


def test_a_host_without_kubernetes_says_so() -> None:
    assert collected({"/etc/passwd": b""}) == {"present": False, "resources": []}
