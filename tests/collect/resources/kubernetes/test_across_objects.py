# ruff: noqa: E501 - one state a line
"""Facts that several Kubernetes objects have only together, and what is not said where a part of them is missing."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.resources.kubernetes.across_objects import selects
from bartizan.collect.templates.discover import read_templates
from bartizan.model.policy import PolicyResult
from bartizan.model.resource import Resource, resource_from

PASS, FAIL, UNKNOWN, LEFT = PolicyResult.PASS, PolicyResult.FAIL, PolicyResult.UNKNOWN, PolicyResult.NOT_APPLICABLE


def thing(kind: str, name: str = "it", namespace: str | None = "shop", **fields: Any) -> dict[str, Any]:
    version = {"NetworkPolicy": "networking.k8s.io/v1", "Deployment": "apps/v1"}.get(kind, "v1")
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def deployment(namespace: str | None = "shop", privileged: bool = False, **spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "web:1", "securityContext": {"privileged": privileged}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container], **spec}}
    return thing("Deployment", "web", namespace, spec={"template": template})


def policy(namespace: str | None = "shop", name: str = "np", **spec: Any) -> dict[str, Any]:
    return thing("NetworkPolicy", name, namespace, spec=spec)


NAMESPACE = thing("Namespace", "shop", None)
WEB = {"matchLabels": {"app": "web"}}
BOTH = ["Ingress", "Egress"]
DENY = policy(podSelector={}, policyTypes=BOTH)


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policies()


def read(files: dict[str, Any]) -> list[Resource]:
    texts = {
        path: (
            each if isinstance(each, str) else yaml.safe_dump_all(each if isinstance(each, list) else [each])
        ).encode()
        for path, each in files.items()
    }
    section = read_templates(MemoryView(texts))["resources_kubernetes"]
    assert not section.problems
    facts: Any = section.facts
    return [resource_from(each) for each in facts["resources"]]


def verdict(resources: list[Resource], kind: str, rule: str, policies: PolicySet) -> PolicyResult:
    (resource,) = [each for each in resources if each.type == f"kubernetes.{kind}"]
    found = assess_resource(resource, policies)
    if f"kubernetes-{rule}" in found.passed:
        return PASS
    if f"kubernetes-{rule}" in found.not_applicable:
        return LEFT
    (finding,) = [each for each in found.findings if each.rule == f"kubernetes-{rule}"]
    return PolicyResult(finding.verdict.value)


def live(*documents: dict[str, Any]) -> dict[str, Any]:
    """A dump of a cluster."""
    items = [{**each, "metadata": {**each["metadata"], "uid": "7a"}} for each in documents]
    return {"apiVersion": "v1", "kind": "List", "items": items}


CILIUM = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c", "namespace": "shop"}}
CALICO = {
    "apiVersion": "crd.projectcalico.org/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "c", "namespace": "shop"},
}

ISOLATION: dict[str, tuple[dict[str, Any], PolicyResult, PolicyResult]] = {
    "pods alone": ({"/a.yaml": deployment()}, LEFT, LEFT),
    "their namespace beside them": ({"/a.yaml": deployment(), "/b.yaml": NAMESPACE}, FAIL, FAIL),
    "everything denied": ({"/a.yaml": deployment(), "/x/b.yaml": DENY}, PASS, PASS),
    "of another namespace": ({"/a.yaml": deployment(), "/b.yaml": policy("other", podSelector={}, policyTypes=BOTH)}, LEFT, LEFT),
    "ingress by default": ({"/a.yaml": [deployment(), policy(podSelector=WEB)]}, PASS, FAIL),
    "egress by its rules": ({"/a.yaml": [deployment(), policy(podSelector=WEB, egress=[{}])]}, PASS, PASS),
    "other pods": ({"/a.yaml": [deployment(), policy(podSelector={"matchLabels": {"app": "db"}}, policyTypes=BOTH)]}, FAIL, FAIL),
    "an expression": ({"/a.yaml": [deployment(), policy(podSelector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}, policyTypes=BOTH)]}, PASS, PASS),
    "an expression against": ({"/a.yaml": [deployment(), policy(podSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}, {"key": "app", "operator": "NotIn", "values": ["web"]}]}, policyTypes=BOTH)]}, FAIL, FAIL),
    "on the node's network": ({"/a.yaml": [deployment(hostNetwork=True), NAMESPACE]}, LEFT, LEFT),
    "a plug-in's policy": ({"/a.yaml": [deployment(), NAMESPACE, CILIUM]}, UNKNOWN, UNKNOWN),
    "a plug-in's policy under the same name": ({"/a.yaml": [deployment(), NAMESPACE, CALICO]}, UNKNOWN, UNKNOWN),
    "no namespace, one folder": ({"/x/a.yaml": deployment(None), "/x/b.yaml": policy(None, podSelector=WEB, policyTypes=BOTH)}, PASS, PASS),
    "no namespace, two folders": ({"/x/a.yaml": deployment(None), "/y/b.yaml": policy(None, podSelector={}, policyTypes=BOTH)}, LEFT, LEFT),
    "an overlay's policy": (
        {
            "/a.yaml": [deployment(), NAMESPACE],
            "/o/kustomization.yaml": "resources: [np.yaml]\nnamespace: shop\n",
            "/o/np.yaml": policy(None, podSelector={}, policyTypes=BOTH),
        },
        UNKNOWN, UNKNOWN,
    ),
    "an overlay": (
        {
            "/o/kustomization.yaml": "resources: [np.yaml, web.yaml]\nnamespace: shop\n",
            "/o/np.yaml": policy(None, podSelector=WEB, policyTypes=BOTH),
            "/o/web.yaml": deployment(None),
        },
        PASS, PASS,
    ),
    "a chart": (
        {
            "/c/Chart.yaml": "name: c\nversion: 1.0.0\n",
            "/c/values.yaml": "app: web\n",
            "/c/templates/np.yaml": policy(None, podSelector={"matchLabels": {"app": "{{ .Values.app }}"}}, policyTypes=["Ingress"]),
            "/c/templates/web.yaml": deployment(None),
        },
        PASS, FAIL,
    ),
    "a chart's value that nobody gave": (
        {
            "/c/Chart.yaml": "name: c\nversion: 1.0.0\n",
            "/c/templates/np.yaml": policy(None, podSelector={"matchLabels": {"app": "{{ .Values.app }}"}}, policyTypes=["Ingress"]),
            "/c/templates/web.yaml": deployment(None),
        },
        UNKNOWN, FAIL,
    ),
    "a dump without policies": ({"/d.json": live(deployment(), NAMESPACE)}, LEFT, LEFT),
    "a dump with policies elsewhere": ({"/d.yaml": live(deployment(), NAMESPACE, policy("other", podSelector={}))}, FAIL, FAIL),
    "a dump": ({"/d.yaml": live(deployment(), NAMESPACE, DENY)}, PASS, PASS),
}  # fmt: skip


@pytest.mark.parametrize("state", ISOLATION)
def test_whether_a_policy_selects_the_pods(policies: PolicySet, state: str) -> None:
    files, ingress, egress = ISOLATION[state]
    resources = read(files)
    assert verdict(resources, "workload", "network-ingress", policies) is ingress
    assert verdict(resources, "workload", "network-egress", policies) is egress


NAMESPACES: dict[str, tuple[list[dict[str, Any]], PolicyResult, PolicyResult, PolicyResult]] = {
    "alone": ([NAMESPACE], LEFT, LEFT, LEFT),
    "with pods": ([NAMESPACE, deployment()], FAIL, FAIL, FAIL),
    "denied": ([NAMESPACE, DENY], PASS, PASS, PASS),
    "only ingress": ([NAMESPACE, policy(podSelector={}, policyTypes=["Ingress"])], PASS, PASS, FAIL),
    "some pods": ([NAMESPACE, policy(podSelector=WEB, policyTypes=BOTH)], PASS, FAIL, FAIL),
    "with a rule": ([NAMESPACE, policy(podSelector={}, policyTypes=["Ingress"], ingress=[{}])], PASS, FAIL, FAIL),
    "a plug-in's": ([NAMESPACE, deployment(), CILIUM], UNKNOWN, UNKNOWN, UNKNOWN),
    "a dump without policies": ([live(NAMESPACE, deployment())], UNKNOWN, UNKNOWN, UNKNOWN),
    "a dump": ([live(NAMESPACE, deployment(), policy("other", podSelector={}))], FAIL, FAIL, FAIL),
}


@pytest.mark.parametrize("state", NAMESPACES)
def test_what_a_namespace_denies(policies: PolicySet, state: str) -> None:
    documents, *expected = NAMESPACES[state]
    resources = read({"/a.yaml": documents})
    rules = ("namespace-network-policy", "namespace-default-deny-ingress", "namespace-default-deny-egress")
    assert [verdict(resources, "namespace", rule, policies) for rule in rules] == expected


SERVICE = thing("Service", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([SERVICE], LEFT),
        ([SERVICE, deployment()], PASS),
        ([SERVICE, deployment(privileged=True)], FAIL),
        ([SERVICE, deployment("other", privileged=True)], LEFT),
        ([thing("Service", spec={"selector": {"app": "db"}}), deployment(privileged=True)], LEFT),
        ([thing("Service", spec={}), deployment(privileged=True)], LEFT),
    ],
)
def test_where_a_service_leads(policies: PolicySet, documents: list[dict[str, Any]], expected: PolicyResult) -> None:
    assert verdict(read({"/a.yaml": documents}), "service", "service-privileged", policies) is expected


def binding(made: str, role: str, **subject: str) -> dict[str, Any]:
    namespace = "shop" if made == "RoleBinding" else None
    return {
        **thing(made, "b", namespace, roleRef={"kind": "ClusterRole", "name": role}, subjects=[subject]),
        "apiVersion": "rbac.authorization.k8s.io/v1",
    }


ROOT = thing("ClusterRole", "root", None, rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
OWN = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], LEFT),
        ([binding("ClusterRoleBinding", "view", **OWN)], PASS),
        ([binding("ClusterRoleBinding", "cluster-admin", **OWN)], FAIL),
        ([binding("ClusterRoleBinding", "root", **OWN), ROOT], FAIL),
        ([binding("ClusterRoleBinding", "cluster-admin", **{**OWN, "namespace": "other"})], LEFT),
        ([binding("ClusterRoleBinding", "cluster-admin", **{**OWN, "name": "db"})], LEFT),
        ([binding("ClusterRoleBinding", "cluster-admin", kind="Group", name="system:serviceaccounts:shop")], FAIL),
        ([binding("ClusterRoleBinding", "cluster-admin", kind="Group", name="system:serviceaccounts:other")], LEFT),
        ([binding("RoleBinding", "cluster-admin", **OWN)], PASS),
    ],
)
def test_what_the_account_of_pods_may_do(
    policies: PolicySet, documents: list[dict[str, Any]], expected: PolicyResult
) -> None:
    resources = read({"/a.yaml": [deployment(serviceAccountName="web"), *documents]})
    assert verdict(resources, "workload", "account-cluster-admin", policies) is expected


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("ConfigMap", {"data": {"LOG_LEVEL": "debug"}}, PASS),
        ("ConfigMap", {"data": {"DB_PASSWORD": "hunter22"}}, FAIL),
        ("ConfigMap", {"data": {"app.properties": "spring.datasource.password=hunter22\n"}}, FAIL),
        ("ConfigMap", {"data": {"DB_PASSWORD_FILE": "/run/secrets/db"}}, PASS),
        ("ConfigMap", {}, PASS),
        ("Secret", {"stringData": {"password": "hunter22"}}, FAIL),
        ("Secret", {"data": {"password": "aHVudGVyMjI="}}, FAIL),
        ("Secret", {"data": {"password": ""}}, PASS),
        ("Secret", {"data": {"password": "ENC[AES256_GCM,data:p673w==,type:str]"}, "sops": {"version": "3"}}, PASS),
        ("Secret", {"stringData": {"password": "${DB_PASSWORD}"}}, PASS),
        ("Secret", {"stringData": {"ca.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}}, PASS),
        ("Secret", {"stringData": {"tls.key": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"}}, FAIL),
        ("Secret", {"type": "kubernetes.io/service-account-token"}, PASS),
    ],
)
def test_secrets_in_the_clear(policies: PolicySet, kind: str, fields: dict[str, Any], expected: PolicyResult) -> None:
    type_, rule = {"ConfigMap": ("config_map", "config-map-secret"), "Secret": ("secret", "secret-declared")}[kind]
    document = thing(kind, **fields)
    resources = read({"/a.yaml": document})
    assert verdict(resources, type_, rule, policies) is expected
    assert "hunter22" not in repr(resources)
    in_the_cluster = verdict(read({"/a.yaml": live(document)}), type_, rule, policies)
    assert in_the_cluster is (LEFT if kind == "Secret" else expected)


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"))


@given(labels=LABELS, wanted=LABELS)
def test_a_table_of_labels_is_so_many_expressions(labels: dict[str, str], wanted: dict[str, str]) -> None:
    expressions = [{"key": key, "operator": "In", "values": [value]} for key, value in wanted.items()]
    assert selects({"labels": wanted}, labels) == selects({"expressions": expressions}, labels)
    assert selects({"labels": wanted}, labels) == (wanted.items() <= labels.items())


@given(labels=LABELS, key=st.sampled_from("abc"), values=st.lists(st.sampled_from("xyz")))
def test_operators_come_in_opposites(labels: dict[str, str], key: str, values: list[str]) -> None:
    def answer(operator: str) -> bool:
        return selects({"expressions": [{"key": key, "operator": operator, "values": values}]}, labels)

    assert answer("In") != answer("NotIn")
    assert answer("Exists") != answer("DoesNotExist")
