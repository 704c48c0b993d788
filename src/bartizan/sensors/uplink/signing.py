"""Signatures of uplink requests and replies: HMAC-SHA256 (RFC 2104) with one key for each sensor.

A request is signed over six lines; a reply over four, bound to the request by its nonce, so that whoever merely
listens on the server's port can neither ask for facts nor give commands:

    bartizan-1                              bartizan-1-reply
    POST                                    <nonce of the request>
    /api/v1/uplink/manifest                 200
    2026-11-23T10:37:00Z                    <sha256 of the reply's body>
    5f1d7a84db00d2fce00b31a7fc73224f
    <sha256 of the body as sent>

    Authorization: Bartizan-1 sensor="s_3q2", date="2026-11-23T10:37:00Z", nonce="5f1d...", signature="b0344c61..."
    X-Bartizan-Signature: <signature of the reply>

The server holds one master key in a file and derives each sensor's key from it; nothing secret is in its database.
"""

import hashlib
import hmac
import re
from calendar import timegm
from collections import OrderedDict
from dataclasses import dataclass
from time import gmtime, strftime, strptime

SCHEME = "Bartizan-1"
REPLY_HEADER = "X-Bartizan-Signature"
WINDOW = 300
"""Seconds that a request's date may differ from the server's clock."""
NONCES_KEPT = 200_000
"""Nonces remembered at once: 10,000 sensors with several requests in every window."""

_HEADER = re.compile(
    r'Bartizan-1 sensor="([A-Za-z0-9_-]{1,64})", date="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", '
    r'nonce="([0-9a-f]{32})", signature="([0-9a-f]{64})"'
)


class Refused(Exception):
    """A request that is not taken; `code` names the problem document, the message is for its detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the Authorization header of a signed request says."""

    sensor: str
    date: str
    nonce: str
    signature: str

    def header(self) -> str:
        return (
            f'{SCHEME} sensor="{self.sensor}", date="{self.date}", nonce="{self.nonce}", signature="{self.signature}"'
        )

    @classmethod
    def read(cls, header: str) -> "Stamp":
        """The stamp in an Authorization header; `Refused` (`unsigned`) where it has another form."""
        match = _HEADER.fullmatch(header)
        if not match:
            raise Refused("unsigned", f"the Authorization header is not of the form '{SCHEME} sensor=..., date=...'")
        sensor, date, nonce, signature = match.groups()
        return cls(sensor=sensor, date=date, nonce=nonce, signature=signature)


def derive(master: bytes, sensor: str) -> bytes:
    """The key of one sensor."""
    return hmac.digest(master, b"bartizan-sensor-1\0" + sensor.encode(), "sha256")


def sign(key: bytes, method: str, path: str, date: str, nonce: str, body: bytes) -> str:
    """Signature of a request; `body` as it goes over the wire."""
    lines = (SCHEME.lower(), method, path, date, nonce, hashlib.sha256(body).hexdigest())
    return hmac.new(key, "\n".join(lines).encode(), "sha256").hexdigest()


def sign_reply(key: bytes, nonce: str, status: int, body: bytes) -> str:
    """Signature of a reply to the request that carried `nonce`."""
    lines = (SCHEME.lower() + "-reply", nonce, str(status), hashlib.sha256(body).hexdigest())
    return hmac.new(key, "\n".join(lines).encode(), "sha256").hexdigest()


def reply_is_genuine(key: bytes, nonce: str, status: int, body: bytes, signature: str) -> bool:
    return hmac.compare_digest(sign_reply(key, nonce, status, body), signature)


def verify(key: bytes, stamp: Stamp, method: str, path: str, body: bytes) -> None:
    """Raises `Refused` (`signature`) unless the holder of `key` sent exactly this request."""
    expected = sign(key, method, path, stamp.date, stamp.nonce, body)
    if not hmac.compare_digest(expected, stamp.signature):
        raise Refused("signature", "the signature does not belong to this request and this sensor's key")


def utc(seconds: float) -> str:
    """RFC 3339 in UTC with whole seconds."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds))


def seconds(date: str) -> int:
    """Seconds since 1970 of what `utc` writes; ValueError for anything else."""
    return timegm(strptime(date, "%Y-%m-%dT%H:%M:%SZ"))


class ReplayWindow:
    """Refuses requests outside the window and those seen before.

    Nonces live in memory only, so requests dated before this window's own start are refused as well: what was sent
    before a restart cannot be played again after it. A sensor answers `clock` by taking the server's time and signing
    anew.
    """

    def __init__(self, started: float) -> None:
        self._started = int(started)
        self._seen: OrderedDict[tuple[str, str], int] = OrderedDict()

    def admit(self, stamp: Stamp, now: float) -> None:
        """To be asked after the signature was verified, so that strangers cannot fill the memory."""
        try:
            date = seconds(stamp.date)
        except ValueError:
            raise Refused("unsigned", f"the date {stamp.date!r} does not exist") from None
        if date < self._started or abs(now - date) > WINDOW:
            raise Refused("clock", f"the request is dated {stamp.date}; the server's time is {utc(now)}")
        self._forget(now)
        seen = (stamp.sensor, stamp.nonce)
        if seen in self._seen:
            raise Refused("replayed", "a request with this nonce was already taken")
        if len(self._seen) >= NONCES_KEPT:
            raise Refused("busy", "more requests than the replay window holds; try again in a minute")
        self._seen[seen] = int(now) + 2 * WINDOW

    def _forget(self, now: float) -> None:
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest] >= now:
                return
            del self._seen[oldest]
