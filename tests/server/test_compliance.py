"""Frameworks, policies narrowed down, images by layer and code by file, told by a real server from uploaded facts."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bartizan.assess.policy.engine import load_policies
from bartizan.assess.policy.frameworks import family_of, parent_of
from server_process import Browser, Running, run_server, wait_until
from small_feeds import VULNERABLE, write_feeds

POLICIES = load_policies()
LAYERS = ["sha256:" + "1" * 64, "sha256:" + "2" * 64]


def package(name: str, version: str, layer: str, type_: str = "deb") -> dict[str, Any]:
    return {"type": type_, "namespace": "debian", "name": name, "version": version, "layer": layer, "path": "/x"}


def snapshot(kind: str, name: str, **sections: Any) -> dict[str, Any]:
    return {
        "asset": {"kind": kind, "key": f"key-of-{name}", "name": name},
        "taken_at": "2026-11-20T10:00:00Z",
        "sensor": "test/1",
        "sections": {each: {"facts": facts, "problems": []} for each, facts in sections.items()},
    }


def bucket(name: str, line: int, **attributes: Any) -> dict[str, Any]:
    return {
        "type": "aws.s3.bucket",
        "id": f"/net#aws_s3_bucket.{name}",
        "name": name,
        "attributes": attributes,
        "location": {"path": "/net/main.tf", "line": line, "end_line": line + 3, "module": "module.net"},
    }


IMAGE = snapshot(
    "image",
    "shop:1.4",
    os={"id": "debian", "version_id": "12", "version_codename": "bookworm", "pretty_name": "Debian GNU/Linux 12"},
    image={
        "id": "sha256:" + "3" * 64,
        "platform": "linux/amd64",
        "layers": [{"digest": each, "size": 100, "step": f"STEP {index}"} for index, each in enumerate(LAYERS)],
    },
    image_base={"layers": LAYERS[:1], "name": "debian:12", "told_by": "--base"},
    packages_deb=[package("bash", "5.2", LAYERS[0]), package("hello", VULNERABLE, LAYERS[1])],
)
CODE = snapshot(
    "repository",
    "infrastructure",
    resources_terraform={
        "resources": [bucket("logs", 3), bucket("data", 30)],
        "templates": ["/net"],
        "unmodelled": {"aws_oddity": 2},
    },
)
HOST = snapshot("host", "web", sshd={"present": False})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("compliance")
    running = run_server(folder)
    browser = running.browser()
    job = browser.post("/api/v1/feeds/import", {"folder": str(write_feeds(folder / "feeds"))}).json()["id"]
    wait_until(lambda: browser.get(f"/api/v1/jobs/{job}").json()["state"] == "done", 60)
    for each in (IMAGE, CODE, HOST):
        answer = browser.post("/api/v1/ingest/snapshot", json.dumps(each).encode())
        assert answer.status == 200, answer.body
    wait_until(lambda: browser.get("/api/v1/findings?query=rule:CVE-2026-0001").json()["total"], 60)
    wait_until(lambda: browser.get("/api/v1/findings?query=kind:policy").json()["total"], 60)
    yield running
    running.stop()


@pytest.fixture
def browser(server: Running) -> Browser:
    return server.browser()


def asset(browser: Browser, kind: str) -> str:
    return str(browser.get(f"/api/v1/assets?query=asset.kind:{kind}").json()["items"][0]["id"])


def test_every_framework_counts_each_of_its_controls_once(browser: Browser) -> None:
    found = browser.get("/api/v1/frameworks").json()
    assert {one["id"] for one in found} == set(POLICIES.frameworks)
    for one in found:
        assert sum(one["counts"].values()) == one["total"] == len(POLICIES.frameworks[one["id"]].controls)
        assert set(one["counts"]) == {"pass", "fail", "unknown", "manual", "not-covered"}


def test_a_control_s_status_follows_from_the_results_and_unknown_is_no_pass(browser: Browser) -> None:
    detail = browser.get("/api/v1/frameworks/nist-800-53").json()
    assert detail["counts"]["fail"] > 0
    for control in detail["controls"]:
        results = [detail["judged_by"][policy] for policy in control["policies"]]
        failed, unknown = (sum(one[name] for one in results) for name in ("failed", "unknown"))
        assert (control["failed"], control["unknown"]) == (failed, unknown)
        assert (control["status"] == "fail") == (failed > 0)
        if control["status"] == "pass":
            assert unknown == 0
            assert control["passed"] > 0
        assert control["reason"]
    broken = next(one for one in detail["controls"] if one["status"] == "fail")
    against = browser.call("GET", "/api/v1/findings?query=" + broken["query"].replace(" ", "%20")).json()
    assert against["total"] == broken["failed"] + broken["unknown"]


def test_one_asset_has_a_report_of_its_own(browser: Browser) -> None:
    image = browser.get(f"/api/v1/frameworks/cis-debian-12?asset={asset(browser, 'repository')}").json()
    assert image["counts"]["fail"] == 0, "no policy of hosts judges a source tree"
    host = browser.get(f"/api/v1/frameworks/cis-debian-12?asset={asset(browser, 'host')}").json()
    assert host["counts"]["unknown"] > 0, "nearly nothing was collected of this host"
    assert browser.get("/api/v1/frameworks/cis-debian-12?asset=999999").status == 404
    assert browser.get("/api/v1/frameworks/nonsense").status == 404


def test_a_framework_comes_as_csv(browser: Browser) -> None:
    answer = browser.get("/api/v1/frameworks/pci-dss-4", Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert len(rows) == len(POLICIES.frameworks["pci-dss-4"].controls)
    assert {row["status"] for row in rows} <= {"pass", "fail", "unknown", "manual", "not-covered"}
    assert 'filename="framework-pci-dss-4.csv"' in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("control", "family"),
    [("AC-6(2)", "AC"), ("5.2.7", "5"), ("PR.AA-05", "PR.AA"), ("A.5.10", "A.5"), ("164.312(a)(1)", "164.312"),
     ("CC6.1", "CC6"), ("baseline-privileged", "baseline")],
)  # fmt: skip
def test_controls_stand_in_families(control: str, family: str) -> None:
    assert family_of(control) == family


def test_controls_know_what_is_above_them() -> None:
    assert parent_of("AC-6(2)", POLICIES.frameworks["nist-800-53"]) == "AC-6"
    assert parent_of("1.2.5", POLICIES.frameworks["pci-dss-4"]) == "1.2"
    assert parent_of("AC-6", POLICIES.frameworks["nist-800-53"]) == ""


@pytest.mark.parametrize(
    "narrowed",
    [
        "resource=aws.*",
        "group=ssh",
        "framework=cis-aws-3",
        "severity=high",
        "result=fail",
        "resource=host&severity=low",
    ],
)
def test_policies_are_narrowed_down(browser: Browser, narrowed: str) -> None:
    every = browser.get("/api/v1/policies?limit=500").json()
    found = browser.get(f"/api/v1/policies?limit=500&{narrowed}").json()
    assert 0 < found["total"] < every["total"]
    for name, value in (pair.split("=") for pair in narrowed.split("&")):
        for one in found["items"]:
            if name in ("group", "severity"):
                assert one[name] == value
            elif name == "resource":
                assert one["resource"].startswith(value.rstrip("*"))
            elif name == "result":
                assert one["failed"] > 0


def test_a_filter_that_cannot_be_is_refused(browser: Browser) -> None:
    assert browser.get("/api/v1/policies?result=maybe").status == 400
    assert browser.get("/api/v1/policies?framework=nonsense").status == 404


def test_a_policy_says_what_it_reads_and_judges(browser: Browser) -> None:
    policy = browser.get("/api/v1/policies?resource=aws.s3.bucket").json()["items"][0]["id"]
    detail = browser.get(f"/api/v1/policies/{policy}").json()
    assert detail["judges"] == ["templates"]
    assert detail["inputs"][0]["path"]
    assert detail["inputs"][0]["type"]
    assert detail["cases"] >= 2
    assert detail["source"].startswith("content/policies/aws/")


def test_an_image_is_told_by_its_layers(browser: Browser) -> None:
    view = browser.get(f"/api/v1/images/{asset(browser, 'image')}").json()
    assert [layer["part"] for layer in view["layers"]] == ["base", "application"]
    assert [layer["packages"] for layer in view["layers"]] == [1, 1]
    assert (view["base"], view["base_told_by"]) == ("debian:12", "--base")
    (found,) = [one for one in view["findings"] if one["rule"] == "CVE-2026-0001"]
    assert (found["layer"], found["part"], found["brought_by"]) == (1, "application", "operating-system")
    assert view["layers"][1]["open"]["critical"] == 1
    assert sum(view["layers"][0]["open"].values()) == 0


def test_code_is_told_by_file_and_line(browser: Browser) -> None:
    view = browser.get(f"/api/v1/code/{asset(browser, 'repository')}").json()
    assert view["languages"] == {"terraform": 2}
    assert view["types"] == [["aws.s3.bucket", 2]]
    assert view["unmodelled"] == [["aws_oddity", 2]]
    file = view["files"][0]
    assert file["path"] == "/net/main.tf"
    assert {one["line"] for one in file["findings"]} == {3, 30}
    assert [one["line"] for one in file["findings"]] == sorted(one["line"] for one in file["findings"])
    assert {one["module"] for one in file["findings"]} == {"module.net"}


@pytest.mark.parametrize("path", ["images", "code"])
def test_what_is_neither_image_nor_code_is_not_found_there(browser: Browser, path: str) -> None:
    assert browser.get(f"/api/v1/{path}/{asset(browser, 'host')}").status == 404
    assert browser.get(f"/api/v1/{path}/999999").status == 404
