"""Calls by gRPC over a unix socket: HTTP/2 with one request and a stream of answers.

    :method POST, :path /containerd.services.images.v1.Images/Get, content-type application/grpc, te trailers
    body: 0, length u32 big-endian, message
    trailers: grpc-status 0, or a code with grpc-message

Specification: github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md. A message is taken off the wire when the caller wants it, so
what is not read yet stays with the other side.
"""

import socket
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error

MESSAGE_LIMIT = 32 << 20
"""Largest message that is taken, in bytes."""
NOT_FOUND = 5
"""Code of what does not exist."""
_WINDOW = 4 << 20
"""Bytes that may be on their way before they are asked for."""
_RECEIVE = 256 << 10


class CallError(Exception):
    """The call failed; `code` is gRPC's, or -1 where the other side does not speak it."""

    def __init__(self, reason: str, code: int = -1) -> None:
        super().__init__(reason)
        self.code = code


class Call:
    """One call; iterating gives the messages of its answer. Raises `CallError`, and `OSError` of the socket."""

    def __init__(self, path: str, method: str, message: bytes, metadata: Mapping[str, str], timeout: float) -> None:
        """`method` is `/package.Service/Method`; `timeout` is seconds between two pieces of data."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = bytearray()
        self._status: dict[str, str] = {}
        self._ended = False
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
            self._http = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
            self._http.initiate_connection()
            self._http.increment_flow_control_window(_WINDOW)
            stream = self._http.get_next_available_stream_id()
            headers = [
                (":method", "POST"),
                (":scheme", "http"),
                (":path", method),
                (":authority", "localhost"),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("user-agent", "bartizan"),
                *metadata.items(),
            ]
            self._http.send_headers(stream, headers)
            self._http.increment_flow_control_window(_WINDOW, stream)
            self._http.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)
            self._socket.sendall(self._http.data_to_send())
        except H2Error as error:
            self.close()
            raise CallError(f"the call cannot be made: {error}") from error
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        while True:
            message = self._taken()
            if message is not None:
                yield message
            elif self._ended:
                break
            else:
                self._receive()
        self._judge()

    def close(self) -> None:
        """Hang up, whatever is still to come."""
        self._socket.close()

    def _taken(self) -> bytes | None:
        if len(self._buffer) < 5:
            return None
        length = int.from_bytes(self._buffer[1:5], "big")
        if self._buffer[0] or length > MESSAGE_LIMIT:
            raise CallError("a message is compressed" if self._buffer[0] else f"a message of {length} bytes")
        if len(self._buffer) < 5 + length:
            return None
        message = bytes(self._buffer[5 : 5 + length])
        del self._buffer[: 5 + length]
        return message

    def _receive(self) -> None:
        data = self._socket.recv(_RECEIVE)
        if not data:
            raise CallError("the connection ended before the answer did")
        if data.startswith(b"HTTP/1"):
            raise CallError("it speaks HTTP/1, so it is another program's socket")
        try:
            for event in self._http.receive_data(data):
                self._handle(event)
            self._socket.sendall(self._http.data_to_send())
        except H2Error as error:
            raise CallError(f"not HTTP/2: {error}") from error

    def _handle(self, event: Event) -> None:
        if isinstance(event, ResponseReceived | TrailersReceived):
            self._status.update({str(name): str(value) for name, value in event.headers or ()})
        elif isinstance(event, DataReceived) and event.data:
            self._buffer += event.data
            self._http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 1)
        elif isinstance(event, StreamEnded):
            self._ended = True
        elif isinstance(event, StreamReset | ConnectionTerminated):
            raise CallError(f"the other side hung up (HTTP/2 code {event.error_code})")

    def _judge(self) -> None:
        if self._status.get(":status") != "200":
            raise CallError(f"HTTP status {self._status.get(':status', 'missing')}")
        code = self._status.get("grpc-status", "")
        if code != "0":
            reason = unquote(self._status.get("grpc-message", "")) or "no reason is told"
            raise CallError(reason[:300], int(code) if code.isdecimal() and len(code) < 4 else -1)
        if self._buffer:
            raise CallError("the answer ends within a message")
