"""JSON with indents is the standard library's, to the letter."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.exchange import json_text
from bartizan.exchange.json_text import write_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@pytest.fixture(autouse=True, scope="module")
def _short_is_long() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "LONG", 0)
        yield


def written(value: Any, indent: int) -> str:
    stream = io.StringIO()
    write_json(value, stream, indent=indent)
    return stream.getvalue()


@given(VALUES, st.sampled_from([1, 2]))
def test_it_is_what_the_standard_library_writes(value: Any, indent: int) -> None:
    assert written(value, indent) == json.dumps(value, indent=indent, ensure_ascii=False)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"a": [], "b": {}, "c": [[], {}]},
        {'é\u2028\x7f\x00\t"\\/': ["🜁", "\ud800", "a\udcff.txt"]},
        {2: "two", None: "none", True: 1e-7},
        [10**400, -0.0, 1e300, 1.5e-9],
        "text",
        7,
    ],
)
def test_awkward_values(value: Any) -> None:
    for indent in (1, 2):
        assert written(value, indent) == json.dumps(value, indent=indent, ensure_ascii=False)
