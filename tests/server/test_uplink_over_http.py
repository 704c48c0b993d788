"""Sensors and server over a real socket: what is taken, what is refused, and that refusals are signed as well."""

import gzip
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import pytest

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from bartizan.sensors.uplink import protocol, signing
from bartizan.sensors.uplink.client import Client, Server
from bartizan.sensors.uplink.delivery import NotEnrolled, Queued, Rejected
from bartizan.sensors.uplink.protocol import Credential, Enrolment, Manifest, Sections
from server_process import Answer, Running


@dataclass(slots=True)
class Host:
    """A sensor of one invented host, with the wire in its own hands."""

    server: Running
    asset: AssetRef
    credential: Credential

    def queued(self, **facts: Any) -> Queued:
        sections = {name: Section(name=name, facts=value) for name, value in facts.items()}
        return Queued(
            asset=self.asset,
            taken_at=signing.utc(time.time()),
            sensor="agent/0.1.0",
            manifest={name: section.digest for name, section in sections.items()},
            sections=lambda names: {name: sections[name] for name in names},
        )

    def send(self, **facts: Any) -> protocol.Reply:
        with Client(Server.parse(self.server.url)) as client:
            return client.send(self.credential, self.queued(**facts))

    def raw(
        self, path: str, body: bytes, *, nonce: str = "", date: str = "", signed: bytes | None = None, **headers: str
    ) -> Answer:
        nonce, date = nonce or secrets.token_hex(16), date or signing.utc(time.time())
        key = bytes.fromhex(self.credential.key)
        signature = signing.sign(key, "POST", path, date, nonce, body if signed is None else signed)
        stamp = signing.Stamp(sensor=self.credential.sensor_id, date=date, nonce=nonce, signature=signature)
        answer = self.server.stranger().post(path, body, Authorization=stamp.header(), **headers)
        given = answer.headers.get("x-bartizan-signature", "")
        assert signing.reply_is_genuine(key, nonce, answer.status, answer.body, given), answer.body
        return answer


@pytest.fixture
def host(server: Running) -> Host:
    name = "h" + secrets.token_hex(4)
    asset = AssetRef(kind=AssetKind.HOST, key=name, name=name)
    message = Enrolment(activation_key=server.activation_key(), asset=asset, sensor="agent", version="0.1.0")
    with Client(Server.parse(server.url)) as client:
        return Host(server, asset, client.enrol(message))


def manifest(host: Host, **digests: str) -> bytes:
    return protocol.write(
        Manifest(asset=host.asset, taken_at=signing.utc(time.time()), sensor="agent/0.1.0", sections=digests)
    )


def code(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).removeprefix("/problems/")


def test_what_is_known_is_not_sent_again(host: Host) -> None:
    assert set(host.send(os={"id": "debian"}, users=[host.asset.name]).changed) == {"os", "users"}
    assert host.send(os={"id": "debian"}, users=[host.asset.name]).changed == ()
    assert host.send(os={"id": "debian"}, users=[host.asset.name, "new"]).changed == ("users",)


def test_the_sensor_and_its_asset_show_up(host: Host) -> None:
    host.send(os={"id": "debian"})
    sensors = host.server.browser().get("/api/v1/sensors?limit=500").json()["items"]
    (mine,) = [one for one in sensors if one["id"] == host.credential.sensor_id]
    assert mine["online"]
    assert mine["asset_id"]
    assert mine["version"] == "0.1.0"


def test_a_command_is_told_once_with_the_next_answer(host: Host) -> None:
    assert host.server.browser().post(f"/api/v1/sensors/{host.credential.sensor_id}/collect").status == 202
    assert [command.kind for command in host.send(os=1).commands] == ["collect"]
    assert host.send(os=1).commands == ()
    assert host.send(os=1).configuration == {"interval": host.server.settings.sensor_interval}


def test_a_request_is_taken_once(host: Host) -> None:
    body, nonce = manifest(host), secrets.token_hex(16)
    assert host.raw(protocol.MANIFEST, body, nonce=nonce).status == 200
    assert code(host.raw(protocol.MANIFEST, body, nonce=nonce)) == "replayed"


def test_old_and_future_dates_are_told_the_time(host: Host) -> None:
    for offset in (-3600, 3600):
        answer = host.raw(protocol.MANIFEST, manifest(host), date=signing.utc(time.time() + offset))
        assert code(answer) == "clock"
        assert abs(signing.seconds(answer.json()["server_time"]) - time.time()) < 30


def test_a_body_that_was_changed_on_the_way_is_refused(host: Host) -> None:
    body = manifest(host)
    assert code(host.raw(protocol.MANIFEST, body.replace(b"agent/0.1.0", b"agent/0.1.1"), signed=body)) == "signature"


def test_strangers_learn_nothing(host: Host) -> None:
    stranger = host.server.stranger()
    for header in ("", "Bearer x", "Bartizan-1 nonsense"):
        answer = stranger.post(protocol.MANIFEST, manifest(host), Authorization=header)
        assert (answer.status, code(answer)) == (401, "unsigned")
    unknown = Host(host.server, host.asset, Credential(sensor_id="f" * 32, key="00" * 32))
    with pytest.raises(NotEnrolled) as error:
        unknown.send(os=1)
    assert error.value.code == "unknown-sensor"


def test_a_revoked_sensor_is_told_so(host: Host) -> None:
    host.server.browser().post(f"/api/v1/sensors/{host.credential.sensor_id}/revoke")
    with pytest.raises(NotEnrolled) as error:
        host.send(os=1)
    assert error.value.code == "revoked"
    assert error.value.genuine


def test_a_sensor_writes_about_its_own_asset_only(host: Host) -> None:
    host.send(os=1)
    host.asset = AssetRef(kind=AssetKind.HOST, key="somebody-else", name="somebody-else")
    with pytest.raises(Rejected) as error:
        host.send(os=1)
    assert error.value.code == "another-asset"


def test_an_activation_key_that_is_used_up_admits_nobody(server: Running) -> None:
    made = server.browser().post("/api/v1/activation-keys", {"name": "once", "max_uses": 1}).json()
    asset = AssetRef(kind=AssetKind.HOST, key="k", name="n")
    message = Enrolment(activation_key=made["key"], asset=asset, sensor="agent", version="0")
    with Client(Server.parse(server.url)) as client:
        client.enrol(message)
        with pytest.raises(Rejected) as error:
            client.enrol(message)
    assert error.value.code == "activation-key"


@pytest.mark.parametrize(
    ("body", "status", "wrong"),
    [
        (gzip.compress(b"\0" * (protocol.INFLATED_LIMIT + 1)), 413, "too-large"),
        (b"not gzip", 422, "validation"),
        (gzip.compress(b"[]"), 422, "validation"),
        (gzip.compress(b'{"asset": 1'), 422, "validation"),
    ],
)
def test_hostile_sections_are_refused(host: Host, body: bytes, status: int, wrong: str) -> None:
    answer = host.raw(protocol.SECTIONS, body, Content_Encoding="gzip")
    assert (answer.status, code(answer)) == (status, wrong)


def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(host: Host) -> None:
    answer = host.server.stranger().post(protocol.MANIFEST, b" " * (protocol.PLAIN_LIMIT + 1))
    assert (answer.status, code(answer)) == (413, "too-large")


def test_an_environment_variable_is_not_part_of_the_schema(host: Host) -> None:
    record = json.loads(manifest(host))
    record["environment"] = {"TOKEN": "x"}
    answer = host.raw(protocol.MANIFEST, json.dumps(record).encode())
    assert (answer.status, code(answer)) == (422, "validation")
    assert "environment" in answer.json()["detail"]


def test_sections_that_are_neither_sent_nor_known_are_asked_for(host: Host) -> None:
    message = Sections(
        asset=host.asset,
        taken_at=signing.utc(time.time()),
        sensor="agent/0",
        manifest={"os": "sha256:" + "0" * 64},
        sections={},
    )
    answer = host.raw(protocol.SECTIONS, protocol.write(message), Content_Encoding="gzip")
    assert (answer.status, code(answer)) == (409, "sections-missing")


def test_a_snapshot_from_the_future_is_dated_now(host: Host) -> None:
    ahead = host.queued(os=1)
    body = protocol.write(
        Manifest(asset=host.asset, taken_at="2999-01-01T00:00:00Z", sensor="agent/0", sections=ahead.manifest)
    )
    host.raw(protocol.MANIFEST, body)
    assert host.send(os=[1, host.asset.name]).changed == ("os",)
