"""A dump of a cluster (`kubectl get -o json`) is judged as the manifests that made it.

The API server stores more than it was given: defaults, a status, bookkeeping, and in pods what admission adds. The
defaults are those of the Kubernetes API reference v1.31.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from bartizan.assess.policy.engine import PolicySet, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.discover import read_templates
from bartizan.model.resource import Resource, resource_from
from equivalence.test_kubernetes import STATES, verdicts

Fields = dict[str, Any]


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


def stored(document: Fields) -> Fields:
    """The object as the API server gives it back."""
    out: Fields = without_nulls(document)
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(document)}
    out["metadata"] |= {
        "uid": "0b4e5c4e-6f0e-4a3b-9a52-2f1d8f0f3c11",
        "resourceVersion": "4711",
        "generation": 1,
        "creationTimestamp": "2024-05-01T10:00:00Z",
        "annotations": applied,
        "managedFields": [{"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:spec": {}}}],
    }
    fill = {"Deployment": deployment, "Pod": admitted, "NetworkPolicy": network_policy, "Service": service}
    if out["kind"] in fill:
        fill[out["kind"]](out)
    return out


def without_nulls(value: Any) -> Any:
    """A field that is null is not stored."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def deployment(out: Fields) -> None:
    spec = out["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("selector", {"matchLabels": {"app": "it"}})
    spec.setdefault("progressDeadlineSeconds", 600)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault(
        "strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    )
    spec["template"].setdefault("metadata", {})["creationTimestamp"] = None
    pod(spec["template"]["spec"])
    out["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    out["status"] = {"replicas": 1, "readyReplicas": 1, "conditions": [{"type": "Available", "status": "True"}]}


def pod(spec: Fields) -> None:
    for name, value in {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }.items():
        spec.setdefault(name, value)
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    for each in spec["containers"]:
        container(each)
        for port in each.get("ports", ()) if spec.get("hostNetwork") else ():
            port.setdefault("hostPort", port["containerPort"])
    for volume in spec.get("volumes", ()):
        if "hostPath" in volume:
            volume["hostPath"].setdefault("type", "")


def container(out: Fields) -> None:
    out.setdefault("terminationMessagePath", "/dev/termination-log")
    out.setdefault("terminationMessagePolicy", "File")
    tag = out["image"].rpartition("/")[2].partition("@")[0].partition(":")[2]
    out.setdefault("imagePullPolicy", "Always" if tag in ("", "latest") and "@" not in out["image"] else "IfNotPresent")
    out.setdefault("resources", {})
    for port in out.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for name in ("livenessProbe", "readinessProbe"):
        probe = out.get(name)
        if probe:
            times = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
            out[name] = {**times, **probe, "httpGet": {"path": "/", "scheme": "HTTP", **probe["httpGet"]}}


def admitted(out: Fields) -> None:
    """A pod, with what the admission of service accounts and the scheduler add."""
    spec = out["spec"]
    pod(spec)
    spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    spec |= {"enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority", "priority": 0, "nodeName": "n1"}
    spec["tolerations"] = [
        {"key": f"node.kubernetes.io/{each}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for each in ("not-ready", "unreachable")
    ]
    if spec.get("automountServiceAccountToken", True):
        name = "kube-api-access-x7x2p"
        sources = [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
        ]
        spec.setdefault("volumes", []).append({"name": name, "projected": {"defaultMode": 420, "sources": sources}})
        path = "/var/run/secrets/kubernetes.io/serviceaccount"
        for each in spec["containers"]:
            each.setdefault("volumeMounts", []).append({"name": name, "mountPath": path, "readOnly": True})
    out["status"] = {"phase": "Running", "podIP": "10.0.0.7", "qosClass": "Burstable", "hostIP": "192.0.2.7"}


def network_policy(out: Fields) -> None:
    spec = out["spec"]
    spec.setdefault("policyTypes", ["Ingress", *(["Egress"] if spec.get("egress") else [])])


def service(out: Fields) -> None:
    spec = out["spec"]
    spec |= {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ipFamilies": ["IPv4"], "sessionAffinity": "None"}
    for port in spec["ports"]:
        port |= {"protocol": "TCP", "targetPort": port["port"]}
    out["status"] = {"loadBalancer": {}}


def bare_pod(document: Fields) -> Fields:
    """The pod that a deployment makes, on its own."""
    spec = copy.deepcopy(document["spec"]["template"]["spec"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": dict(document["metadata"]), "spec": spec}


CASES: dict[str, Fields] = {state: document for state, (document, _) in STATES.items()} | {
    f"{state}, as a pod": bare_pod(document)
    for state, (document, _) in STATES.items()
    if document["kind"] == "Deployment"
}
WRITTEN: dict[str, Callable[[Fields], str]] = {"json": json.dumps, "yaml": yaml.safe_dump}


def read(name: str, text: str) -> Resource:
    section = read_templates(MemoryView({f"/{name}": text.encode()}))["resources_kubernetes"]
    assert not section.problems
    facts: Any = section.facts
    (resource,) = [resource_from(each) for each in facts["resources"]]
    return resource


@pytest.mark.parametrize("state", CASES)
def test_a_dump_has_the_verdicts_of_its_manifest(policies: PolicySet, state: str) -> None:
    document = CASES[state]
    declared = read("it.yaml", yaml.safe_dump(document))
    assert not declared.attributes["live"]
    dump = {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [stored(document)]}
    for ending, write in WRITTEN.items():
        live = read(f"dump.{ending}", write(dump))
        assert live.attributes["live"]
        assert verdicts(live, policies) == verdicts(declared, policies), ending
