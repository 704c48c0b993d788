"""Signing in with a browser: the cookie, the token against forgery, waiting after wrong passwords, ends of sessions."""

import time
from collections.abc import Callable

import pytest

from server_process import Running


def test_the_cookie_is_for_this_server_alone(server: Running) -> None:
    answer = server.stranger().sign_in("admin", server.password)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie.replace("Strict", "strict")
    assert "Path=/" in cookie
    view = answer.json()
    assert (view["username"], view["role"]) == ("admin", "admin")
    assert len(view["csrf_token"]) >= 20


def test_a_new_session_ends_the_one_before(server: Running) -> None:
    browser = server.browser()
    before = browser.cookie
    browser.csrf = ""
    assert browser.sign_in("admin", server.password).status == 200
    assert browser.cookie != before
    browser.cookie = before
    answer = browser.get("/api/v1/session")
    assert answer.status == 401
    assert answer.json()["type"] == "/problems/session-ended"


def test_signing_out_ends_the_session(server: Running) -> None:
    browser = server.browser()
    assert browser.call("DELETE", "/api/v1/session").status == 204
    assert browser.get("/api/v1/session").status == 401


def test_changes_need_the_token_against_forgery(server: Running) -> None:
    browser = server.browser()
    token, browser.csrf = browser.csrf, ""
    body = {"name": "x", "scopes": ["read"]}
    assert browser.post("/api/v1/tokens", body).json()["type"] == "/problems/csrf"
    assert browser.post("/api/v1/tokens", body, X_CSRF_Token="wrong").status == 403
    assert browser.post("/api/v1/tokens", body, X_CSRF_Token=token).status == 201


@pytest.mark.parametrize(
    "headers", [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "http://evil.example"}]
)
def test_other_sites_are_refused(server: Running, headers: dict[str, str]) -> None:
    browser = server.browser()
    assert browser.post("/api/v1/tokens", {"name": "x", "scopes": ["read"]}, **headers).status == 403
    body = {"username": "admin", "password": server.password}
    assert server.stranger().post("/api/v1/session", body, **headers).status == 403


def test_another_name_for_this_server_is_refused(server: Running) -> None:
    assert server.stranger().get("/api/v1/session", Host="rebound.example").status == 421
    assert server.stranger().get("/healthz", Host=f"localhost:{server.port}").status == 200


def test_wrong_and_unknown_look_alike_and_repetition_waits(server_with: Callable[..., Running]) -> None:
    server = server_with()
    stranger = server.stranger()
    seen = []
    for name, password in (("admin", "wrong"), ("nobody", "wrong"), ("admin", "x" * 5000), ("n\0", "y")):
        began = time.monotonic()
        answer = stranger.sign_in(name, password)
        seen.append((answer.status, answer.json()["type"], answer.json()["detail"]))
        assert time.monotonic() - began >= 0.39
    assert len(set(seen)) == 1
    statuses = [stranger.sign_in("admin", "wrong").status for _ in range(10)]
    assert statuses[-1] == 429
    answer = stranger.sign_in("admin", server.password)
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_a_session_that_nobody_uses_ends(server_with: Callable[..., Running]) -> None:
    server = server_with(session_idle=1)
    browser = server.browser()
    time.sleep(1.2)
    assert browser.get("/api/v1/session").json()["type"] == "/problems/session-ended"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"username": 1}', b'{"username": "a", "password": "b", "x": 1}'])
def test_nonsense_is_refused_with_its_place(server: Running, body: bytes) -> None:
    answer = server.stranger().post("/api/v1/session", body, Content_Type="application/json")
    assert answer.status == 400
    assert answer.json()["remedy"]
