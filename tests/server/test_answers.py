"""Lamp, words, tables and log lines: what people read, from what is known."""

import csv
import io
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bartizan.inventory.accounts import create_token, get_organisation
from bartizan.inventory.knowledge import KnowledgeState
from bartizan.server import logs
from bartizan.server.api.feeds import knowledge_view
from bartizan.server.api.table import _cell
from bartizan.server.api.why import why
from bartizan.server.auth.throttle import Throttle
from bartizan.server.auth.uses import EVERY, Uses
from bartizan.server.bootstrap import ORGANISATION
from server_process import InProcess, Running

NOW = datetime(2026, 11, 23, 10, 37, tzinfo=UTC)


def knowledge(newest: str | None) -> KnowledgeState:
    feeds = [{"source": "osv/Debian", "records": 3, "newest": newest}]
    return KnowledgeState(file_id="sha256:x", imported_at="2026-11-23T10:00:00Z", newest=newest, feeds=feeds)


@pytest.mark.parametrize(
    ("age", "lamp", "word"),
    [(0.5, "green", "less than a day"), (1.5, "green", "1 day"), (5, "amber", "5 days"), (30, "red", "30 days")],
)
def test_the_lamp_follows_the_age_of_what_is_known(age: float, lamp: str, word: str) -> None:
    view = knowledge_view(knowledge((NOW - timedelta(days=age)).isoformat()), trouble="", now=NOW)
    assert view.lamp == lamp
    assert word in view.reason
    assert view.age_days == pytest.approx(age, abs=0.01)


def test_a_date_in_the_future_makes_nothing_fresh() -> None:
    view = knowledge_view(knowledge("2999-01-01T00:00:00Z"), trouble="", now=NOW)
    assert view.lamp == "amber"
    assert view.newest is None


def test_no_knowledge_is_red_and_says_what_to_do() -> None:
    view = knowledge_view(None, trouble="", now=NOW)
    assert view.lamp == "red"
    assert "bartizan feeds import" in view.reason


@pytest.mark.parametrize(
    ("kind", "verdict", "evidence", "expected"),
    [
        (
            "vulnerability", "fail",
            {"package": {"name": "zip"}, "installed": "3.0-13", "fixed": "3.0-14", "kev": {"added": "2026-01-01"}},
            "zip 3.0-13 is affected by a flaw that is rated high; 3.0-14 fixes it. It is being exploited",
        ),
        ("vulnerability", "fail", {"epss": {"score": 0.5}}, "likely to be exploited: 50%"),
        ("vulnerability", "fail", {}, "there is no fixed version yet. 2 other assets have it too."),
        ("policy", "fail", {"why": "Doors should be shut."}, "Doors should be shut. 2 other assets have it too."),
        ("policy", "unknown", {"unknowns": {"sshd": "permission denied"}}, "sshd: permission denied"),
        ("coverage", "unknown", {"reason": "no feed"}, "could not be judged: no feed"),
        ("coverage", "unknown", {}, "what it depends on is not known"),
    ],
)  # fmt: skip
def test_why_a_finding_matters(kind: str, verdict: str, evidence: dict[str, Any], expected: str) -> None:
    assert expected in why(kind, "A title", "high", verdict, evidence, 2)


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), (True, "true"), (1.5, "1.5"), (["a", "b"], "a b"), ("=1+1", "'=1+1"), ("@x", "'@x"), ("x", "x")],
)
def test_cells_are_never_formulas(value: Any, cell: str) -> None:
    assert _cell(value) == cell


def test_lists_come_as_csv(in_process: InProcess) -> None:
    with in_process.app.state.context.store.begin() as conn:
        org = get_organisation(conn, ORGANISATION).id
        secret, _ = create_token(conn, org, "csv", ["read"], created_by="test", now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {secret}", "Accept": "text/csv"}
    for path in ("findings", "assets", "policies", "findings/groups"):
        answer = in_process.client.get(f"/api/v1/{path}", headers=headers)
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows[0]
        if path == "policies":
            assert len(rows) > 25


def test_guessing_is_slowed_down_by_address() -> None:
    throttle = Throttle(burst=3, refill=10.0)
    assert [throttle.wait("a", 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert throttle.wait("a", 100.0) == pytest.approx(10.0)
    assert throttle.wait("b", 100.0) == 0.0
    assert throttle.wait("a", 110.0) == 0.0
    throttle.forgive("a")
    assert throttle.wait("a", 110.0) == 0.0


def test_use_is_noted_now_and_then() -> None:
    uses = Uses()
    assert uses.due(("session", 1), 1000.0)
    assert not uses.due(("session", 1), 1000.0 + EVERY - 1)
    assert uses.due(("session", 1), 1000.0 + EVERY)


def test_log_lines_are_json_without_secrets() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger = logging.Logger("bartizan.test")
    logger.addHandler(handler)
    logger.warning(
        "key bak_%s and brt_%s at postgresql://me:hunter2@db/x %s $argon2id$v=19$m=1$abc$def",
        "A" * 43,
        "b" * 43,
        "ab" * 32,
        extra={"status": 200},
    )
    try:
        raise ValueError("bak_" + "c" * 43)
    except ValueError:
        logger.exception("it failed")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["status"] == 200
    assert first["level"] == "warning"
    text = stream.getvalue()
    for secret in ("A" * 43, "b" * 43, "hunter2", "ab" * 32, "argon2id", "c" * 43):
        assert secret not in text
    assert "ValueError" in second["trace"]


def test_metrics_are_for_this_machine_or_a_token(server: Running) -> None:
    browser = server.browser()
    answer = server.stranger().get("/metrics")
    assert answer.status == 200
    assert b"bartizan_http_requests_total" in answer.body
    assert b"bartizan_estate" in answer.body
    assert server.stranger().get("/metrics", X_Forwarded_For="203.0.113.9").status == 401
    made = browser.post("/api/v1/tokens", {"name": "m", "scopes": ["metrics"]}).json()
    header = {"X_Forwarded_For": "203.0.113.9", "Authorization": f"Bearer {made['token']}"}
    assert server.stranger().get("/metrics", **header).status == 200


def test_references_lead_from_the_answer_to_the_log(server: Running) -> None:
    answer = server.stranger().get("/api/v1/findings")
    reference = answer.json()["reference"]
    assert answer.headers["x-request-id"] == reference
    assert reference in server.log.read_text()


def test_the_log_names_routes_and_not_what_was_asked(server: Running) -> None:
    server.browser().get("/api/v1/findings?query=package:very-secret-package")
    text = server.log.read_text()
    assert '"route": "/api/v1/findings"' in text
    assert "very-secret-package" not in text
    assert server.password not in text
