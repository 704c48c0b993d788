"""Messages read back as written; hostile bodies are refused with the place where they are wrong."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Problem, Section
from bartizan.sensors.uplink import protocol
from bartizan.sensors.uplink.protocol import (
    Command,
    Enrolment,
    Malformed,
    Manifest,
    Reply,
    Sections,
    TooMuch,
    read_credential,
    read_enrolment,
    read_manifest,
    read_reply,
    read_sections,
    write,
)

ASSET = AssetRef(kind=AssetKind.HOST, key="4c4c4544", name="db1")
USERS = Section(name="users", facts=[{"name": "root"}], problems=(Problem(path="/etc/shadow", reason="denied"),))
OS = Section(name="os", facts={"id": "debian", "comment": "caf\udce9"})
MANIFEST = Manifest(
    asset=ASSET,
    taken_at="2026-11-23T10:37:00Z",
    sensor="agent/0.1.0",
    sections={"users": USERS.digest, "os": OS.digest},
    spool_dropped=3,
)
SECTIONS = Sections(
    asset=ASSET,
    taken_at="2026-11-23T10:37:00Z",
    sensor="agent/0.1.0",
    manifest=MANIFEST.sections,
    sections={"users": USERS, "os": OS},
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def test_messages_are_read_as_written() -> None:
    enrolment = Enrolment(activation_key="bak_x", asset=ASSET, sensor="agent", version="0.1.0")
    assert read_enrolment(write(enrolment)) == enrolment
    assert read_manifest(write(MANIFEST)) == MANIFEST
    assert read_sections(write(SECTIONS)) == SECTIONS


def manifest_with(**changes: Any) -> bytes:
    record = json.loads(write(MANIFEST))
    record.update(changes)
    return json.dumps({name: value for name, value in record.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (manifest_with(environment={"TOKEN": "x"}), "environment"),
        (manifest_with(asset={"kind": "host", "key": "k", "name": "n", "serial": 1}), "asset.serial"),
        (manifest_with(asset={"kind": "toaster", "key": "k", "name": "n"}), "asset.kind"),
        (manifest_with(asset={"kind": ["host"], "key": "k", "name": "n"}), "asset.kind"),
        (manifest_with(asset={"kind": "host", "key": "k\0", "name": "n"}), "key"),
        (manifest_with(asset={"kind": "host", "key": "k" * 301, "name": "n"}), "key"),
        (manifest_with(asset=...), "asset"),
        (manifest_with(taken_at="yesterday"), "taken_at"),
        (manifest_with(taken_at="2026-13-40T10:37:00Z"), "taken_at"),
        (manifest_with(sections={"../x": "sha256:" + "0" * 64}), "sections.../x"),
        (manifest_with(sections={"users": "md5:0"}), "sections.users"),
        (manifest_with(sections=[]), "sections"),
        (manifest_with(spool_dropped=-1), "spool_dropped"),
        (manifest_with(spool_dropped=True), "spool_dropped"),
        (b"[]", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b'{"a": NaN}', "body"),
        (b"[" * 100_000, "body"),
    ],
)
def test_what_does_not_belong_is_refused_with_its_place(body: bytes, path: str) -> None:
    with pytest.raises(Malformed) as error:
        read_manifest(body)
    assert error.value.path == path


def test_too_many_sections_and_too_long_bodies_are_refused() -> None:
    many = {f"s{number}": USERS.digest for number in range(protocol.SECTIONS_LIMIT + 1)}
    with pytest.raises(TooMuch):
        read_manifest(manifest_with(sections=many))
    with pytest.raises(TooMuch):
        read_manifest(b" " * (protocol.PLAIN_LIMIT + 1))


def sections_with(**changes: Any) -> bytes:
    record = json.loads(gzip.decompress(write(SECTIONS)))
    record.update(changes)
    return gzip.compress(json.dumps(record).encode())


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (sections_with(sections={"users": {"facts": [], "problems": []}}), "sections.users"),
        (sections_with(sections={"groups": {"facts": [], "problems": []}}), "sections.groups"),
        (sections_with(sections={"users": {"facts": []}}), "sections.users.problems"),
        (sections_with(sections={"users": {"facts": [], "problems": [], "raw": ""}}), "sections.users.raw"),
        (sections_with(sections={"users": {"facts": [], "problems": {}}}), "sections.users.problems"),
        (sections_with(sections={"users": {"facts": [], "problems": [{"path": 1, "reason": ""}]}}), "sections.users.p"),
        (b"", "body"),
        (b"{}", "body"),
        (write(SECTIONS)[:-9], "body"),
        (write(SECTIONS) + b"x", "body"),
        (gzip.compress(b'{"a": 1e999}'), "asset"),
    ],
)
def test_sections_must_be_what_the_manifest_says(body: bytes, path: str) -> None:
    with pytest.raises(Malformed) as error:
        read_sections(body)
    assert error.value.path.startswith(path)


def test_infinite_numbers_have_no_digest() -> None:
    body = gzip.decompress(sections_with()).replace(b'"debian"', b"1e999")
    with pytest.raises(Malformed) as error:
        read_sections(gzip.compress(body))
    assert error.value.path == "sections.os"


def test_a_gzip_bomb_is_refused_without_inflating_it() -> None:
    bomb = gzip.compress(b"\0" * (protocol.INFLATED_LIMIT + 1), 9)
    assert len(bomb) < 100_000
    with pytest.raises(TooMuch):
        read_sections(bomb)


def test_replies_ignore_what_a_newer_server_adds() -> None:
    body = {
        "missing": ["os"],
        "commands": [{"id": "c_1", "kind": "collect", "priority": 1}],
        "configuration": {"interval": 60, "colour": "red", "flag": True},
        "weather": "fine",
    }
    assert read_reply(json.dumps(body).encode()) == Reply(
        missing=("os",), commands=(Command(id="c_1", kind="collect"),), configuration={"interval": 60}
    )


@pytest.mark.parametrize("body", [b"{}", b'{"sensor_id": "s", "key": "zz"}', b'{"sensor_id": "../x", "key": "%064d"}'])
def test_a_credential_has_a_key(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_credential(body.replace(b"%064d", b"0" * 64))


@settings(max_examples=200)
@given(json_values)
def test_any_json_is_read_or_refused(value: Any) -> None:
    body = json.dumps(value).encode()
    for read in (read_enrolment, read_manifest, read_credential):
        with pytest.raises(Malformed):
            read(body)
    with pytest.raises(Malformed):
        read_sections(gzip.compress(body))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (read_enrolment, read_manifest, read_sections, read_credential):
        with pytest.raises(Malformed):
            read(body)


@given(json_values.filter(lambda value: "NaN" not in json.dumps(value) and "Infinity" not in json.dumps(value)))
def test_any_facts_are_read_as_written(facts: Any) -> None:
    section = Section(name="os", facts=facts)
    message = Sections(
        asset=ASSET,
        taken_at="2026-11-23T10:37:00Z",
        sensor="a",
        manifest={"os": section.digest},
        sections={"os": section},
    )
    assert read_sections(write(message)).sections["os"].digest == section.digest
