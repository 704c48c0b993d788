"""The conversation with a server, without I/O: generators that yield a `Request` and are sent its `Response`.

    conversation = deliver(credential, clock, snapshot)
    request = next(conversation)                # -> manifest
    request = conversation.send(response)       # -> sections, if the server lacks some
    conversation.send(response)                 # StopIteration.value is the Reply

Everything that an answer can mean is decided here, so it is tested without a socket. A reply that is not signed with
this sensor's key is never obeyed: at most it makes the sensor try again later.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

from bartizan.model.asset import AssetRef
from bartizan.model.snapshot import Section
from bartizan.sensors.uplink import protocol, signing
from bartizan.sensors.uplink.protocol import Credential, Enrolment, Manifest, Reply, Sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; the method is POST."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A snapshot that waits for delivery: by digest, its sections read only when the server asks for them."""

    asset: AssetRef
    taken_at: str
    sensor: str
    manifest: Mapping[str, str]
    sections: Callable[[list[str]], Mapping[str, Section]]
    dropped: int = 0


@dataclass(slots=True)
class Clock:
    """This host's clock, corrected by what a server that proved its identity said the time is."""

    read: Callable[[], float]
    offset: float = 0.0
    nonce: Callable[[], str] = field(default=lambda: secrets.token_hex(16))

    def date(self) -> str:
        return signing.utc(self.read() + self.offset)


class Unavailable(Exception):
    """The server cannot take it now; try again later. `retry_after` in seconds where the server said."""

    def __init__(self, reason: str, retry_after: int = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Rejected(Exception):
    """The server read the message and will never take it; `code` is its problem's type."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


class NotEnrolled(Exception):
    """The server does not know this sensor, or took its access away; `code` is `unknown-sensor` or `revoked`.

    `genuine` tells whether the server proved that it is the one where this sensor enrolled.
    """

    def __init__(self, reason: str, code: str, *, genuine: bool) -> None:
        super().__init__(reason)
        self.code = code
        self.genuine = genuine


Conversation = Generator[Request, Response, Reply]


def enrol(message: Enrolment) -> Generator[Request, Response, Credential]:
    """Trade an activation key for a credential."""
    response = yield Request(
        path=protocol.ENROL, headers={"Content-Type": "application/json"}, body=protocol.write(message)
    )
    if response.status in (200, 201):
        return protocol.read_credential(response.body)
    code, detail = _problem(response)
    if response.status in (401, 403, 404, 409, 410, 422):
        raise Rejected(detail, code)
    raise Unavailable(detail, _retry_after(response))


def deliver(credential: Credential, clock: Clock, snapshot: Queued) -> Conversation:
    """Manifest first, then only the sections that the server lacks."""
    manifest = Manifest(
        asset=snapshot.asset,
        taken_at=snapshot.taken_at,
        sensor=snapshot.sensor,
        sections=snapshot.manifest,
        spool_dropped=snapshot.dropped,
    )
    reply = yield from _call(credential, clock, protocol.MANIFEST, protocol.write(manifest), compressed=False)
    if not reply.missing:
        return reply
    wanted = [name for name in reply.missing if name in snapshot.manifest]
    message = Sections(
        asset=snapshot.asset,
        taken_at=snapshot.taken_at,
        sensor=snapshot.sensor,
        manifest=snapshot.manifest,
        sections=snapshot.sections(wanted),
    )
    answer = yield from _call(credential, clock, protocol.SECTIONS, protocol.write(message), compressed=True)
    return replace(
        answer,
        commands=reply.commands + tuple(command for command in answer.commands if command not in reply.commands),
        configuration={**reply.configuration, **answer.configuration},
    )


def _call(credential: Credential, clock: Clock, path: str, body: bytes, *, compressed: bool) -> Conversation:
    """One signed request; asked a second time only where the server says that this host's clock is wrong."""
    for attempt in (1, 2):
        nonce = clock.nonce()
        response = yield _signed(credential, clock, path, nonce, body, compressed=compressed)
        genuine = _genuine(credential, nonce, response)
        if response.status == 200:
            if not genuine:
                raise Unavailable("the answer is not signed with this sensor's key: another program may be listening")
            return protocol.read_reply(response.body)
        code, detail = _problem(response)
        if attempt == 1 and genuine and code == "clock" and _set_clock(clock, response):
            continue
        raise _refusal(response, code, detail, genuine=genuine)
    raise AssertionError("unreachable")


def _signed(credential: Credential, clock: Clock, path: str, nonce: str, body: bytes, *, compressed: bool) -> Request:
    date = clock.date()
    signature = signing.sign(bytes.fromhex(credential.key), "POST", path, date, nonce, body)
    stamp = signing.Stamp(sensor=credential.sensor_id, date=date, nonce=nonce, signature=signature)
    headers = {"Authorization": stamp.header(), "Content-Type": "application/json"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return Request(path=path, headers=headers, body=body)


def _genuine(credential: Credential, nonce: str, response: Response) -> bool:
    signature = response.headers.get(signing.REPLY_HEADER.lower(), "")
    key = bytes.fromhex(credential.key)
    expected = signing.sign_reply(key, nonce, response.status, response.body)
    return hmac.compare_digest(expected.encode(), signature.encode())


def _refusal(response: Response, code: str, detail: str, *, genuine: bool) -> Exception:
    if code == "unknown-sensor" or (code == "revoked" and genuine):
        return NotEnrolled(detail, code, genuine=genuine)
    if genuine and response.status in (400, 403, 409, 413, 422):
        return Rejected(detail, code)
    return Unavailable(detail, _retry_after(response))


def _set_clock(clock: Clock, response: Response) -> bool:
    try:
        said = signing.seconds(json.loads(response.body)["server_time"])
    except (ValueError, KeyError, TypeError):
        return False
    clock.offset = said - clock.read() + 0.5
    return True


def _problem(response: Response) -> tuple[str, str]:
    """Last part of the problem's type, and a line for the log (RFC 9457)."""
    try:
        document = json.loads(response.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return "", f"the server answered with status {response.status}"
    parts = [str(document[name]) for name in ("title", "detail", "remedy") if document.get(name)]
    text = ": ".join(parts) or f"status {response.status}"
    reference = document.get("reference")
    return str(document.get("type", "")).rpartition("/")[2], f"{text} [{reference}]" if reference else text


def _retry_after(response: Response) -> int:
    value = response.headers.get("retry-after", "")
    return min(int(value), 3600) if value.isdecimal() and len(value) < 7 else 0
