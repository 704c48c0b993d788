"""Signatures bind method, path, date, nonce and body; the window refuses what is old or was seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.sensors.uplink.signing import (
    WINDOW,
    Refused,
    ReplayWindow,
    Stamp,
    derive,
    reply_is_genuine,
    seconds,
    sign,
    sign_reply,
    utc,
    verify,
)

KEY = derive(b"m" * 32, "s_1")
NOW = 1_795_000_000


def stamp(*, date: float = NOW, nonce: str = "0" * 32, body: bytes = b"{}") -> Stamp:
    signature = sign(KEY, "POST", "/api/v1/uplink/manifest", utc(date), nonce, body)
    return Stamp(sensor="s_1", date=utc(date), nonce=nonce, signature=signature)


def test_a_signature_is_the_hmac_of_six_lines() -> None:
    assert sign(b"key", "POST", "/p", "2026-11-23T10:37:00Z", "00", b"body") == (
        __import__("hmac")
        .new(
            b"key",
            b"bartizan-1\nPOST\n/p\n2026-11-23T10:37:00Z\n00\n"
            b"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5",
            "sha256",
        )
        .hexdigest()
    )


def test_the_header_is_read_back() -> None:
    one = stamp()
    assert Stamp.read(one.header()) == one


@pytest.mark.parametrize("header", ["", "Bearer x", 'Bartizan-1 sensor="s"', stamp().header() + " ", "\0"])
def test_another_header_is_unsigned(header: str) -> None:
    with pytest.raises(Refused) as error:
        Stamp.read(header)
    assert error.value.code == "unsigned"


@given(st.text())
def test_any_header_is_read_or_refused(header: str) -> None:
    with pytest.raises(Refused):
        Stamp.read(header)


def test_what_was_signed_is_verified() -> None:
    verify(KEY, stamp(), "POST", "/api/v1/uplink/manifest", b"{}")


@pytest.mark.parametrize(
    ("method", "path", "body", "key"),
    [
        ("GET", "/api/v1/uplink/manifest", b"{}", KEY),
        ("POST", "/api/v1/uplink/sections", b"{}", KEY),
        ("POST", "/api/v1/uplink/manifest", b"{} ", KEY),
        ("POST", "/api/v1/uplink/manifest", b"{}", derive(b"m" * 32, "s_2")),
    ],
)
def test_anything_else_is_refused(method: str, path: str, body: bytes, key: bytes) -> None:
    with pytest.raises(Refused) as error:
        verify(key, stamp(), method, path, body)
    assert error.value.code == "signature"


def test_a_reply_belongs_to_one_request() -> None:
    signature = sign_reply(KEY, "0" * 32, 200, b"{}")
    assert reply_is_genuine(KEY, "0" * 32, 200, b"{}", signature)
    assert not reply_is_genuine(KEY, "1" * 32, 200, b"{}", signature)
    assert not reply_is_genuine(KEY, "0" * 32, 401, b"{}", signature)
    assert not reply_is_genuine(KEY, "0" * 32, 200, b"", signature)


def test_a_nonce_is_taken_once() -> None:
    window = ReplayWindow(started=NOW - 10)
    window.admit(stamp(), NOW)
    with pytest.raises(Refused) as error:
        window.admit(stamp(), NOW + 1)
    assert error.value.code == "replayed"
    window.admit(stamp(nonce="1" * 32), NOW + 1)


@pytest.mark.parametrize("offset", [-WINDOW - 1, WINDOW + 1])
def test_dates_outside_the_window_tell_the_server_s_time(offset: int) -> None:
    with pytest.raises(Refused) as error:
        ReplayWindow(started=NOW - 10_000).admit(stamp(date=NOW + offset), NOW)
    assert error.value.code == "clock"
    assert utc(NOW) in str(error.value)


def test_what_was_sent_before_a_restart_cannot_be_played_again_after_it() -> None:
    with pytest.raises(Refused) as error:
        ReplayWindow(started=NOW).admit(stamp(date=NOW - 1), NOW + 5)
    assert error.value.code == "clock"


def test_a_nonce_is_forgotten_only_when_its_date_is_outside_the_window() -> None:
    window = ReplayWindow(started=NOW)
    ahead = stamp(date=NOW + WINDOW)
    window.admit(ahead, NOW)
    with pytest.raises(Refused) as error:
        window.admit(ahead, NOW + 2 * WINDOW - 1)
    assert error.value.code == "replayed"
    with pytest.raises(Refused) as error:
        window.admit(ahead, NOW + 2 * WINDOW + 1)
    assert error.value.code == "clock"


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_times_are_read_back(value: int) -> None:
    assert seconds(utc(value)) == value
