"""Serving the browser UI: hashed files for ever, the entry page for deep links, a policy without unsafe-inline."""

from pathlib import Path

import pytest

from bartizan.server.ui import Ui
from server_process import InProcess


@pytest.fixture
def built(in_process: InProcess, tmp_path: Path) -> InProcess:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        '<!doctype html><html><head><link rel="stylesheet" href="/assets/index-Ab12Cd34.css">'
        '<script type="module" src="/assets/index-Ab12Cd34.js"></script></head><body></body></html>'
    )
    (tmp_path / "assets" / "index-Ab12Cd34.js").write_text("console.log(1)")
    (tmp_path / "assets" / "index-Ab12Cd34.js.gz").write_bytes(b"\x1f\x8bpacked")
    (tmp_path / "assets" / "index-Ab12Cd34.css").write_text("body{}")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    in_process.app.state.ui = Ui(tmp_path)
    return in_process


@pytest.mark.parametrize("path", ["/", "/findings", "/assets/12", "/findings/1-2", "/settings/feeds/"])
def test_deep_links_lead_to_the_application(built: InProcess, path: str) -> None:
    answer = built.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) >= 20
    assert answer.text.count(f'nonce="{nonce}"') == 2
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy


def test_each_answer_has_its_own_nonce(built: InProcess) -> None:
    assert (
        built.client.get("/").headers["content-security-policy"]
        != built.client.get("/").headers["content-security-policy"]
    )


def test_hashed_files_are_kept_for_ever(built: InProcess) -> None:
    answer = built.client.get("/assets/index-Ab12Cd34.css", headers={"Accept-Encoding": "identity"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert built.client.get("/favicon.svg").headers["cache-control"] == "no-cache"


def test_what_the_build_packed_is_sent_packed(built: InProcess) -> None:
    with built.client.stream("GET", "/assets/index-Ab12Cd34.js", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert b"".join(answer.iter_raw()) == b"\x1f\x8bpacked"


@pytest.mark.parametrize(
    "path", ["/assets/../../bartizan.db", "/assets/%2e%2e/%2e%2e/settings.py", "/assets/no-such-1234abcd.js", "/x.php"]
)
def test_files_outside_the_build_are_not_there(built: InProcess, path: str) -> None:
    answer = built.client.get(path)
    assert answer.status_code == 404 or "<html" in answer.text
    assert "SQLite" not in answer.text
    assert "import" not in answer.text


def test_unknown_endpoints_are_problems_and_not_the_application(built: InProcess) -> None:
    assert built.client.get("/api/v2/x").headers["content-type"] == "application/problem+json"


def test_a_server_without_the_build_says_so(in_process: InProcess, tmp_path: Path) -> None:
    in_process.app.state.ui = Ui(tmp_path / "nowhere")
    answer = in_process.client.get("/")
    assert answer.status_code == 200
    assert "was not built" in answer.text


def test_every_answer_carries_the_security_headers(in_process: InProcess) -> None:
    for path in ("/", "/healthz", "/api/v1/findings", "/api/v1/nothing", "/x.js"):
        headers = in_process.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "content-security-policy" in headers
        assert headers["x-request-id"]
        assert "server" not in headers
