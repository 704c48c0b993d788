"""The table at several widths: what leads, what is folded, and that no line is wider than the terminal."""

from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.exchange import table
from bartizan.exchange.columns import middle, shares
from bartizan.exchange.interface import ScanResult
from bartizan.model.finding import Finding
from bartizan.model.severity import Severity


def written(result: ScanResult, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = StringIO()
    table.write(result, stream)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_it_fits_and_begins_with_what_to_do(result: ScanResult, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(result, width, monkeypatch)
    assert max(len(line) for line in lines) <= width
    assert lines[0].startswith("web-1  Debian GNU/Linux 12 (bookworm)")
    assert lines[2].startswith("Fix first  upgrade openssh to 1:9.2p1-2+deb12u10")


def test_one_row_per_package_with_the_version_that_fixes_all(
    result: ScanResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(written(result, 160, monkeypatch))
    row = next(line for line in text.splitlines() if line.lstrip().startswith("critical"))
    assert row.split()[:6] == ["critical", "91", "openssh", "1:9.2p1-2", "1:9.2p1-2+deb12u10", "3"]
    assert "CVE-2024-6387 exploited" in row
    assert "requests (pypi)" in text
    assert "2.19.0 in 2 places" in text


def test_no_colour_escapes_outside_a_terminal(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in "\n".join(written(result, 100, monkeypatch))


def test_a_clean_result_says_so(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = replace(result, assessments=(), incomplete=())
    text = "\n".join(written(clean, 100, monkeypatch))
    assert "Fix first  nothing" in text
    assert "Incomplete" not in text


def test_what_is_left_out_is_counted(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(written(replace(result, least=Severity.CRITICAL), 100, monkeypatch))
    assert "6 findings below critical not listed" in text


def placed(result: ScanResult) -> ScanResult:
    """The same in an image: the distribution's packages from its base, the application's built upon it."""

    def of(finding: Finding, index: int) -> Finding:
        part, kind = (("base", "operating-system"), ("application", "application"))[index]
        origin = {"layer": f"sha256:{index}", "index": index, "step": f"RUN step {index}", "part": part, "kind": kind}
        return replace(finding, evidence={**finding.evidence, "origin": {**origin, "base": "debian:12"}})

    assessments = [
        replace(each, findings=tuple(of(one, int(each.assessor.endswith("pypi"))) for one in each.findings))
        if each.assessor.startswith("vulnerability")
        else each
        for each in result.assessments
    ]
    return replace(result, assessments=tuple(assessments))


def test_an_image_s_findings_are_told_by_part_and_layer(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(written(replace(placed(result), by_layer=True), 120, monkeypatch))
    assert "Comes from  base debian:12: 3 (3 system) · built upon it: 2 (2 application)" in text
    rows = [line.split() for line in text.splitlines() if "RUN step" in line]
    assert rows == [
        ["1", "1", "1", "1", "base", "image", "RUN", "step", "0"],
        ["2", "2", "built", "upon", "it", "RUN", "step", "1"],
    ]
    assert "Comes from" not in "\n".join(written(result, 120, monkeypatch)), "a host has no layers"


def test_one_part_is_listed_and_the_rest_is_counted(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(written(replace(placed(result), part="application"), 120, monkeypatch))
    assert "requests (pypi)" in text
    assert "openssh" not in text.partition("Packages with known vulnerabilities")[2]
    assert "5 findings not from what was built upon the base not listed" in text
    both = replace(placed(result), origin="operating-system", least=Severity.CRITICAL)
    assert [finding.rule for finding in both.listed] == ["CVE-2024-6387"]
    assert "below critical or not of the system's packages" in "\n".join(written(both, 120, monkeypatch))


@given(st.text(), st.integers(1, 40))
def test_shortening_keeps_both_ends_and_the_limit(text: str, room: int) -> None:
    short = middle(text, room)
    assert len(short) == min(len(text), room)
    if len(text) > room >= 3:
        assert short[0] == text[0]
        assert short[-1] == text[-1]


@given(st.lists(st.integers(0, 200), min_size=1, max_size=6), st.integers(1, 200))
def test_shares_never_exceed_the_room_unless_all_are_at_the_least(longest: list[int], room: int) -> None:
    widths = shares(longest, room)
    assert all(width <= wanted for width, wanted in zip(widths, longest, strict=True))
    assert sum(widths) <= room or max(widths) <= 8
