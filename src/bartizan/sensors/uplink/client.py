"""Moves the uplink's bytes with `http.client`: one connection, bounded replies, TLS that is always verified.

    server = Server.parse("https://bartizan.example:8443", ca_file="/etc/bartizan/ca.pem")
    with Client(server) as client:
        credential = client.enrol(Enrolment(...))
        reply = client.send(credential, Queued(...))

Plain HTTP is spoken with this very host only: an activation key and facts are not for the wire.
"""

import http.client
import time
from collections.abc import Generator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from bartizan import __version__
from bartizan.sensors.uplink.delivery import Clock, Queued, Request, Response, Unavailable, deliver, enrol
from bartizan.sensors.uplink.protocol import REPLY_LIMIT, Credential, Enrolment, Malformed, Reply

TIMEOUT = 30.0
"""Seconds for connecting and for each read."""

Result = TypeVar("Result")


class ServerAddress(ValueError):
    """An address that the uplink cannot or must not use; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the server is."""

    host: str
    port: int
    tls: bool
    prefix: str = ""
    """Path before `/api`, where the server stands behind a proxy."""
    ca_file: str = ""
    """PEM file of a private certificate authority; empty: those that the system trusts."""

    @classmethod
    def parse(cls, url: str, ca_file: str = "") -> "Server":
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise ServerAddress(f"{url}: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerAddress(f"{url}: write the server as https://host[:port]")
        if parts.username or parts.query or parts.fragment:
            raise ServerAddress(f"{url}: only scheme, host, port and path belong in the server's address")
        tls = parts.scheme == "https"
        if not tls and not _is_loopback(parts.hostname):
            raise ServerAddress(f"{url}: plain http is for this host only; use https, with --ca-file if need be")
        return cls(
            host=parts.hostname,
            port=port or (443 if tls else 80),
            tls=tls,
            prefix=parts.path.rstrip("/"),
            ca_file=ca_file,
        )


class Client:
    """One connection, opened when first needed and again after it broke."""

    def __init__(self, server: Server, *, clock: Clock | None = None, timeout: float = TIMEOUT) -> None:
        self._server = server
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._clock = clock or Clock(read=time.time)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def enrol(self, message: Enrolment) -> Credential:
        """Raises `Unavailable` or `Rejected`."""
        return self._run(enrol(message))

    def send(self, credential: Credential, snapshot: Queued) -> Reply:
        """Hand a snapshot over. Raises `Unavailable`, `Rejected` or `NotEnrolled`."""
        return self._run(deliver(credential, self._clock, snapshot))

    def _run(self, conversation: Generator[Request, Response, Result]) -> Result:
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self._exchange(request))
        except StopIteration as end:
            result: Result = end.value
            return result
        except Malformed as error:
            raise Unavailable(f"the server's answer cannot be read: {error}") from error

    def _exchange(self, request: Request) -> Response:
        fresh = self._connection is None
        try:
            return self._once(request)
        except (OSError, http.client.HTTPException) as error:
            self._close()
            # A server may close a kept connection at any time; the signature's nonce keeps a repetition harmless.
            if not fresh and isinstance(error, (http.client.RemoteDisconnected, ConnectionError)):
                try:
                    return self._once(request)
                except (OSError, http.client.HTTPException) as again:
                    self._close()
                    error = again
            where = f"{self._server.host}:{self._server.port}"
            raise Unavailable(f"no answer from {where}: {error or type(error).__name__}") from error

    def _once(self, request: Request) -> Response:
        if self._connection is None:
            self._connection = self._connect()
        headers = {"User-Agent": f"bartizan/{__version__}", **request.headers}
        self._connection.request("POST", self._server.prefix + request.path, body=request.body, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read(REPLY_LIMIT + 1)
        if len(body) > REPLY_LIMIT:
            self._close()
            raise http.client.HTTPException(f"the answer has more than {REPLY_LIMIT} bytes")
        return Response(
            status=answer.status, headers={name.lower(): value for name, value in answer.getheaders()}, body=body
        )

    def _connect(self) -> http.client.HTTPConnection:
        if not self._server.tls:
            return http.client.HTTPConnection(self._server.host, self._server.port, timeout=self._timeout)
        import ssl

        context = ssl.create_default_context(cafile=self._server.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(self._server.host, self._server.port, timeout=self._timeout, context=context)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
