"""What Kubernetes objects are only together: pods that a network policy selects, services that lead to privileged pods,
accounts that are bound to cluster-admin.

    across_objects([Placed(unit="/shop", resource=deployment), Placed(unit="/shop", resource=policy)])
    ->  the deployment with network.judged, network.ingress and network.egress, and the policy as it was

Objects of one unit (a chart, an overlay, all loose manifests, a dump of a cluster) are taken for one cluster's. What a
unit does not hold may still be in the cluster, so absence counts only where the unit shows that it is the place for it:

- pods without a policy: the unit holds the namespace itself or a policy of it (a dump of a cluster: policies at all);
- a policy of another unit for the same namespace, or one of a network plug-in's own kinds, makes the answer unknown;
- an account without a binding, a service without pods: nothing is said.

Kubernetes API reference v1.31: NetworkPolicySpec, LabelSelector, ServiceSpec.selector, Subject.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bartizan.model.resource import Resource, Unknown

Namespace = tuple[str, str]
"""Name, and the folder of objects that name none: they go wherever they are applied to, together."""
Answer = bool | str
"""Yes, no, or why it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A resource and where it was found."""

    unit: str
    resource: Resource
    folder: str = ""
    """Of a loose manifest."""


@dataclass(slots=True)
class _Unit:
    """The objects that belong together, by namespace."""

    workloads: dict[Namespace, list[Resource]] = field(default_factory=lambda: defaultdict(list))
    policies: dict[Namespace, list[Resource]] = field(default_factory=lambda: defaultdict(list))
    namespaces: set[str] = field(default_factory=set)
    bindings: list[Resource] = field(default_factory=list)
    everything: set[str] = field(default_factory=set)
    """Names of cluster roles that may do everything."""
    foreign: str = ""
    """Why there may be policies that are not read."""


def across_objects(placed: Iterable[Placed], foreign: Mapping[str, str] | None = None) -> list[Resource]:
    """The resources in their order, with the fields that need other objects. `foreign` names units with policies of
    kinds that are not read, and says which."""
    found = list(placed)
    units: dict[str, _Unit] = defaultdict(_Unit)
    for unit, kinds in (foreign or {}).items():
        units[unit].foreign = f"{kinds} is not read, and may hold rules for these pods"
    for each in found:
        _sort(units[each.unit], each)
    return [_with_others(each, units) for each in found]


def _sort(unit: _Unit, placed: Placed) -> None:
    resource = placed.resource
    match resource.type:
        case "kubernetes.workload":
            unit.workloads[_namespace(placed)].append(resource)
        case "kubernetes.network_policy":
            unit.policies[_namespace(placed)].append(resource)
        case "kubernetes.namespace":
            unit.namespaces.add(resource.name)
        case "kubernetes.role_binding":
            unit.bindings.append(resource)
        case "kubernetes.role" if resource.attributes.get("cluster") and any(
            all("*" in (rule.get(name) or ()) for name in ("api_groups", "resources", "verbs"))
            for rule in resource.attributes.get("rules", ())
        ):
            unit.everything.add(resource.name)


def _with_others(placed: Placed, units: Mapping[str, _Unit]) -> Resource:
    unit, resource = units[placed.unit], placed.resource
    match resource.type:
        case "kubernetes.workload":
            answers = _isolation(placed, units) | _account(resource, unit)
        case "kubernetes.namespace":
            answers = _namespace_policies(resource, unit)
        case "kubernetes.service":
            answers = _backends(placed, unit)
        case _:
            return resource
    attributes: dict[str, Any] = dict(resource.attributes)
    unknowns = list(resource.unknowns)
    for path, answer in answers.items():
        if isinstance(answer, str):
            unknowns.append(Unknown(path=path, reason=answer))
            continue
        block, _, name = path.rpartition(".")
        if block:
            attributes[block] = {**attributes.get(block, {}), name: answer}
        else:
            attributes[name] = answer
    return replace(resource, attributes=attributes, unknowns=tuple(unknowns))


def _namespace(placed: Placed) -> Namespace:
    """An unknown one is the one that a chart is installed into."""
    name = str(placed.resource.attributes.get("namespace") or "")
    return name, "" if name else placed.folder


def _isolation(placed: Placed, units: Mapping[str, _Unit]) -> dict[str, Any]:
    unit, resource, namespace = units[placed.unit], placed.resource, _namespace(placed)
    named = namespace[0] in unit.namespaces
    judged = bool(unit.policies.get(namespace)) or named
    if resource.attributes.get("live"):
        judged = bool(unit.policies.get(namespace)) or (named and any(unit.policies.values()))
    if not judged:
        return {}
    elsewhere = [
        policy
        for other in units.values()
        if other is not unit and namespace[0]
        for policy in other.policies.get(namespace, ())
    ]
    out: dict[str, Any] = {"network.judged": True}
    for direction in ("Ingress", "Egress"):
        answer = _any(_isolates(policy, resource, direction) for policy in unit.policies.get(namespace, ()))
        if answer is False and any(_isolates(policy, resource, direction) is not False for policy in elsewhere):
            answer = "a policy of another template selects the pods, and nobody says that both go to one cluster"
        out[f"network.{direction.lower()}"] = answer or unit.foreign or False
    return out


def _isolates(policy: Resource, workload: Resource, direction: str) -> Answer:
    """Whether the policy selects the pods for a direction: then only what a rule names gets through."""
    for path in ("types", "exists"):
        reason = _unknown(policy, path)
        if reason:
            return reason
    if direction not in policy.attributes.get("types", ()):
        return False
    if policy.attributes.get("selects_all"):
        return True
    reason = _unknown(policy, "selector") or _unknown(policy, "selects_all") or _unknown(workload, "pod_labels")
    return reason or selects(policy.attributes.get("selector", {}), workload.attributes.get("pod_labels", {}))


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a label selector (`labels`, and `expressions` of key, operator and values) matches. An empty one does."""
    if any(labels.get(key) != value for key, value in (selector.get("labels") or {}).items()):
        return False
    return all(_expression(each, labels) for each in selector.get("expressions") or ())


def _expression(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def _namespace_policies(resource: Resource, unit: _Unit) -> dict[str, Any]:
    namespace = (resource.name, "")
    policies = unit.policies.get(namespace, [])
    if not policies and not unit.workloads.get(namespace):
        return {}
    out: dict[str, Any] = {"network.judged": True}
    missing = unit.foreign
    if resource.attributes.get("live") and not any(unit.policies.values()):
        missing = missing or "the dump holds no network policies: that there are none, or that they were left out"
    out["network.policies"] = len(policies) if policies or not missing else missing
    for direction in ("Ingress", "Egress"):
        answer = _any(_denies(policy, direction) for policy in policies)
        out[f"network.default_deny_{direction.lower()}"] = answer or missing or False
    return out


def _denies(policy: Resource, direction: str) -> Answer:
    """Whether the policy selects every pod and lets nothing through."""
    rules = f"{direction.lower()}_rules"
    if direction not in policy.attributes.get("types", ()) and not _unknown(policy, "types"):
        return False
    if policy.attributes.get("selects_all") is False or policy.attributes.get(rules):
        return False
    return next(filter(None, (_unknown(policy, path) for path in ("types", "selects_all", rules))), True)


def _backends(placed: Placed, unit: _Unit) -> dict[str, Any]:
    service = placed.resource
    reason = _unknown(service, "selector")
    if reason:
        return {"workloads": reason, "privileged_workloads": reason}
    selector = service.attributes.get("selector") or {}
    if not selector:
        return {}
    chosen, privileged, unknown = [], [], ""
    for workload in unit.workloads.get(_namespace(placed), ()):
        reason = _unknown(workload, "pod_labels")
        if not reason and not selects({"labels": selector}, workload.attributes.get("pod_labels", {})):
            continue
        shown = f"{workload.attributes.get('kind', 'Pod')}/{workload.name}"
        chosen.append(shown)
        if any(each.get("privileged") is True for each in workload.attributes.get("containers", ())):
            unknown = unknown or reason
            privileged.append(shown)
        else:
            unknown = unknown or _privilege_unknown(workload)
    return {"workloads": sorted(chosen), "privileged_workloads": unknown or sorted(privileged)}


def _privilege_unknown(workload: Resource) -> str:
    return next((each.reason for each in workload.unknowns if _PRIVILEGE.fullmatch(each.path)), "")


_PRIVILEGE = re.compile(r"containers(?:\[\d+\](?:\.privileged)?)?")


def _account(workload: Resource, unit: _Unit) -> dict[str, Any]:
    """What the unit's bindings give the pods' account."""
    reason = _unknown(workload, "service_account")
    if reason:
        return {"account.bindings": reason, "account.cluster_admin": reason} if unit.bindings else {}
    name = workload.attributes.get("service_account") or "default"
    namespace = workload.attributes.get("namespace") or ("" if _unknown(workload, "namespace") else "default")
    bound = [each for each in unit.bindings if _binds(each, name, namespace)]
    admin = any(
        each.attributes.get("cluster")
        and each.attributes.get("role_kind", "ClusterRole") == "ClusterRole"
        and each.attributes.get("role") in {"cluster-admin", *unit.everything}
        for each in bound
    )
    return {"account.bindings": sorted(each.name for each in bound), "account.cluster_admin": admin}


def _binds(binding: Resource, account: str, namespace: str) -> bool:
    own = binding.attributes.get("namespace") or ("" if _unknown(binding, "namespace") else "default")
    if not binding.attributes.get("cluster") and own != namespace:
        return False
    for subject in binding.attributes.get("subjects", ()):
        if subject.get("kind") == "ServiceAccount" and subject.get("name") == account:
            if (subject.get("namespace") or ("" if binding.attributes.get("cluster") else own)) == namespace:
                return True
        elif subject.get("kind") == "Group" and subject.get("name") in (
            "system:authenticated",
            "system:serviceaccounts",
            f"system:serviceaccounts:{namespace}",
        ):
            return True
    return False


def _any(answers: Iterable[Answer]) -> Answer:
    """Yes where one is; else why one is not known; else no."""
    reason = ""
    for answer in answers:
        if answer is True:
            return True
        reason = reason or (answer if isinstance(answer, str) else "")
    return reason or False


def _unknown(resource: Resource, path: str) -> str:
    """Why a field, or something in it, is not known; empty where it is."""
    for each in resource.unknowns:
        if each.path == path or each.path.startswith((f"{path}.", f"{path}[")) or path.startswith(f"{each.path}."):
            return each.reason
    return ""
