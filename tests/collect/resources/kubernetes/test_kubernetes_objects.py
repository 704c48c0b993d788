"""Objects of the Kubernetes API become resources with effective settings; what is not known stays so."""

from collections.abc import Mapping
from typing import Any

import pytest

from bartizan.collect.resources.kubernetes.objects import draft_object, objects
from bartizan.collect.resources.kubernetes.workload import KINDS
from bartizan.collect.resources.values import Unknown
from bartizan.model.resource import Resource

GONE = Unknown("no value was given")
POD = {"containers": [{"name": "web", "image": "registry.example:5000/shop/web:1.2@sha256:ab"}]}


def resource(kind: str, **fields: Any) -> Resource:
    metadata = {"name": "it", "namespace": "shop", **fields.pop("metadata", {})}
    draft = draft_object({"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields})
    assert draft is not None
    return draft.resource()


def attributes(kind: str, **fields: Any) -> Mapping[str, Any]:
    return resource(kind, **fields).attributes


def container(pod: Mapping[str, Any] | None = None, **fields: Any) -> Mapping[str, Any]:
    spec = {**(pod or {}), "containers": [{"name": "web", **fields}]}
    found: Mapping[str, Any] = attributes("Pod", spec=spec)["containers"][0]
    return found


def unknown_paths(found: Resource) -> dict[str, str]:
    return {each.path: each.reason for each in found.unknowns}


WRAPPED: dict[str, dict[str, Any]] = {
    "Pod": {"spec": POD},
    "PodTemplate": {"template": {"spec": POD}},
    "CronJob": {"spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_whatever_makes_pods_has_their_containers(kind: str) -> None:
    found = resource(kind, **WRAPPED.get(kind, {"spec": {"template": {"spec": POD}}}))
    assert (found.type, found.id, found.name) == ("kubernetes.workload", f"{kind}/shop/it", "it")
    assert found.attributes["kind"] == kind
    web = found.attributes["containers"][0]
    assert (web["image_registry"], web["image_tag"], web["image_digest"]) == (
        "registry.example:5000", "1.2", "sha256:ab",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("image", "registry", "tag"),
    [
        ("nginx", "docker.io", ""),
        ("library/nginx:1", "docker.io", "1"),
        ("localhost/nginx:1", "localhost", "1"),
        ("localhost:5000/nginx", "localhost:5000", ""),
    ],
)
def test_the_parts_of_an_image_name(image: str, registry: str, tag: str) -> None:
    found = container(image=image)
    assert (found["image_registry"], found["image_tag"]) == (registry, tag)


def test_a_container_takes_from_its_pod_what_it_does_not_say() -> None:
    pod = {"securityContext": {"runAsNonRoot": True, "runAsUser": 7, "seccompProfile": {"type": "RuntimeDefault"}}}
    assert container(pod)["run_as_non_root"] is True
    own = container(pod, securityContext={"runAsNonRoot": False, "seccompProfile": {"type": "Unconfined"}})
    assert (own["run_as_non_root"], own["run_as_user"], own["seccomp"]) == (False, 7, "Unconfined")


def test_apparmor_is_read_from_the_field_and_from_the_older_annotation() -> None:
    assert container(securityContext={"appArmorProfile": {"type": "Localhost"}})["apparmor"] == "Localhost"
    key = "container.apparmor.security.beta.kubernetes.io/web"
    for written, meant in (
        ("runtime/default", "RuntimeDefault"),
        ("unconfined", "Unconfined"),
        ("localhost/x", "Localhost"),
    ):
        found = attributes("Pod", metadata={"annotations": {key: written}}, spec={"containers": [{"name": "web"}]})
        assert found["containers"][0]["apparmor"] == meant


def test_dropped_capabilities_are_named_alike_and_added_ones_as_they_are_asked_for() -> None:
    found = container(securityContext={"capabilities": {"add": ["cap_sys_admin", "NET_RAW"], "drop": ["all"]}})
    assert (found["capabilities_added"], found["capabilities_dropped"]) == (["cap_sys_admin", "NET_RAW"], ["ALL"])


def test_values_of_variables_are_never_kept() -> None:
    env = [
        {"name": "A", "value": "hunter2"},
        {"name": "B"},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "k"}}},
        {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]
    found = container(env=env, envFrom=[{"configMapRef": {"name": "c"}}])
    assert [each["source"] for each in found["environment"]] == ["literal", "empty", "secret", "config-map", "field"]
    assert found["environment_from_secrets"] is False
    assert container(envFrom=[{"secretRef": {"name": "s"}}])["environment_from_secrets"] is True
    assert "hunter2" not in str(found)


def test_init_and_ephemeral_containers_are_told_apart() -> None:
    spec = {"containers": [{"name": "a"}], "initContainers": [{"name": "b"}], "ephemeralContainers": [{"name": "c"}]}
    found = attributes("Pod", spec=spec)["containers"]
    assert [(each["name"], each["role"]) for each in found] == [("a", ""), ("b", "init"), ("c", "ephemeral")]


def test_volumes_mounts_ports_and_limits() -> None:
    spec = {
        "containers": [
            {
                "name": "a",
                "ports": [{"containerPort": 80, "hostPort": 8080}],
                "volumeMounts": [{"name": "root", "mountPath": "/host", "readOnly": True}],
                "resources": {"limits": {"cpu": 2, "memory": "1Gi"}},
                "livenessProbe": {"tcpSocket": {"port": 80}},
            }
        ],
        "volumes": [{"name": "root", "hostPath": {"path": "/"}}, {"name": "s", "secret": {"secretName": "t"}}],
    }
    found = attributes("Pod", spec=spec)
    assert found["volumes"] == [
        {"name": "root", "kind": "hostPath", "host_path": "/", "secret": ""},
        {"name": "s", "kind": "secret", "host_path": "", "secret": "t"},
    ]
    (a,) = found["containers"]
    assert a["ports"] == [{"container": 80, "host": 8080, "protocol": "TCP"}]
    assert a["mounts"] == [{"path": "/host", "volume": "root", "read_only": True}]
    assert (a["cpu_limit"], a["memory_limit"], a["liveness"], a["readiness"]) == ("2", "1Gi", True, False)


def test_what_is_unknown_in_a_pod_is_unknown_and_nothing_else() -> None:
    spec = {
        "hostNetwork": GONE,
        "securityContext": {"runAsUser": GONE},
        "containers": [
            {"name": "a", "image": GONE, "securityContext": GONE, "envFrom": [{"secretRef": GONE}], "env": GONE},
            {"name": "b", "securityContext": {"runAsUser": 5}, "resources": {"limits": GONE}},
        ],
    }
    found = resource("Pod", spec=spec)
    paths = set(unknown_paths(found))
    assert {
        "host_network",
        "containers[0].image",
        "containers[0].image_tag",
        "containers[0].privileged",
        "containers[0].run_as_user",
        "containers[0].environment_from_secrets",
        "containers[0].environment",
        "containers[1].memory_limit",
    } <= paths
    assert "containers[1].run_as_user" not in paths
    assert found.attributes["containers"][1]["run_as_user"] == 5


def test_an_unknown_pod_or_list_of_containers_is_unknown_as_a_whole() -> None:
    assert "containers" in unknown_paths(resource("Deployment", spec={"template": GONE}))
    found = resource("Pod", spec={"containers": [{"name": "a"}, GONE]})
    assert unknown_paths(found) == {"containers": GONE.reason}


def test_roles_and_bindings() -> None:
    role = resource("ClusterRole", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}, {"verbs": GONE}])
    assert role.attributes["cluster"] is True
    assert role.attributes["rules"][0]["verbs"] == ["*"]
    assert "rules[1].verbs" in unknown_paths(role)
    binding = attributes(
        "RoleBinding",
        roleRef={"kind": "ClusterRole", "name": "edit"},
        subjects=[{"kind": "Group", "name": "system:masters"}],
    )
    assert (binding["cluster"], binding["role_kind"], binding["role"]) == (False, "ClusterRole", "edit")
    assert binding["subjects"] == [{"kind": "Group", "name": "system:masters", "namespace": ""}]
    assert unknown_paths(resource("ClusterRole", aggregationRule=GONE)) == {"aggregated": GONE.reason}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"podSelector": {}}, {"selects_all": True, "types": ["Ingress"], "ingress_rules": 0, "ingress_open": False}),
        ({"podSelector": {"matchLabels": {"a": "b"}}}, {"selects_all": False}),
        ({"egress": [{}]}, {"types": ["Ingress", "Egress"], "egress_open": True, "egress_rules": 1}),
        ({"ingress": [{"from": []}]}, {"ingress_open": True}),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "::/0"}}]}]}, {"ingress_open": True}),
        ({"ingress": [{"from": [{"podSelector": {}}]}]}, {"ingress_open": False}),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": GONE}}]}, {}]}, {"ingress_open": True}),
    ],
)
def test_whom_network_policies_let_through(spec: dict[str, Any], expected: dict[str, Any]) -> None:
    found = attributes("NetworkPolicy", spec=spec)
    assert {key: found[key] for key in expected} == expected


def test_an_unknown_address_leaves_a_network_policy_unknown() -> None:
    found = resource("NetworkPolicy", spec={"ingress": [{"from": [{"ipBlock": {"cidr": GONE}}]}]})
    assert unknown_paths(found) == {"ingress_open": GONE.reason}


def test_services_ingresses_namespaces_and_accounts() -> None:
    service = attributes(
        "Service", spec={"type": "LoadBalancer", "ports": [{"port": 443}], "externalIPs": ["192.0.2.1"]}
    )
    assert (service["kind"], service["ports"], service["external_addresses"]) == ("LoadBalancer", [443], ["192.0.2.1"])
    ingress = resource(
        "Ingress", metadata={"annotations": {"b": "", "a": ""}}, spec={"tls": [GONE], "rules": [{"host": "h"}]}
    )
    assert (ingress.attributes["hosts"], ingress.attributes["annotations"]) == (["h"], ["a", "b"])
    assert unknown_paths(ingress) == {"tls": GONE.reason}
    namespace = attributes("Namespace", metadata={"labels": {"pod-security.kubernetes.io/enforce": "restricted"}})
    assert namespace["pod_security"] == {"enforce": "restricted"}
    assert attributes("ServiceAccount", automountServiceAccountToken=False)["automount_token"] is False


def test_of_secrets_only_the_names_of_keys_are_kept() -> None:
    found = resource("Secret", data={"tls.key": "c2VjcmV0"}, stringData={"a": "plain"})
    assert found.attributes["keys"] == ["a", "tls.key"]
    assert "c2VjcmV0" not in str(found) and "plain" not in str(found)
    assert unknown_paths(resource("Secret", data=GONE)) == {"keys": GONE.reason, "holds_data": GONE.reason}


def test_lists_are_their_items_and_other_documents_are_nothing() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod"}
    assert list(objects({"apiVersion": "v1", "kind": "List", "items": [pod, {"kind": "PodList", "items": [pod]}]})) == [
        pod,
        pod,
    ]
    nothings: tuple[Any, ...] = (None, [], "text", {"kind": 4}, {"kind": "Pod"}, {"kind": "List", "items": "no"})
    for nothing in nothings:
        assert list(objects(nothing)) == []
    assert draft_object({"apiVersion": "v1", "kind": "LimitRange"}) is None
