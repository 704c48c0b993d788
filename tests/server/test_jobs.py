"""Jobs: when they start by themselves, that a kill does not lose them, and that they can be stopped."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bartizan.server.jobs.dispatch import PATIENCE, QUIET, Debounce
from bartizan.server.jobs.feeds import FeedsFailed, run_worker
from server_process import SOURCE, Browser, Running, wait_until
from small_feeds import write_feeds


def test_facts_are_assessed_when_it_is_quiet() -> None:
    debounce = Debounce()
    debounce.want(1, 10.0)
    assert debounce.due(10.0 + QUIET / 2, busy=lambda org: False) == []
    debounce.want(1, 10.0 + QUIET / 2)
    assert debounce.due(10.0 + QUIET, busy=lambda org: False) == []
    assert debounce.due(10.0 + 2 * QUIET, busy=lambda org: False) == [1]
    assert debounce.due(20.0, busy=lambda org: False) == []


def test_but_never_late() -> None:
    debounce = Debounce()
    now = 10.0
    while not debounce.due(now, busy=lambda org: False):
        debounce.want(1, now)
        now += QUIET / 3
    assert now - 10.0 <= PATIENCE + QUIET


def test_what_comes_in_meanwhile_is_one_more_run() -> None:
    debounce = Debounce()
    debounce.want(1, 10.0)
    debounce.want(2, 10.0)
    assert debounce.due(12.0, busy=lambda org: org == 1) == [2]
    assert debounce.due(12.5, busy=lambda org: False) == [1]


def test_the_worker_s_own_words_are_the_error(tmp_path: Path) -> None:
    with pytest.raises(FeedsFailed, match="no such folder"):
        run_worker(
            "import",
            tmp_path / "nowhere",
            tmp_path / "advisories.db",
            started=lambda process: None,
            progress=lambda step, share: None,
        )


def start_import(server: Running, folder: Path) -> tuple[Browser, str]:
    browser = server.browser()
    answer = browser.post("/api/v1/feeds/import", {"folder": str(folder)})
    assert answer.status == 202, answer.body
    return browser, answer.json()["id"]


def state(browser: Browser, job: str) -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"/api/v1/jobs/{job}").json()
    return found


def test_importing_is_followed_to_its_end(own_server: Running, tmp_path: Path) -> None:
    browser, job = start_import(own_server, write_feeds(tmp_path / "feeds"))
    wait_until(lambda: state(browser, job)["state"] == "done", 60)
    knowledge = wait_until(lambda: (found := browser.get("/api/v1/feeds").json())["id"] and found, 20)
    assert [feed["source"] for feed in knowledge["feeds"]] == ["osv/Debian"]
    assert state(browser, job)["progress"] == 1.0
    assert browser.post(f"/api/v1/jobs/{job}/cancel").json()["state"] == "done"


def test_a_damaged_bundle_fails_with_its_name_and_what_was_there_stays(own_server: Running, tmp_path: Path) -> None:
    folder = write_feeds(tmp_path / "feeds")
    browser, job = start_import(own_server, folder)
    wait_until(lambda: state(browser, job)["state"] == "done", 60)
    before = wait_until(lambda: browser.get("/api/v1/feeds").json()["id"], 20)
    bundle = folder / "osv/Debian/all.zip"
    bundle.write_bytes(bundle.read_bytes()[:100])
    browser, job = start_import(own_server, folder)
    wait_until(lambda: state(browser, job)["state"] == "failed", 60)
    assert "all.zip" in str(state(browser, job)["error"])
    assert browser.get("/api/v1/feeds").json()["id"] == before


def workers(server: Running) -> list[int]:
    """Feed workers of this server."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"feed_worker" in words and str(server.settings.data_dir).encode() in words:
                found.append(int(entry.name))
    return found


def test_a_job_that_was_cut_off_by_a_kill_goes_on(own_server: Running, tmp_path: Path) -> None:
    folder = write_feeds(tmp_path / "feeds")
    _, job = start_import(own_server, folder)
    own_server.kill()
    for worker in workers(own_server):
        os.kill(worker, signal.SIGKILL)
    own_server.start()
    browser = own_server.browser()
    wait_until(lambda: state(browser, job)["state"] == "done", 60)
    assert wait_until(lambda: browser.get("/api/v1/feeds").json()["id"], 20)


def test_a_job_that_was_cut_off_by_a_stop_goes_on(own_server: Running, tmp_path: Path) -> None:
    folder = write_feeds(tmp_path / "feeds")
    _, job = start_import(own_server, folder)
    assert own_server.stop() == 0
    own_server.start()
    browser = own_server.browser()
    wait_until(lambda: state(browser, job)["state"] == "done", 60)


def test_a_second_import_waits_for_the_first(own_server: Running, tmp_path: Path) -> None:
    folder = write_feeds(tmp_path / "feeds")
    browser, job = start_import(own_server, folder)
    answers = [browser.post("/api/v1/feeds/import", {"folder": str(folder)}) for _ in range(2)]
    assert all(answer.status == 409 for answer in answers) or state(browser, job)["state"] == "done"


@pytest.mark.parametrize("folder", ["", "relative", "/nowhere/at/all", "/etc", "/\0", "x" * 5000])
def test_folders_that_hold_no_feeds_are_refused_at_once(server: Running, folder: str) -> None:
    answer = server.browser().post("/api/v1/feeds/import", {"folder": folder})
    assert answer.status == 400
    assert "folder" in answer.json()["detail"]


def test_a_file_that_somebody_else_put_there_is_noticed(own_server: Running, tmp_path: Path) -> None:
    target = own_server.settings.advisories
    subprocess.run(
        [
            sys.executable, "-m", "bartizan.server.jobs.feed_worker", "import", str(write_feeds(tmp_path / "feeds")),
            str(target),
        ],
        check=True,
        env={**os.environ, "PYTHONPATH": SOURCE},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    browser = own_server.browser()
    assert wait_until(lambda: browser.get("/api/v1/feeds").json()["id"], 20)


def test_a_file_that_is_no_advisory_file_is_told(own_server: Running) -> None:
    own_server.settings.advisories.write_bytes(b"something else entirely")
    browser = own_server.browser()
    reason = wait_until(
        lambda: "not an advisory file" in (found := browser.get("/api/v1/feeds").json())["reason"] and found, 20
    )
    assert reason["lamp"] == "red"


def test_no_job_reaches_out(own_server: Running) -> None:
    """Every socket of an idle server is a listener or on loopback: the workflow library talks to nobody."""
    time.sleep(1)
    process = own_server.process.pid
    inodes = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            mode = entry.stat().st_mode
            target = os.readlink(entry)
        except OSError:
            continue
        if stat.S_ISSOCK(mode):
            inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    remote = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[9] in inodes and columns[3] != "0A":
                remote.append(columns[2])
    assert all(address.startswith(("0100007F", "0" * 24 + "0100007F")) for address in remote)
