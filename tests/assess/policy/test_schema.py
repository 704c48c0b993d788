"""Schemas give every field a type and a value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.assess.policy.schema import Gap, Schema, misfit, read_schema, resource_value
from bartizan.content.documents import ContentError, parse_document
from bartizan.model.resource import Unknown

TEXT = b"""
type: thing
title: A thing
fields:
  name: string = nobody | what it is called
  age: int = -1
  seen: bool?
  tags: list of string
  extra: any
  limits: map of string
  inner: {on: bool = true, ratio: double}
  parts: [{id: string, ok: bool, more: {"*": int}}]
  units: {"*": {state: string}}
"""


def schema(text: bytes = TEXT) -> Schema:
    return read_schema(parse_document(text, "thing.yaml"))


def test_every_field_exists() -> None:
    value = resource_value(schema(), {})
    assert isinstance(value.pop("seen"), Gap)
    assert value == {
        "name": "nobody", "age": -1, "tags": [], "extra": None, "limits": {}, "inner": {"on": True, "ratio": 0.0},
        "parts": [], "units": {},
    }  # fmt: skip


def test_what_is_given_is_kept_and_none_is_as_if_missing() -> None:
    value = resource_value(schema(), {"name": "x", "age": None, "seen": False, "parts": [{"id": "a"}], "other": 1})
    assert value["name"] == "x"
    assert value["age"] == -1
    assert value["seen"] is False
    assert value["parts"] == [{"id": "a", "ok": False, "more": {}}]
    assert "other" not in value


def test_a_value_of_another_type_is_unknown() -> None:
    value = resource_value(schema(), {"age": "12", "inner": [], "tags": ["a", 1]})
    assert value["age"].reason == "expected int, found string '12'"
    assert isinstance(value["inner"], Gap)
    assert value["tags"][0] == "a"
    assert value["tags"][1].path == "tags[1]"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("name", ["name"]),
        ("inner.on", ["inner", "on"]),
        ("inner", ["inner"]),
        ("parts[1].ok", ["parts", 1, "ok"]),
        ("limits.net.ipv4.ip_forward", ["limits", "net.ipv4.ip_forward"]),
        ("limits[a.b]", ["limits", "a.b"]),
        ("units.ssh.service.state", ["units", "ssh.service", "state"]),
        ("units[new.service].state", ["units", "new.service", "state"]),
    ],
)
def test_an_unknown_is_a_gap_at_its_path(path: str, where: list[Any]) -> None:
    attributes = {"parts": [{"id": "a"}, {"id": "b"}], "units": {"ssh.service": {"state": "on"}}}
    value: Any = resource_value(schema(), attributes, [Unknown(path=path, reason="denied")])
    for key in where:
        value = value[key]
    assert isinstance(value, Gap)
    assert (value.path, value.reason) == (path, "denied")


def test_a_field_of_every_element() -> None:
    value = resource_value(schema(), {"parts": [{"id": "a"}, {"id": "b"}]}, [Unknown(path="parts.ok", reason="denied")])
    assert [part["id"] for part in value["parts"]] == ["a", "b"]
    assert all(isinstance(part["ok"], Gap) for part in value["parts"])


@pytest.mark.parametrize("path", ["parts[7].ok", "inner.onn.deeper", "parts[0].nothing"])
def test_a_path_that_leads_nowhere_covers_what_stands_around_it(path: str) -> None:
    value = resource_value(schema(), {"parts": [{"id": "a"}]}, [Unknown(path=path, reason="denied")])
    top = path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
    found = value[top]
    assert isinstance(found, Gap) or any(isinstance(each, Gap) for each in found)


@given(st.text(alphabet="abinerolmtsparu.[]0", max_size=12))
def test_no_path_fails(path: str) -> None:
    misfit(schema().root, path)
    resource_value(schema(), {"parts": [{"id": "a"}]}, [Unknown(path=path, reason="denied")])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("fields: {}", "thing.yaml:1: a schema needs"),
        ("type: a\nfields:\n  x: strng\n", "thing.yaml:3: unknown type 'strng'"),
        ("type: a\nfields:\n  x: int = many\n", "thing.yaml:3: default of x: expected int, found string 'many'"),
        ("type: a\nfields:\n  a-b: int\n", "thing.yaml:3: field name 'a-b' cannot be written in an expression"),
        ("type: a\nfields:\n  x: [int, int]\n", "thing.yaml:3: unknown type"),
        ("type: a\nfield: {}\nfields: {}\n", "thing.yaml:2: a schema has no key 'field'"),
    ],
)
def test_a_wrong_schema_says_where(text: str, wanted: str) -> None:
    with pytest.raises(ContentError) as caught:
        schema(text.encode())
    assert wanted in str(caught.value)
