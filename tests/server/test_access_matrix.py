"""Every endpoint against every kind of caller, made from the OpenAPI document: nobody gets further than its rule says.

What an endpoint answers to a caller who is let in does not matter here, only that it is neither 401 nor 403.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import TestClient

from bartizan.inventory.accounts import create_token, create_user, get_organisation
from bartizan.server.auth.access import SCOPES
from bartizan.server.bootstrap import ORGANISATION
from server_process import InProcess

ROLES = ("reader", "analyst", "admin")
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def people(in_process: InProcess) -> dict[str, tuple[str, str]]:
    """A session of each role: (cookie, token against forgery)."""
    store = in_process.app.state.context.store
    with store.begin() as conn:
        org = get_organisation(conn, ORGANISATION).id
        for role in ROLES:
            create_user(conn, org, f"matrix-{role}", PASSWORD, role, datetime.now(UTC))
    out = {}
    for role in ROLES:
        answer = in_process.client.post("/api/v1/session", json={"username": f"matrix-{role}", "password": PASSWORD})
        cookie = answer.headers["set-cookie"].partition(";")[0]
        in_process.client.cookies.clear()
        out[role] = (cookie, answer.json()["csrf_token"])
    return out


@pytest.fixture(scope="module")
def tokens(in_process: InProcess) -> dict[str, str]:
    """A token of each scope alone."""
    store = in_process.app.state.context.store
    out = {}
    with store.begin() as conn:
        org = get_organisation(conn, ORGANISATION).id
        for scope in SCOPES:
            out[scope], _ = create_token(conn, org, scope, [scope], created_by="test", now=datetime.now(UTC))
    return out


def operations(client: TestClient[Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path with ids that name nothing, access rule) of every operation but the endless stream."""
    document = client.get("/api/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            access = operation["x-bartizan-access"]
            yield method.upper(), re.sub(r"\{[^}]+\}", "999999", path), access


def call(client: TestClient[Any], method: str, path: str, headers: dict[str, str]) -> int:
    if path == "/api/v1/stream" and headers:
        # Would never end; an event id that is too long is refused after the caller was let in.
        headers = {**headers, "Last-Event-ID": "x" * 200}
    content = b"{}" if method in ("POST", "PUT", "PATCH") else None
    status = client.request(
        method, path, headers={**headers, "Content-Type": "application/json"}, content=content
    ).status_code
    assert status < 500, (method, path)
    return status


def test_every_operation_says_whom_it_admits(in_process: InProcess) -> None:
    found = list(operations(in_process.client))
    assert len(found) > 40
    public = {path for _, path, access in found if access["role"] is None and not access["signed"]}
    assert public == {"/api/v1/session", "/healthz", "/readyz", "/metrics"}


def test_strangers_are_told_to_sign_in(in_process: InProcess) -> None:
    for method, path, access in operations(in_process.client):
        status = call(in_process.client, method, path, {})
        if access["role"] is not None:
            assert status == 401, (method, path)


@pytest.mark.parametrize("role", ROLES)
def test_people_get_as_far_as_their_role(in_process: InProcess, people: dict[str, tuple[str, str]], role: str) -> None:
    cookie, csrf = people[role]
    for method, path, access in operations(in_process.client):
        if access["role"] is None or (method, path) == ("DELETE", "/api/v1/session"):
            continue
        status = call(in_process.client, method, path, {"Cookie": cookie, "X-CSRF-Token": csrf})
        allowed = ROLES.index(role) >= ROLES.index(access["role"])
        assert (status not in (401, 403)) == allowed, (method, path, status)


@pytest.mark.parametrize("role", ROLES)
def test_changes_without_the_token_against_forgery_are_refused(
    in_process: InProcess, people: dict[str, tuple[str, str]], role: str
) -> None:
    cookie, _ = people[role]
    for method, path, access in operations(in_process.client):
        if access["role"] is None or method in ("GET", "HEAD"):
            continue
        assert call(in_process.client, method, path, {"Cookie": cookie}) == 403, (method, path)


@pytest.mark.parametrize("scope", SCOPES)
def test_tokens_do_what_their_scope_says(in_process: InProcess, tokens: dict[str, str], scope: str) -> None:
    for method, path, access in operations(in_process.client):
        if access["role"] is None:
            continue
        status = call(in_process.client, method, path, {"Authorization": f"Bearer {tokens[scope]}"})
        assert (status not in (401, 403)) == (access["scope"] == scope), (method, path, status)


@pytest.mark.parametrize("header", ["Bearer brt_unknown", "Bearer ", "Basic YWRtaW46eA==", "brt_x"])
def test_tokens_that_are_none_open_nothing(in_process: InProcess, header: str) -> None:
    for method, path, access in operations(in_process.client):
        if access["role"] is not None:
            status = call(in_process.client, method, path, {"Authorization": header})
            assert status == 401, (method, path)


def test_a_token_makes_no_tokens(in_process: InProcess, tokens: dict[str, str]) -> None:
    for scope in SCOPES:
        headers = {"Authorization": f"Bearer {tokens[scope]}"}
        body = {"name": "more", "scopes": ["audit"]}
        assert in_process.client.post("/api/v1/tokens", json=body, headers=headers).status_code == 403


def test_nobody_hands_out_more_than_they_may(in_process: InProcess, people: dict[str, tuple[str, str]]) -> None:
    for role, scope, status in (
        ("reader", "read", 201),
        ("reader", "triage", 400),
        ("analyst", "triage", 201),
        ("analyst", "audit", 400),
        ("admin", "audit", 201),
        ("admin", "everything", 400),
    ):
        cookie, csrf = people[role]
        answer = in_process.client.post(
            "/api/v1/tokens",
            json={"name": "x", "scopes": [scope]},
            headers={"Cookie": cookie, "X-CSRF-Token": csrf},
        )
        assert answer.status_code == status, (role, scope)
