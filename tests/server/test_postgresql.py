"""The same server on PostgreSQL: sign-in, uplink, jobs, findings, a kill."""

import secrets
import time
from collections.abc import Callable, Iterator

import pytest

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.model.snapshot import Section
from bartizan.sensors.uplink.client import Client, Server
from bartizan.sensors.uplink.delivery import Queued
from bartizan.sensors.uplink.protocol import Enrolment
from bartizan.sensors.uplink.signing import utc
from inventory.postgres_server import NoPostgres, running_postgres
from server_process import Running, wait_until

pytestmark = pytest.mark.component


@pytest.fixture
def database() -> Iterator[str]:
    try:
        with running_postgres() as url:
            yield url
    except NoPostgres as reason:
        pytest.skip(str(reason))


def test_from_enrolment_to_findings_and_through_a_kill(database: str, server_with: Callable[..., Running]) -> None:
    server = server_with(database_url=database)
    browser = server.browser()
    name = "h" + secrets.token_hex(4)
    asset = AssetRef(kind=AssetKind.HOST, key=name, name=name)
    users = Section(name="users", facts=None)
    snapshot = Queued(
        asset=asset,
        taken_at=utc(time.time()),
        sensor="agent/0.1.0",
        manifest={"users": users.digest},
        sections=lambda names: {"users": users},
    )
    with Client(Server.parse(server.url)) as client:
        message = Enrolment(activation_key=server.activation_key(), asset=asset, sensor="agent", version="0.1.0")
        credential = client.enrol(message)
        assert client.send(credential, snapshot).changed == ("users",)
    wait_until(lambda: browser.get("/api/v1/findings").json()["items"], 30)
    for path in (
        "overview",
        "assets",
        "policies",
        "findings/groups",
        "findings/facets",
        "jobs",
        "audit",
        "audit/chain",
    ):
        assert browser.get(f"/api/v1/{path}").status == 200, path
    server.kill()
    server.start()
    assert browser.get("/api/v1/findings").json()["items"]
    assert server.stop() == 0
    assert not (server.settings.data_dir / "jobs.db").exists()
