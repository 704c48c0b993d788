"""Evaluation agrees with the Rust engine on what is known, and answers under unknowns only what always holds."""

import copy
from contextlib import suppress
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.assess.policy.evaluate import Program
from bartizan.assess.policy.operators import TROUBLE, TooExpensive, Touched
from bartizan.assess.policy.schema import Gap, put
from bartizan.assess.policy.syntax import parse
from policy_expressions import ROOT, VALUE, booleans


def program(text: str) -> Program:
    return Program(parse(text), ("resource",))


def evaluate(text: str, value: Any) -> Any:
    return program(text).evaluate(value)


def with_gaps(*paths: str) -> dict[str, Any]:
    value = copy.deepcopy(VALUE)
    for path in paths:
        assert put(ROOT, value, path, Gap(path, "not told")) == ""
    return value


@given(booleans())
@settings(max_examples=600)
def test_known_values_are_judged_as_the_oracle_judges_them(text: str) -> None:
    try:
        wanted = cel.compile(text).execute(cel.Context(variables={"resource": VALUE}))
    except Exception:
        # We absorb errors in whichever order they stand, as the specification says; the oracle does so in part.
        return
    assert evaluate(text, VALUE) is wanted


OTHER: dict[str, list[Any]] = {
    "on": [True, False],
    "n": [0, 3, 1000],
    "s": ["root", "x", "a"],
    "names": [[], ["root"], ["x", "alice"]],
    "map.a": ["1", "2"],
    "users[0].name": ["root", "alice"],
    "users[1].uid": [0, 3, 1000],
    "users[2].login": [True, False],
    "users[1]": [{"name": "x", "uid": 0, "login": True}, {"name": "root", "uid": 5, "login": False}],
}


@given(booleans(), st.sampled_from(sorted(OTHER)), st.data())
@settings(max_examples=800)
def test_an_answer_under_an_unknown_holds_for_every_value(text: str, path: str, data: st.DataObject) -> None:
    compiled = program(text)
    try:
        answer = compiled.evaluate(with_gaps(path))
    except Touched as error:
        assert {gap.path for gap in error.gaps} == {path}
        return
    except TROUBLE:
        return
    value = copy.deepcopy(VALUE)
    put(ROOT, value, path, data.draw(st.sampled_from(OTHER[path])))
    with suppress(*TROUBLE):
        assert compiled.evaluate(value) is answer


@given(booleans())
@settings(max_examples=300)
def test_an_index_changes_nothing(text: str) -> None:
    compiled = program(text)
    index: dict[Any, Any] = {}
    for value in (VALUE, VALUE):
        try:
            wanted = compiled.evaluate(value)
        except TROUBLE as error:
            with pytest.raises(type(error)):
                compiled.evaluate(value, index=index)
        else:
            assert compiled.evaluate(value, index=index) is wanted


def test_lists_made_on_the_way_are_not_remembered() -> None:
    index: dict[Any, Any] = {}
    for name in ("root", "alice", "mail") * 20:
        found = program(f'resource.users.filter(u, u.name == "{name}").exists(u, u.name == "{name}")')
        assert found.evaluate(VALUE, index=index) is True
        missing = program(f'resource.users.filter(u, u.name != "{name}").exists(u, u.name == "{name}")')
        assert missing.evaluate(VALUE, index=index) is False


@pytest.mark.parametrize(
    ("text", "gaps", "wanted"),
    [
        ("false && resource.on", ["on"], False),
        ("resource.on && false", ["on"], False),
        ("resource.on || true", ["on"], True),
        ("resource.on", ["on"], None),
        ("resource.on == resource.on", ["on"], None),
        ('resource.users.exists(u, u.name == "alice")', ["users[0].name"], True),
        ('resource.users.exists(u, u.name == "bob")', ["users[0].name"], None),
        ("resource.users.all(u, u.uid < 9)", ["users[0].uid"], False),
        ("resource.users.all(u, u.uid >= 0)", ["users[0].uid"], None),
        ("resource.users.all(u, u.uid >= 0)", ["users.name"], True),
        ("size(resource.users) == 3", ["users[1]"], True),
        ("size(resource.users) == 3", ["users"], None),
        ("size(resource.map) == 2", ["map.a"], None),
        ('"a" in resource.map', ["map.a"], None),
        ('"b" in resource.map', ["map.a"], True),
        ('"root" in resource.names', ["names[1]"], True),
        ('"x" in resource.names', ["names[1]"], None),
        ('get(resource.map, "a", "") == "1"', ["map.a"], None),
        ('get(resource.map, "b", "") == "2"', ["map.a"], True),
        ("resource.users.exists_one(u, u.uid == 0)", ["users[2].uid"], None),
        ("resource.users.filter(u, u.login).size() == 2", ["users[2].login"], None),
        ("resource.on ? true : true", ["on"], None),
        ('resource.users.exists(u, u.name == "root" && u.uid == 0)', ["users[1].name"], True),
        ('resource.users.all(u, u.name != "root" || u.uid == 0)', ["users[1].name", "users[1].uid"], None),
    ],
)
def test_unknowns_are_absorbed_where_nothing_hangs_on_them(text: str, gaps: list[str], wanted: bool | None) -> None:
    if wanted is None:
        with pytest.raises(Touched):
            evaluate(text, with_gaps(*gaps))
    else:
        assert evaluate(text, with_gaps(*gaps)) is wanted


def test_all_unknowns_that_matter_are_told() -> None:
    with pytest.raises(Touched) as caught:
        evaluate('resource.on && resource.s == "root"', with_gaps("on", "s", "n"))
    assert [gap.path for gap in caught.value.gaps] == ["on", "s"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1 / 0 == 1 || true", True), ("true || 1 / 0 == 1", True), ("[1, 2][5] == 1 && false", False),
     ("7 / -2 == -3", True), ("-7 % 3 == -1", True), ('resource.map["zz"] == "a" || true', True)],
)  # fmt: skip
def test_errors_are_absorbed_too(text: str, wanted: bool) -> None:
    assert evaluate(text, VALUE) is wanted


@pytest.mark.parametrize(
    "text", ["1 / 0 == 1", "[1][1] == 1", "9223372036854775807 + 1 > 0", 'resource.map["zz"] == "a"']
)
def test_an_error_is_no_answer(text: str) -> None:
    with pytest.raises(TROUBLE):
        evaluate(text, VALUE)


def test_the_cost_is_bounded() -> None:
    value = {**VALUE, "names": ["x"] * 2000}
    nested = "resource.names.all(a, resource.names.all(b, resource.names.all(c, a != 'y')))"
    with pytest.raises(TooExpensive):
        evaluate(nested, value)


class TestTrace:
    def values(self, text: str, value: Any = VALUE) -> dict[str, Any]:
        return program(text).trace(value).values

    def test_scalars_that_were_read(self) -> None:
        assert self.values('resource.n > 5 && resource.s == "root"') == {"n": 3}
        assert self.values('resource.n > 1 && resource.s == "x"') == {"n": 3, "s": "root"}

    def test_elements_that_broke_a_rule(self) -> None:
        found = self.values("resource.users.all(u, u.uid < 9)")
        assert found == {"users": [{"name": "alice", "uid": 1000}]}

    def test_elements_that_were_found(self) -> None:
        assert self.values("!resource.users.exists(u, !u.login)") == {"users": [{"name": "mail", "login": False}]}

    def test_nothing_found(self) -> None:
        assert self.values('resource.users.exists(u, u.name == "bob")') == {"users": "none of 3"}

    def test_one_entry_of_a_map(self) -> None:
        assert self.values('resource.map["a"] == "2"') == {"map[a]": "1"}
        assert self.values('get(resource.map, "c", "-") == "2"') == {"map[c]": "-"}
        assert self.values('"c" in resource.map') == {"map[c]": False}

    def test_a_list_of_ours_against_the_resource(self) -> None:
        assert self.values('["x", "y"].exists(p, p in resource.names)') == {"names": "none of x, y"}

    def test_long_lists_are_cut(self) -> None:
        value = {**VALUE, "names": [f"n{number}" for number in range(100)]}
        assert self.values('resource.names.all(n, n == "x")', value)["names"][-1] == "and 80 more"

    def test_long_texts_are_cut(self) -> None:
        value = {**VALUE, "s": "x" * 100_000, "names": ["y" * 100_000]}
        found = self.values('resource.s == "root" || resource.names.exists(n, n != "root")', value)
        assert len(found["s"]) < 400
        assert len(found["names"][0]) < 400

    def test_doubled_values(self) -> None:
        value = {**VALUE, "names": ["a", "b", "a"]}
        assert self.values("size(duplicates(resource.names.map(n, n))) == 0", value)["names"] == ["a"]

    @given(booleans())
    def test_a_trace_never_fails(self, text: str) -> None:
        program(text).trace(with_gaps("users[0].name", "on", "map.a"))
