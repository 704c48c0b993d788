"""Two results: what is new because the asset changed, and what because more is known."""

from collections.abc import Callable
from typing import Any

from bartizan.model.finding import Finding
from bartizan.model.wire import plain
from bartizan.pipeline.comparison import Cause, compare

Make = Callable[..., Finding]


def result(
    *findings: Finding, packages: tuple[str, ...], advisories: str = "one", sections: str = "s", **more: Any
) -> dict[str, Any]:
    return {
        "asset": {"kind": "image", "name": "app"},
        "knowledge": {"advisories": advisories, "policies": "p"},
        "sections": [{"name": "packages_npm", "digest": sections}],
        "packages": list(packages),
        "findings": [plain(finding) for finding in findings],
        **more,
    }


LODASH, LEFT = "npm lodash 1.0 amd64 /x", "npm left 1.0 amd64 /x"


def test_new_because_more_is_known(vulnerability: Make) -> None:
    found = vulnerability("CVE-1", "pkg:npm/lodash#/x")
    comparison = compare(result(packages=(LODASH,)), result(found, packages=(LODASH,), advisories="two"))
    [each] = comparison.new
    assert each.cause is Cause.KNOWLEDGE and comparison.knowledge_changed and not comparison.asset_changed


def test_new_because_the_asset_changed_though_more_is_known_too(vulnerability: Make) -> None:
    found = vulnerability("CVE-1", "pkg:npm/lodash#/x")
    comparison = compare(
        result(packages=(LEFT,)), result(found, packages=(LODASH, LEFT), advisories="two", sections="t")
    )
    assert [each.cause for each in comparison.new] == [Cause.ASSET]


def test_fixed_by_an_upgrade_by_knowledge_and_by_decision(vulnerability: Make) -> None:
    upgraded = vulnerability("CVE-1", "pkg:npm/lodash#/x")
    withdrawn = vulnerability("CVE-2", "pkg:npm/left#/x")
    decided = vulnerability("CVE-3", "pkg:npm/left#/x")
    comparison = compare(
        result(upgraded, withdrawn, decided, packages=(LODASH, LEFT)),
        result(packages=(LEFT,), advisories="two", sections="t", suppressed=[{"finding": plain(decided)}]),
    )
    causes = {str(each.finding["rule"]): each.cause for each in comparison.fixed}
    assert causes == {"CVE-1": Cause.ASSET, "CVE-2": Cause.KNOWLEDGE, "CVE-3": Cause.DECISION}


def test_a_score_that_moves_a_little_is_no_change(vulnerability: Make) -> None:
    before = vulnerability("CVE-1", "pkg:npm/lodash#/x", score=50.0)
    little, much = (vulnerability("CVE-1", "pkg:npm/lodash#/x", score=score) for score in (52.0, 80.0))
    packages = (LODASH,)
    assert compare(result(before, packages=packages), result(little, packages=packages)).unchanged == 1
    [each] = compare(result(before, packages=packages), result(much, packages=packages, advisories="two")).changed
    assert each.was == {"score": 50.0} and each.cause is Cause.KNOWLEDGE


def test_a_result_equals_itself(vulnerability: Make, unknown: Finding) -> None:
    one = result(vulnerability("CVE-1", "pkg:npm/lodash#/x"), unknown, packages=(LODASH,))
    comparison = compare(one, one)
    assert (comparison.new, comparison.fixed, comparison.changed, comparison.unchanged) == ((), (), (), 2)
