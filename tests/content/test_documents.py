"""Content files are read strictly, and every complaint says where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.content.documents import ContentError, parse_document, read_document
from bartizan.content.yaml_dialect import MAX_DEPTH


def complaint(text: str) -> str:
    with pytest.raises(ContentError) as caught:
        parse_document(text.encode(), "a.yaml")
    return str(caught.value)


def test_values_keep_their_lines() -> None:
    document = parse_document(b"policies:\n  - id: one\n    check: x\n  - id: two\n", "a.yaml")
    assert document.value == {"policies": [{"id": "one", "check": "x"}, {"id": "two"}]}
    assert document.line(("policies", 0, "check")) == 3
    assert document.line(("policies", 1, "id")) == 4
    assert document.line(("policies", 1, "missing", "deeper")) == 4


def test_scalars_follow_yaml_1_2() -> None:
    text = b"[no, on, yes, true, false, null, ~, 0640, 12, -3, 1.5, 1e3, '7', 2026-01-01, 1_000]"
    assert parse_document(text, "a").value == [
        "no", "on", "yes", True, False, None, None, "0640", 12, -3, 1.5, 1000.0, "7", "2026-01-01", "1_000",
    ]  # fmt: skip


def test_a_key_twice_is_refused() -> None:
    assert complaint("a: 1\nb: 2\na: 3\n") == "a.yaml:3: key 'a' is written twice, first on line 1"


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x\n", "a: &x [1]\n", "- *missing\n"])
def test_anchors_are_refused(text: str) -> None:
    assert "anchors and aliases are not allowed" in complaint(text)


def test_tags_are_refused() -> None:
    assert complaint("a: 1\nb: !!python/object:os.system x\n").startswith("a.yaml:2: tag ")


def test_a_second_document_is_refused() -> None:
    assert complaint("a: 1\n---\nb: 2\n").startswith("a.yaml:2: a second document")


def test_endless_nesting_is_refused() -> None:
    assert f"nested deeper than {MAX_DEPTH} levels" in complaint("[" * 100_000)


def test_broken_yaml_says_where() -> None:
    assert complaint("a: 1\nb: [1, 2\nc: 3\n").startswith("a.yaml:3: ")


def test_what_is_not_utf8_says_where() -> None:
    with pytest.raises(ContentError, match=r"a\.yaml:2: not UTF-8"):
        parse_document(b"a: 1\nb: \xff\n", "a.yaml")


def test_a_missing_file_is_a_complaint(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ContentError, match="cannot be read"):
        read_document(tmp_path / "none.yaml")


@given(st.binary(max_size=300) | st.text(alphabet="ab:-[]{}&*!?|>'\"#%@,\n \t", max_size=80).map(str.encode))
def test_whatever_comes_is_a_document_or_a_complaint(data: bytes) -> None:
    try:
        parse_document(data, "a.yaml")
    except ContentError as error:
        assert str(error).startswith("a.yaml")
