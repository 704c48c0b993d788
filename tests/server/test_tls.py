"""The uplink over TLS with a private certificate authority: verified always, with what the sensor was given."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.inventory.accounts import create_activation_key, get_organisation
from bartizan.inventory.store import Store
from bartizan.model.asset import AssetKind, AssetRef
from bartizan.sensors.uplink.client import Client, Server
from bartizan.sensors.uplink.delivery import Unavailable
from bartizan.sensors.uplink.protocol import Enrolment
from bartizan.server.bootstrap import ORGANISATION
from server_process import Running


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-keyout", str(key), "-out", str(pem), "-days", "2", "-subj", "/CN=test"]
    subprocess.run([*words, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return pem, key


def test_a_private_authority_is_trusted_when_it_is_named(
    certificate: tuple[Path, Path], server_with: Callable[..., Running]
) -> None:
    pem, key = certificate
    server = server_with(tls_certificate=pem, tls_key=key)
    assert server.url.startswith("https://")
    store = Store.open(server.settings.store_url)
    with store.begin() as conn:
        org = get_organisation(conn, ORGANISATION).id
        secret, _ = create_activation_key(conn, org, "test", created_by="test", now=datetime.now(UTC))
    store.close()
    asset = AssetRef(kind=AssetKind.HOST, key="k", name="n")
    message = Enrolment(activation_key=secret, asset=asset, sensor="agent", version="0")
    with Client(Server.parse(server.url)) as client, pytest.raises(Unavailable, match="certificate verify failed"):
        client.enrol(message)
    another_name = server.url.replace("127.0.0.1", "localhost")
    with Client(Server.parse(another_name, str(pem))) as client, pytest.raises(Unavailable, match="certificate"):
        client.enrol(message)
    with Client(Server.parse(server.url, str(pem))) as client:
        assert client.enrol(message).sensor_id
