"""The conversation, played from both ends without a socket."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from bartizan.sensors.uplink import signing
from bartizan.sensors.uplink.backoff import LONGEST, delay
from bartizan.sensors.uplink.delivery import (
    Clock,
    NotEnrolled,
    Queued,
    Rejected,
    Request,
    Response,
    Unavailable,
    deliver,
    enrol,
)
from bartizan.sensors.uplink.protocol import Credential, Enrolment, read_manifest, read_sections

KEY = "ab" * 32
CREDENTIAL = Credential(sensor_id="s_1", key=KEY)
ASSET = AssetRef(kind=AssetKind.HOST, key="k", name="n")
OS = Section(name="os", facts={"id": "debian"})
USERS = Section(name="users", facts=[])
NOW = 1_795_000_000.0


def queued() -> Queued:
    sections = {"os": OS, "users": USERS}
    return Queued(
        asset=ASSET,
        taken_at="2026-11-23T10:37:00Z",
        sensor="agent/0.1.0",
        manifest={name: section.digest for name, section in sections.items()},
        sections=lambda names: {name: sections[name] for name in names},
    )


def clock() -> Clock:
    return Clock(read=lambda: NOW)


def answer(request: Request, body: Mapping[str, Any], *, status: int = 200, key: str = KEY, **headers: str) -> Response:
    content = json.dumps(body).encode()
    stamp = signing.Stamp.read(request.headers["Authorization"])
    signature = signing.sign_reply(bytes.fromhex(key), stamp.nonce, status, content)
    return Response(status=status, headers={"x-bartizan-signature": signature, **headers}, body=content)


def test_only_missing_sections_are_sent() -> None:
    conversation = deliver(CREDENTIAL, clock(), queued())
    request = next(conversation)
    assert read_manifest(request.body).sections == queued().manifest
    request = conversation.send(
        answer(request, {"missing": ["users", "unheard-of"], "configuration": {"interval": 60}})
    )
    assert request.headers["Content-Encoding"] == "gzip"
    assert read_sections(request.body).sections == {"users": USERS}
    with pytest.raises(StopIteration) as end:
        conversation.send(answer(request, {"changed": ["users"]}))
    assert end.value.value.changed == ("users",)
    assert end.value.value.configuration == {"interval": 60}


def test_nothing_is_sent_to_a_server_that_cannot_prove_itself() -> None:
    conversation = deliver(CREDENTIAL, clock(), queued())
    request = next(conversation)
    with pytest.raises(Unavailable, match="not signed"):
        conversation.send(answer(request, {"missing": ["os"]}, key="cd" * 32))


def test_a_wrong_clock_is_set_once_by_a_genuine_server() -> None:
    here = clock()
    conversation = deliver(CREDENTIAL, here, queued())
    request = next(conversation)
    problem = {"type": "/problems/clock", "server_time": signing.utc(NOW + 7200)}
    request = conversation.send(answer(request, problem, status=401))
    stamp = signing.Stamp.read(request.headers["Authorization"])
    assert stamp.date == signing.utc(NOW + 7200)
    with pytest.raises(Unavailable):
        conversation.send(answer(request, problem, status=401))


def test_a_stranger_cannot_set_the_clock() -> None:
    here = clock()
    conversation = deliver(CREDENTIAL, here, queued())
    problem = {"type": "/problems/clock", "server_time": "2020-01-01T00:00:00Z"}
    with pytest.raises(Unavailable):
        conversation.send(answer(next(conversation), problem, status=401, key="00" * 32))
    assert here.offset == 0


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, {"type": "/problems/busy", "title": "Busy"}, Unavailable),
        (500, {}, Unavailable),
        (404, {}, Unavailable),
        (403, {"type": "/problems/revoked"}, NotEnrolled),
        (401, {"type": "/problems/unknown-sensor"}, NotEnrolled),
        (422, {"type": "/problems/validation"}, Rejected),
        (413, {}, Rejected),
        (409, {"type": "/problems/another-asset"}, Rejected),
    ],
)
def test_each_refusal_has_its_meaning(status: int, body: dict[str, Any], error: type[Exception]) -> None:
    conversation = deliver(CREDENTIAL, clock(), queued())
    with pytest.raises(error):
        conversation.send(answer(next(conversation), body, status=status))


def test_a_stranger_can_only_make_it_try_later() -> None:
    for status, code in ((403, "revoked"), (422, "validation"), (413, "")):
        conversation = deliver(CREDENTIAL, clock(), queued())
        with pytest.raises(Unavailable):
            conversation.send(answer(next(conversation), {"type": f"/problems/{code}"}, status=status, key="00" * 32))


def test_the_server_says_when_to_return() -> None:
    conversation = deliver(CREDENTIAL, clock(), queued())
    with pytest.raises(Unavailable) as error:
        conversation.send(answer(next(conversation), {}, status=429, **{"retry-after": "7"}))
    assert error.value.retry_after == 7


def test_what_is_no_json_is_an_outage() -> None:
    conversation = deliver(CREDENTIAL, clock(), queued())
    next(conversation)
    with pytest.raises(Unavailable, match="502"):
        conversation.send(Response(status=502, headers={}, body=b"<html>Bad gateway"))


def test_enrolment_trades_a_key_for_a_credential() -> None:
    message = Enrolment(activation_key="bak_1", asset=ASSET, sensor="agent", version="0.1.0")
    conversation = enrol(message)
    next(conversation)
    body = json.dumps({"sensor_id": "s_1", "key": KEY}).encode()
    with pytest.raises(StopIteration) as end:
        conversation.send(Response(status=201, headers={}, body=body))
    assert end.value.value == CREDENTIAL
    for status, error in ((403, Rejected), (500, Unavailable)):
        conversation = enrol(message)
        next(conversation)
        with pytest.raises(error):
            conversation.send(Response(status=status, headers={}, body=b"{}"))


def test_waits_grow_with_jitter_up_to_a_ceiling_and_honour_the_server() -> None:
    assert delay(1, lambda: 1.0) == 5.0
    assert delay(1, lambda: 0.0) == 2.5
    assert delay(3, lambda: 1.0) == 20.0
    assert delay(10_000, lambda: 1.0) == LONGEST
    assert delay(1, lambda: 1.0, 60) == 65.0
