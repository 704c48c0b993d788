"""A policy that is wrong is told so when it is loaded."""

import pytest
from hypothesis import given

from bartizan.assess.policy.check import check
from bartizan.assess.policy.syntax import ExpressionError, parse
from bartizan.assess.policy.types import BOOL, INT, STRING, ListType
from policy_expressions import TYPES, booleans


def complaint(text: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        check(parse(text), TYPES)
    return f"{caught.value.at}: {caught.value.message}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("resource.usrs.all(u, true)", "9: resource has no field 'usrs' (did you mean 'users'?)"),
        ("resource.users.all(u, u.udi == 0)", "24: resource.users[] has no field 'udi' (did you mean 'uid'?)"),
        ("resorce.on", "0: unknown name 'resorce' (did you mean 'resource'?)"),
        ('resource.n == "3"', "11: int is never equal to string"),
        ("resource.s < 3", "11: string and int have no order"),
        ("resource.s in resource.users", "11: string is never in a list of object"),
        ("3 in resource.map", "2: a map's keys are text, found int"),
        ("resource.on && resource.n", "24: what && joins must be bool, found int"),
        ("!resource.s", "10: what ! negates must be bool, found string"),
        ("-resource.s == 1", "0: what - negates must be a number, found string"),
        ("resource.n + resource.s == 1", "11: int + string has no meaning"),
        ("resource.users == resource.users && resource.users[0] == resource.users[1]", "54: objects are not compared"),
        ("resource.names.name == 'a'", "resource.names is list of string and has no field 'name' (use .exists"),
        ("resource.s[0] == 'a'", "resource.s is string and cannot be indexed"),
        ("resource.names['a'] == 'a'", "a list's index must be int, found string"),
        ("resource.s.all(x, true)", "all() needs a list or a map, resource.s is string"),
        ("resource.users.all(resource, true)", "'resource' already has a meaning here"),
        ("resource.users.all(u, u.uid)", "what all() asks of each element must be bool, found int"),
        ("lowr(resource.s) == 'a'", "unknown function 'lowr' (did you mean 'lower'?)"),
        ("resource.s.lower() == 'a'", "lower() is written lower(value, ...)"),
        ("contains(resource.s, 'a')", "contains() is written value.contains(...)"),
        ("glob(resource.n, 'a')", "glob() takes (string, string), found (int, string)"),
        ("get(resource.map, 'a', 1) == 1", "get()'s default must be string, found int"),
        ("has(resource.s)", "has() is not used in policies: every field exists"),
        ("1u == 1u", "unsigned numbers and byte texts are not used"),
        ("resource.on ? 1 : 'a'", ""),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, wanted: str) -> None:
    if not wanted:
        assert str(check(parse(text), TYPES).type) == "any"
    else:
        assert wanted in complaint(text)


def test_what_an_expression_reads_is_known() -> None:
    checked = check(
        parse('resource.users.all(u, u.uid != 0 || u.name in resource.names) && resource.map["a"] == "1"'), TYPES
    )
    assert checked.references == {
        "resource.users", "resource.users[].uid", "resource.users[].name", "resource.names", "resource.map[a]",
    }  # fmt: skip
    assert checked.type == BOOL


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("resource.users.map(u, u.uid)", ListType(INT)),
        ("resource.users.filter(u, u.login)[0].name", STRING),
        ("resource.names + ['x']", ListType(STRING)),
        ("size(resource.names) + resource.s.size()", INT),
        ("get(resource.map, 'a', '')", STRING),
        ("timestamp('2026-01-01T00:00:00Z') - timestamp('2025-01-01T00:00:00Z') > duration('1h')", BOOL),
    ],
)
def test_types_are_found(text: str, type_: object) -> None:
    assert check(parse(text), TYPES).type == type_


@given(booleans())
def test_what_is_well_typed_is_taken(text: str) -> None:
    assert check(parse(text), TYPES).type == BOOL
