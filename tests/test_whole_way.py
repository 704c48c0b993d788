"""The whole way, once: `bartizan up`, a host that reports, the findings of the server and of `bartizan scan host`.

Everything runs as a user runs it: programs, sockets, files. What the server says of a host must be exactly what a
one-shot scan says of it, and an upgrade must close what it fixes, with the history to show it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from small_host import Run

PATIENCE = 90
"""Seconds that anything may take on a busy machine."""


@dataclass
class Platform:
    """A running `bartizan up`, and an administrator who is signed in."""

    process: subprocess.Popen[str]
    url: str
    password: str
    data: Path
    lines: list[str]
    _opener: urllib.request.OpenerDirector = field(init=False)
    _csrf: str = ""

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        self._csrf = self.call("POST", "/session", {"username": "admin", "password": self.password})["csrf_token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(self.url + "/api/v1" + path, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Origin", self.url)
        if self._csrf:
            request.add_header("X-CSRF-Token", self._csrf)
        data = None if body is None else json.dumps(body).encode()
        with self._opener.open(request, data, timeout=30) as response:
            return json.loads(response.read() or b"null")

    def every(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            joint = "&" if "?" in path else "?"
            page = self.call("GET", f"{path}{joint}limit=200" + (f"&cursor={quote(cursor)}" if cursor else ""))
            items += page["items"]
            cursor = page.get("next") or ""
            if not cursor:
                return items

    def findings(self, query: str = "") -> list[dict[str, Any]]:
        return self.every(f"/findings?query={quote(query)}")

    def assessed(self) -> bool:
        """Whether every job is done: nothing is left to be judged."""
        return all(job["state"] not in {"queued", "running"} for job in self.every("/jobs"))


def wait_for(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, checkout: Path) -> Iterator[Callable[..., Platform]]:
    """Starts `bartizan up` on a folder of data; stops it with ctrl-C at the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path, data: Path | None = None, password: str = "") -> Platform:
        data = data or tmp_path / "data"
        port = str(free_port())
        words = [sys.executable, "-m", "bartizan.cli.main", "up", "--data", data, "--port", port, *arguments]
        process = subprocess.Popen(
            [str(word) for word in words],
            env={**os.environ, "PYTHONPATH": str(checkout / "src"), "HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("ctrl-C"):
                break
        told = "\n".join(lines)
        shown = re.search(r"password    (\S+)   shown this once", told)
        assert bool(shown) != bool(password), told
        found = re.search(r"http://\S+", told)
        assert found, told
        return Platform(process, found[0], shown[1] if shown else password, data, lines)

    yield begin
    for process in started:
        stop(process)


def stop(process: subprocess.Popen[str]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    return process.returncode


def report(platform: Platform, root: Path, tmp_path: Path, checkout: Path) -> None:
    """One pass of the agent over a folder; enrols the first time with a key from the API."""
    state = tmp_path / "agent-state"
    key = tmp_path / "activation.key"
    if not key.exists():
        made = platform.call("POST", "/activation-keys", {"name": "test", "max_uses": 1})
        key.write_text(made["key"])
    words = ["--state", state, "--server", platform.url, "--root", root, "--activation-key-file", key, "--once"]
    done = subprocess.run(
        [sys.executable, "-m", "bartizan.sensors.agent", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr


def scanned(bartizan: Run, root: Path, advisories: Path) -> dict[str, Any]:
    done = bartizan("scan", "host", "--root", root, "--feeds", advisories, "--format", "json")
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def facts(finding: dict[str, Any]) -> tuple[Any, ...]:
    """What a finding says, in the words that the scan and the server share."""
    return (
        finding["kind"],
        finding["rule"],
        finding["locator"],
        finding["verdict"],
        finding["severity"],
        round(finding["score"], 2),
        finding["title"],
        finding["fix"]["state"],
        finding["fix"]["version"],
    )


def agree(platform: Platform, bartizan: Run, root: Path) -> list[tuple[Any, ...]]:
    """Compare section by section and finding by finding; what both say."""
    ours = scanned(bartizan, root, platform.data / "advisories.db")
    (asset,) = platform.every("/assets")
    detail = platform.call("GET", f"/assets/{asset['id']}")
    assert {each["name"]: each["digest"] for each in detail["sections"]} == {
        each["name"]: each["digest"] for each in ours["sections"]
    }
    theirs = sorted(facts(each) for each in platform.findings())
    assert theirs == sorted(facts(each) for each in ours["findings"])
    assert (asset["policy_pass"], asset["policy_fail"], asset["policy_unknown"]) == tuple(
        next(each for each in ours["assessments"] if each["assessor"] == "policy")["counts"][name]
        for name in ("pass", "fail", "unknown")
    )
    return theirs


def test_a_scan_and_the_server_agree_and_an_upgrade_closes_findings(
    start: Callable[..., Platform], bartizan: Run, root: Path, small_feeds: Path, tmp_path: Path, checkout: Path
) -> None:
    platform = start("--feeds", small_feeds, "--no-agent")
    wait_for(lambda: platform.call("GET", "/feeds")["id"])
    report(platform, root, tmp_path, checkout)
    wait_for(lambda: platform.findings('rule:"CVE-2024-6387"'))
    wait_for(platform.assessed)
    before = agree(platform, bartizan, root)
    assert any(each[1] == "CVE-2024-6387" for each in before)

    status = root / "var/lib/dpkg/status"
    status.write_text(status.read_text().replace("1:9.2p1-2\n", "1:9.2p1-2+deb12u3\n"))
    report(platform, root, tmp_path, checkout)
    wait_for(lambda: not platform.findings('rule:"CVE-2024-6387"'))
    wait_for(platform.assessed)
    after = agree(platform, bartizan, root)
    assert {each[1] for each in before} - {each[1] for each in after} == {"CVE-2024-6387"}

    (fixed,) = platform.findings('rule:"CVE-2024-6387" and state:fixed')
    assert fixed["fixed_at"]
    history = platform.call("GET", f"/findings/{fixed['id']}")["history"]
    assert [each["kind"] for each in history if each["kind"] in {"opened", "fixed"}] in (
        ["opened", "fixed"],
        ["fixed", "opened"],
    )
    events = platform.every(f"/assets/{fixed['asset_id']}/timeline")
    assert {"finding-fixed", "section-changed"} <= {each["kind"] for each in events}


def test_the_second_start_keeps_everything_and_ctrl_c_is_a_clean_end(
    start: Callable[..., Platform], root: Path, small_feeds: Path, tmp_path: Path, checkout: Path
) -> None:
    first = start("--feeds", small_feeds, "--no-agent")
    wait_for(lambda: first.call("GET", "/feeds")["id"])
    report(first, root, tmp_path, checkout)
    wait_for(lambda: first.findings('rule:"CVE-2024-6387"'))
    wait_for(first.assessed)
    kept = sorted(facts(each) for each in first.findings())
    assert stop(first.process) == 0

    second = start("--feeds", small_feeds, "--no-agent", password=first.password)
    assert sorted(facts(each) for each in second.findings()) == kept
    assert not any("imported" in line for line in second.lines)


def test_a_taken_port_says_what_to_do(start: Callable[..., Platform], bartizan: Run, tmp_path: Path) -> None:
    platform = start("--no-agent")
    port = platform.url.rpartition(":")[2]
    done = bartizan("up", "--data", tmp_path / "other", "--port", port, "--no-agent")
    assert done.returncode == 1
    assert f"error: 127.0.0.1:{port} is taken by another program" in done.stderr
    assert f"--port {int(port) + 1}" in done.stderr


def test_a_data_folder_that_cannot_be_used_says_what_to_do(bartizan: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = bartizan("up", "--data", tmp_path / "file/data", "--no-agent")
    assert done.returncode == 1
    assert "error: the data folder" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.real_data
def test_a_real_host_and_real_advisories_agree(
    start: Callable[..., Platform], bartizan: Run, feeds: Path, tmp_path: Path, checkout: Path
) -> None:
    """This machine's package database and configuration, copied so that they stand still, and every real advisory."""
    root = tmp_path / "copy"
    for path in ("etc/os-release", "etc/hostname", "etc/machine-id", "etc/passwd", "etc/group", "etc/login.defs"):
        if Path("/", path).is_file():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path("/", path), root / path)
    if not Path("/var/lib/dpkg/status").is_file():
        pytest.skip("this machine has no dpkg database")
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    shutil.copy("/var/lib/dpkg/status", root / "var/lib/dpkg/status")
    platform = start("--feeds", feeds, "--no-agent")
    report(platform, root, tmp_path, checkout)
    wait_for(lambda: platform.call("GET", "/feeds")["id"])
    wait_for(lambda: len(platform.findings("kind:vulnerability")) > 20)
    wait_for(platform.assessed)
    assert len(agree(platform, bartizan, root)) > 50


@pytest.mark.component
def test_this_very_host_is_assessed_within_a_minute(start: Callable[..., Platform], small_feeds: Path) -> None:
    """`up` alone: its own agent enrols through the uplink and the host is there, with policy results."""
    platform = start("--feeds", small_feeds)
    (asset,) = wait_for(lambda: platform.every("/assets"))
    assert asset["name"] == socket.gethostname().split(".")[0] or asset["name"] == socket.gethostname()
    wait_for(lambda: platform.every("/assets")[0]["policy_pass"] > 0)
    (sensor,) = platform.every("/sensors")
    assert sensor["online"]
    assert stop(platform.process) == 0
    agents = subprocess.run(["pgrep", "-f", str(platform.data / "agent")], capture_output=True, text=True, check=False)
    assert agents.stdout == ""
