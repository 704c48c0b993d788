"""Whatever is thrown at the API, it answers with a problem document and never with an error of its own."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartizan.inventory.accounts import create_token, get_organisation
from bartizan.server.auth.access import SCOPES
from bartizan.server.bootstrap import ORGANISATION
from server_process import InProcess

nasty = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "", "0", "-1", "1", "99999999999999999999", "1e9", "NaN", "null", "true", "\0", "'", '"', "1' or '1'='1",
            "../../etc/passwd", "%00", "\ud7ff", "x" * 5000, "severity:", "severity>=high", "(((((", "not not",
            'asset.os:"', "a:b:c", "*", "2026-11-23T10:37:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
            "WyI2NWFmYmE1YjYwYzciLDQwLjAsODUsNCwxXQ", "W10", "1-1", "9223372036854775808-1", "=cmd()", "-score",
        ]
    ),
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | nasty,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def headers(in_process: InProcess) -> dict[str, str]:
    with in_process.app.state.context.store.begin() as conn:
        org = get_organisation(conn, ORGANISATION).id
        secret, _ = create_token(conn, org, "garbage", list(SCOPES), created_by="test", now=datetime.now(UTC))
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def document(in_process: InProcess) -> dict[str, Any]:
    found: dict[str, Any] = in_process.client.get("/api/openapi.json").json()
    return found


def everything(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if path != "/api/v1/stream"
    ]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_breaks_the_server(
    in_process: InProcess, headers: dict[str, str], document: dict[str, Any], data: st.DataObject
) -> None:
    method, path, operation = data.draw(st.sampled_from(everything(document)))
    filled = re.sub(r"\{[^}]+\}", lambda _: _quoted(data.draw(nasty)), path)
    parameters = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query" and data.draw(st.booleans()):
            parameters[parameter["name"]] = data.draw(nasty)
    content: bytes | None = None
    if method == "POST":
        fields = _fields(document, operation)
        body = data.draw(st.one_of(values, st.fixed_dictionaries(dict.fromkeys(fields, values))))
        content = data.draw(st.one_of(st.just(json.dumps(body).encode()), st.binary(max_size=60)))
    answer = in_process.client.request(
        method, filled, params=parameters, content=content, headers={**headers, "Content-Type": "application/json"}
    )
    assert answer.status_code < 500, (method, filled, parameters, content, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["reference"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api/v1/findings", "/api/v1/nothing", "/api/v1/", "/api", "/healthz", "/.git/config"]
)
def test_unknown_methods_and_paths_are_problems(in_process: InProcess, method: str, path: str) -> None:
    answer = in_process.client.request(method, path)
    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reference"]


@pytest.mark.parametrize("query", ["severity>=high and", "nonsense:1", 'title:"open', "(kev:true", "and"])
def test_a_query_that_is_wrong_is_shown_where(in_process: InProcess, headers: dict[str, str], query: str) -> None:
    for path in ("/api/v1/findings", "/api/v1/assets", "/api/v1/findings/facets", "/api/v1/findings/groups"):
        answer = in_process.client.get(path, params={"query": query}, headers=headers)
        assert answer.status_code == 400
        problem = answer.json()
        assert problem["type"] == "/problems/query"
        assert 0 <= problem.get("position", 0) <= len(query)


def test_a_body_over_the_limit_is_refused(in_process: InProcess, headers: dict[str, str]) -> None:
    body = b'{"name": "' + b"x" * (2 << 20) + b'"}'
    answer = in_process.client.post(
        "/api/v1/decisions", content=body, headers={**headers, "Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/too-large"


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="") or "%20"


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    reference = content.get("schema", {}).get("$ref", "")
    if not reference:
        return []
    schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    return list(schema.get("properties", {}))
