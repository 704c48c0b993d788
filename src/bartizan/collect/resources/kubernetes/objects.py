"""An object of the Kubernetes API as a draft of the model; kinds that no policy speaks of give none.

The caller tells where the object comes from; lists (`kind: List`) are its items.
"""

import base64
import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bartizan.collect.resources import plain_secret
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.kubernetes.open_mapping import OpenMapping, keys_of
from bartizan.collect.resources.kubernetes.workload import (
    KINDS,
    any_of,
    draft_workload,
    get,
    items,
    part,
    table,
    truth,
)
from bartizan.collect.resources.values import Unknown, Value, first_unknown
from bartizan.model.resource import Location


def objects(document: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a document: itself, or the items of a list."""
    if not isinstance(document, Mapping) or not isinstance(document.get("kind"), str):
        return
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from objects(item)
    elif isinstance(document.get("apiVersion"), str):
        yield document


def draft_object(document: Mapping[str, Any], *, prefix: str = "", location: Location | None = None) -> Draft | None:
    """The resource that an object stands for, or None. Its id is `prefix` with kind, namespace and name."""
    kind = str(document["kind"])
    metadata = part(document, "metadata")
    name = get(metadata, "name", get(metadata, "generateName", ""))
    namespace = get(metadata, "namespace", "")
    shown = "/".join(part_ for part_ in (kind, _text(namespace), _text(name)) if part_)
    fill: Callable[[Draft, Mapping[str, Any]], None]
    if kind in KINDS:
        type_, fill = "kubernetes.workload", lambda draft, found: draft_workload(draft, kind, found)
    elif kind in _KINDS and not _foreign(document):
        type_, fill = _KINDS[kind]
    else:
        return None
    draft = Draft(type_, id=f"{prefix}{shown}", name=_text(name), provider="kubernetes", location=location)
    draft.set("namespace", namespace)
    draft.set("labels", table(metadata, "labels"))
    draft.set("live", truth(get(metadata, "uid")))
    fill(draft, document)
    return draft


def _foreign(document: Mapping[str, Any]) -> bool:
    """Plug-ins have network policies of their own under the same name: crd.projectcalico.org/v1."""
    group = str(document["apiVersion"]).rpartition("/")[0]
    return document["kind"] == "NetworkPolicy" and group.endswith("projectcalico.org")


def _role(draft: Draft, document: Mapping[str, Any]) -> None:
    draft.set("cluster", document["kind"] == "ClusterRole")
    draft.set("aggregated", truth(get(document, "aggregationRule")))
    draft.set(
        "rules",
        [
            rule
            if isinstance(rule, Unknown)
            else {
                "api_groups": get(rule, "apiGroups", []),
                "resources": get(rule, "resources", []),
                "verbs": get(rule, "verbs", []),
                "names": get(rule, "resourceNames", []),
                "urls": get(rule, "nonResourceURLs", []),
            }
            for rule in items(document, "rules")
        ],
    )


def _binding(draft: Draft, document: Mapping[str, Any]) -> None:
    role = part(document, "roleRef")
    draft.set("cluster", document["kind"] == "ClusterRoleBinding")
    draft.set("role_kind", get(role, "kind"))
    draft.set("role", get(role, "name"))
    draft.set(
        "subjects",
        [
            subject
            if isinstance(subject, Unknown)
            else {
                "kind": get(subject, "kind", ""),
                "name": get(subject, "name", ""),
                "namespace": get(subject, "namespace", ""),
            }
            for subject in items(document, "subjects")
        ],
    )


def _network_policy(draft: Draft, document: Mapping[str, Any]) -> None:
    spec = part(document, "spec")
    selector = get(spec, "podSelector")
    draft.set("selects_all", selector if isinstance(selector, Unknown) else not selector)
    draft.set(
        "selector",
        selector
        if isinstance(selector, Unknown)
        else {
            "labels": table(selector, "matchLabels") or {},
            "expressions": [
                each
                if isinstance(each, Unknown)
                else {
                    "key": get(each, "key", ""),
                    "operator": get(each, "operator", ""),
                    "values": get(each, "values") or [],
                }
                for each in items(selector, "matchExpressions")
            ],
        },
    )
    types = get(spec, "policyTypes")
    if types is None:
        types = ["Ingress", *(["Egress"] if get(spec, "egress") else [])]
    draft.set("types", types)
    for name, peer in (("ingress", "from"), ("egress", "to")):
        rules = items(spec, name)
        draft.set(f"{name}_rules", next((rule for rule in rules if isinstance(rule, Unknown)), len(rules)))
        draft.set(f"{name}_open", any_of(_open(rule, peer) for rule in rules))


def _open(rule: Value, peer: str) -> Value:
    """A rule without peers, or with every address, lets everybody through."""
    peers = items(rule, peer)
    if not peers:
        return True
    return any_of(_everywhere(get(part(each, "ipBlock"), "cidr")) for each in peers)


def _everywhere(cidr: Value) -> Value:
    return cidr if isinstance(cidr, Unknown) else cidr in ("0.0.0.0/0", "::/0")


def _service(draft: Draft, document: Mapping[str, Any]) -> None:
    spec = part(document, "spec")
    draft.set("kind", get(spec, "type"))
    draft.set("selector", table(spec, "selector"))
    draft.set("external_addresses", get(spec, "externalIPs"))
    draft.set("source_ranges", get(spec, "loadBalancerSourceRanges"))
    draft.set("ports", [get(each, "port", 0) for each in items(spec, "ports")])


def _ingress(draft: Draft, document: Mapping[str, Any]) -> None:
    spec = part(document, "spec")
    draft.set("tls", any_of(truth(each) for each in items(spec, "tls")))
    draft.set("hosts", [get(each, "host", "") for each in items(spec, "rules")])
    draft.set("annotations", keys_of(part(part(document, "metadata"), "annotations")))


def _namespace(draft: Draft, document: Mapping[str, Any]) -> None:
    labels = part(part(document, "metadata"), "labels")
    for mode in ("enforce", "audit", "warn"):
        draft.set(f"pod_security.{mode}", get(labels, f"pod-security.kubernetes.io/{mode}"))


def _secret(draft: Draft, document: Mapping[str, Any]) -> None:
    """Names of keys only, and whether something stands behind them."""
    draft.set("kind", get(document, "type"))
    tables = [get(document, name) for name in ("data", "stringData")]
    names = [keys_of(each) for each in tables]
    unknown = next((each for each in names if isinstance(each, Unknown)), None)
    draft.set("keys", unknown or sorted({key for each in names if isinstance(each, list) for key in each}))
    draft.set("immutable", get(document, "immutable"))
    draft.set("holds_data", any_of(_real(value) for each in tables for value in _values(each)))


def _config_map(draft: Draft, document: Mapping[str, Any]) -> None:
    """Names of keys only, and whether one of them is a secret."""
    data = get(document, "data")
    draft.set("keys", keys_of(data))
    draft.set("immutable", get(document, "immutable"))
    found = plain_secret.in_variables(data)
    draft.set("holds_secret", found or first_unknown(data) or False)


def _values(table_: Value) -> Iterator[Value]:
    if isinstance(table_, Unknown):
        yield table_
    elif isinstance(table_, Mapping):
        yield from table_.values()
        if isinstance(table_, OpenMapping):
            yield table_.unknown


def _real(value: Value) -> Value:
    """Whether a value of a secret gives something away: certificates do not, nor what is encrypted (SOPS) or only
    stands for what another tool fills in (`${PASSWORD}`, `<path:...>`)."""
    if isinstance(value, Unknown) or not isinstance(value, str) or not value.strip():
        return value if isinstance(value, Unknown) else False
    readings = [value.strip()]
    with contextlib.suppress(ValueError):
        readings.append(base64.b64decode("".join(value.split()), validate=True).decode("utf-8", "replace").strip())
    return not any(_PUBLIC.search(each) or not each for each in readings)


_PUBLIC = re.compile(
    r"\A(?:ENC\[AES256_GCM,|\$\{[^}]*\}\Z|\$\([^)]*\)\Z|<[^<>]+>\Z|\{\{.*\}\}\Z)"
    r"|\A(?:-----BEGIN (?:TRUSTED |X509 )?(?:CERTIFICATE|PUBLIC KEY)-----[^-]*-----END [^-]*-----\s*)+\Z"
)


def _service_account(draft: Draft, document: Mapping[str, Any]) -> None:
    draft.set("automount_token", get(document, "automountServiceAccountToken"))


_KINDS: dict[str, tuple[str, Callable[[Draft, Mapping[str, Any]], None]]] = {
    "Role": ("kubernetes.role", _role),
    "ClusterRole": ("kubernetes.role", _role),
    "RoleBinding": ("kubernetes.role_binding", _binding),
    "ClusterRoleBinding": ("kubernetes.role_binding", _binding),
    "NetworkPolicy": ("kubernetes.network_policy", _network_policy),
    "Service": ("kubernetes.service", _service),
    "Ingress": ("kubernetes.ingress", _ingress),
    "Namespace": ("kubernetes.namespace", _namespace),
    "Secret": ("kubernetes.secret", _secret),
    "ConfigMap": ("kubernetes.config_map", _config_map),
    "ServiceAccount": ("kubernetes.service_account", _service_account),
}

TYPES = frozenset({"kubernetes.workload", *(type_ for type_, _ in _KINDS.values())})
"""The resource types that objects become."""


def _text(value: Value) -> str:
    return value if isinstance(value, str) else getattr(value, "text", "") or ""
