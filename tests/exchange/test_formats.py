"""Every format by name, and what none of them may do."""

from io import StringIO

import pytest

from bartizan.exchange.formats import FORMATS, exporter
from bartizan.exchange.interface import ScanResult


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_found_by_its_name_and_writes_the_same_twice(name: str, result: ScanResult) -> None:
    export = exporter(name)
    assert export.name == name
    first, second = StringIO(), StringIO()
    export.write(result, first)
    export.write(result, second)
    assert first.getvalue() == second.getvalue()
    assert first.getvalue().endswith("\n")


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("spdx", "snapshot")])
def test_each_format_says_that_the_result_is_incomplete(name: str, result: ScanResult) -> None:
    stream = StringIO()
    exporter(name).write(result, stream)
    assert ("could not be judged" if name != "junit" else 'errors="1"') in stream.getvalue()


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="one of table, json"):
        exporter("xlsx")
