"""What is too large to send is said to be too large."""

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section, Snapshot
from bartizan.sensors.uplink.fitting import fit


def snapshot(**facts: str) -> Snapshot:
    return Snapshot(
        asset=AssetRef(kind=AssetKind.HOST, key="k", name="n"),
        taken_at="2026-11-23T10:37:00Z",
        sensor="agent/0",
        sections={name: Section(name=name, facts=value) for name, value in facts.items()},
    )


def test_what_fits_is_left_alone() -> None:
    one = snapshot(os="a", users="b")
    assert fit(one) is one


def test_a_section_over_its_limit_becomes_a_problem() -> None:
    fitted = fit(snapshot(os="a", files="x" * 2000), section_limit=1000)
    assert fitted.sections["os"].facts == "a"
    assert fitted.sections["files"].facts is None
    assert "too large" in fitted.sections["files"].problems[0].reason


def test_known_sizes_are_not_measured_again() -> None:
    one = snapshot(os="a", files="b")
    digest = one.sections["files"].digest
    assert fit(one, {digest: 5000}, section_limit=1000).sections["files"].facts is None


def test_the_largest_give_way_until_the_rest_fits() -> None:
    fitted = fit(snapshot(a="x" * 500, b="x" * 900, c="x" * 100), limit=1000)
    assert [name for name, section in fitted.sections.items() if section.facts is None] == ["b"]
