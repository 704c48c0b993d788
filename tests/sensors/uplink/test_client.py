"""Addresses that are refused, and a socket that misbehaves in every way that sockets have."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from bartizan.model.asset import AssetKind, AssetRef
from bartizan.sensors.uplink.client import Client, Server, ServerAddress
from bartizan.sensors.uplink.delivery import Unavailable
from bartizan.sensors.uplink.protocol import Enrolment

MESSAGE = Enrolment(
    activation_key="bak_1", asset=AssetRef(kind=AssetKind.HOST, key="k", name="n"), sensor="agent", version="0"
)


@pytest.mark.parametrize(
    "url",
    ["", "bartizan", "ftp://x", "https://", "http://10.0.0.1", "http://example.com:80", "https://x:99999",
     "https://u:p@x", "https://x/?q", "http://127.0.0.1.evil.example"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ServerAddress):
        Server.parse(url)


def test_addresses() -> None:
    assert Server.parse("https://x") == Server(host="x", port=443, tls=True)
    assert Server.parse("https://x:8443/bartizan/") == Server(host="x", port=8443, tls=True, prefix="/bartizan")
    for url in ("http://127.0.0.1:8", "http://localhost:8", "http://[::1]:8"):
        assert not Server.parse(url).tls


@contextlib.contextmanager
def listener(answer: bytes) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (3 << 20),
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_server_that_answers_nonsense_is_away(answer: bytes) -> None:
    with (
        listener(answer) as port,
        Client(Server.parse(f"http://127.0.0.1:{port}"), timeout=5) as client,
        pytest.raises(Unavailable),
    ):
        client.enrol(MESSAGE)


def test_a_server_that_is_not_there_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Client(Server.parse(f"http://127.0.0.1:{port}")) as client, pytest.raises(Unavailable, match=str(port)):
        client.enrol(MESSAGE)
