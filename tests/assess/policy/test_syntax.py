"""The parser takes what CEL is and nothing else; the Rust engine is the oracle."""

import re

import cel
import pytest
from hypothesis import assume, given, settings

from bartizan.assess.policy.syntax import (
    MAX_DEPTH,
    Binary,
    ExpressionError,
    Literal,
    Logic,
    Macro,
    Name,
    Select,
    parse,
)
from policy_expressions import SHAPES, booleans

_ABSOLUTE = re.compile(r"(^|[^\w)\]'\"\s]|\bin)\s*\.\s*[a-z]")
"""`.name` is a name from the root of a protocol buffer package, of which policies have none."""


def oracle_takes(text: str) -> bool:
    try:
        cel.compile(text)
    except ValueError:
        return False
    return True


def taken(text: str) -> bool:
    try:
        parse(text)
    except ExpressionError:
        return False
    return True


def test_operators_bind_as_cel_says() -> None:
    node = parse("a || b && c == 1 + 2 * 3")
    assert isinstance(node, Logic)
    assert node.operator == "||"
    both = node.operands[1]
    assert isinstance(both, Logic)
    equal = both.operands[1]
    assert isinstance(equal, Binary)
    assert equal.operator == "=="
    assert isinstance(equal.right, Binary)
    assert equal.right.operator == "+"


def test_a_chain_is_one_node() -> None:
    node = parse(" && ".join(["a"] * 500))
    assert isinstance(node, Logic)
    assert len(node.operands) == 500


def test_macros_are_told_from_calls() -> None:
    node = parse("resource.users.all(u, u.uid != 0)")
    assert isinstance(node, Macro)
    assert (node.name, node.variable) == ("all", "u")
    assert isinstance(node.target, Select)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a\\n\\x41\\u00e9\\101'", "a\nA\u00e9A"),
        ("r'\\d'", "\\d"),
        ('"""a"b"""', 'a"b'),
        ("0x1F", 31),
        ("-9223372036854775808", -(2**63)),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("null", None),
        ("b'a'", b"a"),
    ],
)
def test_literals(text: str, value: object) -> None:
    node = parse(text)
    assert isinstance(node, Literal)
    assert node.value == value
    assert type(node.value) is type(value)


@pytest.mark.parametrize(
    ("text", "at"),
    [("a &&", 4), ("a = 1", 2), ("(a", 2), ("if", 0), ("a.all(1, true)", 6), ("'open", 0), ("f(1,)", 4), ("a $ b", 2)],
)
def test_errors_say_where(text: str, at: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.at == at


@pytest.mark.parametrize(
    "text",
    ["(" * 5000 + "a" + ")" * 5000, "[" * 5000, "!" * 5000 + "a", "-" * 5000 + "1", "a" + ".b" * 5000,
     "1" + "+1" * 5000, "a ? b : " * 5000, "f(" * 5000, "a[" * 5000, "a" * 50_000],
)  # fmt: skip
def test_endless_expressions_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"deeper|in a row|longer"):
        parse(text)


def test_nesting_up_to_the_bound_is_fine() -> None:
    depth = MAX_DEPTH - 2
    assert parse("(" * depth + "a" + ")" * depth) == Name(depth, "a")


@given(SHAPES)
@settings(max_examples=1500)
def test_nonsense_is_refused_as_the_oracle_refuses_it(text: str) -> None:
    assume(not _ABSOLUTE.search(text))
    assume("{" not in text and not re.search(r"\[\s*,", text))  # `[,]` is an empty list to the oracle
    assume(not re.search(r"!\s*-\s*\d", text))  # to the oracle the minus belongs to the number, whatever stands between
    assert taken(text) == oracle_takes(text), text


@given(booleans())
def test_sense_is_taken_as_the_oracle_takes_it(text: str) -> None:
    assert oracle_takes(text)
    assert taken(text)
