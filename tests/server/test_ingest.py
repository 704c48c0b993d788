"""Facts from pipelines: uploaded by the program or by hand, kept once, judged as the scan judged them."""

import gzip
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from image_files import image_files, layer_tar, write_oci_archive
from server_process import SOURCE, Answer, Browser, Running, run_server, wait_until
from small_feeds import FIXED, VULNERABLE, write_feeds

INGEST = "/api/v1/ingest/snapshot"
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
BUCKET = 'resource "aws_s3_bucket" "logs" {\n  bucket = "logs"\n  acl = "public-read"\n}\n'


def dpkg(name: str, version: str) -> bytes:
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("ingest")
    running = run_server(folder)
    browser = running.browser()
    job = browser.post("/api/v1/feeds/import", {"folder": str(write_feeds(folder / "feeds"))}).json()["id"]
    wait_until(lambda: browser.get(f"/api/v1/jobs/{job}").json()["state"] == "done", 60)
    yield running
    running.stop()


def token(server: Running, *scopes: str) -> str:
    made = server.browser().post(
        "/api/v1/tokens", {"name": secrets.token_hex(4), "scopes": list(scopes or ("ingest",))}
    )
    assert made.status == 201, made.body
    return str(made.json()["token"])


def bartizan(server: Running, words: Sequence[object], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": SOURCE, "BARTIZAN_DATA": str(server.settings.data_dir), **more}
    command = [sys.executable, "-m", "bartizan.cli.main", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=folder
    )


def send(server: Running, body: bytes, secret: str, **headers: str) -> Answer:
    return Browser(server.port).post(INGEST, body, Authorization=f"Bearer {secret}", **headers)


def snapshot(key: str, **sections: Any) -> dict[str, Any]:
    return {
        "asset": {"kind": "repository", "key": key, "name": key},
        "taken_at": "2026-11-20T10:00:00Z",
        "sensor": "test/1",
        "sections": {name: {"facts": facts, "problems": []} for name, facts in sections.items()},
    }


def findings_of(server: Running, asset: str) -> list[dict[str, Any]]:
    browser = server.browser()
    items = browser.get(f"/api/v1/assets/{asset}/findings?query=state:any&limit=500").json()["items"]
    return [browser.get(f"/api/v1/findings/{item['id']}").json() for item in items]


def asset_of(server: Running, kind: str) -> str:
    items = server.browser().get(f"/api/v1/assets?query=asset.kind:{kind}").json()["items"]
    return str(items[0]["id"])


def comparable(findings: list[dict[str, Any]]) -> set[str]:
    return {
        json.dumps([each["kind"], each["rule"], each["locator"], each["verdict"], each["evidence"]], sort_keys=True)
        for each in findings
    }


def test_an_image_that_a_pipeline_scanned_is_judged_here_as_it_was_there(server: Running, tmp_path: Path) -> None:
    base = layer_tar({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": dpkg("bash", "5.2.15-2")})
    application = layer_tar({"var/lib/dpkg/status": dpkg("bash", "5.2.15-2") + dpkg("hello", VULNERABLE)})
    below = write_oci_archive(tmp_path / "base.tar", image_files([base], tag="base:1"))
    archive = write_oci_archive(
        tmp_path / "app.tar", image_files([base, application], steps=("ADD base", "RUN apt-get install hello"))
    )
    words = ["scan", "image", archive, "--base", below, "--format", "json", "--upload", server.url]
    done = bartizan(server, words, tmp_path, BARTIZAN_TOKEN=token(server))
    assert "is new there" in done.stderr, done.stderr
    asset = wait_until(lambda: asset_of(server, "image"))
    here = wait_until(lambda: [one for one in findings_of(server, asset) if one["rule"] == "CVE-2026-0001"])
    origin = here[0]["evidence"]["origin"]
    assert (origin["index"], origin["part"], origin["kind"]) == (1, "application", "operating-system")
    assert origin["step"] == "RUN apt-get install hello"
    there = json.loads(done.stdout)["findings"]
    assert comparable(there) <= comparable(findings_of(server, asset))


def test_templates_of_a_repository_are_judged_with_file_and_line(server: Running, tmp_path: Path) -> None:
    tree = tmp_path / "infrastructure"
    tree.mkdir()
    (tree / "main.tf").write_text(BUCKET)
    (tree / "log.tf").write_text('locals { acl = "public-read" }\nresource "aws_s3_bucket" "l" { acl = local.acl }\n')
    words = ["scan", "templates", tree, "--format", "json", "--upload", server.url]
    done = bartizan(server, words, tmp_path, BARTIZAN_TOKEN=token(server))
    assert "infrastructure is new there" in done.stderr, done.stderr
    asset = wait_until(lambda: asset_of(server, "repository"))
    failed = wait_until(lambda: [one for one in findings_of(server, asset) if one["kind"] == "policy"])
    assert {one["evidence"]["location"]["path"] for one in failed} == {"/main.tf", "/log.tf"}
    (acl,) = [one for one in failed if (one["rule"], one["locator"]) == ("aws-s3-acl-public", "/#aws_s3_bucket.l")]
    assert [(step["path"], step["line"]) for step in acl["evidence"]["origins"][0]["steps"]] == [
        ("/log.tf", 2),
        ("/log.tf", 1),
    ]
    assert comparable(json.loads(done.stdout)["findings"]) == comparable(findings_of(server, asset))
    assert not any(one["rule"].startswith("host-") for one in failed), "a source tree is not judged as a host"


def test_a_written_snapshot_can_be_sent_by_hand(server: Running, tmp_path: Path) -> None:
    tree = tmp_path / "by-hand"
    tree.mkdir()
    (tree / "main.tf").write_text(BUCKET)
    written = tmp_path / "facts.json"
    done = bartizan(server, ["scan", "templates", tree, "-f", "snapshot", "-o", written], tmp_path)
    assert done.returncode in (0, 3), done.stderr
    first = send(server, written.read_bytes(), token(server))
    assert (first.status, first.json()["created"]) == (200, True)
    again = send(server, gzip.compress(written.read_bytes()), token(server))
    assert (again.status, again.json()["changed"]) == (200, [])


def test_sent_twice_with_one_key_it_is_taken_once(server: Running) -> None:
    secret, name = token(server), secrets.token_hex(4)
    body = json.dumps(snapshot(name, resources_terraform={"resources": []})).encode()
    first, second = (send(server, body, secret, Idempotency_Key=name) for _ in range(2))
    assert first.json()["created"]
    assert second.body == first.body
    other = json.dumps(snapshot(name, resources_terraform={"resources": [], "templates": []})).encode()
    assert send(server, other, secret, Idempotency_Key=name).status == 409


def test_only_who_may_bring_facts_does(server: Running) -> None:
    body = json.dumps(snapshot("x")).encode()
    assert send(server, body, token(server, "read")).status == 403
    assert send(server, body, "nonsense").status == 401


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"[]", 422, "not an object"),
        (b"\x1f\x8bnonsense", 422, "gzip"),
        (json.dumps(snapshot("k") | {"extra": 1}).encode(), 422, "extra"),
        (json.dumps(snapshot("k") | {"taken_at": "yesterday"}).encode(), 422, "taken_at"),
        (json.dumps(snapshot("k") | {"asset": {"kind": "ship", "key": "k", "name": "k"}}).encode(), 422, "asset.kind"),
        (gzip.compress(b" " * (65 << 20)), 413, "inflates"),
    ],
)
def test_what_is_no_snapshot_is_refused_with_its_place(server: Running, body: bytes, status: int, told: str) -> None:
    answer = send(server, body, token(server))
    assert answer.status == status
    assert told in answer.json()["detail"]


def test_the_program_says_what_is_wrong_before_and_after_sending(server: Running, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BUCKET)
    words = ["scan", "templates", tmp_path, "--upload"]
    without = bartizan(server, [*words, server.url], tmp_path)
    assert (without.returncode, "BARTIZAN_TOKEN" in without.stderr) == (2, True)
    plain = bartizan(server, [*words, "http://bartizan.example"], tmp_path, BARTIZAN_TOKEN="x")
    assert (plain.returncode, "plain http" in plain.stderr) == (2, True)
    refused = bartizan(server, [*words, server.url], tmp_path, BARTIZAN_TOKEN=token(server, "read"))
    assert (refused.returncode, "may not do this" in refused.stderr) == (1, True)


def test_a_fixed_image_of_the_same_name_is_another_asset(server: Running, tmp_path: Path) -> None:
    fixed = layer_tar({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": dpkg("hello", FIXED)})
    archive = write_oci_archive(tmp_path / "fixed.tar", image_files([fixed], tag="app:1.0"))
    before = server.browser().get("/api/v1/assets?query=asset.kind:image").json()["total"]
    done = bartizan(server, ["scan", "image", archive, "--upload", server.url], tmp_path, BARTIZAN_TOKEN=token(server))
    assert "is new there" in done.stderr
    assert server.browser().get("/api/v1/assets?query=asset.kind:image").json()["total"] == before + 1
