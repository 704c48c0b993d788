"""Findings as assessors make them, few enough to see what happens to each."""

from collections.abc import Callable
from typing import Any

import pytest

from bartizan.model.assessment import Assessment
from bartizan.model.finding import Finding, FindingKind, Fix, FixState, Verdict
from bartizan.model.severity import Severity

Make = Callable[..., Finding]


@pytest.fixture
def vulnerability() -> Make:
    def make(
        rule: str,
        locator: str,
        *packages: tuple[str, str],
        fixed: str = "",
        score: float = 50.0,
        state: FixState | None = None,
        **evidence: Any,
    ) -> Finding:
        type_ = locator.removeprefix("pkg:").partition("/")[0]
        name = locator.partition("#")[0].rpartition("/")[2]
        path = locator.partition("#")[2]
        listed = [
            {"name": each, "version": version, "arch": "amd64"} | ({"path": path} if path else {})
            for each, version in packages or ((name, "1.0"),)
        ]
        return Finding(
            kind=FindingKind.VULNERABILITY,
            rule=rule,
            locator=locator,
            severity=Severity.HIGH,
            title=f"{name}: a flaw",
            evidence={
                "package": {"name": name, "type": type_},
                "installed": listed[0]["version"],
                "packages": listed,
                **evidence,
            },
            fix=Fix(state=state or (FixState.FIXED if fixed else FixState.NOT_FIXED), version=fixed),
            score=score,
        )

    return make


@pytest.fixture
def unknown() -> Finding:
    return Finding(
        kind=FindingKind.COVERAGE,
        rule="no-advisories",
        locator="",
        severity=Severity.UNKNOWN,
        title="No advisories",
        verdict=Verdict.UNKNOWN,
    )


@pytest.fixture
def assessed() -> Callable[..., tuple[Assessment, ...]]:
    def make(*findings: Finding) -> tuple[Assessment, ...]:
        return (Assessment(assessor="vulnerability:packages_deb", knowledge="k", findings=findings),)

    return make
