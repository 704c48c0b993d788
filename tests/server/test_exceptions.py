"""Parameters of policies and decisions by query over HTTP: what is judged anew, who may, and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server_process import Browser, Running, run_server, wait_until

POLICY = """
resource: host
group: own
policies:
  - id: own-port
    title: SSH listens on the port that we agreed on
    severity: high
    why: A port that nobody expects is a port that nobody watches.
    fix: {text: Set Port.}
    check: resource.sshd.present && params.port == 22
    parameters: {port: 22, names: [a]}
    good: [{name: ours, sshd.present: true}]
    bad: [{name: none, sshd.present: false}]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("exceptions")
    (folder / "own").mkdir()
    (folder / "own" / "own.yaml").write_text(POLICY)
    running = run_server(folder, policy_folders=(folder / "own",))
    for name, present in (("web-1", True), ("db-1", False)):
        snapshot = {
            "asset": {"kind": "host", "key": f"key-of-{name}", "name": name},
            "taken_at": "2026-11-20T10:00:00Z",
            "sensor": "test/1",
            "sections": {"sshd": {"facts": {"present": present}, "problems": []}},
        }
        assert running.browser().post("/api/v1/ingest/snapshot", json.dumps(snapshot).encode()).status == 200
    wait_until(lambda: results(running.browser()) == {"web-1": "pass", "db-1": "fail"}, 60)
    yield running
    running.stop()


@pytest.fixture
def browser(server: Running) -> Browser:
    return server.browser()


def results(browser: Browser) -> dict[str, str]:
    found = browser.get("/api/v1/policies/own-port").json()["results"]
    return {each["asset_name"]: each["result"] for each in found}


def audited(browser: Browser, action: str) -> list[dict[str, Any]]:
    return [each for each in browser.get("/api/v1/audit?limit=200").json()["items"] if each["action"] == action]


def test_a_parameter_is_set_judged_by_and_reset(browser: Browser) -> None:
    path = "/api/v1/policies/own-port/parameters"
    before = {each["name"]: each for each in browser.get(path).json()}
    assert (before["port"]["type"], before["port"]["default"], before["port"]["value"]) == ("int", 22, 22)
    assert before["port"]["set_by"] is None
    answer = browser.call("PUT", path, {"values": {"port": 2222}})
    assert answer.status == 200, answer.body
    told = next(each for each in answer.json() if each["name"] == "port")
    assert (told["value"], told["default"], bool(told["set_by"]), bool(told["set_at"])) == (2222, 22, True, True)
    wait_until(lambda: results(browser) == {"web-1": "fail", "db-1": "fail"}, 60)
    assert audited(browser, "policy.parameters")[0]["detail"] == {"set": {"port": 2222}}
    assert browser.call("DELETE", f"{path}/port").status == 204
    wait_until(lambda: results(browser) == {"web-1": "pass", "db-1": "fail"}, 60)
    assert audited(browser, "policy.parameters")[0]["detail"] == {"reset": "port"}
    assert browser.call("DELETE", f"{path}/port").status == 404


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"port": "many"}, "port"),
        ({"prt": 22}, "there is no parameter"),
        ({}, "at least one"),
        ({"names": 3}, "names"),
    ],
)
def test_values_of_another_type_are_refused(browser: Browser, values: dict[str, Any], told: str) -> None:
    answer = browser.call("PUT", "/api/v1/policies/own-port/parameters", {"values": values})
    assert answer.status == 400
    problem = answer.json()
    assert told in problem["detail"] + str(problem.get("errors", ""))
    assert browser.call("PUT", "/api/v1/policies/nowhere/parameters", {"values": {"port": 1}}).status == 404


def test_a_decision_by_query_covers_counts_and_is_taken_back(browser: Browser) -> None:
    new = {"verdict": "accepted", "reason": "lab", "query": "rule:own-port and asset.name:db-*"}
    answer = browser.call("POST", "/api/v1/decisions", new)
    assert answer.status == 201, answer.body
    made = answer.json()[0]
    assert (made["query"], made["covers"], made["active"], made["rule"]) == (new["query"], 1, True, "")
    found = browser.get("/api/v1/findings?query=rule:own-port%20state:any%20not%20state:fixed").json()["items"]
    assert {each["asset_name"]: each["state"] for each in found} == {"db-1": "accepted"}
    listed = browser.get("/api/v1/decisions").json()["items"][0]
    assert (listed["id"], listed["covers"]) == (made["id"], 1)
    assert audited(browser, "decision.create")[0]["detail"]["query"] == new["query"]
    assert results(browser)["db-1"] == "fail", "an accepted failure is a failure"
    assert browser.call("DELETE", f"/api/v1/decisions/{made['id']}").status == 204
    found = browser.get("/api/v1/findings?query=rule:own-port%20state:any%20not%20state:fixed").json()["items"]
    assert {each["state"] for each in found} == {"open"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"query": "openssl"}, "a decision cannot hang on the word"),
        ({"query": "severity>=high", "findings": ["1-1"]}, "not both"),
        ({"query": "severity:hgh"}, "severity is never"),
        ({}, "or a query"),
    ],
)
def test_a_query_that_nobody_can_decide_on_is_refused(browser: Browser, body: dict[str, Any], told: str) -> None:
    answer = browser.call("POST", "/api/v1/decisions", {"verdict": "accepted", "reason": "r", **body})
    assert answer.status == 400
    assert told in answer.body.decode()
