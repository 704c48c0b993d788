"""Expressions to test with: text that is well typed over `VALUE`, and text that is merely CEL."""

from typing import Any

from hypothesis import strategies as st

from bartizan.assess.policy.types import BOOL, INT, STRING, ListType, MapType, ObjectType

ROOT = ObjectType(
    {
        "on": BOOL,
        "off": BOOL,
        "n": INT,
        "s": STRING,
        "names": ListType(STRING),
        "map": MapType(STRING),
        "users": ListType(ObjectType({"name": STRING, "uid": INT, "login": BOOL})),
    }
)
VALUE: dict[str, Any] = {
    "on": True,
    "off": False,
    "n": 3,
    "s": "root",
    "names": ["root", "alice"],
    "map": {"a": "1", "b": "2"},
    "users": [
        {"name": "root", "uid": 0, "login": True},
        {"name": "alice", "uid": 1000, "login": True},
        {"name": "mail", "uid": 8, "login": False},
    ],
}
TYPES = {"resource": ROOT}

_TEXTS = st.sampled_from(["resource.s", '"root"', '"alice"', "'x'", '"a"', 'resource.map["a"]', "resource.names[1]"])
_INTS = st.sampled_from(
    ["resource.n", "0", "3", "1000", "-1", "size(resource.names)", "resource.users[1].uid", "7 / 2"]
)


def _ints(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return _INTS
    below = _ints(depth - 1)
    return _INTS | st.tuples(below, st.sampled_from("+-*%/"), below).map(lambda t: f"({t[0]} {t[1]} {t[2]})")


def _members(depth: int) -> st.SearchStrategy[str]:
    """Conditions on a user `u`."""
    base = st.sampled_from(
        [
            'u.name == "root"',
            'u.name != "alice"',
            "u.uid == 0",
            "u.uid < 1000",
            "u.login",
            "!u.login",
            "u.name in resource.names",
        ]
    )
    if depth == 0:
        return base
    below = _members(depth - 1)
    return base | st.tuples(below, st.sampled_from(["&&", "||"]), below).map(lambda t: f"({t[0]} {t[1]} {t[2]})")


def booleans(depth: int = 3) -> st.SearchStrategy[str]:
    """Well typed expressions that are true or false."""
    base = st.one_of(
        st.sampled_from(["resource.on", "resource.off", "true", "false"]),
        st.tuples(_TEXTS, st.sampled_from(["==", "!="]), _TEXTS).map(" ".join),
        st.tuples(_ints(1), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), _ints(1)).map(" ".join),
        _TEXTS.map(lambda text: f"{text} in resource.names"),
        _TEXTS.map(lambda text: f"{text} in resource.map"),
        st.tuples(st.sampled_from(["all", "exists", "exists_one"]), _members(2)).map(
            lambda t: f"resource.users.{t[0]}(u, {t[1]})"
        ),
        _members(1).map(lambda body: f"size(resource.users.filter(u, {body})) > 1"),
        st.sampled_from(['resource.names.all(k, k != "x")', 'resource.map.exists(k, resource.map[k] == "2")']),
    )
    if depth == 0:
        return base
    below = booleans(depth - 1)
    return st.one_of(
        base,
        below.map(lambda text: f"!({text})"),
        st.tuples(below, st.sampled_from(["&&", "||"]), below).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(below, below, below).map(lambda t: f"(({t[0]}) ? ({t[1]}) : ({t[2]}))"),
    )


SHAPES = st.lists(
    st.sampled_from(
        [
            "a",
            "b.c",
            "f(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "?",
            "&&",
            "||",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "+",
            "-",
            "*",
            "/",
            "%",
            "!",
            "in",
            "1",
            "2.5",
            "1u",
            "0x1F",
            "'x'",
            '"y"',
            "r'z'",
            "b'q'",
            "true",
            "null",
            ".all(v,",
            "v)",
            ".map(v,v)",
            ".exists(v,",
            ".",
            "if",
        ]
    ),
    max_size=9,
).map(" ".join)
"""Mostly nonsense."""
