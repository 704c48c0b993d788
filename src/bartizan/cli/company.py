"""What keeps a fresh server company in `bartizan up`: the agent of this machine, and advisories.

Both go through the doors that everybody uses: the agent enrols with an activation key over the uplink, and advisories
are imported by a job that the API is asked for, so the browser shows its progress too.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from bartizan.cli.terminal import say, warn
from bartizan.inventory.accounts import create_token, get_organisation
from bartizan.inventory.store import Store
from bartizan.model.wire import digest
from bartizan.sensors.agent import exits
from bartizan.server.bootstrap import ORGANISATION, agent_is_enrolled, local_activation_key
from bartizan.server.settings import Settings

IMPORTED = "feeds-imported.json"
"""Which folder was imported last, and how it looked: the same one is not imported again."""
PATIENCE = 10
"""Seconds that the agent has to stop."""
POLL = 0.5


class Company:
    """Started once the server answers, stopped when it does not."""

    def __init__(self, settings: Settings, *, with_agent: bool) -> None:
        self._settings = settings
        self._with_agent = with_agent
        self._agent: subprocess.Popen[bytes] | None = None
        self._leaving = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def gather(self, url: str) -> None:
        """Return at once; the rest happens beside the server."""
        for work in (self._start_agent, self._bring_advisories):
            thread = threading.Thread(target=self._guarded, args=(work, url), daemon=True)
            self._threads.append(thread)
            thread.start()

    def leave(self) -> None:
        """Stop the agent and wait for it."""
        self._leaving.set()
        with self._lock:
            agent = self._agent
        if agent is not None and agent.poll() is None:
            agent.terminate()
            try:
                agent.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                agent.kill()
                agent.wait()

    def _guarded(self, work: Callable[[str], None], url: str) -> None:
        """A companion that fails says so; the server goes on."""
        try:
            work(url)
        except (OSError, ApiError, http.client.HTTPException) as error:
            if not self._leaving.is_set():
                warn(str(error))

    def _start_agent(self, url: str) -> None:
        if not self._with_agent:
            return
        state = self._settings.agent_state
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = [sys.executable, "-m", "bartizan.sensors.agent", "--state", str(state), "--server", url]
        if not agent_is_enrolled(self._settings):
            words += ["--activation-key-file", str(local_activation_key(self._settings))]
        log = state / "agent.log"
        with log.open("ab") as stream, self._lock:
            if self._leaving.is_set():
                return
            # Its own session: ctrl-C reaches the server first, and the server stops it.
            self._agent = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
            )
        if os.geteuid() != 0:
            say("Not root: what only root may read is reported as unknown.")
        code = self._agent.wait()
        if self._leaving.is_set():
            return
        if code == exits.OCCUPIED:
            say("Another agent of this data folder runs already and goes on reporting this machine.")
        else:
            warn(f"the agent of this machine ended with code {code}", remedy=f"Its log says why: {log}")

    def _bring_advisories(self, url: str) -> None:
        folder = self._settings.feeds_dir
        mark = _mark(folder) if folder else ""
        if folder and not (folder / "osv").is_dir():
            warn(f"{folder} holds no advisories: there is no folder `osv` in it", remedy="Name another with --feeds.")
            return
        if self._settings.advisories.is_file() and (not folder or _imported(self._settings) == mark):
            return
        api = Api(url, self._token())
        job = api.post("/feeds/import", {"folder": str(folder)}) if folder else api.post("/feeds/sync", {})
        say("Advisories are being imported; findings appear as they come." if folder else "Fetching advisories ...")
        began = time.monotonic()
        while job["state"] in {"queued", "running"} and not self._leaving.wait(POLL):
            job = api.get(f"/jobs/{quote(job['id'])}")
        if self._leaving.is_set():
            return
        if job["state"] != "done":
            warn(
                f"advisories could not be had: {job.get('error') or job['state']}",
                meaning="Vulnerabilities are not known until they are; everything else works.",
                remedy="Carry a folder of feeds here and start again with --feeds DIR.",
            )
            return
        if folder:
            (self._settings.data_dir / IMPORTED).write_text(json.dumps({"mark": mark}))
        known = api.get("/feeds")
        records = sum(feed["records"] for feed in known["feeds"] if feed["source"].startswith("osv/"))
        say(f"{records:,} advisories in use after {time.monotonic() - began:.0f} s.")

    def _token(self) -> str:
        """A token of this run, for what follows: short-lived, and only for feeds and jobs."""
        now = datetime.now(UTC)
        store = Store.open(self._settings.store_url)
        try:
            with store.begin() as conn:
                org = get_organisation(conn, ORGANISATION).id
                secret, _ = create_token(
                    conn,
                    org,
                    "bartizan up",
                    ["feeds", "jobs", "read"],
                    created_by="command line",
                    now=now,
                    expires_at=now + timedelta(hours=2),
                )
        finally:
            store.close()
        return secret


def _mark(folder: Path) -> str:
    """How a folder of feeds looks: names, sizes and times of its files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest([str(folder), [(str(p.relative_to(folder)), p.stat().st_size, p.stat().st_mtime_ns) for p in files]])


def _imported(settings: Settings) -> str:
    try:
        return str(json.loads((settings.data_dir / IMPORTED).read_text())["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class ApiError(Exception):
    """The server said no; the message is its own."""


class Api:
    """The little of the API that is needed here, straight to this machine: no proxy in between."""

    def __init__(self, url: str, token: str) -> None:
        self._address = urlsplit(url)
        self._token = token

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: Any) -> Any:
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body).encode(), headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"null")
        except ValueError as error:
            raise ApiError(f"{method} {path}: the answer is no JSON") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise ApiError(f"{method} {path}: {answer.get('detail') or answer.get('title') or response.status}")
        return answer
