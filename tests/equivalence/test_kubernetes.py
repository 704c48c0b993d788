# ruff: noqa: E501 - one state a line
"""Kubernetes: the same object in a manifest, rendered from a chart, built by an overlay and live gets the same verdicts."""

import json
from typing import Any

import pytest
import yaml

from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.resources.kubernetes.objects import draft_object
from bartizan.collect.templates.kubernetes.helm.resources import of_chart
from bartizan.collect.templates.kubernetes.kustomize.overlay import of_overlay
from bartizan.collect.templates.kubernetes.manifest import of_manifest
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.policy import PolicyResult
from bartizan.model.resource import Resource

SAFE_CONTAINER: dict[str, Any] = {
    "name": "web",
    "image": "registry.example/web:1.2",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "resources": {"limits": {"cpu": "1", "memory": "64Mi"}, "requests": {"cpu": "1", "memory": "64Mi"}},
    "livenessProbe": {"httpGet": {"port": 8080}},
    "readinessProbe": {"httpGet": {"port": 8080}},
}


def workload(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    pod = {
        "serviceAccountName": "web",
        "automountServiceAccountToken": False,
        "containers": [{**SAFE_CONTAINER, **(container or {})}],
        **spec,
    }
    return thing("apps/v1", "Deployment", spec={"template": {"spec": pod}})


def secured(**fields: Any) -> dict[str, Any]:
    return workload({"securityContext": {**SAFE_CONTAINER["securityContext"], **fields}})


def thing(version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "it", "namespace": "shop"}, **fields}


def role(resource: str, verb: str, kind: str = "Role", group: str = "") -> dict[str, Any]:
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": [verb]}]
    return thing("rbac.authorization.k8s.io/v1", kind, rules=rules)


def policy_of(spec: dict[str, Any]) -> dict[str, Any]:
    return thing("networking.k8s.io/v1", "NetworkPolicy", spec=spec)


STATES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "safe": (workload(), set()),
    "privileged": (secured(privileged=True), {"privileged"}),
    "escalation": (secured(allowPrivilegeEscalation=True), {"privilege-escalation"}),
    "root allowed": (secured(runAsNonRoot=False), {"non-root"}),
    "root": (secured(runAsUser=0), {"root-user"}),
    "writable": (secured(readOnlyRootFilesystem=False), {"read-only-root"}),
    "capability": (secured(capabilities={"add": ["SYS_ADMIN"], "drop": ["ALL"]}), {"capabilities-added", "capabilities-dropped"}),
    "capabilities kept": (secured(capabilities={}), {"capabilities-dropped"}),
    "no seccomp": (secured(seccompProfile={"type": "Unconfined"}), {"seccomp", "seccomp-off"}),
    "seccomp unsaid": (secured(seccompProfile={}), {"seccomp"}),
    "apparmor": (secured(appArmorProfile={"type": "Unconfined"}), {"apparmor-off"}),
    "selinux": (secured(seLinuxOptions={"type": "spc_t"}), {"selinux"}),
    "proc": (secured(procMount="Unmasked"), {"proc-mount", "proc-mount-always"}),
    "host process": (secured(windowsOptions={"hostProcess": True}), {"host-process"}),
    "network": (workload(hostNetwork=True), {"host-network"}),
    "processes": (workload(hostPID=True), {"host-processes"}),
    "ipc": (workload(hostIPC=True), {"host-ipc"}),
    "token": (workload(automountServiceAccountToken=True), {"token"}),
    "account": (workload(automountServiceAccountToken=True, serviceAccountName="default"), {"default-account", "token"}),
    "folder": (workload(volumes=[{"name": "d", "hostPath": {"path": "/srv/data"}}]), {"host-path", "volumes"}),
    "socket": (
        workload(volumes=[{"name": "d", "hostPath": {"path": "/var/run/docker.sock"}}]),
        {"host-path", "host-path-dangerous", "volumes"},
    ),
    "nfs": (workload(volumes=[{"name": "d", "nfs": {"server": "a", "path": "/"}}]), {"volumes"}),
    "sysctl": (workload(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}), {"sysctls"}),
    "latest": (workload({"image": "registry.example/web"}), {"image-tag"}),
    "port": (workload({"ports": [{"containerPort": 80, "hostPort": 80}]}), {"host-ports"}),
    "limits": (workload({"resources": {}}), {"limit-cpu", "limit-memory"}),
    "probes": (workload({"livenessProbe": None}), {"liveness"}),
    "secret": (
        workload({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}),
        {"secret-environment"},
    ),
    "any right on roles": (role("roles", "*", group="rbac.authorization.k8s.io"), {"role-escalation"}),
    "probe": (
        workload({"livenessProbe": {"httpGet": {"port": 80, "host": "169.254.169.254"}}}),
        {"probe-hosts"},
    ),
    "pod allows root": (workload(securityContext={"runAsNonRoot": False}), {"non-root"}),
    "windows": (
        workload({"securityContext": {"runAsNonRoot": True, "readOnlyRootFilesystem": True}}, os={"name": "windows"}),
        set(),
    ),
    "users of its own": (
        workload({"securityContext": {**SAFE_CONTAINER["securityContext"], "runAsUser": 0, "runAsNonRoot": False}}, hostUsers=False),
        set(),
    ),
    "role": (role("configmaps", "get"), set()),
    "wildcards": (
        role("*", "*"),
        {"role-wildcards", "role-secrets", "role-pods", "role-exec", "role-debug", "role-impersonation", "role-tokens"},
    ),
    "wildcards of another": (role("*", "*", group="example.org"), {"role-wildcards"}),
    "secrets": (role("secrets", "list"), {"role-secrets"}),
    "pods": (role("pods", "create"), {"role-pods"}),
    "exec": (role("pods/exec", "create"), {"role-exec"}),
    "escalate": (role("clusterroles", "escalate", "ClusterRole", "rbac.authorization.k8s.io"), {"role-escalation"}),
    "policy": (policy_of({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}), set()),
    "open policy": (policy_of({"podSelector": {}, "ingress": [{}]}), {"network-policy-open"}),
    "service": (thing("v1", "Service", spec={"type": "ClusterIP", "ports": [{"port": 80}]}), set()),
    "account token": (thing("v1", "ServiceAccount"), {"account-token"}),
    "account without": (thing("v1", "ServiceAccount", automountServiceAccountToken=False), set()),
}  # fmt: skip


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


def notations(document: dict[str, Any]) -> dict[str, Resource]:
    text = yaml.safe_dump(document)
    live = {
        **document,
        "metadata": {**document["metadata"], "uid": "1", "managedFields": []},
        "status": {"replicas": 1},
    }
    live = json.loads(json.dumps(live))
    draft = draft_object(live)
    assert draft is not None
    spec = "spec" if "spec" in document else "rules" if "rules" in document else ""
    kept = {key: each for key, each in document.items() if key != spec}
    template = yaml.safe_dump(kept) + (f"{spec}:\n  {{{{- toYaml .Values.it | nindent 2 }}}}\n" if spec else "")
    chart = {
        "/c/Chart.yaml": b"name: c\nversion: 1.0.0\n",
        "/c/values.yaml": yaml.safe_dump({"it": document.get(spec)}).encode(),
        "/c/templates/it.yaml": template.encode(),
    }
    bare = {**document, "metadata": {"name": "it"}}
    overlay = {
        "/o/kustomization.yaml": b"resources: [it.yaml]\nnamespace: shop\ncommonLabels: {a: b}\n",
        "/o/it.yaml": yaml.safe_dump(bare).encode(),
    }
    return {
        "live": draft.resource(),
        "manifest": only(of_manifest(MemoryView({"/it.yaml": text.encode()}), "/it.yaml")),
        "json": only(of_manifest(MemoryView({"/it.json": json.dumps(document).encode()}), "/it.json")),
        "chart": only(of_chart(MemoryView(chart), "/c")),
        "overlay": only(of_overlay(MemoryView(overlay), "/o")),
    }


def only(found: TemplateResources) -> Resource:
    assert not found.problems, [str(each) for each in found.problems]
    (resource,) = found.resources
    return resource


def verdicts(resource: Resource, policies: PolicySet) -> dict[str, PolicyResult]:
    found = assess_resource(resource, policies)
    out = dict.fromkeys(found.passed, PolicyResult.PASS)
    out |= dict.fromkeys(found.not_applicable, PolicyResult.NOT_APPLICABLE)
    return out | {each.rule: PolicyResult(each.verdict.value) for each in found.findings}


@pytest.mark.parametrize("state", STATES)
def test_a_state_has_the_same_verdicts_in_every_notation(policies: PolicySet, state: str) -> None:
    document, broken = STATES[state]
    for notation, resource in notations(document).items():
        found = verdicts(resource, policies)
        failing = {key.removeprefix("kubernetes-") for key, each in found.items() if each is PolicyResult.FAIL}
        assert failing == broken, notation
        assert PolicyResult.UNKNOWN not in found.values(), notation
