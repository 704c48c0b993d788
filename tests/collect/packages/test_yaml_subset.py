"""The YAML of lock files: equal to what a whole YAML parser reads, and strict about the rest."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.interface import Problems
from bartizan.collect.packages.yaml_subset import parse_documents, parse_yaml


def ours(text: str) -> Any:
    problems = Problems()
    value = parse_yaml(text, "/x.yaml", problems)
    assert problems.found == []
    return value


def refused(text: str) -> str:
    problems = Problems()
    assert parse_documents(text, "/x.yaml", problems) == []
    return f"{problems.found[0].path.removeprefix('/x.yaml:')}: {problems.found[0].reason.rpartition(': ')[2]}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1.10\nb: true\nc: ~\nd:\n", {"a": "1.10", "b": "true", "c": None, "d": None}),
        ("a: 'it''s'\nb: \"tab\\t\\u00e9\"\n", {"a": "it's", "b": "tab\té"}),
        ("'@a/b@1':\n  r: {i: sha512-x==, t: https://x.example/y}\n", {"@a/b@1": {"r": {"i": "sha512-x==", "t": "https://x.example/y"}}}),
        ("engines: {node: '>=12', npm: [a, \"b, c\"]}\n", {"engines": {"node": ">=12", "npm": ["a", "b, c"]}}),
        ("list:\n- a\n- b: c\n  d: e\n-\n  - f\n", {"list": ["a", {"b": "c", "d": "e"}, ["f"]]}),
        ("text: |\n  one\n  two\nfolded: >-\n  three\n  four\n", {"text": "one\ntwo", "folded": "three four"}),
        ("long: first\n  second # comment\nnext: x\n", {"long": "first second", "next": "x"}),
        ("quoted: \"first\n  second\"\nnext: x\n", {"quoted": "first second", "next": "x"}),
        ("flow: [a,\n  b,\n]\nnext: x\n", {"flow": ["a", "b"], "next": "x"}),
        ("? long key\n: value\nnext: x\n", {"long key": "value", "next": "x"}),
        ("# only a comment\n", None),
        ("url: https://x.example/#frag # comment\n", {"url": "https://x.example/#frag"}),
    ],
)  # fmt: skip
def test_what_lock_files_use(text: str, value: Any) -> None:
    assert ours(text) == value


def test_several_documents() -> None:
    assert parse_documents("---\na: b\n---\nc: d\n...\n", "/x", Problems()) == [{"a": "b"}, {"c": "d"}]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &x 1\nb: *x\n", "1: uses an anchor"),
        ("a: b\nc: *x\n", "2: uses an alias"),
        ("a: !!python/object x\n", "1: uses a tag"),
        ("a: 1\nb: 2\na: 3\n", "3: repeats the key 'a'"),
        ("a:\n\tb: c\n", "2: is indented with a tab"),
        ("a: 'open\n", "1: opens a quote or a bracket that is never closed"),
        ("x: y\na: [b, [c\n", "2: opens a quote or a bracket that is never closed"),
        ("a: b\n  c: d\n", "2: is an entry below a value that is a scalar"),
        ("a: [b] c\n", "1: has something after a closed quote or bracket"),
        ("<<<<<<< ours\na: b\n=======\n", "2: is an entry below a value that is a scalar"),
        ("- " * 100 + "a\n", "1: is nested too deeply"),
        ("a: " + "[" * 100 + "]" * 100 + "\n", "1: is nested too deeply"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(text: str, line: str) -> None:
    assert refused(text) == line


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff"), max_size=12
)
VALUES = st.recursive(
    st.none() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def written(value: Any) -> Any:
    """As every scalar comes out: text, or None where it says nothing."""
    if isinstance(value, dict):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [written(item) for item in value]
    return value


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5))
def test_documents_of_another_writer_come_back(document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document, allow_unicode=True, default_style='"', default_flow_style=False, width=10_000)
    assert ours(text.replace('!!null "null"', "~").replace("!!null 'null'", "~")) == written(document)


@given(VALUES.filter(lambda value: isinstance(value, (dict, list))))
def test_json_is_yaml(value: Any) -> None:
    assert ours(json.dumps(value, ensure_ascii=False)) == written(value)


@given(st.text(max_size=200))
def test_any_text_ends_in_a_value_or_a_problem(text: str) -> None:
    parse_documents(text, "/x.yaml", Problems())


@given(st.text(st.sampled_from(list("ab:-?[]{},'\"#&*|> \n\t\\")), max_size=80))
def test_any_punctuation_ends_in_a_value_or_a_problem(text: str) -> None:
    parse_documents(text, "/x.yaml", Problems())
