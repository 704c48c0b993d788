"""Where the helm program is asked for, what it renders is read; that it is absent or fails is a problem."""

from pathlib import Path

import pytest

from bartizan.collect.templates.kubernetes.helm.program import of_chart

RENDERED = """---
# Source: shop/templates/web.yaml
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: a, image: "a:1"}]}
---
# Source: shop/templates/map.yaml
apiVersion: v1
kind: LimitRange
metadata: {name: m}
"""


def program(folder: Path, script: str) -> str:
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_what_the_program_renders_is_read(tmp_path: Path) -> None:
    (tmp_path / "out").write_text(RENDERED)
    script = f'echo "$@" > {tmp_path}/arguments; cat {tmp_path}/out'
    found = of_chart(Path("/repo"), "/charts/Shop", {"a.b": "$(x)"}, program=program(tmp_path, script))
    assert not found.problems
    (pod,) = found.resources
    assert (pod.id, pod.location and pod.location.path) == ("Pod/web", "/charts/Shop/templates/web.yaml")
    assert [each.path for each in pod.unknowns] == ["namespace"]
    assert found.unmodelled == {"kubernetes LimitRange": 1}
    assert (tmp_path / "arguments").read_text() == "template shop /repo/charts/Shop --set a.b=$(x)\n"


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo no such value >&2; exit 1", "no such value"), ("echo '{'", "no YAML")],
)
def test_a_program_that_fails_is_a_problem(tmp_path: Path, script: str, reason: str) -> None:
    (problem,) = of_chart(tmp_path, "/c", program=program(tmp_path, script)).problems
    assert reason in problem.reason


def test_an_absent_program_is_a_problem(tmp_path: Path) -> None:
    (problem,) = of_chart(tmp_path, "/c", program=str(tmp_path / "helm")).problems
    assert "is not installed" in problem.reason
