# ruff: noqa: E501 - one case a line
"""A kustomization builds the objects that kustomize would build; what is not here or does not fit is told."""

from typing import Any

import pytest

from bartizan.collect.filesystem.memory import MemoryView
from bartizan.collect.templates.discover import read_templates
from bartizan.collect.templates.kubernetes.kustomize.overlay import of_overlay
from bartizan.collect.templates.kubernetes.kustomize.patches import PatchError, json_patch, strategic
from bartizan.collect.templates.normal import TemplateResources
from bartizan.model.resource import Resource

TREE = {
    "/base/kustomization.yaml": b"resources: [web.yaml]\nsecretGenerator: [{name: key, literals: [a=b], files: [x/tls.key]}]\n",
    "/base/web.yaml": b"""apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      serviceAccountName: runner
      containers:
      - {name: web, image: "shop/web:1"}
      - {name: helper, image: helper}
""",
    "/over/kustomization.yaml": b"""resources: [../base, "https://git.example/base?ref=1"]
namePrefix: test-
namespace: testing
images: [{name: shop/web, newName: registry.example/web, digest: "sha256:ab"}]
replicas: [{name: web, count: 4}]
commonLabels: {stage: test}
patches:
- path: harden.yaml
- target: {kind: Deploy.*, name: web}
  patch: |
    - {op: add, path: /spec/template/spec/hostNetwork, value: true}
patchesStrategicMerge: [absent.yaml]
vars: []
""",
    "/over/harden.yaml": b"""apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, securityContext: {runAsNonRoot: true}}]}}}
""",
}


def built(folder: str = "/over") -> tuple[TemplateResources, dict[str, Resource]]:
    found = of_overlay(MemoryView(TREE), folder)
    return found, {each.id: each for each in found.resources}


def test_an_overlay_changes_the_objects_of_its_base() -> None:
    _, found = built()
    assert set(found) == {
        "ServiceAccount/testing/test-runner",
        "Deployment/testing/test-web",
        "Secret/testing/test-key",
    }
    web = found["Deployment/testing/test-web"].attributes
    assert (web["service_account"], web["replicas"], web["host_network"], web["labels"]) == (
        "test-runner", 4, True, {"stage": "test"},
    )  # fmt: skip
    first, second = web["containers"]
    assert (first["image"], first["run_as_non_root"]) == ("registry.example/web@sha256:ab", True)
    assert (second["name"], second["image"]) == ("helper", "helper")
    location = found["Deployment/testing/test-web"].location
    assert location is not None and (location.path, location.line) == ("/base/web.yaml", 5)
    assert found["Secret/testing/test-key"].attributes["keys"] == ["a", "tls.key"]


def test_what_is_elsewhere_absent_or_not_understood_is_told() -> None:
    told = sorted(str(each) for each in built()[0].problems)
    assert len(told) == 3
    assert "/over/absent.yaml" in told[0]
    assert "is not fetched" in told[1] and "vars is not understood" in told[2]


def test_a_tree_is_judged_by_its_outermost_overlays() -> None:
    facts: Any = read_templates(MemoryView(TREE))["resources_kubernetes"].facts
    assert facts["templates"] == ["/over"]


def test_a_kustomization_that_includes_itself_ends() -> None:
    tree = {"/a/kustomization.yaml": b"resources: [../b]\n", "/b/kustomization.yaml": b"resources: [../a]\n"}
    (problem,) = of_overlay(MemoryView(tree), "/a").problems
    assert "includes itself" in problem.reason


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": 1, "b": 2}, {"b": None, "c": 3}, {"a": 1, "c": 3}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": {"x": 1}}, {"a": {"$patch": "replace", "y": 3}}, {"a": {"y": 3}}),
        ({"a": {"x": 1}}, {"a": {"$patch": "delete"}}, {}),
        ({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "B", "value": "3"}, {"name": "A", "$patch": "delete"}, {"name": "C"}]},
            {"env": [{"name": "B", "value": "3"}, {"name": "C"}]},
        ),
        ({"ports": [{"containerPort": 1}]}, {"ports": [{"$patch": "replace"}, {"containerPort": 2}]}, {"ports": [{"containerPort": 2}]}),
    ],
)  # fmt: skip
def test_strategic_merge(target: Any, patch: Any, expected: Any) -> None:
    assert strategic(target, patch) == expected


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3], "b/c": {"d": 1}}),
        ({"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1, 2], "b/c": {"d": 1}}),
        ({"op": "replace", "path": "/a/1", "value": 9}, {"a": [1, 9], "b/c": {"d": 1}}),
        ({"op": "remove", "path": "/b~1c/d"}, {"a": [1, 2], "b/c": {}}),
        ({"op": "move", "from": "/b~1c/d", "path": "/a/-"}, {"a": [1, 2, 1], "b/c": {}}),
        ({"op": "copy", "from": "/a", "path": "/e"}, {"a": [1, 2], "b/c": {"d": 1}, "e": [1, 2]}),
        ({"op": "test", "path": "/a/0", "value": 1}, {"a": [1, 2], "b/c": {"d": 1}}),
    ],
)
def test_json_patch(operation: Any, expected: Any) -> None:
    assert json_patch({"a": [1, 2], "b/c": {"d": 1}}, [operation]) == expected


@pytest.mark.parametrize(
    "operations",
    [
        {},
        [1],
        [{"op": "remove", "path": "/x"}],
        [{"op": "add", "path": "/a/9", "value": 1}],
        [{"op": "fly", "path": "/a"}],
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operations: Any) -> None:
    with pytest.raises(PatchError):
        json_patch({"a": [1]}, operations)
