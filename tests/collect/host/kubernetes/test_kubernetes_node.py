# ruff: noqa: E501 - one state a line
"""A control plane by its manifests, its kubelet's configuration and the rights on its files."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.assess.policy.engine import assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.host.kubernetes import node
from bartizan.collect.host.kubernetes.arguments import flags, static_pod_arguments
from bartizan.collect.host.kubernetes.settings import NotUnderstood, settings
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
        "clusterDNS": "10.96.0.10",
        "readOnlyPort": "10255",
    }
    assert not attributes["etcd"]["present"]


def test_settings_in_json_are_read_alike() -> None:
    text = '{\n  "authentication": {\n    "anonymous": {\n      "enabled": false\n    }\n  },\n  "readOnlyPort": 0\n}\n'
    assert settings(text) == {"authentication.anonymous.enabled": "false", "readOnlyPort": "0"}


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {b: {c: false}, d: [x, y]}\n", {"a.b.c": "false", "a.d": "x,y"}),
        ('{"a":{"b":false},"c":["x"],"d":{"e.f":1}}', {"a.b": "false", "c": "x", "d.e.f": "1"}),
        ("a:\n- x\n- y: 1\n  z: 2\nb: 3\n", {"a": "x", "b": "3"}),
        ("a:\n  - k: 1\n    l:\n      m: 2\nb: 3 # c\n", {"b": "3"}),
        ("--- \n# nothing\na: 'x'\n", {"a": "x"}),
    ],
)
def test_settings_are_read_in_each_style(text: str, expected: dict[str, str]) -> None:
    assert settings(text) == expected


@pytest.mark.parametrize("text", ["a: &b 1", "a: |\n  b", "{", "a: [b", "just words", "a: {b}"])
def test_what_is_not_understood_is_said(text: str) -> None:
    with pytest.raises(NotUnderstood):
        settings(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_not_understood(text: str) -> None:
    with suppress(NotUnderstood):
        assert all(isinstance(each, str) for each in settings(text).values())


def test_arguments_in_each_style() -> None:
    expected = {"a": "1,2", "b": "true", "c": "x"}
    assert static_pod_arguments('command: ["kube-apiserver", "--a=1,2", "--b", "--c=x"]\n') == expected
    assert static_pod_arguments("- --a=1,2\n- --b\n- '--c'\n- x\n- name: other\n") == expected
    assert flags(["--a", "1,2", "--b", "--c=y", "--c=x"]) == expected


def kubelet_of(files: dict[str, bytes]) -> Any:
    (found,) = collected({"/etc/kubernetes/x": b"", **files})["resources"]
    return found["attributes"]["kubelet"], [each["path"] for each in found["unknowns"]]


def test_what_a_kubelets_file_leaves_out_is_safe_and_what_its_arguments_leave_out_is_not() -> None:
    unit = b'[Service]\nExecStart=/usr/bin/kubelet $ARGS\nEnvironment="ARGS=--node-ip 10.0.0.1"\n'
    with_file, _ = kubelet_of({"/var/lib/kubelet/config.yaml": b"kind: KubeletConfiguration\n"})
    without, _ = kubelet_of({"/usr/lib/systemd/system/kubelet.service": unit})
    assert (with_file["settings"]["authentication.anonymous.enabled"], with_file["settings"]["readOnlyPort"]) == (
        "false",
        "0",
    )
    assert (without["settings"]["authentication.anonymous.enabled"], without["settings"]["authorization.mode"]) == (
        "true",
        "AlwaysAllow",
    )


def test_a_kubelet_adds_up_its_file_its_folder_and_its_arguments() -> None:
    unit = b"[Service]\nExecStart=/usr/bin/kubelet --config=/k.yaml --config-dir=/k.d --read-only-port=0 --feature-gates=A=true,B=false\n"
    found, unknowns = kubelet_of(
        {
            "/etc/systemd/system/kubelet.service": unit,
            "/k.yaml": b"readOnlyPort: 1\npodPidsLimit: 1\nrotateCertificates: false\n",
            "/k.d/10.conf": b"podPidsLimit: 2\n",
            "/k.d/20.conf": b"podPidsLimit: 3\n",
        }
    )
    settings_ = found["settings"]
    assert (settings_["readOnlyPort"], settings_["podPidsLimit"], settings_["rotateCertificates"]) == (
        "0",
        "3",
        "false",
    )
    assert (settings_["featureGates.B"], unknowns) == ("false", [])


def test_a_kubelets_file_that_is_not_understood_leaves_its_settings_unknown() -> None:
    (found,) = collected({"/var/lib/kubelet/config.yaml": b"a: &b {}\n"})["resources"]
    assert [each["path"] for each in found["unknowns"]] == ["kubelet"]
    results = assess_resource(resource_from(found), load_policies())
    unknown = {each.rule for each in results.findings if each.verdict is Verdict.UNKNOWN}
    assert "kubernetes-node-kubelet-anonymous" in unknown


def test_an_api_server_that_is_pointed_to_files_says_what_they_say() -> None:
    manifest = (
        b"- --authorization-config=/authz.yaml\n- --authentication-config=/authn.yaml\n"
        b"- --encryption-provider-config=/e.yaml\n"
    )
    (found,) = collected(
        {
            "/etc/kubernetes/manifests/kube-apiserver.yaml": manifest,
            "/authz.yaml": b"authorizers:\n- type: Node\n  name: node\n- type: RBAC\n  name: rbac\n",
            "/authn.yaml": b"anonymous:\n  enabled: false\n",
            "/e.yaml": b"resources:\n- resources: [secrets]\n  providers:\n  - identity: {}\n  - aescbc:\n      keys: []\n",
        }
    )["resources"]
    arguments = found["attributes"]["apiserver"]["arguments"]
    assert (arguments["authorization-mode"], arguments["anonymous-auth"]) == ("Node,RBAC", "false")
    assert found["attributes"]["encryption_providers"] == ["identity"]
    broken = {each.rule for each in assess_resource(resource_from(found), load_policies()).findings}
    assert "kubernetes-node-encryption-provider" in broken
    assert "kubernetes-node-rbac" not in broken


def test_nodes_of_a_managed_cluster_are_not_judged_by_what_its_provider_holds() -> None:
    """EKS: a kubelet's file, no manifests, no keys of the cluster."""
    (found,) = collected({"/etc/kubernetes/kubelet/config.json": b'{"authorization": {"mode": "Webhook"}}'})[
        "resources"
    ]
    results = assess_resource(resource_from(found), load_policies())
    about_others = ("manifest", "admin", "scheduler", "controller", "etcd", "pki", "apiserver", "audit")
    assert not [each.rule for each in results.findings if any(word in each.rule for word in about_others)]
    assert {"kubernetes-node-anonymous", "kubernetes-node-etcd-tls", "kubernetes-mode-key"} <= set(
        results.not_applicable
    )
