"""The query language as text: what is understood, where errors point, what is suggested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.inventory.query import FIELDS, Field, QueryError, complete, evaluate, parse
from bartizan.inventory.query.parser import TEXT_LIMIT

NOW = 1_795_000_000_000
DAY = 86_400_000
RECORD = {
    "rule": ["CVE-2024-6387", "regreSSHion"],
    "kind": "vulnerability",
    "severity": 4,
    "score": 81.5,
    "title": "A race in sshd",
    "package": "openssh",
    "kev": False,
    "epss": None,
    "state": "open",
    "first_seen": NOW - 2 * DAY,
    "tag": [],
    "asset.name": "web-1",
    "asset.os": ["Debian GNU/Linux 12 (bookworm)", "debian 12"],
}


@pytest.mark.parametrize(
    "query",
    [
        "",
        'asset.os:"debian 12" and severity>=high and not kev:true and not tag:lab and package:open* first_seen<7d',
        "asset.os:bookworm severity:[high, critical]",
        "rule:cve-2024-6387",
        "rule:REGRESSHION",
        "sshd race",
        '"race in"',
        "WEB-?",
        "tag:none epss:none",
        "not epss>0.1",
        "score>81 score<=81.5 score!=80",
        "kev:true or (package:nginx or package=openssh)",
        "vulnerability:(severity>=high and state:open)",
        "first_seen<2026-11-20 and first_seen>2026-11-01",
        "asset:web-1",
        "state:any",
        "NOT kev:yes AND severity>medium",
    ],
)
def test_queries_that_hold(query: str) -> None:
    assert evaluate(parse(query), RECORD, NOW)


@pytest.mark.parametrize(
    "query",
    [
        "severity>high",
        "package:openss",
        "package=OpenSSH",
        "first_seen>7d",
        "epss>=0",
        "policy:(severity>=high)",
        "tag:lab",
        "not (kev:false or severity:low)",
        "nothing-like-this",
    ],
)
def test_queries_that_do_not_hold(query: str) -> None:
    assert not evaluate(parse(query), RECORD, NOW)


@pytest.mark.parametrize(
    ("query", "position", "told", "expected"),
    [
        ("severty:high", 0, "there is no field 'severty'", "severity"),
        ("severity:hgh", 9, "severity is never 'hgh'", "high"),
        ("kev:maybe", 4, "true or false", "true"),
        ("score>lots", 6, "'lots' is not a number", "a number"),
        ("score>nan", 6, "'nan' is not a number", "a number"),
        ("package>openssl", 7, "cannot be compared by '>'", ":"),
        ("first_seen:yesterday", 10, "cannot be compared by ':'", "<"),
        ("first_seen<soon", 11, "'soon' is not a time", "an age such as 7d, 12h or 2w"),
        ("first_seen<99999y", 11, "longer than a hundred years", "a shorter age"),
        ("(kev:true", 0, "never closed", ")"),
        ("kev:true)", 8, "')' does not fit here", "and"),
        ('title:"never closed', 6, "never closed", '"'),
        ("tag:[a, b", 9, "the list is not closed", "]"),
        ("severity>=[high]", 10, "a list cannot stand behind '>='", "one value"),
        ("kev:true and", 12, "the query ends here", "a field"),
        ("or kev:true", 0, "nothing stands before 'or'", "a field"),
        ("kev:", 4, "a value is missing", "a value"),
        ("sev!high", 3, "'!' alone is no operator", "!="),
        ("a\x00b", 1, "NUL", ""),
    ],
)
def test_errors_point_at_the_place(query: str, position: int, told: str, expected: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(query)
    assert raised.value.position == position
    assert told in raised.value.message
    assert not expected or expected in raised.value.expected
    assert f"character {position + 1}:" in str(raised.value)


@pytest.mark.parametrize(
    "query",
    [
        "(" * 30 + "a" + ")" * 30,
        "not " * 30 + "a",
        " ".join(["a"] * 300),
        "a" * (TEXT_LIMIT + 1),
        f"tag:[{'a,' * 200}a]",
    ],
)
def test_size_and_depth_are_bounded(query: str) -> None:
    with pytest.raises(QueryError, match=r"more than|longer than"):
        parse(query)


@given(st.text(max_size=60) | st.text('()[]":<>=!,.* andortskev\\', max_size=60))
def test_any_text_is_a_query_or_an_error_with_a_place(text: str) -> None:
    try:
        evaluate(parse(text), RECORD, NOW)
    except QueryError as error:
        assert 0 <= error.position <= len(text)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", "rule:"),
        ("sev", "severity:"),
        ("severity", "severity:"),
        ("severity>=", "critical"),
        ("severity:[high, c", "critical"),
        ("kev:", "true"),
        ("kev:true ", "and "),
        ("kev:true a", "and "),
        ("kev:true and ", "rule:"),
        ("not ", "rule:"),
        ("(", "rule:"),
        ("first_seen<", "1d"),
        ("asset.o", "asset.os:"),
        ("vuln", "vulnerability:("),
        ("package:op", "openssl"),
        ('package:"', '"two words"'),
    ],
)
def test_suggestions(text: str, first: str) -> None:
    assert complete(text, len(text), values)[0].insert == first


@given(st.text(max_size=30), st.integers(-5, 40))
def test_suggestions_for_any_text(text: str, cursor: int) -> None:
    for suggestion in complete(text, cursor, values):
        assert 0 <= suggestion.start <= suggestion.end <= len(text)


def test_every_field_has_help_and_operators() -> None:
    assert all(field.help and field.operators for field in FIELDS.values())


def values(field: Field, beginning: str) -> list[str]:
    """What an estate might have."""
    known = ["two words"] if not beginning else ["openssl"]
    return known if field.name == "package" else []
