"""A server of the test's own, and agents that watch a folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server_process import SOURCE, Running, run_server, wait_until
from small_feeds import write_feeds, write_host


@dataclass(slots=True)
class Agent:
    """One agent on a folder."""

    state: Path
    root: Path
    server: Running
    key_file: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def words(self, *more: str) -> list[str]:
        return [
            sys.executable, "-m", "bartizan.sensors.agent", "--state", str(self.state), "--server", self.server.url,
            "--activation-key-file", str(self.key_file), "--root", str(self.root), *more,
        ]  # fmt: skip

    def once(self) -> int:
        with self.log.open("ab") as log:
            return subprocess.run(self.words("--once"), stderr=log, env=_environment(), check=False).returncode

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.words("--poll", "0.3"), stderr=log, env=_environment())

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def told(self) -> str:
        return self.log.read_text()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": SOURCE}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    running = run_server(tmp_path, feeds_dir=write_feeds(tmp_path / "feeds"), sensor_interval=15)
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def informed(server: Running) -> Running:
    """The server with its advisories imported."""
    browser = server.browser()
    assert browser.post("/api/v1/feeds/sync").status == 202
    wait_until(lambda: browser.get("/api/v1/feeds").json()["id"], 60)
    return server


@pytest.fixture
def make_agent(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    made: list[Agent] = []

    def make(server: Running, name: str = "agent", root: Path | None = None) -> Agent:
        folder = tmp_path / name
        folder.mkdir()
        key_file = folder / "activation.key"
        key_file.write_text(server.activation_key() + "\n")
        one = Agent(
            state=folder / "state",
            root=root or write_host(folder / "root"),
            server=server,
            key_file=key_file,
            log=folder / "log",
        )
        made.append(one)
        return one

    yield make
    for agent in made:
        if agent.process is not None and agent.process.poll() is None:
            agent.kill()
